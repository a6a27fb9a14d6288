// Everything that `report` measures and shows: results.json.

import Plots

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

package struct PerformanceReport: Codable, Sendable {
  package var machine: Machine
  package var peak: Peak
  package var results: [ConvolutionRow]
  /// Whole training steps; nil: not measured. So are the next two.
  package var step: StepReport?
  package var data: DataReport?
  package var peers: PeersFile?
  package var origin: Origin?

  package struct Origin: Codable, Sendable {
    /// The commit of the tool, where --commit told it.
    package var commit: String?
    /// What was typed.
    package var command: String

    package init(commit: String?, command: String) {
      self.commit = commit
      self.command = command
    }
  }

  package init(_ convolutions: ConvolutionReport) {
    machine = convolutions.machine
    peak = convolutions.peak
    results = convolutions.results
  }
}

extension PerformanceReport {
  /// The report's name: `2026-11-23-amd-epyc-family26-model2`.
  package var name: String { "\(asFileName(String(machine.date.prefix(10))))-\(machine.slug)" }

  /// All files of the report: name and content.
  ///
  /// - Throws: where a figure is none (a division by zero), which JSON can't hold.
  package func files() throws -> [(name: String, content: String)] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    func json(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
    let plots = plots()
    return [
      ("machine.json", try json(MachineReport(machine: machine, peak: peak))), ("results.json", try json(self)),
      ("report.md", markdown(plots: Set(plots.map(\.name)))),
    ] + plots.map { ($0.name, $0.svg.text) }
  }

  /// Every name that `files` may give: what an older report in the same folder may have left.
  package static let fileNames = [
    "machine.json", "results.json", "report.md", "roofline.svg", "percent.svg", "step.svg", "peers.svg",
  ]

  private func plots() -> [(name: String, svg: SVG)] {
    [
      ("roofline.svg", RooflinePlot.svg(results, peak)), ("percent.svg", PercentPlot.svg(results)),
      ("step.svg", step.flatMap(StepPlot.svg)), ("peers.svg", peers.flatMap { PeersPlot.svg($0.peers) }),
    ].compactMap { name, svg in svg.map { (name, $0) } }
  }
}

extension Machine {
  /// The processor as a part of a file's name: "AMD EPYC (family 26 model 2)" -> "amd-epyc-family26-model2".
  fileprivate var slug: String {
    var name = processor.lowercased()
    for (text, short) in [("(r)", ""), ("(tm)", ""), (" processor", ""), ("family ", "family"), ("model ", "model")] {
      name = name.replacing(text, with: short)
    }
    return asFileName(name)
  }
}

/// ASCII letters and digits in lower case, with one hyphen for whatever is between them: safe in any path.
private func asFileName(_ text: String) -> String {
  let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }.joined(separator: "-")
  return words.isEmpty ? "unknown" : String(words.prefix(80))
}
