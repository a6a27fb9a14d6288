import Randomness
import Testing

/// Protects: runs can be resumed and repeated, by every later version too, because a stream depends on its keys alone
/// and its numbers are pinned here. The known answers were computed by another program, from the definitions.
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

  // MARK: - Words

  @Test func firstWordsOfEachPurpose() {
    let known: [RandomPurpose: [UInt32]] = [
      .initialWeights: [0x9790_7da9, 0xecba_94ea, 0x07de_a2c9, 0x1d9c_c73d],
      .criticNoise: [0x8cdd_23d7, 0x2cd3_bc74, 0xa691_b505, 0x9192_165a],
      .generatorNoise: [0x51a3_47a9, 0xe276_a994, 0x9d03_f6c9, 0x8c22_1319],
      .sampleNoise: [0x39bc_60f5, 0x84c3_6719, 0xf986_a308, 0xc1fe_3cfe],
      .shuffle: [0xe96d_3062, 0x5eaa_dfb7, 0x6366_1597, 0x9044_243e],
      .crop: [0x59fd_00f3, 0x9cc1_169c, 0xfd3d_885e, 0xaed0_7015],
      .fraction: [0x0c6b_e071, 0x1d0c_1a59, 0xad59_125a, 0x14d0_8a1d],
      .heldOut: [0xb98c_811d, 0x7edf_41d0, 0x671d_f39a, 0xb840_c088],
      .syntheticFace: [0x59e1_8bbe, 0x5c90_a4cd, 0xe9b7_e038, 0x5b05_e980],
      .evaluationNoise: [0x248a_835c, 0xf248_4e00, 0x9e16_39a2, 0x196f_084b],
      .evaluationPatch: [0x18c9_08aa, 0x2591_baa6, 0xe3ea_f490, 0x106e_8512],
      .evaluationDirection: [0x48a0_4928, 0x583c_b3dd, 0xd4e0_dcb5, 0x77a2_b655],
      .interpolation: [0x27e3_153a, 0x5c41_a88b, 0x4123_c42b, 0x3a91_fdaa],
      .mirror: [0x412c_bd49, 0x5a48_a4a4, 0x85ff_aa9e, 0x8be9_3750],
      .criticRealAugmentation: [0x01ae_942c, 0x642c_08c1, 0x6485_f2e7, 0x3e08_02e2],
      .criticFakeAugmentation: [0xef04_4242, 0x6d10_3e22, 0xf362_1bf2, 0x39c9_de79],
      .generatorRealAugmentation: [0xc7cc_d0ae, 0x976e_33cb, 0xeba7_81fc, 0xb557_4f73],
      .generatorFakeAugmentation: [0x462d_1012, 0x016c_176f, 0x02a6_e033, 0x36d8_9b76],
      .test: [0xdeb7_8ea4, 0x5fec_66b4, 0x5890_6009, 0x005f_13ce],
    ]
    #expect(Set(known.keys) == Set(RandomPurpose.allCases))
    for (purpose, words) in known {
      var stream = RandomStream(seed: 42, purpose: purpose)
      #expect(words.map { _ in stream.nextWord() } == words, "\(purpose)")
    }
  }

  /// Keys near their limits, and a second block.
  @Test func wordsOfLargeKeys() {
    var stream = RandomStream(
      seed: 0xFEDC_BA98_7654_3210, purpose: .test, step: 1 << 56 - 6, index: Int(UInt32.max) - 1)
    let words: [UInt32] = [
      0xa820_266b, 0x0ac1_d6dd, 0xd2d6_1caa, 0x67d3_9829, 0xaa42_ff0d, 0xe897_c62e, 0x9ac9_af63, 0xd98c_0caa,
    ]
    #expect(words.map { _ in stream.nextWord() } == words)
  }

  @Test func uniformNumbersAreTheWordsHighBits() {
    var (words, floats, doubles) = (Self.stream(), Self.stream(), Self.stream())
    for _ in 0..<100 {
      let word = words.nextWord()
      #expect(floats.uniform() == Float(word >> 8) / Float(1 << 24))
      #expect(doubles.uniformDouble() == Double(word) / Double(1 << 32))
    }
    // The low word comes first.
    var pairs = Self.stream()
    #expect(pairs.next() == 0x5fec_66b4_deb7_8ea4)
  }

  // MARK: - Bounded draws

  @Test func boundedDraws() {
    var (stream, words) = (Self.stream(), Self.stream())
    let known = [
      (1, 0), (2, 0), (3, 1), (6, 4), (10, 1), (100, 21), (256, 218), (1000, 373), (65_536, 6193),
      (1_000_000, 758_187), (2_147_483_647, 378_503_300), (4_294_967_296, 788_525_813),
      (4_294_967_297, 3_059_612_404), (1_000_000_000_000, 613_551_299_923),
      (4_611_686_018_427_387_904, 30_220_888_085_550_900), (9_223_372_036_854_775_807, 876_332_714_892_751_859),
    ]
    for (bound, value) in known { #expect(stream.below(bound) == value, "\(bound)") }
    // Two words a draw, for every bound.
    for _ in 0..<2 * known.count { _ = words.nextWord() }
    #expect(stream.nextWord() == words.nextWord())
  }

  /// 2^64 is 2^62 more than a multiple of this bound: a quarter of all draws is rejected and drawn again.
  @Test func rejectedDraws() {
    var (stream, words) = (Self.stream(4), Self.stream(4))
    let known = [
      (5_155_046_809_453_418_213, 2), (3_362_594_657_057_185_588, 6), (5_293_818_643_225_034_022, 2),
      (3_006_054_734_747_647_146, 2), (826_644_845_519_672_986, 2), (3_526_603_509_100_760_389, 4),
      (5_706_687_144_522_875_130, 4), (5_625_019_965_096_053_729, 2),
    ]
    for (value, wordCount) in known {
      #expect(stream.below(3 << 61) == value)
      for _ in 0..<wordCount { _ = words.nextWord() }
    }
    #expect(stream.nextWord() == words.nextWord())
  }

  /// Every value is as likely: chi-square below its 99.99 % quantile.
  @Test(arguments: [(2, 15.14), (3, 18.42), (6, 25.74), (10, 33.72), (100, 160.06), (257, 348.82)])
  func boundedDrawsAreEven(bound: Int, limit: Double) {
    var stream = RandomStream(seed: 5, purpose: .test, index: bound)
    let draws = 1000 * bound
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<draws { counts[stream.below(bound)] += 1 }
    let expected = Double(draws) / Double(bound)
    let chiSquare = counts.reduce(0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
    #expect(chiSquare < limit)
  }

  /// Of 2^64 = 8 * 2^61 numbers each result of 0 ..< 3 * 2^61 would have 3, 3 or 2 in turn, were none rejected.
  @Test func largeBoundsAreEvenToo() {
    var stream = RandomStream(seed: 6, purpose: .test)
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[stream.below(3 << 61) % 3] += 1 }
    for count in counts { #expect(abs(count - 10_000) < 330) }
  }

  private static func stream(_ index: Int = 0) -> RandomStream {
    RandomStream(seed: 42, purpose: .test, index: index)
  }
}
