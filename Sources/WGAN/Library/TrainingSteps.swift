// The steps of a training as an asynchronous sequence. They are computed on a thread of their own, one for each time
// that somebody asks for the next: nothing runs ahead, so between two of them the GAN is the caller's.

import SystemSupport

/// The steps of a training, each computed when it is asked for:
/// ``WassersteinGAN/steps(on:generatorSteps:outOf:)``.
///
/// Each iteration is a training of its own. One at a time: the GAN isn't `Sendable`, nor is this.
public struct TrainingSteps: AsyncSequence {
  public typealias Element = TrainingStep

  fileprivate let train: (_ onStep: (TrainingStep) throws -> StepDecision) throws -> Void
  fileprivate let begin: (StepExchange) -> Void

  /// A training that begins when its first step is asked for.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(session: Session(self)) }

  /// The steps that are still to be done. When nobody has it any more, training ends where it is.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let session: Session

    /// Trains one step more; nil when all are done.
    public func next() async throws -> TrainingStep? { try await next(isolation: nil) }

    /// Trains one step more; nil when all are done.
    ///
    /// - Throws: what `train` throws; `CancellationError` where the task was cancelled, after the step that was being
    ///   computed. The GAN is whole then.
    public func next(isolation actor: isolated (any Actor)?) async throws -> TrainingStep? {
      try session.start()
      let exchange = session.exchange
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { exchange.ask($0) }
      } onCancel: {
        exchange.stop(isCancelled: true)
      }
    }
  }

  /// One iteration's training and its thread.
  fileprivate final class Session {
    let exchange = StepExchange()
    private let steps: TrainingSteps
    private var hasStarted = false

    init(_ steps: TrainingSteps) { self.steps = steps }

    func start() throws(WGANError) {
      if hasStarted { return }
      hasStarted = true
      steps.begin(exchange)
      // The exchange sees to it that the caller and the thread have the GAN in turn.
      nonisolated(unsafe) let train = steps.train
      let exchange = exchange
      let thread = WorkerThread {
        exchange.end(Result { if exchange.isWanted() { try train(exchange.give) } })
      }
      guard let thread else {
        let failure = SystemSupport.Failure(
          .outOfMemory, "the system gives no thread to train on: see ulimit -u and -v")
        exchange.end(.success(()))
        throw WGANError(failure)
      }
      exchange.thread(thread)
    }

    // The thread sees that at its next step, or it waits already.
    deinit { exchange.finish() }
  }
}

extension WassersteinGAN {
  /// The steps of ``train(on:generatorSteps:outOf:onStep:)`` as an asynchronous sequence: the same ones, to the last
  /// bit.
  ///
  /// They are computed on a thread of their own, each when it is asked for, so whoever is slow slows training down.
  /// Between two steps the GAN may sample and save. Leaving the loop ends training after the step that was given; so
  /// does cancelling the task, after the one that is being computed. The GAN is as good as before, and may go on.
  ///
  /// ```swift
  /// for try await step in gan.steps(on: pictures, generatorSteps: 100) where step.kind == .generator {
  ///   print(step.wassersteinEstimate)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - pictures: As `train` takes them.
  ///   - generatorSteps: 0 to 1,000,000,000.
  ///   - runSteps: The generator steps of the whole training; nil: these end it.
  public func steps(on pictures: [Bitmap], generatorSteps: Int, outOf runSteps: Int? = nil) -> TrainingSteps {
    TrainingSteps(
      train: { try self.train(on: pictures, generatorSteps: generatorSteps, outOf: runSteps, onStep: $0) },
      begin: { self.stepsBegin($0) })
  }
}

/// Where a thread that trains and a task that wants steps meet. One of them is waiting at any time.
final class StepExchange: Sendable {
  private struct State {
    /// Who has asked for the next step.
    var asked: CheckedContinuation<TrainingStep?, any Error>?
    var isStopped = false
    var isCancelled = false
    /// After the last step; its error is told once.
    var end: Result<Void, any Error>?
    var thread: WorkerThread?
  }

  private let state = Monitor(State())

  // MARK: The task's

  func ask(_ continuation: CheckedContinuation<TrainingStep?, any Error>) {
    let end = state.withLock { state -> Result<Void, any Error>? in
      guard let end = state.end else {
        state.asked = continuation
        return nil
      }
      state.end = .success(())
      return end
    }
    if let end { continuation.resume(with: end.map { nil }) }
  }

  /// No further step is begun.
  func stop(isCancelled: Bool = false) {
    state.withLock { state in
      state.isStopped = true
      if isCancelled { state.isCancelled = true }
    }
  }

  /// Stops, and returns when the thread has let go of the GAN: a step that is being computed is done then.
  func finish() {
    stop()
    let thread = state.withLock { state in
      defer { state.thread = nil }
      return state.thread
    }
    thread?.join()
  }

  /// Whether training has let go of the GAN, or is about to.
  var isOver: Bool { state.withLock { $0.isStopped || $0.end != nil } }

  // MARK: The thread's

  func thread(_ thread: WorkerThread) { state.withLock { $0.thread = thread } }

  /// Waits until the next step is asked for, or none will be.
  func isWanted() -> Bool { state.wait { $0.isStopped ? false : $0.asked == nil ? nil : true } }

  /// Hands a step over and waits until the next is wanted.
  func give(_ step: TrainingStep) -> StepDecision {
    let asked = state.withLock { state -> CheckedContinuation<TrainingStep?, any Error>? in
      // One who is cancelled hears of it when training has let go.
      if state.isCancelled { return nil }
      defer { state.asked = nil }
      return state.asked
    }
    asked?.resume(returning: step)
    return isWanted() ? .proceed : .stop
  }

  func end(_ result: Result<Void, any Error>) {
    let (asked, told) = state.withLock { state in
      var result = result
      if case .success = result, state.isCancelled { result = .failure(CancellationError()) }
      state.end = state.asked == nil ? result : .success(())
      defer { state.asked = nil }
      return (state.asked, result)
    }
    asked?.resume(with: told.map { nil })
  }
}
