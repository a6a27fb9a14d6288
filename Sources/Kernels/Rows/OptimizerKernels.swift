// Optimizer updates over a slab of parameters, in place; counts are multiples of 16. The formulas are PyTorch's
// (torch.optim), in its order of operations. Nothing here uses FMA: every instruction set gives the same bits.

/// v = smoothing*v + (1 - smoothing)*g*g;  w = w - rate * g / (sqrt(v) + epsilon).
/// Source: Tieleman and Hinton, lecture 6.5 (2012); epsilon outside the root as in torch.optim.RMSprop.
@inlinable @inline(__always)
public func rmspropRow<V: FloatVector>(
  _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, count: Int,
  rate: Float, smoothing: Double, epsilon: Float, zero: V
) {
  let keep = V(repeating: Float(smoothing))
  let take = V(repeating: Float(1 - smoothing))
  let rates = V(repeating: rate)
  let epsilons = V(repeating: epsilon)
  var i = 0
  while i < count {
    let gradient: V = load(g + i)
    let square: V = load(v + i) * keep + take * gradient * gradient
    store(square, v + i)
    store(load(w + i) - rates * (gradient / (square.squareRoot() + epsilons)), w + i)
    i += V.scalarCount
  }
}

/// m = beta1*m + (1 - beta1)*g;  v = beta2*v + (1 - beta2)*g*g;
/// w = w - rate/correction1 * m / (sqrt(v)/sqrtCorrection2 + epsilon), with correction = 1 - beta^t.
/// Source: Kingma and Ba, "Adam" (ICLR 2015), algorithm 1, as in torch.optim.Adam.
@inlinable @inline(__always)
public func adamRow<V: FloatVector>(
  _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
  _ v: UnsafeMutablePointer<Float>, count: Int, stepSize: Float, beta1: Double, beta2: Double, sqrtCorrection2: Float,
  epsilon: Float, zero: V
) {
  let keep1 = V(repeating: Float(beta1))
  let take1 = V(repeating: Float(1 - beta1))
  let keep2 = V(repeating: Float(beta2))
  let take2 = V(repeating: Float(1 - beta2))
  let steps = V(repeating: stepSize)
  let corrections = V(repeating: sqrtCorrection2)
  let epsilons = V(repeating: epsilon)
  var i = 0
  while i < count {
    let gradient: V = load(g + i)
    let first: V = load(m + i) * keep1 + take1 * gradient
    let second: V = load(v + i) * keep2 + take2 * gradient * gradient
    store(first, m + i)
    store(second, v + i)
    store(load(w + i) - steps * (first / (second.squareRoot() / corrections + epsilons)), w + i)
    i += V.scalarCount
  }
}

/// w = min(max(w, low), high).
@inlinable @inline(__always)
public func clampRow<V: FloatVector>(
  _ w: UnsafeMutablePointer<Float>, count: Int, low: Float, high: Float, zero: V
) {
  let lows = V(repeating: low)
  let highs = V(repeating: high)
  var i = 0
  while i < count {
    let v: V = load(w + i)
    store(v.clampedLanes(lows, highs), w + i)
    i += V.scalarCount
  }
}
