// What a run takes in memory beside its nets in training: to be refused beforehand, not met by a failing allocation.

import Compute
import Configuration
import Datasets
import Evaluation
import Graph
import Training

enum RunMemory {
  /// The tool itself: its code, its threads' stacks as far as they are used, lists of names.
  private static let tool = 48 << 20

  /// Bytes beside `plan`'s. (Prepared pictures stay in their file.)
  static func besides(_ plan: TrainingPlan, _ run: RunConfiguration, on device: Device) throws -> Int {
    let training = plan.configuration
    let picture = training.size * training.size * training.channels
    let sampler = try Sampler.bytes(training, on: device)
    // One is used, some wait, as many are free.
    let batches = (2 * BatchLoader.depth + 2) * training.batchSize * picture
    // The 64 pictures, side by side, and as a PNG.
    let gallery = 4 * 64 * picture
    let looks = run.evaluateEvery > 0 && training.heldOut > 0
    let judge = looks ? SampleDistances.bytes(training) + HeldOutPictures.pictures * picture : 0
    return tool + sampler + batches + gallery + judge + plan.stateBytes
  }
}
