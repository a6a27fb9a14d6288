// The other ranks' side: they do as rank 0 says, write nothing and say nothing.

import Compute
import Configuration
import Datasets
import Ranks
import SystemSupport
import Training

package final class RankWorker {
  private let ranks: any RankGroup
  private let runOverrides: [RunOverride]
  private let isCancelled: @Sendable () -> Bool
  private var prepared: Prepared?

  private struct Prepared {
    var dataset: Dataset
    var trainer: Trainer
    var device: Device
  }

  /// - Parameters:
  ///   - runOverrides: as typed: this machine's threads are among them.
  ///   - isCancelled: whether somebody has asked this rank to stop.
  package init(
    _ ranks: any RankGroup, runOverrides: [RunOverride], isCancelled: @escaping @Sendable () -> Bool
  ) {
    (self.ranks, self.runOverrides, self.isCancelled) = (ranks, runOverrides, isCancelled)
  }

  /// Until rank 0 ends.
  /// - Returns: as this process is to end: 0, or rank 0's exit code.
  /// - Throws: what goes wrong while all train: no other rank knows it.
  package func run() throws -> Int32 {
    while true {
      switch try ranks.order(nil) {
      case .prepare(let configuration, let pictures, let sharesNorms):
        // What fails fails on rank 0, too: its next order says so.
        _ = try? ranks.together { try prepare(configuration, pictures, sharesNorms: sharesNorms) }
      case .measure:
        if let prepared {
          _ = try? StepTimes(
            measuring: prepared.trainer.configuration, on: prepared.device, isCancelled: isCancelled)
        }
      case .train(let configuration, let state):
        do { try train(configuration, from: state) } catch is Divergence {}
      case .compare(let checksum):
        _ = try? ranks.together {
          if prepared?.trainer.stateChecksum == checksum { return }
          throw Failure(
            .badData, "has come to other parameters than rank 0: the run is rank 0's, and not to be trusted")
        }
      case .end: return 0
      case .fail(let exitCode): return exitCode
      }
    }
  }

  private func prepare(_ configuration: RunConfiguration, _ pictures: RankPictures, sharesNorms: Bool) throws {
    let training = configuration.training
    // Threads are this machine's: as many as were typed, or as it has cores.
    var own = configuration
    own.threads = Device.coreCount
    let threads = own.overridden(by: runOverrides).threads
    let device = try Device.fromEnvironment(threads: threads).joined(to: ranks, sharesNorms: sharesNorms)
    let plan = try TrainingPlan(training, on: device)
    try plan.checkMemory(on: device)
    let dataset = try Dataset(
      DatasetSource(arguments: configuration.data),
      DatasetOptions(training, threads: threads, cache: configuration.cache), isCancelled: isCancelled)
    let found = RankPictures(dataset)
    if found != pictures {
      let counts =
        found.training == pictures.training && found.heldOut == pictures.heldOut
        ? "others of the same number" : "\(found.training) to train on, rank 0 has \(pictures.training)"
      throw Failure(
        .badData, "\(configuration.data.joined(separator: ", ")): isn't the data that rank 0 has (\(counts))")
    }
    prepared = Prepared(dataset: dataset, trainer: Trainer(plan, on: device), device: device)
  }

  private func train(_ configuration: RunConfiguration, from state: CheckpointState) throws {
    guard let prepared else { preconditionFailure("rank 0 prepares before it trains") }
    let trainer = prepared.trainer
    trainer.rateHalvings = state.rollbacks?.count ?? 0
    try trainer.shareState(ranks, at: state.position)
    let parts = try TrainingParts(configuration, prepared.dataset, state.position, ranks: ranks)
    if let steps = parts.stepsOfDecay { trainer.generatorStepsOfRun = steps }
    let loop = TrainingLoop(
      schedule: parts.schedule, start: state.trainingState, heldOut: parts.heldOut,
      evaluateEvery: configuration.evaluateEvery)
    _ = try loop.run(
      engine: trainer, batches: parts.batches, shouldStop: { [ranks, isCancelled] in ranks.any(isCancelled()) },
      report: { _ in })
  }
}
