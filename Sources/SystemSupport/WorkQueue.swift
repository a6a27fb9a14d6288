// Work in equal pieces that threads take in turn, until it's done or one of them says stop.

import Synchronization

/// The numbers 0 ..< `count`, handed out from the first to the last, each once.
package struct WorkQueue: ~Copyable, Sendable {
  private let count: Int
  private let chunk: Int
  private let next = Atomic(0)
  private let isStopped = Atomic(false)

  /// - Parameter chunk: how many are handed out at a time.
  /// - Precondition: `chunk` is positive.
  package init(count: Int, chunk: Int = 1) {
    precondition(chunk > 0)
    self.count = count
    self.chunk = chunk
  }

  /// Numbers that are the caller's now. Nil when all are taken, and after `stop`.
  package func take() -> Range<Int>? {
    if isStopped.load(ordering: .relaxed) { return nil }
    let start = next.add(chunk, ordering: .relaxed).oldValue
    return start < count ? start..<min(start + chunk, count) : nil
  }

  /// Nobody gets any more; what is taken is finished.
  package func stop() { isStopped.store(true, ordering: .relaxed) }
}

/// Calls `body` once on each of `count` threads at once, this one among them, and returns when all have returned. Where
/// the system has no thread left it's called on fewer: what they take is a queue's, so all of it is done.
///
/// Threads of our own, not Dispatch's: those that it can't make it waits for, and for ever.
package func onThreads(_ count: Int, _ body: @Sendable () -> Void) {
  withoutActuallyEscaping(body) { body in
    var others: [WorkerThread] = []
    while others.count + 1 < count, let thread = WorkerThread(body) { others.append(thread) }
    body()
    for thread in others { thread.join() }
  }
}
