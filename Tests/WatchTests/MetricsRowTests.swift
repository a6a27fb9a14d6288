import Randomness
import Testing
import WGAN

/// Protects: a cell is the number that Swift reads there, however fast it is read.
@Suite struct MetricsRowTests {
  private func same(_ text: String) -> Bool {
    let (read, expected) = (MetricsRow.numbers(Array(text.utf8)[...], of: 1), Double(text))
    guard let read else { return expected == nil }
    return read[0]?.bitPattern == expected?.bitPattern
  }

  @Test(arguments: [
    "0", "-0", "1", "-1.5", "0.1", "123456789.123456789", "1e22", "1e23", "1.5e-22", "9007199254740993", "1e400",
    "1e-400", "-2.5e+3", "00012", "nan", "-inf", "infinity", "0x1p3", "1.", ".5", "+1", "-", ".", "1e", "1e+", "e5",
    "1 ", " 1", "1.2.3", "--1", "1-", "123456789012345678901234567890", "0.000000000000000000000000000001", "5e-324",
    "1e99999999999999999999",
  ]) func oddOnes(text: String) { #expect(same(text)) }

  @Test func manyOnes() {
    var random = RandomStream(seed: 4, purpose: .test)
    for _ in 0..<20_000 {
      let float = Float(bitPattern: random.nextWord())
      #expect(same("\(float)"))
      #expect(same("\(Double(float))"))
    }
  }

  @Test func rows() {
    func numbers(_ line: String, _ count: Int) -> [Double?]? { MetricsRow.numbers(Array(line.utf8)[...], of: count) }
    #expect(numbers("1,,2.5", 3) == [1, nil, 2.5] && numbers("1,", 2) == [1, nil] && numbers(",", 2) == [nil, nil])
    for (line, count) in [("", 1), ("1,2", 3), ("1,2,3", 2), ("1,x", 2), ("1,2,", 2)] {
      #expect(numbers(line, count) == nil)
    }
  }
}
