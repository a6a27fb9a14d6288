// The training loop: does the schedule's steps in order, hands rows, states and galleries to the run's journal, and
// stops between two steps when asked. It knows neither how a step is computed, nor where pictures come from, nor any
// file.

import SystemSupport
import TensorFiles

/// What computes the steps. (`Trainer`; tests count steps with one that computes nothing.)
package protocol TrainingEngine: AnyObject {
  func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses
  /// The pictures of the last critic step once more, where a run goes on behind it.
  func see(pixels: UnsafeBufferPointer<UInt8>, count: Int)
  func generatorStep() -> Float
  /// What else is told of the nets at a generator step, by its column.
  func measure() -> [String: Float]
  /// The critic's means over pictures that it doesn't learn from, and over as many fakes; changes nothing.
  func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses
  /// The state; nil: all groups of it.
  func tensors(groups: [String]?) -> TensorSet
  /// Why the state is worthless; nil: it isn't.
  var divergence: Divergence? { get }
}

/// What gives the batches, in order, from where it was started: `Schedule.batchesSeenAgain` before the position's.
package protocol BatchSource: AnyObject {
  /// Calls `body` with the next batch's pixels, [picture][y][x][channel].
  func withNextBatch<Result>(_ body: (_ pixels: UnsafeBufferPointer<UInt8>, _ count: Int) -> Result) throws -> Result
}

/// How far a run is, apart from the engine's tensors.
package struct TrainingState: Sendable {
  package var position: RunPosition
  /// Of training, over all the parts of an interrupted run.
  package var seconds: Double
  /// Of the last critic step.
  package var criticLosses: CriticLosses
  /// What the judge has said of this state; empty where it wasn't asked.
  package var distances: [String: Float] = [:]

  package init(
    position: RunPosition = RunPosition(), seconds: Double = 0, criticLosses: CriticLosses = .none
  ) {
    self.position = position
    self.seconds = seconds
    self.criticLosses = criticLosses
  }
}

/// Where a run is written down.
package protocol TrainingJournal: AnyObject {
  /// Asked before a gallery.
  /// - Throws: where the journal's place isn't its own any more: the run ends.
  func checkPlace() throws
  /// A generator step is done.
  func append(_ row: StepMetrics) throws
  /// Keeps the state. Returns its path.
  func save(_ state: TrainingState, of engine: some TrainingEngine) throws -> String
  /// Draws the gallery of this number of generator steps. Returns its path. Where it can't be written, training goes
  /// on.
  func drawGallery(of engine: some TrainingEngine, generatorSteps: Int) throws -> String
}

extension TrainingJournal {
  package func checkPlace() {}
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
  /// What a person should know, a line.
  case advice(String)
  /// Whether the run was long enough, a line at its end.
  case verdict(String)
}

/// How far a run is and how fast.
package struct TrainingProgress: Sendable {
  package var position: RunPosition
  package var batchesPerEpoch: Int
  /// Critic steps (batches) per second lately, everything counted; nil before the second one.
  package var batchesPerSecond: Double?
  /// The same of generator steps.
  package var generatorStepsPerSecond: Double?
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

  package var stepsPerSecond: Double { seconds > 0 ? Double(generatorSteps) / seconds : 0 }
  package var batchesPerSecond: Double { seconds > 0 ? Double(criticSteps) / seconds : 0 }
  package var waitingShare: Double { seconds > 0 ? secondsWaiting / seconds : 0 }
}

package struct TrainingLoop {
  package var schedule: Schedule
  /// Where to begin.
  package var start: TrainingState
  /// Generator steps from gallery to gallery, and from checkpoint to checkpoint; 0: at the end only.
  package var sampleEvery: Int
  package var checkpointEvery: Int
  /// From one checkpoint that the journal keeps for good to the next; 0: none.
  package var keepEvery: Int
  /// What the critic is evaluated on, who judges the generator's samples, and generator steps from one evaluation to
  /// the next; 0: never.
  package var heldOut: HeldOutPictures?
  package var judge: (any SampleJudge)?
  package var evaluateEvery: Int
  /// nil: nothing is kept.
  package var journal: (any TrainingJournal)?
  /// Of the run: another part of it may have told some already.
  package var advice: TrainingAdvice

  package init(
    schedule: Schedule, start: TrainingState, sampleEvery: Int = 0, checkpointEvery: Int = 0, keepEvery: Int = 0,
    heldOut: HeldOutPictures? = nil, judge: (any SampleJudge)? = nil, evaluateEvery: Int = 0,
    journal: (any TrainingJournal)? = nil, advice: TrainingAdvice? = nil
  ) {
    self.schedule = schedule
    self.start = start
    self.sampleEvery = sampleEvery
    self.checkpointEvery = checkpointEvery
    self.keepEvery = keepEvery
    self.heldOut = heldOut
    self.judge = judge
    self.evaluateEvery = evaluateEvery
    self.journal = journal
    self.advice = advice ?? TrainingAdvice(schedule.configuration)
  }

  /// Trains to the schedule's end, or until `shouldStop` says so; then the state and a gallery are kept, where there is
  /// a journal.
  /// - Throws: `Divergence`, after a step whose state isn't finite: it isn't told, and nothing of it is kept.
  package func run(
    engine: some TrainingEngine, batches: some BatchSource, shouldStop: () -> Bool,
    report: (TrainingEvent) -> Void
  ) throws -> TrainingSummary {
    try withoutActuallyEscaping(report) { report in
      var session = Session(self, engine, batches, report)
      var stopped = false
      try session.seeAgain()
      while let step = schedule.next(at: session.position) {
        if shouldStop() {
          stopped = true
          break
        }
        do {
          switch step {
          case .critic: try session.criticStep()
          case .generator: try session.generatorStep()
          }
        } catch let error as any ClassifiedError where error.leavesTheStateGood {
          // The steps so far are good: a row that can't be written mustn't cost them.
          try? session.saveState()
          throw error
        }
      }
      // The state first: a second request to stop may cut the gallery short.
      try session.saveState()
      if !session.isPastItsGallery { try session.drawGallery() }
      return session.summary(stopped: stopped)
    }
  }
}

// MARK: - One call of run

/// What changes while a loop runs.
private struct Session<Engine: TrainingEngine, Batches: BatchSource> {
  private let loop: TrainingLoop
  private let engine: Engine
  private let batches: Batches
  private let report: (TrainingEvent) -> Void
  private let clock = ContinuousClock()
  private let began: ContinuousClock.Instant
  private let batchesInAll: Int

  private(set) var position: RunPosition
  private var losses: CriticLosses
  private var generatorLoss = Float.nan
  /// The last one.
  private var row: StepMetrics?
  /// Of the position's state.
  private var distances: [String: Float] = [:]
  private var secondsWaiting = 0.0
  private var speed = SpeedMeter()
  private var generatorSpeed = SpeedMeter()
  private var gallery: (steps: Int, path: String)?
  private var pictureProblem: String?
  /// The position that is kept already: a run that goes on has its own.
  private var saved: RunPosition?

  init(_ loop: TrainingLoop, _ engine: Engine, _ batches: Batches, _ report: @escaping (TrainingEvent) -> Void) {
    self.loop = loop
    self.engine = engine
    self.batches = batches
    self.report = report
    began = clock.now
    position = loop.start.position
    losses = loop.start.criticLosses
    saved = position == RunPosition() ? nil : position
    let (sum, overflow) = position.criticSteps.addingReportingOverflow(loop.schedule.batchesLeft(from: position))
    batchesInAll = overflow ? .max : sum
  }

  /// Of this part of the run.
  private var seconds: Double { (clock.now - began) / .seconds(1) }
  private var secondsInAll: Double { loop.start.seconds + seconds }

  private var progress: TrainingProgress {
    TrainingProgress(
      position: position, batchesPerEpoch: loop.schedule.batchesPerEpoch, batchesPerSecond: speed.perSecond,
      generatorStepsPerSecond: generatorSpeed.perSecond, batchesLeft: max(0, batchesInAll - position.criticSteps),
      criticLosses: losses, generatorLoss: generatorLoss)
  }

  private func isDue(every period: Int) -> Bool { period > 0 && position.generatorSteps % period == 0 }

  /// Critic steps since a generator step whose gallery was due change the generator's running statistics: another
  /// picture would take its place.
  var isPastItsGallery: Bool {
    position.criticStepsInPhase > 0 && position.generatorSteps > 0 && isDue(every: loop.sampleEvery)
  }

  mutating func seeAgain() throws {
    for _ in 0..<loop.schedule.batchesSeenAgain(at: position) {
      try batches.withNextBatch { pixels, count in engine.see(pixels: pixels, count: count) }
    }
  }

  mutating func criticStep() throws {
    let asked = clock.now
    var waited = 0.0
    losses = try batches.withNextBatch { pixels, count in
      waited = (clock.now - asked) / .seconds(1)
      return engine.criticStep(pixels: pixels, count: count)
    }
    secondsWaiting += waited
    distances = [:]
    if let divergence = engine.divergence { throw divergence }
    let epoch = position.epoch
    loop.schedule.advance(&position, by: .critic)
    if position.epoch > epoch, let row { report(.epochEnded(epoch + 1, row)) }
    speed.count(at: seconds)
    report(.step(progress))
  }

  mutating func generatorStep() throws {
    generatorLoss = engine.generatorStep()
    if let divergence = engine.divergence { throw divergence }
    let epoch = position.epoch
    loop.schedule.advance(&position, by: .generator)
    generatorSpeed.count(at: seconds)
    let evaluates = isDue(every: loop.evaluateEvery)
    losses.measured.merge(engine.measure()) { $1 }
    distances = evaluates ? try loop.judge?.distances(of: engine) ?? [:] : [:]
    let row = StepMetrics(
      step: position.generatorSteps, epoch: epoch + 1, seconds: secondsInAll, criticLosses: losses,
      generatorLoss: generatorLoss,
      heldOutLosses: evaluates ? loop.heldOut?.evaluate(engine) : nil, distances: distances)
    self.row = row
    try loop.journal?.append(row)
    report(.metrics(row, progress))
    for line in loop.advice.lines(of: row) { report(.advice(line)) }
    if position.epoch > epoch { report(.epochEnded(epoch + 1, row)) }
    if isDue(every: loop.checkpointEvery) || isDue(every: loop.keepEvery) { try saveState() }
    if isDue(every: loop.sampleEvery) { try drawGallery() }
  }

  mutating func saveState() throws {
    guard let journal = loop.journal, saved != position else { return }
    var state = TrainingState(position: position, seconds: secondsInAll, criticLosses: losses)
    state.distances = distances
    let path = try journal.save(state, of: engine)
    saved = position
    report(.checkpointSaved(path))
  }

  mutating func drawGallery() throws {
    guard let journal = loop.journal, gallery?.steps != position.generatorSteps else { return }
    // No picture, and no more training, where another run lies.
    try journal.checkPlace()
    do {
      let path = try journal.drawGallery(of: engine, generatorSteps: position.generatorSteps)
      gallery = (position.generatorSteps, path)
      report(.gallerySaved(path))
    } catch let error as any ClassifiedError where error.leavesTheStateGood {
      // No picture is worth a run. Once each: a full disk would say it at every gallery.
      let line = error.description
      if line != pictureProblem { report(.advice("a picture isn't written, training goes on: \(line)")) }
      pictureProblem = line
    }
  }

  func summary(stopped: Bool) -> TrainingSummary {
    let start = loop.start.position
    return TrainingSummary(
      position: position, stopped: stopped, criticSteps: position.criticSteps - start.criticSteps,
      generatorSteps: position.generatorSteps - start.generatorSteps, seconds: seconds,
      secondsWaiting: secondsWaiting, gallery: gallery?.path)
  }
}

extension ClassifiedError {
  /// Of files, of pictures or of memory: the state of training has nothing to do with it.
  fileprivate var leavesTheStateGood: Bool {
    [.missing, .badData, .cannotCreate, .inputOutput, .outOfMemory].contains(failureKind)
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
