// The micro-kernel of fast convolution's transforms: a small matrix on both sides of tiles of vectors.
// Source: Winograd, "Arithmetic Complexity of Computations" (SIAM 1980), chapter 5; Lavin and Gray, "Fast algorithms
// for convolutional neural networks" (CVPR 2016), section 4. WinogradTransforms.swift has the matrices.

/// Where tiles are read and written. All strides are in Floats.
///
/// For tile `t` < count, with in(r, c) the 16 channels at `source + t*sourceStep + r*sourceRowStride +
/// c*sourceColumnStride`, out(q, s) those at the same place of the destination, and L a matrix of S rows and R columns:
///
///     out(q, s) = epilogue( initial + Σ_{r < R} L[q][r] Σ_{c < R} in(r, c) L[s][c] )      q, s < S
///
/// `initial` is 0 or, where `accumulate`, what the destination holds. The epilogue is that of `MultiplyTile`.
public struct TransformTile {
  public var source: UnsafePointer<Float>
  public var sourceRowStride = 0
  public var sourceColumnStride = 0
  public var sourceStep = 0

  public var destination: UnsafeMutablePointer<Float>
  public var destinationRowStride = 0
  public var destinationColumnStride = 0
  public var destinationStep = 0

  public var count = 1
  public var accumulate = false

  /// x > 0 ? x : slope*x, then, where there is a gate, times (gate > 0 ? 1 : gateSlope).
  public var slope: Float = 1
  public var gate: UnsafePointer<Float>?
  public var gateRowStride = 0
  public var gateColumnStride = 0
  public var gateStep = 0
  public var gateSlope: Float = 1

  /// Of `overlapTile` alone.
  public var overlap = PatchOverlap()

  @inlinable
  public init(source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>) {
    self.source = source
    self.destination = destination
  }
}

/// How the patches of neighbouring tiles share their outermost row and column. Tiles come in such an order that a patch
/// meets the one before it in its first row (column) and leaves its last to the one after it; where they ascend, the
/// first is 0, else S - 1.
public struct PatchOverlap {
  public var rowsAscend = true
  public var columnsAscend = true
  /// A row of tiles came before this one, one comes after it. Without one after it, the last row is outside the plane.
  public var hasRowBefore = false
  public var hasRowAfter = false
  /// The `count` tiles are a whole row of neighbours, in their order; else each has a plane of its own.
  public var areNeighbours = false

  @inlinable
  public init() {}
}

/// Which parts of `TransformTile` a transform has use for; constants at each call.
public enum TransformEnding {
  /// The result is stored.
  case plain
  /// Slope and gate.
  case epilogue
  /// `accumulate` counts.
  case sum
}

/// - Parameter map: the product of L with a column of R vectors.
@inlinable @inline(__always)
public func transformTile<let R: Int, let S: Int, V: FloatVector>(
  _ tile: UnsafePointer<TransformTile>, ending: TransformEnding, zero: V,
  map: (InlineArray<R, V>) -> InlineArray<S, V>
) {
  let t = tile.pointee
  let slope = V(repeating: t.slope)
  let gateSlope = V(repeating: t.gateSlope)
  for i in 0..<t.count {
    var lane = 0
    while lane < 16 {
      let source = t.source + (i * t.sourceStep + lane)
      let destination = t.destination + (i * t.destinationStep + lane)
      var rows = InlineArray<R, InlineArray<S, V>>(repeating: .init(repeating: zero))
      for r in 0..<R {
        var row = InlineArray<R, V>(repeating: zero)
        for c in 0..<R { row[c] = load(source + (r * t.sourceRowStride + c * t.sourceColumnStride)) }
        rows[r] = map(row)
      }
      for s in 0..<S {
        var column = InlineArray<R, V>(repeating: zero)
        for r in 0..<R { column[r] = rows[r][s] }
        let out = map(column)
        for q in 0..<S {
          var x = out[q]
          let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
          switch ending {
          case .plain: break
          case .sum: if t.accumulate { x = x + load(place) }
          case .epilogue:
            x = x.orElse(x * slope, whereNotPositive: x)
            if let gate = t.gate {
              let g: V = load(gate + (i * t.gateStep + lane + q * t.gateRowStride + s * t.gateColumnStride))
              x = x.orElse(x * gateSlope, whereNotPositive: g)
            }
          }
          store(x, place)
        }
      }
      lane += V.scalarCount
    }
  }
}

/// `transformTile` to patches of S x S that overlap: what a patch shares with those before it, it adds to what they
/// left in the destination; what it shares with those after it, it leaves there without the epilogue, for them to
/// complete; and what is outside the plane isn't written.
///
/// - Parameter map: the product of L with a column of S vectors.
@inlinable @inline(__always)
public func overlapTile<let S: Int, V: FloatVector>(
  _ tile: UnsafePointer<TransformTile>, zero: V, map: (InlineArray<S, V>) -> InlineArray<S, V>
) {
  let t = tile.pointee
  let slope = V(repeating: t.slope)
  let gateSlope = V(repeating: t.gateSlope)
  let lastRow = t.overlap.rowsAscend ? S - 1 : 0
  let lastColumn = t.overlap.columnsAscend ? S - 1 : 0
  for i in 0..<t.count {
    let hasColumnBefore = t.overlap.areNeighbours && i > 0
    let hasColumnAfter = t.overlap.areNeighbours && i &+ 1 < t.count
    var lane = 0
    while lane < 16 {
      let source = t.source + (i * t.sourceStep + lane)
      let destination = t.destination + (i * t.destinationStep + lane)
      var rows = InlineArray<S, InlineArray<S, V>>(repeating: .init(repeating: zero))
      for r in 0..<S {
        var row = InlineArray<S, V>(repeating: zero)
        for c in 0..<S { row[c] = load(source + (r * t.sourceRowStride + c * t.sourceColumnStride)) }
        rows[r] = map(row)
      }
      for s in 0..<S {
        var column = InlineArray<S, V>(repeating: zero)
        for r in 0..<S { column[r] = rows[r][s] }
        let out = map(column)
        if s == lastColumn && !hasColumnAfter { continue }
        let meetsColumn = hasColumnBefore && s == S - 1 - lastColumn
        for q in 0..<S {
          if q == lastRow && !t.overlap.hasRowAfter { continue }
          var x = out[q]
          let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
          if meetsColumn || t.overlap.hasRowBefore && q == S - 1 - lastRow { x = x + load(place) }
          if s != lastColumn && q != lastRow {
            x = x.orElse(x * slope, whereNotPositive: x)
            if let gate = t.gate {
              let g: V = load(gate + (i * t.gateStep + lane + q * t.gateRowStride + s * t.gateColumnStride))
              x = x.orElse(x * gateSlope, whereNotPositive: g)
            }
          }
          store(x, place)
        }
      }
      lane += V.scalarCount
    }
  }
}
