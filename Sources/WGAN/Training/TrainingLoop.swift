// The training loop: does the schedule's steps in order, writes metrics, galleries and checkpoints, and stops between
// two steps when asked. It knows neither how a step is computed nor where pictures come from.

import TensorFiles

/// What computes the steps. (`Trainer`; tests count steps with one that computes nothing.)
package protocol TrainingEngine: AnyObject {
  func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses
  func generatorStep() -> Float
  /// The critic's means over pictures that it doesn't learn from, and over as many fakes; changes nothing.
  func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses
  /// All of the state.
  func tensors() -> [NamedTensor]
}

/// What gives the batches, in order, from where it was started.
package protocol BatchSource: AnyObject {
  /// Calls `body` with the next batch's pixels, [picture][y][x][channel].
  func withNextBatch<Result>(_ body: (_ pixels: UnsafeBufferPointer<UInt8>, _ count: Int) -> Result) throws -> Result
}

package enum TrainingEvent {
  /// A critic or generator step is done.
  case step(TrainingProgress)
  /// A generator step is done: a row of metrics.csv.
  case metrics(StepMetrics, TrainingProgress)
  /// `epoch` (1-based) is over; its last losses.
  case epochEnded(Int, StepMetrics)
  case gallerySaved(String)
  case checkpointSaved(String)
}

/// How far a run is and how fast.
package struct TrainingProgress: Sendable {
  package var position: RunPosition
  package var batchesPerEpoch: Int
  /// Critic steps (batches) per second lately, everything counted; nil before the second one.
  package var batchesPerSecond: Double?
  package var batchesLeft: Int
  /// Of the last steps.
  package var criticLosses: CriticLosses
  package var generatorLoss: Float
}

package struct TrainingSummary: Sendable, Equatable {
  package var position: RunPosition
  /// Stopped by request, before the run's end.
  package var stopped: Bool
  /// Critic and generator steps of this part of the run.
  package var criticSteps: Int
  package var generatorSteps: Int
  /// Of this part of the run.
  package var seconds: Double
  /// Of these, waiting for pictures.
  package var secondsWaiting: Double
  /// The last gallery.
  package var gallery: String?

  package var batchesPerSecond: Double { seconds > 0 ? Double(criticSteps) / seconds : 0 }
  package var waitingShare: Double { seconds > 0 ? secondsWaiting / seconds : 0 }
}

package struct TrainingLoop {
  package var schedule: Schedule
  /// Where to begin: a new run's default, or a checkpoint's.
  package var start: CheckpointState
  /// Generator steps from gallery to gallery, and from checkpoint to checkpoint; 0: at the end only.
  package var sampleEvery: Int
  package var checkpointEvery: Int
  /// What the critic is evaluated on, and generator steps from one evaluation to the next; 0: never.
  package var heldOut: HeldOutPictures?
  package var evaluateEvery: Int
  /// Where rows and states go; nil: nowhere.
  package var metrics: MetricsLog?
  package var checkpoints: CheckpointFolder?
  /// Draws and writes the gallery of this number of generator steps, and returns its path; nil: there are none.
  package var writeGallery: ((_ engine: any TrainingEngine, _ generatorSteps: Int) throws -> String)?

  package init(
    schedule: Schedule, start: CheckpointState, sampleEvery: Int = 0, checkpointEvery: Int = 0,
    heldOut: HeldOutPictures? = nil, evaluateEvery: Int = 0, metrics: MetricsLog? = nil,
    checkpoints: CheckpointFolder? = nil,
    writeGallery: ((_ engine: any TrainingEngine, _ generatorSteps: Int) throws -> String)? = nil
  ) {
    self.schedule = schedule
    self.start = start
    self.sampleEvery = sampleEvery
    self.checkpointEvery = checkpointEvery
    self.heldOut = heldOut
    self.evaluateEvery = evaluateEvery
    self.metrics = metrics
    self.checkpoints = checkpoints
    self.writeGallery = writeGallery
  }

  /// Trains to the schedule's end, or until `shouldStop` says so; then the state and a gallery are saved, where they
  /// have a place.
  package func run(
    engine: some TrainingEngine, batches: some BatchSource, shouldStop: () -> Bool,
    report: (TrainingEvent) -> Void
  ) throws -> TrainingSummary {
    let clock = ContinuousClock()
    let began = clock.now
    func seconds() -> Double { (clock.now - began) / .seconds(1) }

    var position = start.position
    var losses = start.criticLosses
    var generatorLoss = Float.nan
    var secondsWaiting = 0.0
    var speed = SpeedMeter()
    var gallery: (steps: Int, path: String)?
    // A run that goes on has its state on disk already.
    var saved = start.position == RunPosition() ? nil : start.position
    let (sum, overflow) = position.criticSteps.addingReportingOverflow(schedule.batchesLeft(from: position))
    let batchesInAll = overflow ? .max : sum

    func progress() -> TrainingProgress {
      TrainingProgress(
        position: position, batchesPerEpoch: schedule.batchesPerEpoch, batchesPerSecond: speed.perSecond,
        batchesLeft: max(0, batchesInAll - position.criticSteps), criticLosses: losses, generatorLoss: generatorLoss)
    }
    func saveGallery() throws {
      guard let writeGallery, gallery?.steps != position.generatorSteps else { return }
      let path = try writeGallery(engine, position.generatorSteps)
      gallery = (position.generatorSteps, path)
      report(.gallerySaved(path))
    }
    func saveCheckpoint() throws {
      guard let checkpoints, saved != position else { return }
      metrics?.synchronize()
      let state = CheckpointState(
        position: position, seconds: start.seconds + seconds(), picturesPerEpoch: start.picturesPerEpoch,
        dataFingerprint: start.dataFingerprint, criticLosses: losses)
      let path = try checkpoints.save(state, tensors: engine.tensors(), configuration: schedule.configuration)
      saved = position
      report(.checkpointSaved(path))
    }
    func isDue(every period: Int) -> Bool { period > 0 && position.generatorSteps % period == 0 }

    var stopped = false
    while let step = schedule.next(at: position) {
      if shouldStop() {
        stopped = true
        break
      }
      switch step {
      case .critic:
        let asked = clock.now
        losses = try batches.withNextBatch { pixels, count in
          secondsWaiting += (clock.now - asked) / .seconds(1)
          return engine.criticStep(pixels: pixels, count: count)
        }
        schedule.advance(&position, by: step)
        speed.count(at: seconds())
        report(.step(progress()))
      case .generator:
        generatorLoss = engine.generatorStep()
        let epoch = position.epoch
        schedule.advance(&position, by: step)
        let heldOutLosses = isDue(every: evaluateEvery) ? heldOut?.evaluate(engine) : nil
        let row = StepMetrics(
          step: position.generatorSteps, epoch: epoch + 1, seconds: start.seconds + seconds(), criticLosses: losses,
          generatorLoss: generatorLoss, heldOutLosses: heldOutLosses)
        try metrics?.append(row)
        report(.metrics(row, progress()))
        if position.epoch > epoch { report(.epochEnded(epoch + 1, row)) }
        if isDue(every: sampleEvery) { try saveGallery() }
        if isDue(every: checkpointEvery) { try saveCheckpoint() }
      }
    }
    // The state first: a second request to stop may cut the gallery short.
    try saveCheckpoint()
    try saveGallery()
    return TrainingSummary(
      position: position, stopped: stopped, criticSteps: position.criticSteps - start.position.criticSteps,
      generatorSteps: position.generatorSteps - start.position.generatorSteps, seconds: seconds(),
      secondsWaiting: secondsWaiting, gallery: gallery?.path)
  }
}

/// Events per second over the last few seconds.
struct SpeedMeter {
  private var times: [Double] = []
  private static let window = 64

  var perSecond: Double? {
    guard let first = times.first, let last = times.last, last > first else { return nil }
    return Double(times.count - 1) / (last - first)
  }

  mutating func count(at time: Double) {
    times.append(time)
    if times.count > Self.window { times.removeFirst() }
  }
}
