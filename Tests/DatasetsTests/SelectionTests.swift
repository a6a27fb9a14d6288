import Datasets
import Testing

/// Protects: which pictures a run sees, and in what order, is a function of its seed.
@Suite struct SelectionTests {
  let numbers = (0..<1000).map(UInt32.init)

  @Test func ordersArePermutations() {
    let orders = (0..<4).map { Selection.shuffled(numbers, seed: 7, epoch: $0) }
    for order in orders { #expect(order != numbers && order.sorted() == numbers) }
    #expect(Set(orders).count == 4)
    #expect(Selection.shuffled(numbers, seed: 7, epoch: 2) == orders[2])
    #expect(Selection.shuffled(numbers, seed: 8, epoch: 2) != orders[2])
    #expect(Selection.shuffled([], seed: 7, epoch: 0) == [] && Selection.shuffled([3], seed: 7, epoch: 0) == [3])
  }

  /// Known answers of another program, so that a later version goes on with a run's order.
  @Test func ordersArePinned() {
    #expect(Selection.shuffled(Array(0..<10), seed: 7, epoch: 0) == [2, 4, 1, 9, 8, 0, 7, 6, 5, 3])
    #expect(Selection.shuffled(Array(0..<10), seed: 7, epoch: 3) == [0, 5, 7, 4, 2, 9, 8, 6, 3, 1])
  }

  /// Every place is as likely for every picture.
  @Test func ordersAreUniform() {
    var counts = [Int](repeating: 0, count: 6 * 6)
    for epoch in 0..<6000 {
      for (place, number) in Selection.shuffled([0, 1, 2, 3, 4, 5], seed: 1, epoch: epoch).enumerated() {
        counts[place * 6 + Int(number)] += 1
      }
    }
    for count in counts { #expect(abs(count - 1000) < 150) }
  }

  func chosen(_ share: Double, seed: UInt64, of range: Range<Int> = 0..<10_000) -> Set<Int> {
    Set(range.filter { Selection.includes("some/file \($0).jpg", share: share, seed: seed, purpose: .fraction) })
  }

  @Test func fractionsAreAboutRightAndNested() {
    let tenth = chosen(0.1, seed: 1)
    #expect(abs(tenth.count - 1000) < 120)
    #expect(chosen(0.1, seed: 1) == tenth && chosen(0.1, seed: 2) != tenth)
    #expect(chosen(0.2, seed: 1).isSuperset(of: tenth))
    #expect(chosen(1, seed: 1).count == 10_000 && chosen(0, seed: 1).isEmpty)
    // The draw is each name's own.
    #expect(chosen(0.1, seed: 1, of: 0..<5000) == tenth.filter { $0 < 5000 })
  }

  @Test func fractionAndHeldOutAreSeparateDraws() {
    let both = (0..<10_000).filter {
      Selection.includes("\($0)", share: 0.5, seed: 1, purpose: .fraction)
        && Selection.includes("\($0)", share: 0.5, seed: 1, purpose: .heldOut)
    }
    #expect(abs(both.count - 2500) < 200)
  }
}
