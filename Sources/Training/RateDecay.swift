// How learning rates fall over a run: a pure function of the configuration and of how far the run is.

import Configuration
import ElementaryFunctions

extension TrainingConfiguration {
  /// The share of the learning rates that an update has.
  ///
  /// - Parameter progress: the run's generator steps that are done, as a share of all of them, 0 to 1.
  package func learningRateShare(at progress: Double) -> Double {
    let end = self.decayTo
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
