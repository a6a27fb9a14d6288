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
