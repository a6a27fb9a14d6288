// Optimizer updates of a whole slab: parameters, gradients and state side by side, one pass, in place.
// Every count is a multiple of 16 (a net's slab is padded to whole cache lines).

import Kernels
import Synchronization

/// RMSprop without momentum or centring. Source: torch.optim.RMSprop.
package struct RMSprop: Sendable {
  package let learningRate: Float
  package let smoothing: Double
  package let epsilon: Float

  package init(learningRate: Float, smoothing: Double = 0.99, epsilon: Float = 1e-8) {
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
  }

  /// v = smoothing*v + (1 - smoothing)*g²;  w -= learningRate * g / (sqrt(v) + epsilon).
  ///
  /// - Returns: whether all of w and v is finite.
  @discardableResult
  package func update(_ weights: Slice, gradients: Slice, squares: Slice, on device: Device) -> Bool {
    precondition(weights.count == gradients.count && weights.count == squares.count)
    return everyPartIsFinite(of: weights.count, device) { start, count in
      device.kernels.rmsprop(
        weights.pointer + start, gradients.pointer + start, squares.pointer + start, count, learningRate, smoothing,
        epsilon)
    }
  }
}

/// Adam. Source: torch.optim.Adam (no weight decay, no amsgrad).
package struct Adam: Sendable {
  package let learningRate: Double
  package let beta1: Double
  package let beta2: Double
  package let epsilon: Float

  package init(learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Float = 1e-8) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  /// Update number `step`, counted from 1.
  ///
  /// - Returns: whether all that it wrote is finite.
  @discardableResult
  package func update(
    _ weights: Slice, gradients: Slice, means: Slice, squares: Slice, step: Int, on device: Device
  ) -> Bool {
    precondition(weights.count == gradients.count && weights.count == means.count && weights.count == squares.count)
    precondition(step >= 1)
    let stepSize = Float(learningRate / (1 - power(beta1, step)))
    let correction = Float((1 - power(beta2, step)).squareRoot())
    return everyPartIsFinite(of: weights.count, device) { start, count in
      device.kernels.adam(
        weights.pointer + start, gradients.pointer + start, means.pointer + start, squares.pointer + start, count,
        stepSize, beta1, beta2, correction, epsilon)
    }
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= factor }
      factor *= factor
      rest >>= 1
    }
    return result
  }
}

extension Slice {
  /// Forces every value into `bounds`: WGAN's clipping.
  package func clamp(to bounds: ClosedRange<Float>, on device: Device) {
    forEachPart(of: count, device) { start, count in
      device.kernels.clamp(pointer + start, count, bounds.lowerBound, bounds.upperBound)
    }
  }
}

extension Slice {
  /// How many values are at one of the bounds, or beyond.
  package func count(atOrBeyond bounds: ClosedRange<Float>, on device: Device) -> Int {
    let total = Atomic(0)
    forEachPart(of: count, device) { start, count in
      var found = 0
      for i in start..<start + count {
        found &+= pointer[i] <= bounds.lowerBound || pointer[i] >= bounds.upperBound ? 1 : 0
      }
      total.add(found, ordering: .relaxed)
    }
    return total.load(ordering: .relaxed)
  }
}

/// Calls `body` with each worker's part of `count` Floats, whole cache lines. It gives 0, or NaN where what it wrote
/// isn't finite.
func everyPartIsFinite(of count: Int, _ device: Device, _ body: (_ start: Int, _ count: Int) -> Float) -> Bool {
  let isFinite = Atomic(true)
  forEachPart(of: count, device) { start, count in
    if !body(start, count).isFinite { isFinite.store(false, ordering: .relaxed) }
  }
  return isFinite.load(ordering: .relaxed)
}

/// Calls `body` with each worker's part of `count` Floats, whole cache lines.
func forEachPart(of count: Int, _ device: Device, _ body: (_ start: Int, _ count: Int) -> Void) {
  precondition(count % channelBlock == 0, "slabs are padded to whole cache lines")
  device.parallel(count / channelBlock) { body($0.lowerBound * channelBlock, $0.count * channelBlock) }
}
