// Batch norm over one plane: one picture's 16 channels of one block, `rows` x `pixels` x 16 with a row stride.
// Source: Ioffe and Szegedy, "Batch normalization" (ICML 2015), algorithm 1 and section 3. Nothing here uses FMA: every
// instruction set gives the same bits.

/// A plane's place: `rows` rows of `pixels` pixels of 16 channels; row y begins at `start + y*rowStride`.
public struct Plane {
  public var start: UnsafeMutablePointer<Float>
  public var rowStride: Int

  @inlinable
  public init(_ start: UnsafeMutablePointer<Float>, rowStride: Int) {
    self.start = start
    self.rowStride = rowStride
  }
}

/// The moments of one plane, each channel by itself: mean[16], then the sum of squared distances from it [16].
/// Two passes: the variance of a clipped critic's activations can be far below the mean's square.
@inlinable @inline(__always)
public func planeMoments<V: FloatVector>(
  _ x: Plane, rows: Int, pixels: Int, moments: UnsafeMutablePointer<Float>, zero: V
) {
  let scale = V(repeating: 1 / Float(rows * pixels))
  var lane = 0
  while lane < 16 {
    var sum = zero
    for y in 0..<rows {
      let row = x.start + (y * x.rowStride + lane)
      for p in 0..<pixels { sum = sum + load(row + p * 16) }
    }
    let mean = sum * scale
    var squares = zero
    for y in 0..<rows {
      let row = x.start + (y * x.rowStride + lane)
      for p in 0..<pixels {
        let distance: V = load(row + p * 16) - mean
        squares = squares + distance * distance
      }
    }
    store(mean, moments + lane)
    store(squares, moments + 16 + lane)
    lane += V.scalarCount
  }
}

/// y = activation((x - mean) * scale + shift), activation(v) = v > 0 ? v : slope*v. `channel`: mean[16], scale[16],
/// shift[16].
@inlinable @inline(__always)
public func planeNormalise<V: FloatVector>(
  _ x: Plane, _ y: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>, slope: Float, zero: V
) {
  let slopes = V(repeating: slope)
  var lane = 0
  while lane < 16 {
    let mean: V = load(channel + lane)
    let scale: V = load(channel + 16 + lane)
    let shift: V = load(channel + 32 + lane)
    for r in 0..<rows {
      let from = x.start + (r * x.rowStride + lane)
      let to = y.start + (r * y.rowStride + lane)
      for p in 0..<pixels {
        let v: V = (load(from + p * 16) - mean) * scale + shift
        store(v.orElse(v * slopes, whereNotPositive: v), to + p * 16)
      }
    }
    lane += V.scalarCount
  }
}

/// The two sums that batch norm's gradient needs, each channel by itself: Σ d [16], then Σ d * xhat [16], where
/// d = diffY * (gate > 0 ? 1 : slope) and xhat = (x - mean) * reciprocalDeviation. `channel`: mean[16], reciprocal
/// deviation[16].
@inlinable @inline(__always)
public func planeNormSums<V: FloatVector>(
  _ diffY: Plane, _ x: Plane, gate: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>, slope: Float,
  sums: UnsafeMutablePointer<Float>, zero: V
) {
  let slopes = V(repeating: slope)
  var lane = 0
  while lane < 16 {
    let mean: V = load(channel + lane)
    let reciprocal: V = load(channel + 16 + lane)
    var sum = zero
    var product = zero
    for r in 0..<rows {
      let rowD = diffY.start + (r * diffY.rowStride + lane)
      let rowX = x.start + (r * x.rowStride + lane)
      let rowG = gate.start + (r * gate.rowStride + lane)
      for p in 0..<pixels {
        var d: V = load(rowD + p * 16)
        d = d.orElse(d * slopes, whereNotPositive: load(rowG + p * 16))
        sum = sum + d
        product = product + d * ((load(rowX + p * 16) - mean) * reciprocal)
      }
    }
    store(sum, sums + lane)
    store(product, sums + 16 + lane)
    lane += V.scalarCount
  }
}

/// Batch norm's gradient: diffX = factor * (d - meanD - xhat * meanProduct) * (x > 0 ? 1 : inputSlope), with d and xhat
/// as in `planeNormSums`. `inputSlope` is the derivative of an activation *before* the norm (x is its output); 1 where
/// there is none. `channel`: mean[16], reciprocal deviation[16], factor[16], meanD[16], meanProduct[16].
@inlinable @inline(__always)
public func planeNormBackward<V: FloatVector>(
  _ diffY: Plane, _ x: Plane, gate: Plane, _ diffX: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>,
  slope: Float, inputSlope: Float, zero: V
) {
  let slopes = V(repeating: slope)
  let inputSlopes = V(repeating: inputSlope)
  var lane = 0
  while lane < 16 {
    let mean: V = load(channel + lane)
    let reciprocal: V = load(channel + 16 + lane)
    let factor: V = load(channel + 32 + lane)
    let meanD: V = load(channel + 48 + lane)
    let meanProduct: V = load(channel + 64 + lane)
    for r in 0..<rows {
      let rowD = diffY.start + (r * diffY.rowStride + lane)
      let rowX = x.start + (r * x.rowStride + lane)
      let rowG = gate.start + (r * gate.rowStride + lane)
      let to = diffX.start + (r * diffX.rowStride + lane)
      for p in 0..<pixels {
        var d: V = load(rowD + p * 16)
        d = d.orElse(d * slopes, whereNotPositive: load(rowG + p * 16))
        let value: V = load(rowX + p * 16)
        let gradient = factor * (d - meanD - (value - mean) * reciprocal * meanProduct)
        store(gradient.orElse(gradient * inputSlopes, whereNotPositive: value), to + p * 16)
      }
    }
    lane += V.scalarCount
  }
}
