// What a run in training writes into its folder: rows, states, galleries and curves.

import Compute
import Configuration
import Images
import SystemSupport
import Training

final class RunJournal: TrainingJournal {
  private let paths: RunPaths
  private let configuration: TrainingConfiguration
  /// Where this part of the run began: its data are every state's.
  private let start: CheckpointState
  private let plan: CheckpointPlan
  private let metrics: MetricsLog
  private let samplerGroups: [String]
  private let sampler: Sampler
  private let stateBytes: Int

  /// What is to be said of the run's files, a line.
  var notice: String? { metrics.notice }

  /// - Throws: `Failure`, `NetworkError`.
  init(
    _ paths: RunPaths, of trainer: Trainer, from start: CheckpointState, plan: CheckpointPlan, on device: Device
  ) throws {
    self.paths = paths
    self.start = start
    self.plan = plan
    configuration = trainer.configuration
    metrics = try MetricsLog(
      at: paths.metrics,
      columns: MetricColumn.all(of: trainer.plan.objective, rollbacks: start.rollbacks?.count ?? 0)
        + SampleDistances.columns(configuration),
      keepingRowsThrough: start.position.generatorSteps)
    stateBytes = trainer.plan.stateBytes
    samplerGroups = [configuration.group(of: .generator)]
    sampler = try Sampler(configuration, tensors: trainer.tensors(groups: samplerGroups), on: device)
  }

  func append(_ row: StepMetrics) throws { try metrics.append(row) }

  func save(_ state: TrainingState, of engine: some TrainingEngine) throws -> String {
    metrics.synchronize()
    try requireMemory(stateBytes, for: "a checkpoint's copy of the state")
    return try paths.checkpoints.save(
      start.following(state), tensors: engine.tensors(groups: nil), configuration: configuration, plan: plan)
  }

  func drawGallery(of engine: some TrainingEngine, generatorSteps: Int) throws -> String {
    let path = paths.sample(generatorSteps: generatorSteps)
    // Each for itself: one that can't be written doesn't keep the other from it.
    let curves = Result { try writeFile(Array(LossPlot.svg(metrics.curves).text.utf8), to: paths.curves) }
    try sampler.update(engine.tensors(groups: samplerGroups))
    try PNGEncoder.write(
      Gallery.compose(sampler.pictures(seed: configuration.seed, indices: 0..<64), columns: 8), to: path)
    try curves.get()
    return path
  }
}
