// What `wgan train` shows while it runs, on standard error: a redrawn bar on a terminal, plain lines elsewhere.

import Training
import CommandSupport
import Configuration
import Synchronization
import SystemSupport
import WGAN

/// Who tells of a training run: a person (here) or a program (EventStream.swift). Called from the training loop and,
/// while pictures are decoded, from the decoding threads, never from two at once.
protocol TrainingTeller: Sendable {
  func show(_ event: PreparationEvent)
  func begin(_ run: TrainingRun)
  func showMethods(of run: TrainingRun)
  func show(_ event: TrainingEvent)
  func end(_ run: TrainingRun, _ summary: TrainingSummary)
  /// The run ends with an error, which is told elsewhere.
  func fail(_ error: any Error)
}

final class ProgressDisplay: TrainingTeller {
  /// Only what is wrong is told, and where the run is, on standard output.
  private let isQuiet: Bool
  private let isTerminal = Console.isTerminal
  private let state = Mutex(State())

  init(isQuiet: Bool = false) { self.isQuiet = isQuiet }

  private struct State {
    var lastShown: ContinuousClock.Instant?
    var lastEpoch: ContinuousClock.Instant?
    /// Of the bar; 0: there is none.
    var shownColumns = 0
    var startPosition = RunPosition()
    var length = RunLength.epochs(0)
    var hasOneRate = false
    var began = ContinuousClock.now
  }

  /// On a terminal the bar moves ten times a second; elsewhere a line a minute does, and an epoch's
  /// line, where one comes, is that.
  private var period: Duration { isTerminal ? .milliseconds(100) : .seconds(61) }

  // MARK: Before training

  func show(_ event: PreparationEvent) {
    switch event {
    case .notice(let line, let details):
      warning(line)
      for line in details { warning("  \(line)") }
    case .fact(let line): self.line(line)
    case .planned(let time, let steps, let end):
      let place = end == steps ? "" : ", up to step \(grouped(end))"
      let verb = time.isOne ? "is" : "are"
      line(
        "\(time.words) \(verb) about \(counted(steps, "generator step")) on this machine\(place); "
          + "the run has these, however long they take")
    case .decoding(let done, let total):
      // Elsewhere than on a terminal: nothing about what takes a moment only.
      state.withLock { if !isTerminal && $0.lastShown == nil { $0.lastShown = ContinuousClock.now } }
      update(isLast: isTerminal && done == total) { _ in
        let share = total > 0 ? Double(done) / Double(total) : 1
        if !isTerminal { return "preparing pictures: \(done) of \(total)" }
        let (words, count) = ("preparing pictures ", " \(done)/\(total)")
        let room = Console.width - 3 - words.count - count.count
        return room < 4 ? words + count : words + ProgressLine.bar(share, width: min(20, room)) + count
      }
    }
  }

  func begin(_ run: TrainingRun) {
    let configuration = run.configuration
    let training = configuration.training
    state.withLock { state in
      state.startPosition = run.start.position
      state.length = configuration.length
      state.hasOneRate = Self.hasOneRate(training)
      state.began = ContinuousClock.now
      state.lastShown = nil
    }
    // The one thing that a program, or a shell, has to know of a run that it began without a name.
    if isQuiet { try? Console.print(run.paths.path) }
    let heldOut = run.heldOutPictures > 0 ? " (\(grouped(run.heldOutPictures)) held out)" : ""
    line(
      "\(counted(run.trainingPictures, "picture"))\(heldOut) of \(training.size)x\(training.size), batches of "
        + "\(training.batchSize), \(counted(configuration.threads, "thread")), "
        + "preset \(training.preset.shortenedInTheMiddle), run in \(run.paths.path)")
    if let first = run.expectations.first {
      let steps = run.stepsOfRun.generator
      let expected = run.expectations.filter { $0.generatorSteps <= steps }
      let all = expected.map { "\($0.shows) from step \(grouped($0.generatorSteps))" }
      line(
        all.isEmpty
          ? "the run has \(counted(steps, "generator step")), and portraits show \(first.shows) from step "
            + "\(grouped(first.generatorSteps)) on"
          : "to expect of thousands of portraits: \(all.joined(separator: ", ")); of mixed pictures, later")
    }
    if let ranks = run.ranks {
      line(
        "\(counted(ranks, "rank")), each with its part of every batch: bit for bit the same run on as many, and within "
          + "rounding on others")
    }
    if run.start.position != RunPosition() {
      line("goes on after generator step \(run.start.position.generatorSteps)")
    }
    line(Self.words(of: training))
  }

  /// What the numbers are that come now.
  private static func words(of training: TrainingConfiguration) -> String {
    let losses =
      switch training.objective {
      case .relativistic:
        "d_loss and g_loss are 0.69 where the critic can't tell drawn pictures from real ones, and neither has to fall"
      case .wgan, .wganGP, .wganR1R2:
        "d_loss falls as the critic tells drawn pictures from real ones, and rises towards 0 as they get better"
      }
    let steps =
      hasOneRate(training)
      ? "" : "; a step is the generator's, with \(training.criticSteps) of the critic before it (it/s)"
    return losses + steps
  }

  /// Whether there is one critic step before each of the generator's: both have the same rate then.
  private static func hasOneRate(_ training: TrainingConfiguration) -> Bool {
    training.criticSteps == 1 && training.warmUpGeneratorSteps == 0 && training.warmUpEvery == 0
  }

  func showMethods(of run: TrainingRun) {
    for method in run.methods { line(method) }
  }

  // MARK: Training

  func show(_ event: TrainingEvent) {
    switch event {
    case .step(let progress):
      if isTerminal { update(isLast: false) { progressLine(progress, $0).text(columns: Console.width) } }
    case .metrics(let metrics, let progress):
      update(isLast: progress.batchesLeft == 0) {
        let line = progressLine(progress, $0)
        return isTerminal
          ? line.text(columns: Console.width) : "\(line.placeAndSpeed)  \(Self.losses(metrics))"
      }
    case .epochEnded(let epoch, let metrics):
      // Epochs of few pictures are short: a line a minute is enough, and elsewhere than on a terminal the only one.
      let count: String? = state.withLock { state in
        let now = ContinuousClock.now
        let count = if case .epochs(let count) = state.length { count } else { 0 }
        if let last = state.lastEpoch, now - last < .seconds(60), epoch != count { return nil }
        state.lastEpoch = now
        if !isTerminal { state.lastShown = now }
        return count > 0 ? "/\(count)" : ""
      }
      if let count { line("epoch \(epoch)\(count)  \(Self.losses(metrics))") }
    case .advice(let line): warning(line)
    case .verdict(let line): self.line(line)
    case .gallerySaved, .checkpointSaved: break
    }
  }

  func end(_ run: TrainingRun, _ summary: TrainingSummary) {
    clear()
    let position = summary.position
    if summary.criticSteps + summary.generatorSteps == 0 && !summary.stopped {
      line("nothing left to do: the run has its \(counted(position.generatorSteps, "generator step"))")
    } else {
      let batches =
        Self.hasOneRate(run.configuration.training) ? "" : " (\(fixed(summary.batchesPerSecond, 2)) it/s)"
      line(
        "\(summary.stopped ? "stopped" : "done") at generator step \(position.generatorSteps) after "
          + "\(clockTime(summary.seconds)): \(fixed(summary.stepsPerSecond, 2)) steps/s\(batches), "
          + "\(fixed(100 * summary.waitingShare, 1)) % of the time waiting for pictures")
    }
    if let command = Self.goOn(run, summary) {
      line("go on with:")
      line("  " + command)
    }
    if let gallery = summary.gallery { line("samples: \(gallery)") }
    if position.generatorSteps > 0 { for next in Self.next(run) { line(next) } }
  }

  /// How a run goes on that was stopped, or that had come to its end already; nil where that is for later.
  private static func goOn(_ run: TrainingRun, _ summary: TrainingSummary) -> String? {
    let resume = toolCommand("train \(shellFlag("--out", run.paths.path)) --resume")
    if summary.stopped { return resume }
    // It has what it was asked for, and half an hour is what a preset has.
    return summary.criticSteps + summary.generatorSteps == 0 ? resume + " --for 30m" : nil
  }

  /// What to do with a run, as lines that can be pasted.
  private static func next(_ run: TrainingRun) -> [String] {
    let path = shellWord(run.paths.path)
    let flag = shellFlag("--run", run.paths.path)
    let commands =
      [
        "watch --open \(path.hasPrefix("-") ? "-- " : "")\(path)", "generate \(flag) --grid grid.png",
        "walk \(flag) --seeds 1,5,9 --out walk.png",
      ] + (run.heldOutPictures > 0 ? ["evaluate \(flag)"] : [])
    return ["and now:"] + commands.map { "  " + toolCommand($0) }
  }

  func fail(_ error: any Error) { clear() }

  // MARK: Lines

  static func losses(_ metrics: StepMetrics) -> String {
    "d_loss \(fixed(metrics.criticLosses.loss, 4)) g_loss \(fixed(metrics.generatorLoss, 4)) "
      + "real_loss \(fixed(metrics.criticLosses.real, 4)) fake_loss \(fixed(metrics.criticLosses.fake, 4))"
  }

  private func progressLine(_ progress: TrainingProgress, _ state: State) -> ProgressLine {
    // Behind an epoch's last generator step the position is in the next one already; what is shown is still this one's.
    let position = progress.position
    let isBetween = position.batch == 0 && position.criticStepsInPhase == 0 && position.epoch > 0
    let done = Double(position.criticSteps)
    let all = done + Double(progress.batchesLeft)
    var (steps, epochs): (Int?, Int?)
    switch state.length {
    case .epochs(let count): epochs = count
    case .generatorSteps(let count): steps = count
    }
    return ProgressLine(
      step: position.generatorSteps, steps: steps, epoch: position.epoch + (isBetween ? 0 : 1), epochs: epochs,
      share: all > 0 ? done / all : 1, secondsSpent: (ContinuousClock.now - state.began) / .seconds(1),
      secondsLeft: progress.batchesPerSecond.map { Double(progress.batchesLeft) / $0 },
      stepsPerSecond: progress.generatorStepsPerSecond, batchesPerSecond: progress.batchesPerSecond,
      hasOneRate: state.hasOneRate, criticLoss: progress.criticLosses.loss,
      generatorLoss: position.generatorSteps == 0 ? nil : progress.generatorLoss)
  }

  // MARK: The terminal

  /// Shows a state that replaces the last one, if it's time.
  private func update(isLast: Bool, _ text: (State) -> String) {
    if isQuiet { return }
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastShown, now - last < period, !isLast { return }
      state.lastShown = now
      if isTerminal {
        let line = String(text(state).prefix(max(1, Console.width - 1)))
        Console.redraw(line, over: state.shownColumns)
        state.shownColumns = line.count
      } else {
        Console.note(text(state))
      }
    }
  }

  /// A line that stays, above the bar.
  private func line(_ text: String) {
    if !isQuiet { warning(text) }
  }

  /// One that is always told.
  private func warning(_ text: String) {
    clear()
    Console.note(text)
  }

  /// Takes the bar away.
  func clear() {
    state.withLock { state in
      if state.shownColumns > 0 { Console.redraw("", over: state.shownColumns) }
      state.shownColumns = 0
    }
  }
}
