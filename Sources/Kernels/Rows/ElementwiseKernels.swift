// Kernels over rows of Floats, one at a time. Counts are multiples of 16. Nothing here uses FMA: every instruction set
// gives the same bits.

extension KernelPage {
  /// tanh of each lane: the odd rational function 13/6 that Eigen uses (`generic_fast_tanh_float`), within a few units
  /// in the last place; beyond 7.905 it is 1 in Float.
  @inlinable @inline(__always)
  static func hyperbolicTangent(_ value: Vector) -> Vector {
    let limit = Vector(repeating: 7.905_311)
    let x = value.clampedLanes(Vector() - limit, limit)
    let s = x * x
    var p = Vector(repeating: -2.760_768_477_423_55e-16)
    p = p * s + Vector(repeating: 2.000_187_904_824_77e-13)
    p = p * s + Vector(repeating: -8.604_671_522_137_35e-11)
    p = p * s + Vector(repeating: 5.122_297_090_371_14e-08)
    p = p * s + Vector(repeating: 1.485_722_357_179_79e-05)
    p = p * s + Vector(repeating: 6.372_619_288_754_36e-04)
    p = p * s + Vector(repeating: 4.893_524_558_917_86e-03)
    var q = Vector(repeating: 1.198_258_394_667_02e-06)
    q = q * s + Vector(repeating: 1.185_347_056_866_54e-04)
    q = q * s + Vector(repeating: 2.268_434_632_439_00e-03)
    q = q * s + Vector(repeating: 4.893_525_185_543_85e-03)
    return x * p / q
  }

  /// y = tanh(x).
  @inlinable @inline(__always)
  static func tanhRow(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int) {
    var i = 0
    while i < count {
      let v: Vector = load(x + i)
      store(hyperbolicTangent(v), y + i)
      i += Vector.scalarCount
    }
  }

  /// diffX = diffY * (1 - y*y), where y = tanh(x).
  @inlinable @inline(__always)
  static func tanhBackwardRow(
    _ diffY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ diffX: UnsafeMutablePointer<Float>, count: Int
  ) {
    let one = Vector(repeating: 1)
    var i = 0
    while i < count {
      let d: Vector = load(diffY + i)
      let v: Vector = load(y + i)
      store(d * (one - v * v), diffX + i)
      i += Vector.scalarCount
    }
  }

  /// One row of a picture's gradient (or of a generated picture) from two rows of column products.
  ///
  /// A column product is what one pixel of the smaller grid adds to one row of the larger one: 16 lanes, (kw / 2)*8 +
  /// (kw % 2)*C + c for taps kw 0 ..< 4 and C <= 4 channels, unused lanes zero. Neighbouring pixels' products overlap
  /// by two of the four taps:
  ///
  ///     row[(2g - 1)*C ..< (2g + 1)*C] = high[g - 1] + low[g]      g = 0 ... pixels
  ///
  /// where low is lanes 0 ..< 8, high lanes 8 ..< 16, each the sum of both rows `a` and `b` ([pixels][16]; nil is
  /// zero). `row` must have room for `C` Floats before it and `C` + 8 after its 2*pixels*C.
  @inlinable @inline(__always)
  static func overlapRow(
    _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?, pixels: Int, channels: Int, row: UnsafeMutablePointer<Float>
  ) {
    var carried = SIMD8<Float>()
    var to = row - channels
    for g in 0..<pixels {
      var low = SIMD8<Float>()
      var high = SIMD8<Float>()
      if let a {
        low = load(a + g * 16)
        high = load(a + g * 16 + 8)
      }
      if let b {
        low = low + load(b + g * 16)
        high = high + load(b + g * 16 + 8)
      }
      store(carried + low, to)
      carried = high
      to += 2 * channels
    }
    store(carried, to)
  }
}
