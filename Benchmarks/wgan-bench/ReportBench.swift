// wgan-bench report: measures everything and writes it down for people and for programs.

import SystemSupport
import ArgumentParser
import Compute
import Datasets

struct ReportBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Measure everything and write a report: text, plots and raw figures.",
    discussion: """
      Convolutions (the nets' own and the 3x3 layer that --extra-layers adds) and whole training steps; with --data \
      pictures, too. The folder gets report.md, plots as SVG, machine.json and results.json. What PyTorch needs for \
      the same work is measured by `make peers`; --peers adds what that wrote. Exits with 1, the report written, when \
      a result was wrong.
      """)

  @OptionGroup var options: ConvolutionOptions
  @Option(help: "The folder to write (default: perf-reports/<date>-<processor>).")
  var out: String?
  @Flag(help: "Write into a folder that is there already: replace an older report.")
  var force = false
  @Option(name: .customLong("peers"), help: "What Benchmarks/peers/compare.py --json wrote.")
  var peersFile: String?
  @Option(help: "A folder of pictures, or a CSV list of them, to time reading and decoding with.")
  var data: String?
  @Option(
    name: .customLong("conv"), help: "Take the convolutions from this file, which conv --format json wrote.")
  var convolutionsFile: String?
  @Option(
    name: .customLong("from"), help: "Measure nothing: take everything from the results.json of an older report.")
  var resultsFile: String?
  @Option(help: "The commit that this tool was built from, for the report.")
  var commit: String?

  func validate() throws {
    if resultsFile != nil && (convolutionsFile != nil || data != nil) {
      throw ValidationError("--from measures nothing and has its convolutions: leave --conv and --data out")
    }
    if resultsFile ?? convolutionsFile != nil && !(options.shapeTexts.isEmpty && options.shapesFile == nil) {
      throw ValidationError("--from and --conv have their convolutions: leave --shape and --shapes out")
    }
  }

  func run() throws {
    let peers = try peersFile.map {
      try readJSON(PeersFile.self, at: $0, flag: "--peers", what: "what compare.py --json writes")
    }
    var wrong: [String] = []
    var report: PerformanceReport
    let folder: ReportFolder
    if let resultsFile {
      report = try readJSON(
        PerformanceReport.self, at: resultsFile, flag: "--from", what: "the results.json of a report")
      folder = try ReportFolder(out ?? defaultFolder(report), force: force)
    } else {
      let convolutions = try convolutionsFile.map {
        try readJSON(ConvolutionReport.self, at: $0, flag: "--conv", what: "a report of wgan-bench conv --format json")
      }
      // Whatever can be wrong is found before the minutes that measuring takes.
      let measurement = try options.measurement(
        sets: Device.supported, leastExtraLayers: 1)
      let measureRest = try restOfMeasurement()
      report = PerformanceReport(
        convolutions ?? ConvolutionReport(machine: .current(), peak: Peak(), results: []))
      if let convolutionsFile, report.machine.processor != Machine.current().processor {
        throw Failure(
          .badData,
          "--conv \(convolutionsFile): measured on another processor, \(report.machine.processor); --from renders it")
      }
      folder = try ReportFolder(out ?? defaultFolder(report), force: force)
      waitForTurn()
      if convolutions == nil { (report, wrong) = measure(measurement) }
      try measureRest(&report)
    }
    if let peers { report.peers = peers }
    report.origin = report.origin ?? PerformanceReport.Origin(commit: nil, command: commandLine)
    if let commit { report.origin?.commit = commit }

    let files: [(name: String, content: String)]
    do {
      files = try report.files()
    } catch {
      throw Failure(.badData, "a figure isn't a number that JSON can hold: \(error)")
    }
    try folder.write(files)
    for (what, doubts) in report.doubts {
      let verdict =
        doubts.isEmpty ? "the machine was quiet: these figures can be trusted." : "TOO NOISY to trust these figures:"
      print("\n" + (["\(what): \(verdict)"] + doubts.map { "  " + $0 }).joined(separator: "\n"))
    }
    print("\nwritten: \(folder.path): \(files.map(\.name).joined(separator: ", "))")
    try failIfWrong(wrong)
  }

  private func defaultFolder(_ report: PerformanceReport) -> String { "perf-reports/\(report.name)" }

  private func measure(_ measurement: ConvolutionMeasurement) -> (PerformanceReport, [String]) {
    let (convolutions, wrong) = measurement.run { machine, peak in
      printHead(machine, peak)
    } measured: { shape, rows in
      printTable(shape, rows)
      fflush(nil)
    }
    return (PerformanceReport(convolutions), wrong)
  }

  /// Checks what steps and pictures need; gives what then measures them: steps with the best of the chosen instruction
  /// sets and the most threads.
  private func restOfMeasurement() throws -> (inout PerformanceReport) throws -> Void {
    let configuration = try options.configuration()
    let order = Device.supported
    func rank(_ p: Device) -> (Int, Int) { (order.firstIndex(of: p.instructionSet) ?? 0, p.threads) }
    let device = try options.devices(default: order).max { rank($0) < rank($1) } ?? Device()
    let pictures: DatasetSource? = try data.map { name in
      let source = try DatasetSource(argument: name)
      let listing = try DatasetFiles(source, fraction: 1, seed: 0)
      if listing.paths.isEmpty { throw Failure.noPictures(in: source, bad: listing.bad) }
      return source
    }
    return { report in
      report.step = try StepReport.measure(configuration, on: device, warmUps: 2, repeats: 9)
      guard let pictures else { return }
      var options = DataReport.Options()
      options.size = configuration.size
      options.channels = configuration.channels
      options.threads = Device.coreCount > 1 ? [1, Device.coreCount] : [1]
      report.data = try DataReport.measure(pictures, options)
    }
  }

  /// What was typed, as a shell takes it.
  private var commandLine: String {
    (["wgan-bench"] + CommandLine.arguments.dropFirst()).map { argument in
      let isPlain = argument.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,:=+^".contains($0))
      }
      return isPlain && !argument.isEmpty ? argument : "'\(argument.replacing("'", with: "'\\''"))'"
    }.joined(separator: " ")
  }
}
