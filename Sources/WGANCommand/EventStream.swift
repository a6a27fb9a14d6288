// `wgan train --json`: what happens as JSON on standard output, an object a line, for programs that start runs. What a
// line has is in docs/Events.md. Standard error has errors alone then.

import CommandSupport
import Configuration
import Synchronization
import SystemSupport
import Training
import WGAN

final class EventStream: TrainingTeller {
  private struct State {
    var lastStep: ContinuousClock.Instant?
    var lastDecoding: ContinuousClock.Instant?
    var steps = 0
    var verdict: String?
    /// Nobody reads any more, or the disk is full: the run goes on.
    var isBroken = false
  }

  private let state = Mutex(State())

  func show(_ event: PreparationEvent) {
    switch event {
    case .notice(let text, let details):
      write(WarningEvent(text: text, details: details.isEmpty ? nil : details))
    // The plan has it.
    case .planned, .fact: break
    case .decoding(let done, let total):
      if isDue(\.lastDecoding, isLast: done == total) { write(PreparingEvent(done: done, total: total)) }
    }
  }

  func begin(_ run: TrainingRun) {
    state.withLock { $0.steps = run.start.position.generatorSteps }
    write(
      PlanEvent(
        configuration: run.configuration, run: absolutePath(run.paths.path), trainingPictures: run.trainingPictures,
        heldOutPictures: run.heldOutPictures, step: run.start.position.generatorSteps,
        steps: run.stepsOfRun.generator, criticSteps: run.stepsOfRun.critic))
  }

  func showMethods(of run: TrainingRun) {}

  func show(_ event: TrainingEvent) {
    switch event {
    case .step, .epochEnded: break
    case .metrics(let row, let progress):
      state.withLock { $0.steps = row.step }
      if isDue(\.lastStep, isLast: progress.batchesLeft == 0) { write(StepEvent(row, progress)) }
      if let event = EvaluationEvent(row) { write(event) }
    case .gallerySaved(let path): write(FileEvent(event: "gallery", step: steps, path: absolutePath(path)))
    case .checkpointSaved(let path): write(FileEvent(event: "checkpoint", step: steps, path: absolutePath(path)))
    case .advice(let text): write(WarningEvent(text: text))
    case .verdict(let text): state.withLock { $0.verdict = text }
    }
  }

  func end(_ run: TrainingRun, _ summary: TrainingSummary) {
    var event = EndEvent(outcome: summary.stopped ? .stopped : .done, step: summary.position.generatorSteps)
    (event.run, event.gallery) = (absolutePath(run.paths.path), summary.gallery.map(absolutePath))
    (event.seconds, event.verdict) = (summary.seconds, state.withLock(\.verdict))
    write(event)
  }

  func fail(_ error: any Error) {
    let isStopped = (error as? any ClassifiedError)?.failureKind == .cancelled
    var event = EndEvent(outcome: isStopped ? .stopped : .failed, step: steps)
    event.error = "\(error)"
    write(event)
  }

  private var steps: Int { state.withLock(\.steps) }

  /// Once a second at most, and the last one.
  private func isDue(_ last: WritableKeyPath<State, ContinuousClock.Instant?>, isLast: Bool) -> Bool {
    state.withLock { state in
      let now = ContinuousClock.now
      if !isLast, let before = state[keyPath: last], now - before < .seconds(1) { return false }
      state[keyPath: last] = now
      return true
    }
  }

  private func write(_ event: some Encodable) {
    state.withLock { state in
      if state.isBroken { return }
      do {
        try Console.print(RunJSON.line(event))
      } catch {
        state.isBroken = true
      }
    }
  }
}

// MARK: - The events

/// The first: what is going to be trained. Of a dry run also what that takes.
struct PlanEvent: Encodable {
  let event = "plan"
  /// As in config.json.
  var configuration: RunConfiguration
  /// nil: a dry run.
  var run: String?
  var trainingPictures: Int?
  var heldOutPictures: Int?
  /// Generator steps that are done.
  var step = 0
  /// Generator and critic steps of the whole run.
  var steps: Int
  var criticSteps: Int
  /// Of a dry run: what the run takes.
  var seconds: Double?
  var secondsPerCriticStep: Double?
  var secondsPerGeneratorStep: Double?
  var memoryBytes: Int?
}

extension PlanEvent {
  init(_ dryRun: DryRun) {
    let run = dryRun.run
    self.init(configuration: dryRun.configuration, steps: run.generatorSteps, criticSteps: run.criticSteps)
    (trainingPictures, heldOutPictures) = (dryRun.pictures?.training, dryRun.pictures?.heldOut)
    seconds = run.seconds
    (secondsPerCriticStep, secondsPerGeneratorStep) = (dryRun.stepTimes.critic, dryRun.stepTimes.generator)
    memoryBytes = dryRun.plan.bytes + dryRun.otherBytes
  }
}

struct PreparingEvent: Encodable {
  let event = "preparing"
  var done: Int
  var total: Int
}

struct WarningEvent: Encodable {
  let event = "warning"
  var text: String
  /// What belongs to it, a line each.
  var details: [String]?
}

struct StepEvent: Encodable {
  let event = "step"
  var step: Int
  var epoch: Int
  var criticSteps: Int
  var seconds: Double
  var secondsLeft: Double?
  var stepsPerSecond: Double?
  var criticStepsPerSecond: Double?
  /// By the columns of metrics.csv. What isn't finite is left out.
  var metrics: [String: Float]

  init(_ row: StepMetrics, _ progress: TrainingProgress) {
    (step, epoch, seconds) = (row.step, row.epoch, row.seconds)
    criticSteps = progress.position.criticSteps
    secondsLeft = progress.batchesPerSecond.map { Double(progress.batchesLeft) / $0 }
    (stepsPerSecond, criticStepsPerSecond) = (progress.generatorStepsPerSecond, progress.batchesPerSecond)
    let losses = row.criticLosses
    metrics = [
      MetricColumn.criticLoss: losses.loss, "g_loss": row.generatorLoss, "real_loss": losses.real,
      "fake_loss": losses.fake, MetricColumn.wasserstein: losses.wasserstein,
    ].merging(losses.measured) { $1 }.filter(\.value.isFinite)
  }
}

struct EvaluationEvent: Encodable {
  let event = "evaluation"
  var step: Int
  /// By the columns of metrics.csv.
  var metrics: [String: Float]

  /// nil where nothing was evaluated at the step.
  init?(_ row: StepMetrics) {
    var metrics = row.distances
    metrics[MetricColumn.heldOutLoss] = row.heldOutLosses?.loss
    metrics[MetricColumn.heldOutWasserstein] = row.heldOutLosses?.wasserstein
    if metrics.isEmpty { return nil }
    (step, self.metrics) = (row.step, metrics.filter(\.value.isFinite))
  }
}

/// A gallery or a checkpoint that was written.
struct FileEvent: Encodable {
  var event: String
  var step: Int
  var path: String
}

/// The last one.
struct EndEvent: Encodable {
  enum Outcome: String, Encodable { case done, stopped, failed }

  let event = "end"
  var outcome: Outcome
  var step: Int
  var seconds: Double?
  var run: String?
  var gallery: String?
  /// Whether the run was long enough, in words.
  var verdict: String?
  /// The line that standard error has.
  var error: String?

  init(outcome: Outcome, step: Int) { (self.outcome, self.step) = (outcome, step) }
}
