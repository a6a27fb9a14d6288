// The line that shows where a training run is, as wide as there is room: what matters first.

import SystemSupport

package struct ProgressLine: Sendable {
  /// Generator steps that are done, and those of the run where it has a number of them.
  package var step: Int
  package var steps: Int?
  /// The epoch that it is in, and how many there are where it has a number of them.
  package var epoch: Int
  package var epochs: Int?
  /// Of the whole run, 0 to 1.
  package var share: Double
  package var secondsSpent: Double
  package var secondsLeft: Double?
  package var stepsPerSecond: Double?
  /// Critic steps.
  package var batchesPerSecond: Double?
  /// Whether there is one critic step for each of the generator's all the time: then both rates are the same, and one
  /// is told.
  package var hasOneRate: Bool
  package var criticLoss: Float
  /// nil before the first generator step.
  package var generatorLoss: Float?

  package init(
    step: Int, steps: Int?, epoch: Int, epochs: Int?, share: Double, secondsSpent: Double, secondsLeft: Double?,
    stepsPerSecond: Double?, batchesPerSecond: Double?, hasOneRate: Bool, criticLoss: Float, generatorLoss: Float?
  ) {
    (self.step, self.steps, self.epoch, self.epochs, self.share) = (step, steps, epoch, epochs, share)
    (self.secondsSpent, self.secondsLeft) = (secondsSpent, secondsLeft)
    (self.stepsPerSecond, self.batchesPerSecond) = (stepsPerSecond, batchesPerSecond)
    self.hasOneRate = hasOneRate
    (self.criticLoss, self.generatorLoss) = (criticLoss, generatorLoss)
  }

  /// "step 120/2450 epoch 2  |████▌     |  45 %  1:20 left  d_loss -0.451 g_loss 0.431  1.83 steps/s"; of a narrow
  /// terminal "45 %  d_loss -0.451 g_loss 0.431": how far it is and how it goes are what people look for, and the next
  /// thing is how long it takes.
  ///
  /// - Parameter columns: there are. The last one stays empty, since some terminals begin a new line behind it.
  package func text(columns: Int) -> String {
    let room = max(1, columns - 1)
    var kept: [Part: String] = [:]
    func width(_ parts: [Part: String]) -> Int {
      parts.reduce(0) { $0 + $1.value.count + $1.key.space } - (parts.keys.min()?.space ?? 0)
    }
    for part in Part.byWeight where !isRepetition(part) {
      var more = kept
      more[part] = text(of: part)
      // Not the next one instead: more room would show less then.
      if width(more) > room { break }
      kept = more
    }
    if kept[.bar] != nil { kept[.bar] = Self.bar(share, width: min(20, Self.leastBar + room - width(kept))) }
    // Of a terminal where not even the share fits, its beginning.
    if kept.isEmpty { return String(text(of: .percent).prefix(room)) }
    return String(joined(kept.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }).prefix(room))
  }

  /// For a log: "step 120/2450 epoch 2  45 %  1:20 left  1.83 steps/s (7.30 it/s)"
  package var placeAndSpeed: String {
    joined([.step, .epoch, .percent, .left, .steps, .batches].filter { !isRepetition($0) }.map { ($0, text(of: $0)) })
  }

  private func isRepetition(_ part: Part) -> Bool { part == .batches && hasOneRate }

  private func joined(_ parts: [(Part, String)]) -> String {
    parts.enumerated().map { index, part in
      String(repeating: " ", count: index == 0 ? 0 : part.0.space) + part.1
    }.joined()
  }

  /// In the order of the line.
  private enum Part: Int, Comparable, CaseIterable {
    case step, epoch, bar, percent, spent, left, criticLoss, generatorLoss, steps, batches

    /// What is left out first stands last.
    static let byWeight: [Part] = [
      .percent, .criticLoss, .generatorLoss, .left, .step, .steps, .bar, .epoch, .batches, .spent,
    ]

    /// Before it.
    var space: Int { [.epoch, .generatorLoss, .batches].contains(self) ? 1 : 2 }

    static func < (a: Part, b: Part) -> Bool { a.rawValue < b.rawValue }
  }

  private static let leastBar = 8

  private func text(of part: Part) -> String {
    switch part {
    case .step: "step \(step)" + (steps.map { "/\($0)" } ?? "")
    case .epoch: "epoch \(epoch)" + (epochs.map { "/\($0)" } ?? "")
    case .bar: Self.bar(share, width: Self.leastBar)
    // Whole ones that are done: 100 is the end.
    case .percent: "\(Int(100 * share)) %"
    case .spent: "\(clockTime(secondsSpent)) so far"
    case .left: "\(secondsLeft.map(clockTime) ?? "?") left"
    case .criticLoss: "d_loss \(fixed(criticLoss, 3))"
    case .generatorLoss: "g_loss \(generatorLoss.map { fixed($0, 3) } ?? "?")"
    case .steps: "\(stepsPerSecond.map { fixed($0, 2) } ?? "?") steps/s"
    case .batches: "(\(batchesPerSecond.map { fixed($0, 2) } ?? "?") it/s)"
    }
  }

  /// To an eighth of a column.
  package static func bar(_ share: Double, width: Int = 20) -> String {
    let eighths = Int((min(1, max(0, share)) * Double(8 * width)).rounded())
    let full = String(repeating: "█", count: eighths / 8)
    let part = eighths % 8 == 0 ? "" : String(" ▏▎▍▌▋▊▉".dropFirst(eighths % 8).prefix(1))
    return "|\(full)\(part)\(String(repeating: " ", count: width - full.count - part.count))|"
  }
}
