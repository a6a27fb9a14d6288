import ElementaryFunctions
import Foundation
import Testing

/// Protects: logarithm, sine, cosine, tangent and angles are right, and their bits stay what they are. The known
/// answers are another program's, which does the same operations; this machine's libm says whether they are near the
/// truth.
@Suite struct ElementaryTests {
  /// How far apart two Doubles are, in units in the last place of the second.
  private func units(_ value: Double, _ expected: Double) -> Double {
    value == expected ? 0 : abs(value - expected) / expected.ulp
  }

  // MARK: - Logarithm

  @Test func logarithmIsPinned() {
    let known: [(Double, UInt64)] = [
      (0x1p-33, 0xc036_dfb5_16f2_0bbf), (0x1.8p-32, 0xc035_c676_6f47_3b8e), (0.1, 0xc002_6bb1_bbb5_5515),
      (0.5, 0xbfe6_2e42_fefa_39ef), (0.70710678, 0xbfd6_2e43_00c7_7ae8), (0.9, 0xbfba_f8e8_210a_415c),
      (1 - 0x1p-33, 0xbde0_0000_0004_0000), (1, 0), (1.5, 0x3fd9_f323_ecbf_984c),
      (2.718281828459045, 0x3ff0_0000_0000_0000), (1e300, 0x4085_9634_47f8_7fb5),
      (.leastNormalMagnitude, 0xc086_232b_dd7a_bcd2),
    ]
    for (x, bits) in known { #expect(Elementary.log(x).bitPattern == bits, "log \(x)") }
  }

  @Test func logarithmIsNearLibms() {
    var worst = 0.0
    func compare(_ x: Double) { worst = max(worst, units(Elementary.log(x), Foundation.log(x))) }
    // All sizes, the numbers that normals take it of, and both sides of 1.
    for exponent in -1022...1023 { compare(Double(sign: .plus, exponent: exponent, significand: 1.37)) }
    for x in stride(from: 0x1p-33, to: 1, by: 0x1.3p-17) { compare(x) }
    for x in stride(from: 0.5, to: 2, by: 0x1.3p-17) { compare(x) }
    for i in 1...52 {
      for sign in [-1.0, 1.0] { compare(1 + sign * 1.6 * Double(sign: .plus, exponent: -i, significand: 1)) }
    }
    #expect(worst <= 2)
  }

  // MARK: - Turns

  @Test func turnsArePinned() {
    let known: [(UInt32, cosine: UInt64, sine: UInt64)] = [
      (0x0000_0000, 0x3ff0_0000_0000_0000, 0x0000_0000_0000_0000),
      (0x0000_0001, 0x3ff0_0000_0000_0000, 0x3e19_21fb_5444_2d18),
      (0x1000_0000, 0x3fed_906b_cf32_8d46, 0x3fd8_7de2_a6ae_a963),
      (0x1fff_ffff, 0x3fe6_a09e_670d_67e6, 0x3fe6_a09e_65f1_0fb3),
      (0x2000_0000, 0x3fe6_a09e_667f_3bcc, 0x3fe6_a09e_667f_3bcd),
      (0x4000_0000, 0x8000_0000_0000_0000, 0x3ff0_0000_0000_0000),
      (0x5555_5555, 0xbfdf_ffff_ff8b_eab5, 0x3feb_b67a_e879_cf4f),
      (0x8000_0000, 0xbff0_0000_0000_0000, 0x8000_0000_0000_0000),
      (0x8765_4321, 0xbfef_796a_e08d_58a3, 0xbfc7_1b40_5897_1a79),
      (0xc000_0001, 0x3e19_21fb_5444_2d18, 0xbff0_0000_0000_0000),
      (0xffff_ffff, 0x3ff0_0000_0000_0000, 0xbe19_21fb_5444_2d18),
    ]
    for (turn, cosine, sine) in known {
      let value = Elementary.cosineAndSine(turn: turn)
      #expect(value.cosine.bitPattern == cosine && value.sine.bitPattern == sine, "turn \(turn)")
    }
  }

  @Test func turnsAreNearLibms() {
    // Around 0 libm's argument is as good as ours: relative errors. Elsewhere it is rounded: absolute ones.
    var (worst, worstAnywhere) = (0.0, 0.0)
    for turn in stride(from: UInt32.min, to: .max - 70_000, by: 69_997) {
      let (cosine, sine) = Elementary.cosineAndSine(turn: turn)
      let angle = 2 * Double.pi * (Double(Int32(bitPattern: turn)) * 0x1p-32)
      if abs(angle) < .pi / 4 {
        worst = max(worst, units(cosine, Foundation.cos(angle)), units(sine, Foundation.sin(angle)))
      }
      worstAnywhere = max(
        worstAnywhere, abs(cosine - Foundation.cos(angle)), abs(sine - Foundation.sin(angle)))
    }
    #expect(worst <= 3)
    #expect(worstAnywhere <= 0x1p-51)
  }

  /// A quarter turn more exchanges the two, and nothing is rounded again.
  @Test func quartersAreExact() {
    for turn in stride(from: UInt32.min, to: 1 << 30, by: 1_000_003) where turn != 1 << 29 {
      let (cosine, sine) = Elementary.cosineAndSine(turn: turn)
      #expect(Elementary.cosineAndSine(turn: turn + 1 << 30) == (-sine, cosine))
      #expect(Elementary.cosineAndSine(turn: turn + 2 << 30) == (-cosine, -sine))
      #expect(Elementary.cosineAndSine(turn: turn + 3 << 30) == (sine, -cosine))
    }
  }

  // MARK: - Radians

  @Test func radiansArePinned() {
    let known: [(Float, sin: UInt32, cos: UInt32, tan: UInt32)] = [
      (0, 0x0000_0000, 0x3f80_0000, 0x0000_0000), (1e-5, 0x3727_c5ac, 0x3f80_0000, 0x3727_c5ac),
      (0.1, 0x3dcc_7577, 0x3f7e_b898, 0x3dcd_7c44), (-0.5, 0xbef5_7744, 0x3f60_a940, 0xbf0b_da7b),
      (1.5707964, 0x3f80_0000, 0xb33b_bd2e, 0xcbae_8a4a), (2, 0x3f68_c7b7, 0xbed5_1133, 0xc00b_d7b1),
      (-3.1415927, 0x33bb_bd2e, 0xbf80_0000, 0xb3bb_bd2e), (31.4, 0xbc82_77c1, 0x3f7f_f7b0, 0xbc82_7bfe),
      (100.25, 0xbe8d_f805, 0x3f75_f639, 0xbe93_c34a), (-252.89821, 0xbf80_0000, 0xb18f_d1de, 0x4d63_d737),
      (12_345.678, 0xbf34_4b08, 0x3f35_be20, 0xbf7d_f549), (1_048_575, 0xbf1d_9959, 0x3f49_bd23, 0xbf47_fcf0),
    ]
    for (x, sin, cos, tan) in known {
      #expect(Elementary.sin(x).bitPattern == sin, "sin \(x)")
      #expect(Elementary.cos(x).bitPattern == cos, "cos \(x)")
      #expect(Elementary.tan(x).bitPattern == tan, "tan \(x)")
    }
  }

  /// libm's in Double, rounded, is the nearest Float but where the true value is half-way between two.
  @Test func radiansAreTheNearestFloats() {
    var others = 0
    func compare(_ value: Float, _ nearest: Double) {
      #expect(abs(Double(value) - nearest) <= 0.501 * Double(value.ulp))
      if value != Float(nearest) { others += 1 }
    }
    var arguments = [Float](stride(from: -40, through: 40, by: 0x1.1p-10))
    arguments += (-20..<20).flatMap { e in [1.1, 1.5, 1.9].map { $0 * Float(sign: .plus, exponent: e, significand: 1) }
    }
    for x in arguments {
      compare(Elementary.sin(x), Foundation.sin(Double(x)))
      compare(Elementary.cos(x), Foundation.cos(Double(x)))
      compare(Elementary.tan(x), Foundation.tan(Double(x)))
    }
    #expect(others < 3)
  }

  // MARK: - Angles

  @Test func anglesArePinned() {
    let angles: [(Double, cosine: UInt64, sine: UInt64)] = [
      (0.001, 0x3fef_fffe_f390_876c, 0x3f50_624d_a521_8a62), (0.1, 0x3fef_d712_f9a8_17c0, 0x3fb9_8eae_cb8b_cb2c),
      (1.0, 0x3fe1_4a28_0fb5_068c, 0x3fea_ed54_8f09_0cee),
      (1.5707963267948966, 0x3c91_a626_3310_0000, 0x3ff0_0000_0000_0000),
      (2.5, 0xbfe9_a2f7_ef85_8b7d, 0x3fe3_26af_0dcf_cab0), (3.141, 0xbfef_ffff_a1b7_170f, 0x3f43_6b89_d189_8d9a),
    ]
    for (angle, cosine, sine) in angles {
      let value = Elementary.cosineAndSine(radians: angle)
      #expect(value.cosine.bitPattern == cosine && value.sine.bitPattern == sine, "\(angle)")
    }
    let arcs: [(cosine: Double, sine: Double, angle: UInt64)] = [
      (1, 0, 0), (0.6, 0.8, 0x3fed_ac67_0561_bb50), (0, 1, 0x3ff9_21fb_5444_2d18), (-0.8, 0.6, 0x4003_fc17_6b7a_8560),
      (0.28, 0.96, 0x3ff4_978f_a326_9ee1), (-1, 0, 0x4009_21fb_5444_2d18),
    ]
    for (cosine, sine, angle) in arcs {
      #expect(Elementary.angle(cosine: cosine, sine: sine).bitPattern == angle, "\(cosine) \(sine)")
    }
  }

  @Test func anglesAreNearLibms() {
    var worst = 0.0
    for x in stride(from: 0, to: Double.pi, by: 0x1.3p-14) {
      let (cosine, sine) = Elementary.cosineAndSine(radians: x)
      worst = max(
        worst, abs(cosine - Foundation.cos(x)), abs(sine - Foundation.sin(x)),
        abs(Elementary.angle(cosine: Foundation.cos(x), sine: Foundation.sin(x)) - x) / 2)
    }
    #expect(worst <= 0x1p-51)
  }
}
