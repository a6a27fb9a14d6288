// The critic's last layer has one output channel and one output position: a dot product a picture, and its adjoints.
// Memory-bound: each weight and each activation is read once.

extension KernelPage {
  /// Σ_i a[i] * b[i] over `count` Floats (a multiple of 16), for every vector width in the same order: 16 lane sums,
  /// then the lanes from first to last.
  @inlinable @inline(__always)
  static func dotProduct(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    var lanes = InlineArray<16, Float>(repeating: 0)
    var lane = 0
    while lane < 16 {
      var sum = Vector()
      var i = lane
      while i < count {
        let x: Vector = load(a + i)
        let y: Vector = load(b + i)
        sum = sum.adding(x, times: y, fused: fused)
        i += 16
      }
      for j in 0..<Vector.scalarCount { lanes[lane + j] = sum[j] }
      lane += Vector.scalarCount
    }
    var total: Float = 0
    for j in 0..<16 { total += lanes[j] }
    return total
  }

  /// y[i] = (accumulate ? y[i] : 0) + factor * x[i] over `count` Floats (a multiple of 16). x and y may be the same.
  @inlinable @inline(__always)
  static func scaledSum(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, factor: Float, count: Int, accumulate: Bool
  ) {
    let f = Vector(repeating: factor)
    var i = 0
    while i < count {
      let a: Vector = load(x + i)
      let start: Vector = accumulate ? load(y + i) : Vector()
      store(start.adding(f, times: a, fused: fused), y + i)
      i += Vector.scalarCount
    }
  }

  /// y[i] = factor * x[i] * (gate[i] > 0 ? 1 : slope) over `count` Floats (a multiple of 16): the gradient of a score,
  /// with that of the activation before it. No gate: none.
  @inlinable @inline(__always)
  static func scaledGate(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, gate: UnsafePointer<Float>?, factor: Float,
    slope: Float, count: Int
  ) {
    let f = Vector(repeating: factor)
    let slopes = Vector(repeating: slope)
    var i = 0
    while i < count {
      var value: Vector = load(x + i)
      value = value * f
      if let gate { value = value.orElse(value * slopes, whereNotPositive: load(gate + i)) }
      store(value, y + i)
      i += Vector.scalarCount
    }
  }
}
