// Two small tools for work shared between threads: a value behind a lock that one can wait on, and a joinable thread.

/// A value that threads take turns with. Whoever changes it wakes those who wait for it to change.
///
/// Swift's `Mutex` can't be waited on, hence this one over POSIX threads.
package final class Monitor<State>: @unchecked Sendable {
  private var state: State
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  package init(_ state: State) {
    self.state = state
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  package func withLock<Result>(_ body: (inout State) -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Tries `body` now and after every change until it has a result. `body` must change nothing when it has none.
  package func wait<Result>(for body: (inout State) -> Result?) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) {
        pthread_cond_broadcast(changed)
        return result
      }
      pthread_cond_wait(changed, mutex)
    }
  }
}

/// A thread of its own, outside the pool that the training step's loops run on: it may block without taking a worker
/// away from them.
package struct WorkerThread: @unchecked Sendable {
  private let thread: pthread_t

  /// Nil if the system has no thread left to give.
  package init?(_ body: @escaping @Sendable () -> Void) {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    let box = Unmanaged.passRetained(Box(body))
    #if canImport(Darwin)
      var created: pthread_t?
      let status = pthread_create(
        &created, nil,
        {
          Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body(); return nil
        }, box.toOpaque())
    #else
      var created: pthread_t? = pthread_t()
      var handle = pthread_t()
      let status = pthread_create(
        &handle, nil,
        { argument in
          if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
          return nil
        }, box.toOpaque())
      created = handle
    #endif
    guard status == 0, let created else {
      box.release()
      return nil
    }
    thread = created
  }

  package func join() {
    pthread_join(thread, nil)
  }
}
