// What `wgan train` shows while it runs, on standard error: a redrawn bar on a terminal, plain lines elsewhere.

import Training
import CommandSupport
import Synchronization
import SystemSupport
import WGAN

/// Called from the training loop and, while pictures are decoded, from the decoding threads, never from two at once.
final class ProgressDisplay: Sendable {
  private let isTerminal = Console.isTerminal
  private let state = Mutex(State())

  private struct State {
    var lastShown: ContinuousClock.Instant?
    var lastEpoch: ContinuousClock.Instant?
    var barIsShown = false
    var startPosition = RunPosition()
    var length = RunLength.epochs(0)
    var began = ContinuousClock.now
  }

  /// On a terminal the bar moves ten times a second; elsewhere a line a minute does, and an epoch's
  /// line, where one comes, is that.
  private var period: Duration { isTerminal ? .milliseconds(100) : .seconds(61) }

  // MARK: Before training

  func show(_ event: PreparationEvent) {
    switch event {
    case .notice(let line): self.line(line)
    case .planned(let time, let steps, let end):
      let place = end == steps ? "" : ", up to step \(grouped(end))"
      let verb = time.isOne ? "is" : "are"
      line("\(time.words) \(verb) about \(grouped(steps)) generator steps on this machine\(place)")
    case .decoding(let done, let total):
      // Elsewhere than on a terminal: nothing about what takes a moment only.
      state.withLock { if !isTerminal && $0.lastShown == nil { $0.lastShown = ContinuousClock.now } }
      update(isLast: isTerminal && done == total) { _ in
        let share = total > 0 ? Double(done) / Double(total) : 1
        return isTerminal
          ? "preparing pictures \(Self.bar(share)) \(done)/\(total)" : "preparing pictures: \(done) of \(total)"
      }
    }
  }

  func begin(_ run: TrainingRun) {
    let configuration = run.configuration
    let training = configuration.training
    state.withLock { state in
      state.startPosition = run.start.position
      state.length = configuration.length
      state.began = ContinuousClock.now
      state.lastShown = nil
    }
    let heldOut = run.heldOutPictures > 0 ? " (\(grouped(run.heldOutPictures)) held out)" : ""
    line(
      "\(grouped(run.trainingPictures)) pictures\(heldOut) of \(training.size)x\(training.size), batches of "
        + "\(training.batchSize), \(configuration.threads) \(configuration.threads == 1 ? "thread" : "threads"), "
        + "preset \(training.preset.shortenedInTheMiddle), run in \(run.paths.path)")
    let expected = run.expectations.map { "\($0.shows) from step \(grouped($0.generatorSteps))" }
    if !expected.isEmpty {
      line("to expect of portraits: \(expected.joined(separator: ", ")); of mixed pictures, later")
    }
    if run.start.position != RunPosition() {
      line("goes on after generator step \(run.start.position.generatorSteps)")
    }
  }

  func showMethods(of run: TrainingRun) {
    for method in run.methods { line(method) }
  }

  // MARK: Training

  func show(_ event: TrainingEvent) {
    switch event {
    case .step(let progress):
      if isTerminal { update(isLast: false) { bar(progress, $0) } }
    case .metrics(let metrics, let progress):
      update(isLast: progress.batchesLeft == 0) { isTerminal ? bar(progress, $0) : plain(progress, metrics, $0) }
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
    case .advice(let line): self.line(line)
    case .gallerySaved, .checkpointSaved: break
    }
  }

  func end(_ run: TrainingRun, _ summary: TrainingSummary) {
    clear()
    let position = summary.position
    if summary.criticSteps + summary.generatorSteps == 0 && !summary.stopped {
      line(
        "nothing left to do: the run has \(position.generatorSteps) generator steps; "
          + "give more --epochs or --generator-steps, or --for, to go on")
    } else {
      line(
        "\(summary.stopped ? "stopped" : "done") at generator step \(position.generatorSteps) after "
          + "\(clockTime(summary.seconds)): \(fixed(summary.batchesPerSecond, 2)) it/s, "
          + "\(fixed(100 * summary.waitingShare, 1)) % of the time waiting for pictures")
    }
    if summary.stopped {
      line("go on with: " + toolCommand("train \(shellFlag("--out", run.paths.path)) --resume"))
    }
    if let gallery = summary.gallery { line("samples: \(gallery)") }
  }

  // MARK: Lines

  static func losses(_ metrics: StepMetrics) -> String {
    "d_loss \(fixed(metrics.criticLosses.loss, 4)) g_loss \(fixed(metrics.generatorLoss, 4)) "
      + "real_loss \(fixed(metrics.criticLosses.real, 4)) fake_loss \(fixed(metrics.criticLosses.fake, 4))"
  }

  /// "step 120 · epoch 2/5 |████▌     | 45 % 1:05<1:20, 7.30 it/s, d_loss -0.45 g_loss 0.43"
  private func bar(_ progress: TrainingProgress, _ state: State) -> String {
    let (share, spent, left) = times(progress, state)
    let speed = progress.batchesPerSecond.map { "\(fixed($0, 2)) it/s" } ?? "? it/s"
    // Before the first generator step there is no loss of it.
    let generatorLoss = progress.position.generatorSteps == 0 ? "?" : fixed(progress.generatorLoss, 4)
    return "\(place(progress, state)) \(Self.bar(share)) \(Self.percent(share)) % "
      + "\(clockTime(spent))<\(left.map(clockTime) ?? "?"), \(speed), "
      + "d_loss \(fixed(progress.criticLosses.loss, 4)) g_loss \(generatorLoss)"
  }

  /// Whole ones that are done: 100 is the end.
  private static func percent(_ share: Double) -> Int { Int(100 * share) }

  private func plain(_ progress: TrainingProgress, _ metrics: StepMetrics, _ state: State) -> String {
    let (share, _, left) = times(progress, state)
    let speed = progress.batchesPerSecond.map { "\(fixed($0, 2)) it/s" } ?? "? it/s"
    return "\(place(progress, state))  \(Self.percent(share)) %, \(left.map(clockTime) ?? "?") left, \(speed)  "
      + Self.losses(metrics)
  }

  private func place(_ progress: TrainingProgress, _ state: State) -> String {
    // Behind an epoch's last generator step the position is in the next one already; what is shown is still this one's.
    let position = progress.position
    let isBetween = position.batch == 0 && position.criticStepsInPhase == 0 && position.epoch > 0
    let epoch = position.epoch + (isBetween ? 0 : 1)
    switch state.length {
    case .epochs(let count):
      return "step \(position.generatorSteps) epoch \(epoch)/\(count)"
    case .generatorSteps(let count): return "step \(position.generatorSteps)/\(count) epoch \(epoch)"
    }
  }

  /// The share of the whole run that is done, seconds of this part, seconds left.
  private func times(_ progress: TrainingProgress, _ state: State) -> (Double, Double, Double?) {
    let done = Double(progress.position.criticSteps)
    let all = done + Double(progress.batchesLeft)
    let spent = (ContinuousClock.now - state.began) / .seconds(1)
    return (all > 0 ? done / all : 1, spent, progress.batchesPerSecond.map { Double(progress.batchesLeft) / $0 })
  }

  /// A bar of 20 columns, to an eighth of one.
  private static func bar(_ share: Double) -> String {
    let eighths = Int((min(1, max(0, share)) * 160).rounded())
    let full = String(repeating: "█", count: eighths / 8)
    let part = eighths % 8 == 0 ? "" : String(" ▏▎▍▌▋▊▉".dropFirst(eighths % 8).prefix(1))
    return "|\(full)\(part)\(String(repeating: " ", count: 20 - full.count - part.count))|"
  }

  // MARK: The terminal

  /// Shows a state that replaces the last one, if it's time.
  private func update(isLast: Bool, _ text: (State) -> String) {
    state.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastShown, now - last < period, !isLast { return }
      state.lastShown = now
      if isTerminal {
        Console.redraw(String(text(state).prefix(Console.width - 1)))
        state.barIsShown = true
      } else {
        Console.note(text(state))
      }
    }
  }

  /// A line that stays, above the bar.
  private func line(_ text: String) {
    clear()
    Console.note(text)
  }

  /// Takes the bar away.
  func clear() {
    state.withLock { state in
      if state.barIsShown { Console.redraw("") }
      state.barIsShown = false
    }
  }
}
