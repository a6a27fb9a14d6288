// Products of bf16 with sums of Floats: what AVX-512's VCVTNE2PS2BF16 and VDPBF16PS compute, number by number.
//
// bf16 is the upper half of a Float: its sign, its 8 bits of exponent, 7 bits of significand. A sum over terms takes
// them in pairs, the second of a pair first, and rounds after each product:
//
//   sum = flush(fma(a[2j + 1], b[2j + 1], sum));  sum = flush(fma(a[2j], b[2j], sum))       j = 0, 1, ...
//
// where flush makes a zero of a subnormal number, and keeps its sign. Numbers that are rounded to bf16 go to the nearest
// one, of two that are as near to the even one; subnormal ones become zeros, NaN stays NaN, and what is too large
// becomes infinite.

package enum ReferenceBFloat16 {
  /// The nearest bf16, as a Float.
  package static func rounded(_ x: Float) -> Float {
    let bits = x.bitPattern
    if x.isNaN { return Float(bitPattern: bits & 0xffff_0000 | 0x40_0000) }
    // Half of the last place, and a little less where the number below is even: a carry rounds up.
    let half = 0x7fff + bits >> 16 & 1
    return Float(bitPattern: (flushed(x).bitPattern &+ half) & 0xffff_0000)
  }

  /// Zero, with its sign, for a subnormal number.
  package static func flushed(_ x: Float) -> Float { x.isSubnormal ? (x.sign == .minus ? -0.0 : 0.0) : x }

  /// sum + a * b of one pair of terms. The factors are bf16.
  package static func adding(
    _ sum: Float, low: (a: Float, b: Float), high: (a: Float, b: Float)
  ) -> Float {
    let first = flushed(flushed(sum).addingProduct(flushed(high.a), flushed(high.b)))
    return flushed(first.addingProduct(flushed(low.a), flushed(low.b)))
  }
}
