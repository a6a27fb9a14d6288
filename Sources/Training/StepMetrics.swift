// What is told of a generator step, and the columns that it is told in.

/// The losses at a generator step: the critic's are those of the last critic step before it.
package struct StepMetrics: Sendable, Equatable {
  /// 1-based: the number of generator steps done with this one.
  package var step: Int
  /// 1-based: the epoch the step belongs to.
  package var epoch: Int
  /// Of training, over all the parts of an interrupted run.
  package var seconds: Double
  package var criticLosses: CriticLosses
  package var generatorLoss: Float
  /// Of held-out pictures, after the step; nil where it wasn't evaluated.
  package var heldOutLosses: CriticLosses?
  /// Of samples after the step from held-out pictures, by their columns' names; empty where it wasn't evaluated.
  package var distances: [String: Float]

  package init(
    step: Int, epoch: Int, seconds: Double, criticLosses: CriticLosses, generatorLoss: Float,
    heldOutLosses: CriticLosses? = nil, distances: [String: Float] = [:]
  ) {
    self.step = step
    self.epoch = epoch
    self.seconds = seconds
    self.criticLosses = criticLosses
    self.generatorLoss = generatorLoss
    self.heldOutLosses = heldOutLosses
    self.distances = distances
  }
}

extension StepMetrics {
  /// A row read back, as far as advice is given on it (TrainingAdvice.swift).
  /// - Parameter value: of a column; nil: the cell is empty, or there is no such column.
  package init(step: Int, value: (_ column: String) -> Float?) {
    func measured(_ names: [String]) -> [String: Float] {
      Dictionary(uniqueKeysWithValues: names.compactMap { name in value(name).map { (name, $0) } })
    }
    let (real, fake) = (value("real_loss") ?? .nan, value("fake_loss") ?? .nan)
    let heldOut = value(MetricColumn.heldOutWasserstein).map {
      CriticLosses(real: 0 - $0, fake: 0, loss: value(MetricColumn.heldOutLoss))
    }
    self.init(
      step: step, epoch: value("epoch").flatMap { Int(exactly: $0) } ?? 1,
      seconds: Double(value("seconds") ?? 0),
      criticLosses: CriticLosses(
        real: real, fake: fake, loss: value(MetricColumn.criticLoss),
        measured: measured([GradientNorms.mean, MetricColumn.atBound])),
      generatorLoss: value("g_loss") ?? .nan, heldOutLosses: heldOut,
      distances: measured([TrainingAdvice.duplicates]))
  }
}

/// A column of metrics.csv. Readers look one up by its name, never by its place.
package struct MetricColumn: Sendable {
  package let name: String
  /// A row's cell, empty where nothing was measured.
  package let cell: @Sendable (StepMetrics) -> String

  private init(_ name: String, cell: @escaping @Sendable (StepMetrics) -> String) {
    self.name = name
    self.cell = cell
  }

  /// A column of a number.
  package init(_ name: String, _ value: @escaping @Sendable (StepMetrics) -> Float?) {
    self.init(name, cell: { value($0).map { "\($0)" } ?? "" })
  }

  /// A column of what a critic step `measured` under this name.
  package static func measured(_ name: String) -> MetricColumn {
    MetricColumn(name) { $0.criticLosses.measured[name] }
  }

  // What readers ask for.
  package static let step = "step"
  package static let criticLoss = "d_loss"
  package static let wasserstein = "wasserstein"
  package static let atBound = "at_bound"
  package static let heldOutLoss = "held_out_d_loss"
  package static let heldOutWasserstein = "held_out_wasserstein"

  /// All columns of a run, in their order.
  ///
  /// - Parameter rollbacks: how often it has gone back until now; nil: no column.
  package static func all(of objective: any Objective, rollbacks: Int? = nil) -> [MetricColumn] {
    let place = [
      MetricColumn(step, cell: { "\($0.step)" }), MetricColumn("epoch", cell: { "\($0.epoch)" }),
      MetricColumn("seconds", cell: { milliseconds($0.seconds) }),
    ]
    let timesBack = rollbacks.map { count in [MetricColumn("rollbacks", cell: { _ in "\(count)" })] } ?? []
    let heldOut = [
      MetricColumn(heldOutLoss) { $0.heldOutLosses?.loss },
      MetricColumn(heldOutWasserstein) { $0.heldOutLosses?.wasserstein },
    ]
    return place + objective.columns + timesBack + heldOut
  }

  /// "2.063"
  private static func milliseconds(_ seconds: Double) -> String {
    let milliseconds = seconds.isFinite ? Int((min(max(0, seconds), 1e15) * 1000).rounded()) : 0
    return "\(milliseconds / 1000).\(String(1000 + milliseconds % 1000).dropFirst())"
  }
}
