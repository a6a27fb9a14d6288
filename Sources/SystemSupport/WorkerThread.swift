// A joinable thread.

/// A thread of its own, outside the pool that the training step's loops run on: it may block without taking a worker
/// away from them.
package struct WorkerThread: @unchecked Sendable {
  private let thread: pthread_t

  /// Nil if the system has no thread left to give.
  package init?(_ body: @escaping @Sendable () -> Void) {
    guard let thread = startThread(body) else { return nil }
    self.thread = thread
  }

  package func join() { pthread_join(thread, nil) }
}

/// Sees that the system gives this process so many threads at once, its own among them. Dispatch would wait for one
/// that it can't make, and for ever.
///
/// - Throws: `Failure(.outOfMemory)`.
package func requireThreads(_ count: Int) throws(Failure) {
  // They end when all are there, or when one can't be had.
  let mayEnd = Monitor(false)
  var threads: [WorkerThread] = []
  while threads.count + 1 < count, let thread = WorkerThread({ mayEnd.wait { $0 ? () : nil } }) {
    threads.append(thread)
  }
  mayEnd.withLock { $0 = true }
  for thread in threads { thread.join() }
  guard threads.count + 1 >= count else {
    throw Failure(
      .outOfMemory,
      "the system gives \(threads.count + 1) of \(count) threads: give --threads \(threads.count + 1), or see "
        + "ulimit -u and -v")
  }
}
