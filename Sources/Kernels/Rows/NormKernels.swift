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

extension KernelPage {
  /// The moments of one plane, each channel by itself: mean[16], then the sum of squared distances from it [16].
  /// Two passes: the variance of a clipped critic's activations can be far below the mean's square.
  @inlinable @inline(__always)
  static func planeMoments(_ x: Plane, rows: Int, pixels: Int, moments: UnsafeMutablePointer<Float>) {
    let scale = Vector(repeating: 1 / Float(rows * pixels))
    var lane = 0
    while lane < 16 {
      var sum = Vector()
      for y in 0..<rows {
        let row = x.start + (y * x.rowStride + lane)
        for p in 0..<pixels { sum = sum + load(row + p * 16) }
      }
      let mean = sum * scale
      var squares = Vector()
      for y in 0..<rows {
        let row = x.start + (y * x.rowStride + lane)
        for p in 0..<pixels {
          let distance: Vector = load(row + p * 16) - mean
          squares = squares + distance * distance
        }
      }
      store(mean, moments + lane)
      store(squares, moments + 16 + lane)
      lane += Vector.scalarCount
    }
  }

  /// y = activation((x - mean) * scale + shift), activation(v) = v > 0 ? v : slope*v. `channel`: mean[16], scale[16],
  /// shift[16].
  @inlinable @inline(__always)
  static func planeNormalise(
    _ x: Plane, _ y: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>, slope: Float
  ) {
    let slopes = Vector(repeating: slope)
    var lane = 0
    while lane < 16 {
      let mean: Vector = load(channel + lane)
      let scale: Vector = load(channel + 16 + lane)
      let shift: Vector = load(channel + 32 + lane)
      for r in 0..<rows {
        let from = x.start + (r * x.rowStride + lane)
        let to = y.start + (r * y.rowStride + lane)
        for p in 0..<pixels {
          let v: Vector = (load(from + p * 16) - mean) * scale + shift
          store(v.orElse(v * slopes, whereNotPositive: v), to + p * 16)
        }
      }
      lane += Vector.scalarCount
    }
  }

  /// The two sums that batch norm's gradient needs, each channel by itself: Σ d [16], then Σ d * xhat [16], where
  /// d = diffY * (gate > 0 ? 1 : slope) and xhat = (x - mean) * reciprocalDeviation. `channel`: mean[16], reciprocal
  /// deviation[16].
  @inlinable @inline(__always)
  static func planeNormSums(
    _ diffY: Plane, _ x: Plane, gate: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>, slope: Float,
    sums: UnsafeMutablePointer<Float>
  ) {
    let slopes = Vector(repeating: slope)
    var lane = 0
    while lane < 16 {
      let mean: Vector = load(channel + lane)
      let reciprocal: Vector = load(channel + 16 + lane)
      var sum = Vector()
      var product = Vector()
      for r in 0..<rows {
        let rowD = diffY.start + (r * diffY.rowStride + lane)
        let rowX = x.start + (r * x.rowStride + lane)
        let rowG = gate.start + (r * gate.rowStride + lane)
        for p in 0..<pixels {
          var d: Vector = load(rowD + p * 16)
          d = d.orElse(d * slopes, whereNotPositive: load(rowG + p * 16))
          sum = sum + d
          product = product + d * ((load(rowX + p * 16) - mean) * reciprocal)
        }
      }
      store(sum, sums + lane)
      store(product, sums + 16 + lane)
      lane += Vector.scalarCount
    }
  }

  /// Batch norm's gradient: diffX = factor * (d - meanD - xhat * meanProduct) * (x > 0 ? 1 : inputSlope), with d and
  /// xhat as in `planeNormSums`. `inputSlope` is the derivative of an activation *before* the norm (x is its output); 1
  /// where there is none. `channel`: mean[16], reciprocal deviation[16], factor[16], meanD[16], meanProduct[16].
  @inlinable @inline(__always)
  static func planeNormBackward(
    _ diffY: Plane, _ x: Plane, gate: Plane, _ diffX: Plane, rows: Int, pixels: Int, channel: UnsafePointer<Float>,
    slope: Float, inputSlope: Float
  ) {
    let slopes = Vector(repeating: slope)
    let inputSlopes = Vector(repeating: inputSlope)
    var lane = 0
    while lane < 16 {
      let mean: Vector = load(channel + lane)
      let reciprocal: Vector = load(channel + 16 + lane)
      let factor: Vector = load(channel + 32 + lane)
      let meanD: Vector = load(channel + 48 + lane)
      let meanProduct: Vector = load(channel + 64 + lane)
      for r in 0..<rows {
        let rowD = diffY.start + (r * diffY.rowStride + lane)
        let rowX = x.start + (r * x.rowStride + lane)
        let rowG = gate.start + (r * gate.rowStride + lane)
        let to = diffX.start + (r * diffX.rowStride + lane)
        for p in 0..<pixels {
          var d: Vector = load(rowD + p * 16)
          d = d.orElse(d * slopes, whereNotPositive: load(rowG + p * 16))
          let value: Vector = load(rowX + p * 16)
          let gradient = factor * (d - meanD - (value - mean) * reciprocal * meanProduct)
          store(gradient.orElse(gradient * inputSlopes, whereNotPositive: value), to + p * 16)
        }
      }
      lane += Vector.scalarCount
    }
  }
}
