// What a run in training writes into its folder: rows, states, galleries and curves, and events where they are asked
// for.

import Compute
import Configuration
import Images
import SystemSupport
import Training

final class RunJournal: TrainingJournal {
  private let claim: RunClaim
  private let configuration: RunConfiguration
  /// Where this part of the run began: its data are every state's.
  private let start: CheckpointState
  private let columns: [MetricColumn]
  private let metrics: MetricsLog
  private let events: EventLog?
  private let samplerGroups: [String]
  /// Of galleries; whoever uses it gives it a generator first.
  let sampler: Sampler
  private let stateBytes: Int

  private var notices: [String] = []
  private var lastLines: [String] = []

  /// - Throws: `Failure`, `NetworkError`.
  init(
    _ claim: RunClaim, _ configuration: RunConfiguration, of trainer: Trainer, from start: CheckpointState,
    on device: Device
  ) throws {
    try claim.check()
    self.claim = claim
    self.start = start
    self.configuration = configuration
    let training = configuration.training
    columns =
      MetricColumn.all(of: trainer.plan.objective, rollbacks: start.rollbacks?.count ?? 0)
      + SampleDistances.columns(training)
    metrics = try MetricsLog(
      at: claim.paths.metrics, columns: columns, keepingRowsThrough: start.position.generatorSteps)
    events = configuration.tensorboard ? EventLog(claim, from: start.position.generatorSteps) : nil
    notices = [metrics.notice].compactMap(\.self)
    stateBytes = trainer.plan.stateBytes
    samplerGroups = [training.group(of: .generator)]
    sampler = try Sampler(training, tensors: trainer.tensors(groups: samplerGroups), on: device)
  }

  private var paths: RunPaths { claim.paths }

  /// Of the whole run so far.
  var curves: LossCurves { metrics.curves }

  func checkPlace() throws { try claim.check() }

  /// What is to be said of the run's files since the last time, lines.
  func takeNotices() -> [String] {
    defer { notices = [] }
    return notices
  }

  /// What can't be mended is told once, and not at each checkpoint.
  private func tell(_ lines: [String]) {
    notices += lines.filter { !lastLines.contains($0) }
    lastLines = lines
  }

  func append(_ row: StepMetrics) throws {
    try metrics.append(row)
    guard let events else { return }
    let cells = columns.filter { $0.name != MetricColumn.step }.map { ($0.name, $0.cell(row)) }
    notices += [events.append(step: row.step, cells)].compactMap(\.self)
  }

  func save(_ state: TrainingState, of engine: some TrainingEngine) throws -> String {
    try claim.check()
    tell([metrics.synchronize(), claim.restore(configuration)].compactMap(\.self))
    try requireMemory(stateBytes, for: "a checkpoint's copy of the state", advice: TrainingPlan.memoryAdvice)
    return try paths.checkpoints.save(
      start.following(state), tensors: engine.tensors(groups: nil), configuration: configuration.training,
      plan: configuration.checkpointPlan)
  }

  func drawGallery(of engine: some TrainingEngine, generatorSteps: Int) throws -> String {
    let path = paths.sample(generatorSteps: generatorSteps)
    // Each for itself: one that can't be written doesn't keep the other from it.
    let curves = Result { try writeFile(Array(LossPlot.svg(metrics.curves).text.utf8), to: paths.curves) }
    try sampler.update(engine.tensors(groups: samplerGroups))
    let side = Timelapse.gallerySide
    let pictures = sampler.pictures(.series(seed: configuration.training.seed, 0..<side * side))
    try PNGEncoder.write(Gallery.compose(pictures, columns: side), to: path)
    notices += [events?.append(gallery: path, step: generatorSteps)].compactMap(\.self)
    try curves.get()
    return path
  }
}
