import Randomness
import Testing

/// Protects: runs can be resumed and repeated because a stream depends on its keys alone.
@Suite struct RandomStreamTests {
  @Test func equalKeysGiveEqualStreams() {
    var a = RandomStream(seed: 42, purpose: .test, step: 7, index: 3)
    var b = RandomStream(seed: 42, purpose: .test, step: 7, index: 3)
    for _ in 0..<1000 { #expect(a.next() == b.next()) }
  }

  @Test func everyKeyMatters() {
    func first(_ seed: UInt64, _ purpose: RandomPurpose, _ step: Int, _ index: Int) -> UInt64 {
      var stream = RandomStream(seed: seed, purpose: purpose, step: step, index: index)
      return stream.next()
    }
    let all = [
      first(42, .test, 7, 3), first(43, .test, 7, 3), first(42 + 1 << 32, .test, 7, 3), first(42, .crop, 7, 3),
      first(42, .test, 8, 3), first(42, .test, 7 + 1 << 40, 3), first(42, .test, 7, 4),
    ]
    #expect(Set(all).count == all.count)
  }

  @Test func normalsHaveTheirMoments() {
    var stream = RandomStream(seed: 1, purpose: .test)
    let values = stream.normals(100_001)
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    let variance = values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(values.count)
    #expect(abs(mean) < 0.02)
    #expect(abs(variance - 1) < 0.02)
  }
}
