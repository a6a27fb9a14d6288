// Ctrl-C, SIGTERM and a closed terminal: the first signal asks to stop after the step that is running, the second ends
// the process at once.

import SystemSupport
import Synchronization

enum Interruption {
  private static let requests = Atomic<Int>(0)

  /// The first signal only sets a flag from now on.
  static func watch() {
    // The global is made here, not in the handler.
    requests.store(0, ordering: .relaxed)
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, number)
      let previous = signal(number) { number in
        // Only calls that a signal handler may make.
        if Interruption.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
      // nohup's wish is kept.
      if number == SIGHUP, unsafeBitCast(previous, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
    // Parents that start us from a thread with blocked signals (Dispatch's have them all) hand that on.
    pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
  }

  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }
}
