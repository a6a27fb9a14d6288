// Ctrl-C, SIGTERM and a closed terminal: the first signal asks to stop after the step that is running, the second ends
// the process at once. Each says so itself, from its handler: a step of large nets takes many seconds. SIGQUIT is as a
// second one.

import CommandSupport
import SystemSupport
import Synchronization

enum Interruption {
  private static let requests = Atomic<Int>(0)
  /// The first signal's number.
  private static let signalNumber = Atomic<Int>(0)
  /// Generator steps that are done, and those of the newest checkpoint; -1 before training.
  private static let done = Atomic<Int>(-1)
  private static let saved = Atomic<Int>(0)
  private static let isTerminal = Atomic<Bool>(false)
  private static let isSilent = Atomic<Bool>(false)

  /// As a shell says that a signal ended a process.
  static var exitCode: Int32 { 128 + Int32(truncatingIfNeeded: signalNumber.load(ordering: .relaxed)) }

  static var isRequested: Bool { requests.load(ordering: .sequentiallyConsistent) > 0 }

  /// The first signal only sets a flag and says so from now on.
  ///
  /// - Parameter isSilent: it says nothing: another process does.
  static func watch(isSilent: Bool = false) {
    Self.isSilent.store(isSilent, ordering: .relaxed)
    // The globals are made here, not in the handler.
    requests.store(0, ordering: .relaxed)
    signalNumber.store(0, ordering: .relaxed)
    saved.store(0, ordering: .relaxed)
    isTerminal.store(Console.isTerminal, ordering: .relaxed)
    done.store(-1, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, number)
      let previous = signal(number) { Interruption.handle($0) }
      // nohup's wish is kept.
      if number == SIGHUP, unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
    signal(SIGQUIT) { Interruption.endAtOnce($0) }
    sigaddset(&signals, SIGQUIT)
    // Parents that start us from a thread with blocked signals (Dispatch's have them all) hand that on.
    pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
  }

  /// From here on a handler says what a second signal costs.
  static func trainingBegins(at generatorSteps: Int) {
    saved.store(generatorSteps, ordering: .relaxed)
    done.store(generatorSteps, ordering: .relaxed)
  }

  /// Nothing will ask whether to stop any more, and nothing is left to save: the next signal ends the process.
  /// - Throws: where one has come already.
  static func endsAtFirst() throws {
    if requests.add(1, ordering: .relaxed).oldValue > 0 { throw Failure(.cancelled, "stopped") }
  }

  static func stepIsDone(_ generatorSteps: Int) { done.store(generatorSteps, ordering: .relaxed) }

  static func stateIsSaved() { saved.store(done.load(ordering: .relaxed), ordering: .relaxed) }

  // MARK: - In a handler: only calls that it may make

  private static func handle(_ number: Int32) {
    // Before the request: whoever sees that asks for the number.
    if signalNumber.load(ordering: .relaxed) == 0 { signalNumber.store(Int(number), ordering: .relaxed) }
    if requests.add(1, ordering: .sequentiallyConsistent).oldValue > 0 { endAtOnce(number) }
    if isSilent.load(ordering: .relaxed) { return }
    HandlerText.write { text in
      clearBar(&text)
      if done.load(ordering: .relaxed) < 0 {
        text.append("wgan: stopping (again: at once)\n")
        return
      }
      text.append("wgan: finishing this step, saving (again: stop at once, back to step ")
      text.append(saved.load(ordering: .relaxed))
      text.append(")\n")
    }
  }

  private static func clearBar(_ text: inout HandlerText) {
    if isTerminal.load(ordering: .relaxed) { text.append("\r\u{1b}[K") }
  }

  private static func endAtOnce(_ number: Int32) {
    if isSilent.load(ordering: .relaxed) { _exit(128 + number) }
    HandlerText.write { text in
      let (done, saved) = (done.load(ordering: .relaxed), saved.load(ordering: .relaxed))
      clearBar(&text)
      text.append("wgan: stopped at once")
      if done > saved {
        text.append(": generator steps ")
        text.append(saved + 1)
        text.append(" to ")
        text.append(done)
        text.append(" are lost, --resume goes on after step ")
        text.append(saved)
      } else if done >= 0 {
        text.append(": no generator step is lost, --resume goes on after step ")
        text.append(saved)
      }
      text.append("\n")
    }
    _exit(128 + number)
  }
}
