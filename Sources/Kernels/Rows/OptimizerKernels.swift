// Optimizer updates over a slab of parameters, in place; counts are multiples of 16. The optimizers' formulas are
// PyTorch's (torch.optim), in its order of operations. No formula uses FMA: every instruction set gives the same bits.
//
// Each pass says whether what it wrote is finite, while it is in registers: another pass would read it all once more.
// The answer is a sum of 0 times each number: 0, or NaN as soon as one is infinite or NaN, which no later term mends.

extension KernelPage {
  /// v = smoothing*v + (1 - smoothing)*g*g;  w = w - rate * g / (sqrt(v) + epsilon).
  /// Source: Tieleman and Hinton, lecture 6.5 (2012); epsilon outside the root as in torch.optim.RMSprop.
  @inlinable @inline(__always)
  static func rmspropRow(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, count: Int,
    rate: Float, smoothing: Double, epsilon: Float
  ) -> Float {
    let keep = Vector(repeating: Float(smoothing))
    let take = Vector(repeating: Float(1 - smoothing))
    let rates = Vector(repeating: rate)
    let epsilons = Vector(repeating: epsilon)
    var written = Vector()
    var i = 0
    while i < count {
      let gradient: Vector = load(g + i)
      let square: Vector = load(v + i) * keep + take * gradient * gradient
      store(square, v + i)
      let weight = load(w + i) - rates * (gradient / (square.squareRoot() + epsilons))
      store(weight, w + i)
      written = written.adding(square, times: Vector(), fused: fused).adding(weight, times: Vector(), fused: fused)
      i += Vector.scalarCount
    }
    return laneSum(written)
  }

  /// m = beta1*m + (1 - beta1)*g;  v = beta2*v + (1 - beta2)*g*g;
  /// w = w - rate/correction1 * m / (sqrt(v)/sqrtCorrection2 + epsilon), with correction = 1 - beta^t.
  /// Source: Kingma and Ba, "Adam" (ICLR 2015), algorithm 1, as in torch.optim.Adam.
  @inlinable @inline(__always)
  static func adamRow(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, count: Int, stepSize: Float, beta1: Double, beta2: Double, sqrtCorrection2: Float,
    epsilon: Float
  ) -> Float {
    let keep1 = Vector(repeating: Float(beta1))
    let take1 = Vector(repeating: Float(1 - beta1))
    let keep2 = Vector(repeating: Float(beta2))
    let take2 = Vector(repeating: Float(1 - beta2))
    let steps = Vector(repeating: stepSize)
    let corrections = Vector(repeating: sqrtCorrection2)
    let epsilons = Vector(repeating: epsilon)
    var written = Vector()
    var i = 0
    while i < count {
      let gradient: Vector = load(g + i)
      let first: Vector = load(m + i) * keep1 + take1 * gradient
      let second: Vector = load(v + i) * keep2 + take2 * gradient * gradient
      store(first, m + i)
      store(second, v + i)
      let weight = load(w + i) - steps * (first / (second.squareRoot() / corrections + epsilons))
      store(weight, w + i)
      written = written.adding(first, times: Vector(), fused: fused).adding(second, times: Vector(), fused: fused)
      written = written.adding(weight, times: Vector(), fused: fused)
      i += Vector.scalarCount
    }
    return laneSum(written)
  }

  /// a = a + take * (w - a), which is (1 - take)*a + take*w, and exactly `a` where both are the same.
  @inlinable @inline(__always)
  static func averageRow(
    _ a: UnsafeMutablePointer<Float>, _ w: UnsafePointer<Float>, count: Int, take: Float
  ) -> Float {
    let takes = Vector(repeating: take)
    var written = Vector()
    var i = 0
    while i < count {
      let old: Vector = load(a + i)
      let average = old + takes * (load(w + i) - old)
      store(average, a + i)
      written = written.adding(average, times: Vector(), fused: fused)
      i += Vector.scalarCount
    }
    return laneSum(written)
  }

  @inlinable @inline(__always)
  static func laneSum(_ vector: Vector) -> Float {
    var sum: Float = 0
    for lane in 0..<Vector.scalarCount { sum += vector[lane] }
    return sum
  }

  /// w = min(max(w, low), high). An infinity becomes a bound and isn't seen any more; whoever wrote it has told.
  @inlinable @inline(__always)
  static func clampRow(_ w: UnsafeMutablePointer<Float>, count: Int, low: Float, high: Float) {
    let lows = Vector(repeating: low)
    let highs = Vector(repeating: high)
    var i = 0
    while i < count {
      let v: Vector = load(w + i)
      store(v.clampedLanes(lows, highs), w + i)
      i += Vector.scalarCount
    }
  }
}
