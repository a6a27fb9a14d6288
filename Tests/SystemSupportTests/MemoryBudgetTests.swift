import Synchronization
import SystemSupport
import Testing

/// Protects: threads never have more together than the budget, nobody waits for ever, and what is larger than all of it
/// is had alone.
@Suite struct MemoryBudgetTests {
  @Test(.timeLimit(.minutes(1))) func theSumStaysWithinTheBudget() {
    let budget = MemoryBudget(bytes: 100)
    let most = Atomic(0)
    let alone = Atomic(0)
    onThreads(8) {
      for i in 0..<500 {
        let wanted = [1, 30, 60, 99, 250][i % 5]
        budget.take(wanted)
        // Time for another one to take too much.
        usleep(50)
        let inUse = budget.inUse
        if wanted > 100 {
          if inUse == wanted { alone.add(1, ordering: .relaxed) }
        } else if inUse <= 100 {
          most.max(inUse, ordering: .relaxed)
        } else {
          most.max(1000, ordering: .relaxed)
        }
        budget.give(wanted)
      }
    }
    #expect(budget.inUse == 0 && most.load(ordering: .relaxed) <= 100 && alone.load(ordering: .relaxed) == 800)
  }

  @Test func tryingNeverWaits() {
    let budget = MemoryBudget(bytes: 100)
    #expect(budget.tryTaking(60) && !budget.tryTaking(41) && budget.tryTaking(40))
    budget.give(100)
    #expect(!budget.tryTaking(101))
  }
}

@Suite struct ContentChecksumTests {
  /// Every bit counts, and so does the length.
  @Test func aChangedBitOrByteIsSeen() {
    for count in [0, 1, 7, 31, 32, 33, 100] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
      let sum = ContentChecksum.of(bytes)
      for bit in 0..<8 * count {
        var other = bytes
        other[bit / 8] ^= 1 << (bit % 8)
        #expect(ContentChecksum.of(other) != sum)
      }
      #expect(ContentChecksum.of(bytes + [0]) != sum)
    }
    let zeros = [32, 64].map { ContentChecksum.of([UInt8](repeating: 0, count: $0)) }
    #expect(zeros[0] != zeros[1])
  }
}
