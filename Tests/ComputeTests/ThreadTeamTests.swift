import Compute
import Synchronization
import SystemSupport
import Testing

/// Protects: loops of a team do all their items, each once, by one worker at a time of each number, whatever threads
/// come, sleep or have other work; and end.
@Suite struct ThreadTeamTests {
  /// Runs a loop and sees what it did.
  private func expectWholeLoop(_ count: Int, on device: Device, slow: Bool = false) {
    let done = (0..<count).map { _ in Counter() }
    let busy = (0..<device.threads).map { _ in Counter() }
    device.parallel(count) { range, worker in
      #expect(worker < min(device.threads, count))
      #expect(busy[worker].add(1) == 1, "worker \(worker) was given two ranges at once")
      for item in range { done[item].add(1) }
      if slow { usleep(300) }
      busy[worker].add(-1)
    }
    #expect(done.allSatisfy { $0.value == 1 }, "\(count) items, \(device.threads) threads")
  }

  @Test(arguments: [1, 2, 3, 8]) func everyItemOnce(threads: Int) {
    let device = Device(threads: threads)
    for round in 0..<20 {
      device.withTeam {
        for loop in 0..<40 {
          expectWholeLoop([0, 1, 2, 3, 7, 64][(round + loop) % 6], on: device, slow: loop % 10 == 0)
          // Followers fall asleep.
          if loop % 13 == 0 { usleep(500) }
        }
      }
    }
  }

  /// A device of another number of threads, a team in a team and a loop in a loop.
  @Test func teamsServeWhoeverRunsInThem() {
    Device(threads: 2).withTeam {
      for threads in [1, 2, 5] {
        let device = Device(threads: threads)
        expectWholeLoop(17, on: device)
        device.withTeam { expectWholeLoop(17, on: device) }
      }
      Device(threads: 2).parallel(4) { range, _ in
        for _ in range { expectWholeLoop(9, on: Device(threads: 2)) }
      }
      expectWholeLoop(17, on: Device(threads: 2))
    }
  }

  /// Teams of several threads at once don't know of each other.
  @Test func teamsSideBySide() async {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let device = Device(threads: 3)
          for _ in 0..<10 { device.withTeam { for count in 0..<20 { expectWholeLoop(count, on: device) } } }
        }
      }
    }
  }

  @Test func whatIsReturnedAndThrownComesThrough() {
    struct Stop: Error {}
    let device = Device(threads: 2)
    #expect(device.withTeam { 7 } == 7)
    #expect(throws: Stop.self) { try device.withTeam { throw Stop() } }
    expectWholeLoop(9, on: device)
  }
}

private final class Counter: Sendable {
  private let count = Atomic(0)
  var value: Int { count.load(ordering: .relaxed) }
  @discardableResult func add(_ n: Int) -> Int { count.add(n, ordering: .relaxed).newValue }
}
