// Rank 0's side: the orders it gives.

import Datasets
import Ranks
import SystemSupport
import TensorFiles
import Training

package final class RankCrew {
  package let ranks: any RankGroup
  /// Norms' statistics are the whole batch's; else each rank's own.
  package let sharesNorms: Bool
  /// The others are in the midst of steps, and don't listen: who fails now must end them (`RankGroup.abort`).
  package private(set) var isTraining = false

  package init(_ ranks: any RankGroup, sharesNorms: Bool) { (self.ranks, self.sharesNorms) = (ranks, sharesNorms) }

  /// All ranks must have a picture of a whole batch.
  func check(_ configuration: RunConfiguration) throws {
    let batch = configuration.training.batchSize
    if batch >= ranks.count { return }
    throw Failure(
      .usage, "\(ranks.count) ranks share a batch of \(batch): start fewer, or give a larger --batch-size")
  }

  /// Has the others open the data set.
  /// - Throws: also what went wrong on one of them.
  func prepare(_ configuration: RunConfiguration, _ dataset: Dataset) throws {
    _ = try ranks.order(.prepare(configuration, RankPictures(dataset), sharesNorms: sharesNorms))
    try ranks.together {}
  }

  func measure() throws { _ = try ranks.order(.measure) }

  /// Has the others begin to train, from the trainer's state.
  func train(_ configuration: RunConfiguration, from state: CheckpointState, _ trainer: Trainer) throws {
    _ = try ranks.order(.train(configuration, state))
    try trainer.shareState(ranks, at: state.position)
    isTraining = true
  }

  /// All have left their steps together.
  func trained() { isTraining = false }

  /// Whether all have the same state, as they must: a machine that computes other bits is noticed here at the latest.
  func compare(_ trainer: Trainer) throws {
    _ = try ranks.order(.compare(trainer.stateChecksum))
    try ranks.together {}
  }

  package func end() throws { _ = try ranks.order(.end) }

  /// Ends the others, since this one has failed.
  package func fail(exitCode: Int32) { _ = try? ranks.order(.fail(exitCode: exitCode)) }
}

extension RankPictures {
  init(_ dataset: Dataset) {
    self.init(
      training: dataset.count(.training), heldOut: dataset.count(.heldOut), fingerprint: dataset.fingerprint,
      contentFingerprint: dataset.contentFingerprint)
  }
}

extension Trainer {
  var stateChecksum: UInt64 {
    tensors().flatMap(\.values).withUnsafeBytes { ContentChecksum.of($0) }
  }

  /// Gives all ranks rank 0's parameters, optimizers and averages, to the bit.
  ///
  /// - Parameter position: the state's.
  func shareState(_ ranks: some RankGroup, at position: RunPosition) throws {
    let own = tensors()
    let bytes = ranks.broadcast(own.flatMap(\.values).withUnsafeBytes { Array($0) })
    if ranks.rank == 0 { return }
    let values = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    var rest = values[...]
    try restore(
      TensorSet(
        own.map { tensor in
          defer { rest = rest.dropFirst(tensor.values.count) }
          return NamedTensor(name: tensor.name, shape: tensor.shape, values: Array(rest.prefix(tensor.values.count)))
        }), criticSteps: position.criticSteps, generatorSteps: position.generatorSteps)
  }
}
