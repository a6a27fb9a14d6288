import Synchronization
import SystemSupport
import Testing

@Suite struct WorkQueueTests {
  @Test(arguments: [(0, 1), (1, 1), (1, 8), (1000, 1), (1000, 7), (1001, 1000)])
  func eachIsTakenOnce(count: Int, chunk: Int) {
    let queue = WorkQueue(count: count, chunk: chunk)
    let taken = Mutex([Int](repeating: 0, count: count))
    onThreads(5) {
      var last = -1
      while let range = queue.take() {
        #expect(range.lowerBound > last && range.count <= chunk && !range.isEmpty)
        last = range.upperBound - 1
        taken.withLock { taken in for i in range { taken[i] += 1 } }
      }
    }
    #expect(taken.withLock { $0.allSatisfy { $0 == 1 } })
    #expect(queue.take() == nil)
  }

  @Test func nobodyGetsMoreAfterAStop() {
    let queue = WorkQueue(count: 10, chunk: 2)
    #expect(queue.take() == 0..<2)
    queue.stop()
    #expect(queue.take() == nil && queue.take() == nil)
  }

  @Test func eachThreadIsCalledOnce() {
    for count in [0, 1, 2, 9] {
      let calls = Atomic(0)
      onThreads(count) { calls.add(1, ordering: .relaxed) }
      #expect(calls.load(ordering: .relaxed) == max(1, count))
    }
  }
}
