// Ctrl-C and SIGTERM: the first asks to stop after the step that is running, the second ends the process at once.

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

enum Interruption {
  private static let requests = Atomic<Int>(0)

  /// The first signal only sets a flag from now on.
  static func watch() {
    // The global is made here, not in the handler.
    requests.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        // Only calls that a signal handler may make.
        if Interruption.requests.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
    // Who starts us from a thread of a pool (Foundation's Process does) leaves us its mask, with every signal blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    sigaddset(&signals, SIGTERM)
    pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
  }

  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }
}
