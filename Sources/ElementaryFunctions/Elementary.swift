// Exponential function, logarithm, sine, cosine, tangent and angles with the same bits on every machine.
//
// IEEE 754 defines +, -, *, / and the square root to the last bit, but not these functions: each libm rounds some of
// their values its own way. Here they are made of the defined operations alone, in Double, each rounded once. (Swift
// doesn't fuse a product and a sum unless asked to, whatever the target.) They are for what decides the bits of a run:
// random numbers, losses and drawn faces.
//
// All are Taylor series on a short interval around 0, so a coefficient is a quotient that everyone can check; a
// minimax polynomial would save two or three terms and need a table. The errors below are of all roundings together.

package enum Elementary {
  // MARK: - Exponential function and logarithm

  /// e^x, within 1 unit in the last place of Double where the result isn't subnormal. Of any x: 0 and infinity are the
  /// nearest Doubles far out, and NaN's is NaN.
  package static func exp(_ x: Double) -> Double {
    if x.isNaN { return x }
    if x > 710 { return .infinity }
    if x < -746 { return 0 }
    // x = k log 2 + r, log 2 in the two parts of `log` below: k times the first, and the difference, are exact.
    let k = (x * 0x1.71547652b82fep0).rounded(.toNearestOrEven)
    let r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33  // at most 0.347: the first term left out is 2^-57
    var p = 1 / 6_227_020_800.0  // 13!
    p = p * r + 1 / 479_001_600.0
    p = p * r + 1 / 39_916_800.0
    p = p * r + 1 / 3_628_800.0
    p = p * r + 1 / 362_880.0
    p = p * r + 1 / 40_320.0
    p = p * r + 1 / 5040.0
    p = p * r + 1 / 720.0
    p = p * r + 1 / 120.0
    p = p * r + 1 / 24.0
    p = p * r + 1 / 6.0
    p = p * r + 1 / 2.0
    // Half of it first: 2^k itself may be no Double.
    return (1 + (r + r * r * p)) * 0.5 * Double(sign: .plus, exponent: Int(k) + 1, significand: 1)
  }

  /// The natural logarithm, within 1 unit in the last place of Double.
  ///
  /// - Precondition: `x` is positive, finite and not subnormal.
  package static func log(_ x: Double) -> Double {
    precondition(x >= .leastNormalMagnitude && x < .infinity)
    // x = 2^k m with m between the roots of 1/2 and 2; both are exact, and so is m - 1.
    let isUpperHalf = x.significand > 0x1.6a09e667f3bcdp0
    let k = Double(x.exponent) + (isUpperHalf ? 1 : 0)
    let f = (isUpperHalf ? x.significand / 2 : x.significand) - 1
    // With s = f / (2 + f): log(1 + f) = 2 artanh s = 2s + 2s^3/3 + 2s^5/5 + ... = 2s + s*r, and 2s = f - s*f.
    let s = f / (2 + f)
    let z = s * s  // at most 0.0295: the first term left out is 2^-60 of the sum
    var r = 2.0 / 21
    r = r * z + 2.0 / 19
    r = r * z + 2.0 / 17
    r = r * z + 2.0 / 15
    r = r * z + 2.0 / 13
    r = r * z + 2.0 / 11
    r = r * z + 2.0 / 9
    r = r * z + 2.0 / 7
    r = r * z + 2.0 / 5
    r = r * z + 2.0 / 3
    r = r * z
    // log 2 in two parts: the first has 21 zeros at its end, so that k times it is exact.
    return k * 0x1.62e42feep-1 - ((s * (f - r) - k * 0x1.a39ef35793c76p-33) - f)
  }

  // MARK: - Sine and cosine of turns

  /// Cosine and sine of `turn` 2^-32ths of a full turn, within 2 units in the last place of Double.
  package static func cosineAndSine(turn: UInt32) -> (cosine: Double, sine: Double) {
    // The nearest quarter, and what is left, at most an eighth on either side: both are exact.
    let quarter = (turn &+ (1 << 29)) >> 30
    let rest = Int32(bitPattern: turn &- (quarter << 30))
    return turned(by: Int(quarter), Double(rest) * (.pi * 0x1p-31))
  }

  // MARK: - Of radians, in Float

  // Computed in Double, then rounded to Float: within 0.501 units in the last place of Float. (Nearly always it is the
  // nearest Float; where the true value lies half-way between two but for some 2^-50, it may be the other.)

  /// - Precondition: |x| < 2^20, as of all three.
  package static func sin(_ x: Float) -> Float { Float(cosineAndSine(x).sine) }

  package static func cos(_ x: Float) -> Float { Float(cosineAndSine(x).cosine) }

  package static func tan(_ x: Float) -> Float {
    let (cosine, sine) = cosineAndSine(x)
    return Float(sine / cosine)
  }

  private static func cosineAndSine(_ x: Float) -> (cosine: Double, sine: Double) {
    precondition(x.magnitude < 0x1p20)
    return cosineAndSine(radians: Double(x))
  }

  // MARK: - Of angles, in Double

  /// Cosine and sine of `x` radians, with errors of at most 2^-51.
  ///
  /// - Precondition: |x| < 4; or it's a Float, and |x| < 2^20.
  package static func cosineAndSine(radians x: Double) -> (cosine: Double, sine: Double) {
    precondition(x.magnitude < 4 || x.magnitude < 0x1p20 && x == Double(Float(x)))
    // Less the nearest multiple of a quarter turn, pi/2 in two parts (Cody and Waite): the first has 22 zeros at its
    // end, so that its multiple and the difference are exact. No Float here is nearer to such a multiple than 2^-28, so
    // the second part's rounding is 2^-39 of the rest at most.
    let quarters = (x * (2 / .pi)).rounded(.toNearestOrEven)
    let rest = (x - quarters * 0x1.921fb544p0) - quarters * 0x1.0b4611a626331p-34
    return turned(by: Int(quarters), rest)
  }

  /// The angle between 0 and pi of this cosine and sine, with an error of at most 2^-50.
  ///
  /// - Precondition: `sine` isn't negative, and the sum of their squares is 1, but for rounding.
  package static func angle(cosine: Double, sine: Double) -> Double {
    // The sine of what a guess is short of is a step that leaves a sixth of the cube of that: 0.34 at first, then
    // 6e-3, 4e-8 and nothing.
    var angle = (1 - cosine) * (.pi / 2)
    for _ in 0..<4 {
      let guess = cosineAndSine(radians: angle)
      angle += sine * guess.cosine - cosine * guess.sine
    }
    return angle
  }

  // MARK: - The series

  /// Cosine and sine of `quarters` quarter turns and `angle` radians.
  private static func turned(by quarters: Int, _ angle: Double) -> (cosine: Double, sine: Double) {
    let (cosine, sine) = (cosineSeries(angle), sineSeries(angle))
    switch quarters & 3 {
    case 0: return (cosine, sine)
    case 1: return (-sine, cosine)
    case 2: return (-cosine, -sine)
    default: return (sine, -cosine)
    }
  }

  /// x - x^3/3! + x^5/5! - ... of |x| <= pi/4: the first term left out is 2^-63 of the sum.
  private static func sineSeries(_ x: Double) -> Double {
    let z = x * x
    var p = 1 / 355_687_428_096_000.0  // 17!
    p = p * z - 1 / 1_307_674_368_000.0
    p = p * z + 1 / 6_227_020_800.0
    p = p * z - 1 / 39_916_800.0
    p = p * z + 1 / 362_880.0
    p = p * z - 1 / 5040.0
    p = p * z + 1 / 120.0
    p = p * z - 1 / 6.0
    return x + x * (z * p)
  }

  /// 1 - x^2/2! + x^4/4! - ... of |x| <= pi/4: the first term left out is 2^-58 of the sum.
  private static func cosineSeries(_ x: Double) -> Double {
    let z = x * x
    var p = 1 / 20_922_789_888_000.0  // 16!
    p = p * z - 1 / 87_178_291_200.0
    p = p * z + 1 / 479_001_600.0
    p = p * z - 1 / 3_628_800.0
    p = p * z + 1 / 40_320.0
    p = p * z - 1 / 720.0
    p = p * z + 1 / 24.0
    p = p * z - 1 / 2.0
    return 1 + z * p
  }
}
