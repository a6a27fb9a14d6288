// Which states a run saves by plan. Others are saved where it was stopped, and at its end.

import Training

package struct CheckpointPlan: Sendable, Equatable {
  /// Generator steps from checkpoint to checkpoint; 0: none.
  package var every: Int
  /// From one that is kept for good to the next; 0: none.
  package var keepEvery: Int

  package init(every: Int = 0, keepEvery: Int = 0) { (self.every, self.keepEvery) = (every, keepEvery) }

  func isForGood(generatorSteps: Int, criticStepsInPhase: Int) -> Bool {
    criticStepsInPhase == 0 && generatorSteps > 0 && keepEvery > 0 && generatorSteps % keepEvery == 0
  }

  /// A run that goes back goes to one of these: so it is the same run wherever it was stopped in between.
  func contains(generatorSteps: Int, criticStepsInPhase: Int) -> Bool {
    criticStepsInPhase == 0 && every > 0 && generatorSteps % every == 0
      || isForGood(generatorSteps: generatorSteps, criticStepsInPhase: criticStepsInPhase)
  }
}
