import Statistics
import Testing

@Suite struct StatisticsTests {
  @Test(
    arguments: [([3], 3), ([5, 1], 3), ([9, 1, 4], 4), ([4, 1, 9, 2], 3), ([2, 2, 7, 2], 2)] as [([Double], Double)])
  func medians(values: [Double], middle: Double) {
    #expect(median(values) == middle)
    #expect(median(values.reversed()) == middle)
    #expect(median(values.map { Float($0) }) == Float(middle))
  }

  @Test func noneOfNone() { #expect(median([Double]()) == nil) }
}
