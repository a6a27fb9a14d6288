// How long a run is to be, as a person or a preset says it. A run itself ends after epochs or generator steps, never
// after a time: so that it is the same run on every machine, and rates can decay towards its end. A time is turned into
// generator steps once, when the run begins or goes on.

import Configuration
import Training

package enum PlannedLength: Sendable, Equatable {
  case steps(RunLength)
  /// About so long, from where the run stands.
  case time(TimeSpan)

  /// What a preset has where the user says nothing.
  package static func ofPreset(_ name: String) -> PlannedLength {
    ofPresets[name] ?? .steps(RunConfiguration.defaultLength)
  }

  /// Those that don't have the default one.
  private static let ofPresets: [String: PlannedLength] = ["photos": .time(TimeSpan(seconds: 1800))]

  /// A run's length where nobody has given one. A preset's epochs are meant for a hundred thousand pictures: of few
  /// they are a handful of generator steps, in which nothing is learned. Then the run has as many as it takes to see
  /// what the preset is for.
  /// - Returns: nil where the epochs will do.
  package static func fitting(
    _ length: RunLength, _ training: TrainingConfiguration, picturesPerEpoch: Int
  ) -> RunLength? {
    guard case .epochs = length else { return nil }
    let milestones = Expectation.of(training).map(\.generatorSteps)
    let steps = Schedule(training, picturesPerEpoch: picturesPerEpoch, length: length).steps.generator
    return steps < milestones.first ?? 500 ? .generatorSteps(milestones.last ?? 2000) : nil
  }

  /// - Throws: where no run can have it.
  package func check() throws(ConfigurationError) {
    let lengths = LengthParameters.declared
    switch self {
    case .steps(.epochs(let count)): try lengths.epochs.check(count)
    case .steps(.generatorSteps(let count)): try lengths.generatorSteps.check(count)
    case .time(let time): try lengths.time.check(time)
    }
  }

  /// The time, where it is one.
  var time: TimeSpan? { if case .time(let time) = self { time } else { nil } }

  /// When it doesn't need any timing.
  var runLength: RunLength? { if case .steps(let length) = self { length } else { nil } }
}
