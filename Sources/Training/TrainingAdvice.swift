// What a run's numbers say that a person should know while it trains: each once, in a line that ends with what to do.

import Configuration
import Statistics

/// Looks at each generator step's row. A class: what is told is told once a run, in however many parts it trains.
package final class TrainingAdvice {
  private let configuration: TrainingConfiguration
  private var gradientNorms: [Float] = []
  private var gaps: [Float] = []
  private var evaluations: [(training: Float, heldOut: Float)] = []
  private var duplicateShares: [Float] = []
  private var saturations: [Float] = []
  private var told: Set<Topic> = []

  private enum Topic {
    case explosion
    case gradientNorm
    case heldOut
    case duplicates
    case saturation
  }

  /// The column of the share of samples that are nearly the same as another one.
  package static let duplicates = "duplicates"

  /// Rows whose median is looked at: single ones are noise.
  private static let window = 100
  /// Before this step nothing is said of a number that a run has to find first.
  private static let settled = 200

  package init(_ configuration: TrainingConfiguration) {
    self.configuration = configuration
  }

  /// - Returns: what is new since the last row.
  package func lines(of row: StepMetrics) -> [String] {
    [explosion(row), gradientNorm(row), saturation(row), heldOut(row), duplicates(row)].compactMap(\.self)
  }

  private func isNew(_ topic: Topic) -> Bool { told.insert(topic).inserted }

  /// Losses of nets that learn are of the order of their scores, far below this.
  private static let exploded: Float = 1e6

  private func explosion(_ row: StepMetrics) -> String? {
    let losses = [("d_loss", row.criticLosses.loss), ("g_loss", row.generatorLoss)]
    guard let (name, value) = losses.first(where: { abs($0.1) > Self.exploded }), isNew(.explosion) else { return nil }
    return "the losses explode (\(name) is \(value) at generator step \(row.step)): begin again with a lower "
      + "--learning-rate" + (configuration.objective.isPenalised ? ", or another --penalty-weight" : "")
  }

  /// The norm that `wgan-gp` keeps near 1.
  private func gradientNorm(_ row: StepMetrics) -> String? {
    guard configuration.objective == .wganGP, let norm = row.criticLosses.measured[GradientNorms.mean] else {
      return nil
    }
    guard let median = Self.windowMedian(of: &gradientNorms, with: norm), row.step >= Self.settled, median.isFinite,
      !(0.5...2).contains(median), isNew(.gradientNorm)
    else { return nil }
    return "the critic's gradient has a norm of \(rounded(median)), and wgan-gp wants about 1: "
      + (median > 1 ? "raise --penalty-weight, or lower --critic-learning-rate" : "lower --penalty-weight")
  }

  /// A critic that has nothing more to tell the generator.
  private func saturation(_ row: StepMetrics) -> String? {
    if let share = row.criticLosses.measured[MetricColumn.atBound] {
      guard let median = Self.windowMedian(of: &saturations, with: share), row.step >= Self.settled, median > 0.95,
        isNew(.saturation)
      else { return nil }
      return "nearly all of the critic's parameters are at a clipping bound (at_bound): it is saturated and can say "
        + "little; a lower --critic-learning-rate or a wider --clip helps"
    }
    guard configuration.objective == .relativistic,
      let median = Self.windowMedian(of: &saturations, with: row.criticLosses.loss), row.step >= Self.settled,
      median < 0.02,
      isNew(.saturation)
    else { return nil }
    return "the critic tells nearly all fakes (d_loss is near 0): it is saturated, and the generator learns little "
      + "from it; more pictures, or more --penalty-weight, help"
  }

  /// Of each hundred values the median, when the last one has come.
  private static func windowMedian(of values: inout [Float], with value: Float) -> Float? {
    if value.isNaN { return nil }
    values.append(value)
    guard values.count == window else { return nil }
    defer { values.removeAll(keepingCapacity: true) }
    return median(values)
  }

  /// A critic that tells the pictures it learns from much better than others knows them by heart.
  private func heldOut(_ row: StepMetrics) -> String? {
    gaps.append(row.criticLosses.wasserstein)
    if gaps.count > Self.window { gaps.removeFirst() }
    guard let losses = row.heldOutLosses, let training = median(gaps) else { return nil }
    evaluations.append((training, losses.wasserstein))
    let last = evaluations.suffix(5)
    guard row.step >= Self.settled, last.count == 5,
      last.allSatisfy({ $0.training > 0 && $0.heldOut < $0.training / 2 })
    else { return nil }
    guard isNew(.heldOut) else { return nil }
    let help = Self.augmentation(configuration).map { ", or a new run with \($0)" } ?? ""
    return "the critic knows its pictures by heart: it tells held-out ones from fakes less than half as well. More "
      + "pictures help\(help); look whether samples still get better (swd)"
  }

  /// A generator that makes the same few pictures again and again. At first all samples are alike, and should be.
  private func duplicates(_ row: StepMetrics) -> String? {
    guard let share = row.distances[Self.duplicates] else { return nil }
    duplicateShares.append(share)
    let last = duplicateShares.suffix(3)
    guard row.step >= 1000, last.count == 3, last.allSatisfy({ $0 > 0.3 }), isNew(.duplicates) else { return nil }
    return "\(Int((share * 100).rounded())) % of the samples are nearly the same as another one (mode collapse): begin "
      + "again with a lower --learning-rate" + (configuration.objective.isPenalised ? " or more --penalty-weight" : "")
  }

  /// What makes more of few pictures and isn't on yet: "--mirror and --augment color,translate,cutout".
  package static func augmentation(_ configuration: TrainingConfiguration) -> String? {
    let off = [
      configuration.mirror ? nil : "--mirror",
      configuration.augment.isEmpty ? "--augment color,translate,cutout" : nil,
    ].compactMap(\.self)
    return off.isEmpty ? nil : off.joined(separator: " and ")
  }

  /// "2.13"
  private func rounded(_ value: Float) -> String {
    let hundredths = Int((min(value, 1e6) * 100).rounded())
    return "\(hundredths / 100).\(String(100 + hundredths % 100).dropFirst())"
  }
}
