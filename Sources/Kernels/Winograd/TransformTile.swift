// The micro-kernel of fast convolution's transforms: a small matrix L on both sides of tiles of vectors, in two steps.
//
//       in                    each row times L                each column of that times L
//     x x x x x                  y y y y                             z z z z
//     x x x x x                  y y y y                             z z z z
//     x x x x x       ->         y y y y                  ->         z z z z
//     x x x x x                  y y y y                             z z z z
//     x x x x x                  y y y y
//
// (Here L makes 4 values of 5, as the output transform does.)
//
// Source: Winograd, "Arithmetic Complexity of Computations" (SIAM 1980), chapter 5; Lavin and Gray, "Fast algorithms
// for convolutional neural networks" (CVPR 2016), section 4. WinogradTransforms.swift has the matrices.

/// Where tiles are read and written. All strides are in Floats.
///
/// For tile `t` < count, with in(r, c) the 16 channels at `source + t*sourceStep + r*sourceRowStride +
/// c*sourceColumnStride`, out(q, s) those at the same place of the destination, and L a matrix of S rows and R columns:
///
///     out(q, s) = epilogue( initial + Σ_{r < R} L[q][r] Σ_{c < R} in(r, c) L[s][c] )      q, s < S
///
/// Of bf16 the destination is cells as `form` says, and its strides are in cells.
///
/// `initial` is 0 or, of `.diffWeights` where `accumulate`, what the destination holds. The epilogue, of `.output` and
/// `.patch`, is that of `MultiplyTile`; the other transforms have none.
public struct TransformTile {
  public var source: UnsafePointer<Float>
  public var sourceRowStride = 0
  public var sourceColumnStride = 0
  public var sourceStep = 0

  public var destination: UnsafeMutablePointer<Float>
  public var destinationRowStride = 0
  public var destinationColumnStride = 0
  public var destinationStep = 0
  public var form = TransformedForm.floats

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

/// How 16 channels of transformed tiles lie.
public enum TransformedForm: Int, Sendable {
  /// 16 Floats a tile.
  case floats
  /// 8 cells a tile, each two neighbouring channels as bf16: a sum over channels takes them.
  case channelPairs
  /// 16 cells for two tiles, the first one's bf16 in the low halves: a sum over tiles takes them. From one pair to the
  /// next it is `destinationStep`. Behind the last of an odd number of tiles zeros take the place of another.
  case tilePairs
}

/// How patches of neighbouring tiles share a row and a column. Patches are 5 wide and 4 apart, so in one direction:
///
///     first tile     a a a a a
///     second                 b b b b b
///     third                          c c c c c
///
/// A tile leaves its last value as it is, for the next one to add to; it finishes the others with the epilogue. The
/// walk may go the other way: then the first value is at place 4 of the patch and the last at place 0.
public struct PatchOverlap {
  /// The walk goes down, to the right.
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

extension KernelPage {
  /// `transformTile` with the matrix of `kind` for kernels of 2x2 or 3x3 `taps`. Each is a function of its own: the
  /// compiler gives up inlining where one function holds them all.
  @inlinable
  static func transform(_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, taps: Int) {
    switch (kind, taps) {
    case (.input, 2): transformInput2(tile)
    case (.input, 3): transformInput3(tile)
    case (.output, 2): transformOutput2(tile)
    case (.output, 3): transformOutput3(tile)
    case (.gradient, 2): transformGradient2(tile)
    case (.gradient, 3): transformGradient3(tile)
    case (.weights, 2): transformWeights2(tile)
    case (.weights, 3): transformWeights3(tile)
    case (.patch, 2): transformPatch2(tile)
    case (.diffWeights, 2): transformDiffWeights2(tile)
    case (.diffWeights, 3): transformDiffWeights3(tile)
    default: hasNoTransform(kind, taps: taps)
    }
  }

  @inlinable @inline(never)
  static func transformInput2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .input, taps: 2) }

  @inlinable @inline(never)
  static func transformInput3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .input, taps: 3) }

  @inlinable @inline(never)
  static func transformOutput2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, taps: 2) }

  @inlinable @inline(never)
  static func transformOutput3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, taps: 3) }

  @inlinable @inline(never)
  static func transformGradient2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .gradient, taps: 2) }

  @inlinable @inline(never)
  static func transformGradient3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .gradient, taps: 3) }

  @inlinable @inline(never)
  static func transformWeights2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .weights, taps: 2) }

  @inlinable @inline(never)
  static func transformWeights3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .weights, taps: 3) }

  @inlinable @inline(never)
  static func transformPatch2(_ tile: UnsafePointer<TransformTile>) { overlapTile(tile, taps: 2) }

  @inlinable @inline(never)
  static func transformDiffWeights2(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, taps: 2)
  }

  @inlinable @inline(never)
  static func transformDiffWeights3(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, taps: 3)
  }
}

extension ProductPage {
  /// - Parameters kind, taps, form: constants at each call; what they decide isn't in the loops.
  @inlinable @inline(__always)
  static func transformTile(
    _ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, taps: Int, form: TransformedForm = .floats
  ) {
    let t = tile.pointee
    let (sourceSide, side) = (kind.sourceSide(taps: taps), kind.side(taps: taps))
    for i in 0..<t.count {
      var lane = 0
      while lane < 16 {
        let step = form == .tilePairs ? i / 2 : i
        let destination = t.destination + (step * t.destinationStep + lane)
        let rows = rowProducts(t, t.source + (i * t.sourceStep + lane), kind, taps)
        for s in 0..<side {
          var column = WinogradColumn(repeating: Vector())
          for r in 0..<sourceSide { column[r] = rows[r][s] }
          let out = product(kind, taps, column)
          for q in 0..<side {
            var x = out[q]
            let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
            if kind == .diffWeights && t.accumulate { x = x + load(place) }
            if kind == .output {
              x = epilogue(x, t, gateAt: i * t.gateStep + lane + q * t.gateRowStride + s * t.gateColumnStride)
            }
            write(x, to: place, as: form, isSecond: i % 2 == 1)
          }
        }
        lane += Vector.scalarCount
      }
    }
  }

  /// `transformTile` to patches that overlap (see `PatchOverlap`). What is outside the plane isn't written.
  @inlinable @inline(__always)
  static func overlapTile(_ tile: UnsafePointer<TransformTile>, taps: Int) {
    let t = tile.pointee
    let side = WinogradTransform.patch.side(taps: taps)
    let lastRow = t.overlap.rowsAscend ? side - 1 : 0
    let lastColumn = t.overlap.columnsAscend ? side - 1 : 0
    for i in 0..<t.count {
      let hasColumnBefore = t.overlap.areNeighbours && i > 0
      let hasColumnAfter = t.overlap.areNeighbours && i &+ 1 < t.count
      var lane = 0
      while lane < 16 {
        let destination = t.destination + (i * t.destinationStep + lane)
        let rows = rowProducts(t, t.source + (i * t.sourceStep + lane), .patch, taps)
        for s in 0..<side {
          var column = WinogradColumn(repeating: Vector())
          for r in 0..<side { column[r] = rows[r][s] }
          let out = product(.patch, taps, column)
          if s == lastColumn && !hasColumnAfter { continue }
          let meetsColumn = hasColumnBefore && s == side - 1 - lastColumn
          for q in 0..<side {
            if q == lastRow && !t.overlap.hasRowAfter { continue }
            var x = out[q]
            let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
            if meetsColumn || t.overlap.hasRowBefore && q == side - 1 - lastRow { x = x + load(place) }
            if s != lastColumn && q != lastRow {
              x = epilogue(x, t, gateAt: i * t.gateStep + lane + q * t.gateRowStride + s * t.gateColumnStride)
            }
            store(x, place)
          }
        }
        lane += Vector.scalarCount
      }
    }
  }

  /// The first step: each row of the tile at `source` times the matrix.
  @inlinable @inline(__always)
  static func rowProducts(
    _ t: TransformTile, _ source: UnsafePointer<Float>, _ kind: WinogradTransform, _ taps: Int
  ) -> InlineArray<6, WinogradColumn<Vector>> {
    let side = kind.sourceSide(taps: taps)
    var rows = InlineArray<6, WinogradColumn<Vector>>(repeating: .init(repeating: Vector()))
    for r in 0..<side {
      var row = WinogradColumn(repeating: Vector())
      for c in 0..<side { row[c] = load(source + (r * t.sourceRowStride + c * t.sourceColumnStride)) }
      rows[r] = product(kind, taps, row)
    }
    return rows
  }

  @inlinable @inline(__always)
  static func epilogue(_ x: Vector, _ t: TransformTile, gateAt offset: Int) -> Vector {
    let y = x.orElse(x * Vector(repeating: t.slope), whereNotPositive: x)
    guard let gate = t.gate else { return y }
    return y.orElse(y * Vector(repeating: t.gateSlope), whereNotPositive: load(gate + offset))
  }

  /// The matrix of `kind` times a column.
  @inlinable @inline(__always)
  static func product(
    _ kind: WinogradTransform, _ taps: Int, _ x: WinogradColumn<Vector>
  ) -> WinogradColumn<Vector> {
    switch (kind, taps) {
    case (.input, 2): resized(inputOf2(resized(x)))
    case (.input, _): resized(inputOf3(resized(x)))
    case (.output, 2): resized(outputOf2(resized(x)))
    case (.output, _): resized(outputOf3(resized(x)))
    case (.gradient, 2): resized(gradientOf2(resized(x)))
    case (.gradient, _): resized(gradientOf3(resized(x)))
    case (.weights, 2): resized(weightsOf2(resized(x)))
    case (.weights, _): resized(weightsOf3(resized(x)))
    case (.patch, _): resized(patchOf2(resized(x)))
    case (.diffWeights, 2): resized(diffWeightsOf2(resized(x)))
    case (.diffWeights, _): resized(diffWeightsOf3(resized(x)))
    }
  }

  @inlinable @inline(__always)
  static func resized<let from: Int, let to: Int>(_ x: InlineArray<from, Vector>) -> InlineArray<to, Vector> {
    var y = InlineArray<to, Vector>(repeating: Vector())
    for i in 0..<min(from, to) { y[i] = x[i] }
    return y
  }
}
