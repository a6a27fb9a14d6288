// What a run does whose numbers stop being finite: it ends, or goes back to its last good state with halved learning
// rates.

import Configuration
import SystemSupport
import Training

struct RunRollback {
  /// So often a run goes back, in all.
  static let limit = 3

  private let configuration: RunConfiguration
  private let claim: RunClaim
  private let trainer: Trainer

  private var paths: RunPaths { claim.paths }

  init(_ configuration: RunConfiguration, _ claim: RunClaim, _ trainer: Trainer) {
    (self.configuration, self.claim, self.trainer) = (configuration, claim, trainer)
  }

  /// Sets the trainer back to the last state of the run's plan.
  ///
  /// The state says how often the run has gone back, and so do all that follow it. Until the next one is saved nothing
  /// else does: a run that is stopped before diverges again in the same step, and goes back again.
  /// - Parameters:
  ///   - state: where the part of the run had begun that diverged.
  ///   - notice: told of checkpoints that can't be used.
  ///   - beginning: the run's.
  /// - Returns: where to go on.
  /// - Throws: `Failure(.diverged)` where the run doesn't go back, or not once more.
  func goBack(
    after divergence: Divergence, from state: CheckpointState, notice: (String) -> Void,
    to beginning: () throws -> CheckpointState
  ) throws -> CheckpointState {
    var rollbacks = state.rollbacks ?? []
    guard configuration.onDivergence == .rollback, rollbacks.count < Self.limit else {
      throw Failure(.diverged, "\(divergence). \(advice(rollbacks.count))")
    }
    try claim.check()
    var target: CheckpointState
    var broken = BrokenCheckpoints()
    let newest = try paths.checkpoints.newest(
      of: configuration.checkpointPlan, use: { try trainer.restore($0, from: $1) }, broken: { broken.append($0, $1) })
    broken.linesOfTaken.forEach(notice)
    if let newest {
      target = newest.state
    } else {
      trainer.begin()
      target = try beginning()
    }
    rollbacks.append(Rollback(generatorSteps: target.position.generatorSteps, reason: divergence.description))
    target.rollbacks = rollbacks
    trainer.rateHalvings = rollbacks.count
    try paths.checkpoints.setAside(behind: target.position)
    return target
  }

  /// How to go on.
  private func advice(_ rollbacks: Int) -> String {
    let newest = try? paths.checkpoints.newest(groups: { _ in [] }, broken: { _, _ in })
    let lower = "begin a new run with a lower --learning-rate"
    guard let newest else { return "No checkpoint was saved before: \(lower)" }
    let kept = "The last checkpoint, of generator step \(newest.state.position.generatorSteps), is kept: "
    if configuration.onDivergence == .rollback {
      return kept + "the run has gone back \(rollbacks) times and halved its learning rates each time; \(lower)"
    }
    return kept + "go on from there, with halved learning rates, by "
      + toolCommand("train \(shellFlag("--out", paths.path)) --resume --on-divergence rollback") + ", or \(lower)"
  }
}

extension Trainer {
  /// Sets the state to a checkpoint's.
  /// - Throws: `Failure`, naming the file; then nothing is set.
  func restore(_ state: CheckpointState, from checkpoint: Checkpoint) throws {
    let position = state.position
    do {
      try restore(checkpoint.tensors, criticSteps: position.criticSteps, generatorSteps: position.generatorSteps)
    } catch {
      throw Failure(error.kind, "\(checkpoint.path): \(error)")
    }
  }
}
