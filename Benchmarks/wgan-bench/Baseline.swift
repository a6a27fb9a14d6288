// Two runs compared row by row: is anything slower than the noise of both measurements explains?

import SystemSupport

package struct BaselineComparison: Sendable {
  package struct Slowdown: Equatable, Sendable {
    package var row: String
    /// Time now over time then, both in units of what the machine could do at that time.
    package var ratio: Double
    package var tolerance: Double
  }

  package var slower: [Slowdown] = []
  package var faster: [Slowdown] = []
  package var compared = 0
  /// Rows that other processes disturbed, then or now: no verdict.
  package var disturbed: [String] = []
  /// Rows of the baseline that weren't measured now, and rows measured now that the baseline doesn't have.
  package var missing: [String] = []
  package var new: [String] = []
  package var isOtherMachine = false

  /// Differences below this are noise, whatever the samples say.
  package static let smallestTolerance = 0.03

  /// Times are compared in units of the peak measured in the same run (that is, percentages of peak are), so that a
  /// clock that is slower today isn't held against the code. A row is slower when both its median and its minimum are,
  /// by more than the tolerance: the sum of how far the medians lie above the minima, then and now, but at least 3 %.
  ///
  /// - Parameter judgesDisturbed: give a verdict on rows that other processes disturbed, too.
  package init(now: ConvolutionReport, then: ConvolutionReport, judgesDisturbed: Bool = false) {
    isOtherMachine = now.machine.processor != then.machine.processor
    var before: [String: ConvolutionRow] = [:]
    for row in then.results { before[row.key] = row }
    for row in now.results {
      guard let old = before.removeValue(forKey: row.key) else {
        new.append(row.key)
        continue
      }
      guard judgesDisturbed || !old.isDisturbed && !row.isDisturbed else {
        disturbed.append(row.key)
        continue
      }
      compared += 1
      let median = old.percentOfPeak / row.percentOfPeak
      let minimum = median * (1 + old.spread) / (1 + row.spread)
      let tolerance = max(Self.smallestTolerance, old.spread + row.spread)
      let change = Slowdown(row: "\(row.layer) \(row.key)", ratio: median, tolerance: tolerance)
      if min(median, minimum) > 1 + tolerance { slower.append(change) }
      if max(median, minimum) < 1 / (1 + tolerance) { faster.append(change) }
    }
    missing = then.results.map(\.key).filter { before[$0] != nil }
  }

  /// Lines for a person.
  package var text: String {
    var lines: [String] = []
    if isOtherMachine {
      lines.append("the baseline was measured on another processor: percentages of its own peak are compared")
    }
    func list(_ title: String, _ changes: [Slowdown], _ sign: String) {
      guard !changes.isEmpty else { return }
      lines.append(title)
      for c in changes {
        let percent = String(printf: "%.1f %%, noise %.1f %%", 100 * abs(c.ratio - 1), 100 * c.tolerance)
        lines.append("  \(c.row): \(sign)\(percent)")
      }
    }
    list("SLOWER than the baseline:", slower, "+")
    list("faster than the baseline:", faster, "-")
    if !disturbed.isEmpty {
      lines.append("\(disturbed.count) rows were disturbed by other processes, then or now: not judged")
    }
    if !missing.isEmpty { lines.append("\(missing.count) rows of the baseline weren't measured now") }
    if !new.isEmpty {
      let first = new.prefix(3).joined(separator: "; ")
      lines.append("\(new.count) rows aren't in the baseline: \(first)\(new.count > 3 ? "; ..." : "")")
    }
    lines.append("\(compared) rows compared, \(slower.count) slower, \(faster.count) faster")
    return lines.joined(separator: "\n")
  }
}
