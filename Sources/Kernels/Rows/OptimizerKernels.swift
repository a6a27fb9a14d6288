// Optimizer updates over a slab of parameters, in place; counts are multiples of 16. The optimizers' formulas are
// PyTorch's (torch.optim), in its order of operations. Nothing here uses FMA: every instruction set gives the same
// bits.

extension KernelPage {
  /// v = smoothing*v + (1 - smoothing)*g*g;  w = w - rate * g / (sqrt(v) + epsilon).
  /// Source: Tieleman and Hinton, lecture 6.5 (2012); epsilon outside the root as in torch.optim.RMSprop.
  @inlinable @inline(__always)
  static func rmspropRow(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, count: Int,
    rate: Float, smoothing: Double, epsilon: Float
  ) {
    let keep = Vector(repeating: Float(smoothing))
    let take = Vector(repeating: Float(1 - smoothing))
    let rates = Vector(repeating: rate)
    let epsilons = Vector(repeating: epsilon)
    var i = 0
    while i < count {
      let gradient: Vector = load(g + i)
      let square: Vector = load(v + i) * keep + take * gradient * gradient
      store(square, v + i)
      store(load(w + i) - rates * (gradient / (square.squareRoot() + epsilons)), w + i)
      i += Vector.scalarCount
    }
  }

  /// m = beta1*m + (1 - beta1)*g;  v = beta2*v + (1 - beta2)*g*g;
  /// w = w - rate/correction1 * m / (sqrt(v)/sqrtCorrection2 + epsilon), with correction = 1 - beta^t.
  /// Source: Kingma and Ba, "Adam" (ICLR 2015), algorithm 1, as in torch.optim.Adam.
  @inlinable @inline(__always)
  static func adamRow(
    _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, count: Int, stepSize: Float, beta1: Double, beta2: Double, sqrtCorrection2: Float,
    epsilon: Float
  ) {
    let keep1 = Vector(repeating: Float(beta1))
    let take1 = Vector(repeating: Float(1 - beta1))
    let keep2 = Vector(repeating: Float(beta2))
    let take2 = Vector(repeating: Float(1 - beta2))
    let steps = Vector(repeating: stepSize)
    let corrections = Vector(repeating: sqrtCorrection2)
    let epsilons = Vector(repeating: epsilon)
    var i = 0
    while i < count {
      let gradient: Vector = load(g + i)
      let first: Vector = load(m + i) * keep1 + take1 * gradient
      let second: Vector = load(v + i) * keep2 + take2 * gradient * gradient
      store(first, m + i)
      store(second, v + i)
      store(load(w + i) - steps * (first / (second.squareRoot() / corrections + epsilons)), w + i)
      i += Vector.scalarCount
    }
  }

  /// a = a + take * (w - a), which is (1 - take)*a + take*w, and exactly `a` where both are the same.
  @inlinable @inline(__always)
  static func averageRow(_ a: UnsafeMutablePointer<Float>, _ w: UnsafePointer<Float>, count: Int, take: Float) {
    let takes = Vector(repeating: take)
    var i = 0
    while i < count {
      let average: Vector = load(a + i)
      store(average + takes * (load(w + i) - average), a + i)
      i += Vector.scalarCount
    }
  }

  /// w = min(max(w, low), high).
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
