// Threads that stay together from one parallel loop to the next.
//
// A training step is a hundred and more loops of a tenth of a millisecond to some milliseconds. To wake a thread that
// sleeps takes up to 50 microseconds (a virtual machine gives an idle core away), so who wakes them for each loop loses
// some percent of a step. A team's threads wait for the next loop awake, for a while:
//
//     leader      --[ loop ]--[ loop ]---------[ loop ]--  ends the team
//     follower      [ loop ]..[ loop ].........[ loop ]..  (. looks for the next loop, asleep after `turnsAwake`)
//
// Nobody waits for a follower to come: what it would have taken of a loop others take. This is OpenMP's parallel region
// (OpenMP 5.2, section 10.1) over one `concurrentPerform`.

import CProcessor
import Dispatch
import Synchronization
import SystemSupport

final class ThreadTeam: @unchecked Sendable {
  /// How often a thread looks for what it waits for, before it gives its core away: some ten microseconds. Longer gains
  /// nothing on a quiet machine; on a busy one the system takes the time that a thread waits awake from its work.
  private static let turnsAwake = 300

  /// Odd: a loop is open, another number for each. Changed by the leader alone.
  private let loop = Atomic<Int>(0)
  private static let ended = -1
  /// Of the open loop. Written before it opens; read by those that are inside while it is open.
  private var body: (_ worker: Int) -> Void = { _ in }
  private var workers = 0
  /// Followers that look into the open loop, or are at work in it.
  private let inside = Atomic<Int>(0)
  private let sleeping = Atomic<Int>(0)
  private let wake = DispatchSemaphore(value: 0)
  private let arrived = Atomic<Int>(0)

  /// Calls `work` on one of `threads` threads, most often the caller's; the others run its loops with it.
  static func run(threads: Int, _ work: () -> Void) {
    let team = ThreadTeam()
    withoutActuallyEscaping(work) { work in
      nonisolated(unsafe) let work = work
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        // The first one leads: it is there, and whether others come is not known.
        let worker = team.arrived.add(1, ordering: .relaxed).oldValue
        if worker > 0 {
          team.follow(worker)
        } else {
          let outer = current
          current = team
          work()
          current = outer
          team.end()
        }
      }
    }
  }

  /// The one that this thread leads.
  private(set) static var current: ThreadTeam? {
    get {
      guard let key, let team = pthread_getspecific(key) else { return nil }
      return Unmanaged<ThreadTeam>.fromOpaque(team).takeUnretainedValue()
    }
    set {
      guard let key else { return }
      pthread_setspecific(key, newValue.map { UnsafeRawPointer(Unmanaged.passUnretained($0).toOpaque()) })
    }
  }

  /// Nil where the process has no more of them: then loops wake their threads themselves.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    return pthread_key_create(&key, nil) == 0 ? key : nil
  }()

  // MARK: - The leader

  /// A loop is open: its body can't open another.
  var isBusy: Bool { loop.load(ordering: .relaxed) & 1 == 1 }

  /// Calls `body` on this thread, as worker 0, and on what others of the first `workers` come in time. Returns when all
  /// have returned.
  func perform(workers: Int, _ body: (_ worker: Int) -> Void) {
    precondition(!isBusy)
    withoutActuallyEscaping(body) { body in
      self.body = body
      self.workers = workers
      let open = loop.add(1, ordering: .sequentiallyConsistent).newValue
      for _ in 0..<sleeping.load(ordering: .sequentiallyConsistent) { wake.signal() }
      body(0)
      // Nobody comes in any more. Who has come in before is seen in `inside`: both sides write before they read.
      loop.store(open + 1, ordering: .sequentiallyConsistent)
      var turns = 0
      while inside.load(ordering: .sequentiallyConsistent) > 0 {
        turns += 1
        if turns < Self.turnsAwake { cprocessor_pause() } else { sched_yield() }
      }
      self.body = { _ in }
    }
  }

  private func end() {
    loop.store(Self.ended, ordering: .sequentiallyConsistent)
    for _ in 0..<sleeping.load(ordering: .sequentiallyConsistent) { wake.signal() }
  }

  // MARK: - Followers

  private func follow(_ worker: Int) {
    var seen = 0
    while true {
      seen = next(after: seen)
      if seen == Self.ended { return }
      if seen & 1 == 0 { continue }
      inside.add(1, ordering: .sequentiallyConsistent)
      if loop.load(ordering: .sequentiallyConsistent) == seen && worker < workers { body(worker) }
      inside.subtract(1, ordering: .sequentiallyConsistent)
    }
  }

  /// The next value of `loop` that isn't `seen`.
  private func next(after seen: Int) -> Int {
    for _ in 0..<Self.turnsAwake {
      let now = loop.load(ordering: .acquiring)
      if now != seen { return now }
      cprocessor_pause()
    }
    // Who signals counts the sleepers after it has changed `loop`, so nobody sleeps over a change. A signal too many
    // wakes somebody once for nothing.
    sleeping.add(1, ordering: .sequentiallyConsistent)
    defer { sleeping.subtract(1, ordering: .sequentiallyConsistent) }
    while true {
      let now = loop.load(ordering: .sequentiallyConsistent)
      if now != seen { return now }
      wake.wait()
    }
  }
}
