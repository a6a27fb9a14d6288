// How learning rates and the penalty's weight fall over a run: pure functions of the configuration and of how far the
// run is.

import Configuration
import ElementaryFunctions

extension TrainingConfiguration {
  /// The share of the learning rates that an update has.
  ///
  /// - Parameter progress: the run's generator steps that are done, as a share of all of them, 0 to 1.
  package func learningRateShare(at progress: Double) -> Double { share(at: progress, fallingTo: self.decayTo) }

  /// The share of `penaltyWeightInUse` that a critic step has. `progress` as above.
  package func penaltyShare(at progress: Double) -> Double { share(at: progress, fallingTo: self.penaltyDecayTo) }

  private func share(at progress: Double, fallingTo end: Double) -> Double {
    switch self.decay {
    case .none: return 1
    case .linear: return end + (1 - end) * (1 - progress)
    case .cosine:
      // pi * progress as an angle: half a turn at the end. Exact at both ends and in the middle.
      let cosine = Elementary.cosineAndSine(turn: UInt32((progress * 0x1p31).rounded())).cosine
      return end + (1 - end) * ((1 + cosine) / 2)
    }
  }
}
