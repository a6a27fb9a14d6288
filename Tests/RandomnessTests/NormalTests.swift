import Foundation
import Randomness
import Testing

/// Protects: normal numbers are distributed as they should be, and their bits stay what they are. The known answers are
/// another program's, which does the same operations.
@Suite struct NormalTests {
  @Test func firstNormals() {
    var stream = RandomStream(seed: 42, purpose: .test)
    let known: [UInt32] = [
      0xbebe_b795, 0x3ebf_6f68, 0x3fba_7d9f, 0x3c59_9943, 0xbeca_0fb3, 0x3ee3_f15a, 0x3cbf_b7dd, 0xbddc_8670,
      0x3f47_d446, 0x4004_897c,
    ]
    #expect(stream.normals(10).map(\.bitPattern) == known)
    // An odd count takes the words of the next even one.
    var (odd, even) = (RandomStream(seed: 42, purpose: .test), RandomStream(seed: 42, purpose: .test))
    #expect(odd.normals(9).map(\.bitPattern) == Array(known.dropLast()))
    _ = even.normals(10)
    #expect(odd.nextWord() == even.nextWord())
  }

  /// The bits of 100,000 in one number (FNV-1a over 32-bit words).
  @Test func manyNormals() {
    var stream = RandomStream(seed: 1, purpose: .test)
    let digest = stream.normals(100_000).reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1.bitPattern)) &* 0x0000_0100_0000_01b3
    }
    #expect(digest == 0x04bb_c494_5b0d_e791)
  }

  /// The definition, by libm: a Float away at most, and the same nearly always.
  @Test func normalsAreBoxAndMullers() {
    var (stream, words) = (RandomStream(seed: 3, purpose: .test), RandomStream(seed: 3, purpose: .test))
    let values = stream.normals(200_000)
    var others = 0
    for i in stride(from: 0, to: values.count, by: 2) {
      let radius = (-2 * log((Double(words.nextWord()) + 0.5) * 0x1p-32)).squareRoot()
      let angle = 2 * Double.pi * (Double(words.nextWord()) * 0x1p-32)
      for (value, expected) in zip(values[i...], [radius * cos(angle), radius * sin(angle)]) {
        #expect(abs(Double(value) - expected) <= 0.501 * Double(value.ulp) + 0x1p-48)
        if value != Float(expected) { others += 1 }
      }
    }
    #expect(others < 5)
  }

  // MARK: - Distribution

  @Test func extremes() {
    #expect(RandomStream.normals(radius: 0, turn: 0) == (6.763_705_6, 0))
    #expect(RandomStream.normals(radius: 0, turn: 3 << 30) == (0, -6.763_705_6))
    #expect(RandomStream.normals(radius: 1, turn: 2 << 30) == (-6.599_279_4, 0))
    #expect(RandomStream.normals(radius: .max, turn: 0) == (0x1p-16, 0))
  }

  /// Four standard errors of the mean of x, x^2, x^3, x^4, and of the product of two that come from the same words.
  @Test func moments() {
    let count = 1_000_000
    var stream = RandomStream(seed: 1, purpose: .test)
    let values = stream.normals(count)
    var sums = [0.0, 0, 0, 0, 0]
    for i in 0..<count {
      let x = Double(values[i])
      for (power, value) in [x, x * x, x * x * x, x * x * x * x].enumerated() { sums[power] += value }
      sums[4] += x * Double(values[i ^ 1])
    }
    let expected = [(0.0, 1.0), (1, 2), (0, 15), (3, 96), (0, 2)]  // mean and variance
    for (sum, (mean, variance)) in zip(sums, expected) {
      #expect(abs(sum / Double(count) - mean) < 4 * (variance / Double(count)).squareRoot())
    }
  }

  /// So many beyond 1, 2, 3, 4 and 5 as N(0, 1) has, on both sides, within 4 standard errors.
  @Test func tails() {
    let count = 4_000_000
    var stream = RandomStream(seed: 2, purpose: .test)
    var beyond = [[Int]](repeating: [0, 0], count: 6)
    for x in stream.normals(count) {
      for limit in 1...5 where abs(x) > Float(limit) { beyond[limit][x > 0 ? 1 : 0] += 1 }
      #expect(abs(x) < 6.764)
    }
    for limit in 1...5 {
      let expected = Double(count) * erfc(Double(limit) / 2.0.squareRoot()) / 2
      for found in beyond[limit] { #expect(abs(Double(found) - expected) < 4 * expected.squareRoot() + 1) }
    }
  }

  /// Chi-square over 100 ranges that are as likely, below its 99.99 % quantile.
  @Test func normalsFillTheirRangesEvenly() {
    var stream = RandomStream(seed: 4, purpose: .test)
    var counts = [Int](repeating: 0, count: 100)
    for x in stream.normals(100_000) {
      let share = erfc(-Double(x) / 2.0.squareRoot()) / 2
      counts[min(99, Int(100 * share))] += 1
    }
    #expect(counts.reduce(0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 } < 160.06)
  }
}
