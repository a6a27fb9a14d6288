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
/// c*sourceColumnStride`, out(q, s) those at the same place of the destination, and L a matrix of S rows and R columns
/// (it may be another one for rows than for columns):
///
///     out(q, s) = epilogue( initial + Σ_{r < R} L[q][r] Σ_{c < R} in(r, c) L[s][c] )      q, s < S
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

  public var count = 1
  public var accumulate = false
  /// Of pairs of bf16 alone.
  public var pairs = TransformedPairs.channels

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

/// Which two numbers are a pair in 16 cells, where two neighbouring tiles' 16 channels lie: see PairTransforms.swift.
public enum TransformedPairs: Sendable {
  /// Two channels: 8 cells of the first tile, 8 of the second. A sum over channels takes them.
  case channels
  /// The two tiles, of each channel. A sum over tiles takes them.
  case tiles
}

/// How patches of neighbouring tiles share a row and a column. Patches are one pixel wider than they are apart: of F(4,
/// 2), 5 wide and 4 apart, so in one direction:
///
///     first tile     a a a a a
///     second                 b b b b b
///     third                          c c c c c
///
/// A tile leaves its last value as it is, for the next one to add to; it finishes the others with the epilogue. The
/// walk may go the other way: then the first value is at the patch's end and the last at place 0.
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
  /// `transformTile` with the matrix of `kind`. Each is a function of its own: the compiler gives up inlining where one
  /// function holds them all.
  @inlinable
  static func transform(_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod) {
    switch (kind, method) {
    case (.input, .f4x4of2x2): transformInput2(tile)
    case (.input, .f4x4of3x3): transformInput3(tile)
    case (.output, .f4x4of2x2): transformOutput2(tile)
    case (.output, .f4x4of3x3): transformOutput3(tile)
    case (.gradient, .f4x4of2x2): transformGradient2(tile)
    case (.gradient, .f4x4of3x3): transformGradient3(tile)
    case (.weights, .f4x4of2x2): transformWeights2(tile)
    case (.weights, .f4x4of3x3): transformWeights3(tile)
    case (.patch, .f4x4of2x2): transformPatch2(tile)
    case (.diffWeights, .f4x4of2x2): transformDiffWeights2(tile)
    case (.diffWeights, .f4x4of3x3): transformDiffWeights3(tile)
    default: hasNoTransform(kind, method)
    }
  }

  @inlinable @inline(never)
  static func transformInput2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .input, .f4x4of2x2) }

  @inlinable @inline(never)
  static func transformInput3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .input, .f4x4of3x3) }

  @inlinable @inline(never)
  static func transformOutput2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, .f4x4of2x2) }

  @inlinable @inline(never)
  static func transformOutput3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, .f4x4of3x3) }

  @inlinable @inline(never)
  static func transformGradient2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .gradient, .f4x4of2x2) }

  @inlinable @inline(never)
  static func transformGradient3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .gradient, .f4x4of3x3) }

  @inlinable @inline(never)
  static func transformWeights2(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .weights, .f4x4of2x2) }

  @inlinable @inline(never)
  static func transformWeights3(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .weights, .f4x4of3x3) }

  @inlinable @inline(never)
  static func transformPatch2(_ tile: UnsafePointer<TransformTile>) { overlapTile(tile, .f4x4of2x2) }

  @inlinable @inline(never)
  static func transformDiffWeights2(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, .f4x4of2x2)
  }

  @inlinable @inline(never)
  static func transformDiffWeights3(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, .f4x4of3x3)
  }
}

extension ProductPage {
  /// - Parameters kind, method: constants at each call; what they decide isn't in the loops.
  @inlinable @inline(__always)
  static func transformTile(
    _ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod
  ) {
    let t = tile.pointee
    let sourceRows = kind.sourceSide(method.rows)
    let (rowCount, columnCount) = (kind.side(method.rows), kind.side(method.columns))
    for i in 0..<t.count {
      var lane = 0
      while lane < 16 {
        let destination = t.destination + (i * t.destinationStep + lane)
        let rows = rowProducts(t, t.source + (i * t.sourceStep + lane), kind, method)
        for s in 0..<columnCount {
          var column = WinogradColumn(repeating: Vector())
          for r in 0..<sourceRows { column[r] = rows[r][s] }
          let out = product(kind, method.rows, column)
          for q in 0..<rowCount {
            var x = out[q]
            let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
            if kind == .diffWeights && t.accumulate { x = x + load(place) }
            if kind == .output {
              x = epilogue(x, t, gateAt: i * t.gateStep + lane + q * t.gateRowStride + s * t.gateColumnStride)
            }
            store(x, place)
          }
        }
        lane += Vector.scalarCount
      }
    }
  }

  /// `transformTile` to patches that overlap (see `PatchOverlap`). What is outside the plane isn't written.
  @inlinable @inline(__always)
  static func overlapTile(_ tile: UnsafePointer<TransformTile>, _ method: WinogradMethod) {
    let t = tile.pointee
    let (rowCount, columnCount) = (method.rows.side, method.columns.side)
    let lastRow = t.overlap.rowsAscend ? rowCount - 1 : 0
    let lastColumn = t.overlap.columnsAscend ? columnCount - 1 : 0
    for i in 0..<t.count {
      let hasColumnBefore = t.overlap.areNeighbours && i > 0
      let hasColumnAfter = t.overlap.areNeighbours && i &+ 1 < t.count
      var lane = 0
      while lane < 16 {
        let destination = t.destination + (i * t.destinationStep + lane)
        let rows = rowProducts(t, t.source + (i * t.sourceStep + lane), .patch, method)
        for s in 0..<columnCount {
          var column = WinogradColumn(repeating: Vector())
          for r in 0..<rowCount { column[r] = rows[r][s] }
          let out = product(.patch, method.rows, column)
          if s == lastColumn && !hasColumnAfter { continue }
          let meetsColumn = hasColumnBefore && s == columnCount - 1 - lastColumn
          for q in 0..<rowCount {
            if q == lastRow && !t.overlap.hasRowAfter { continue }
            var x = out[q]
            let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
            if meetsColumn || t.overlap.hasRowBefore && q == rowCount - 1 - lastRow { x = x + load(place) }
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
    _ t: TransformTile, _ source: UnsafePointer<Float>, _ kind: WinogradTransform, _ method: WinogradMethod
  ) -> InlineArray<6, WinogradColumn<Vector>> {
    let (rowCount, columnCount) = (kind.sourceSide(method.rows), kind.sourceSide(method.columns))
    var rows = InlineArray<6, WinogradColumn<Vector>>(repeating: .init(repeating: Vector()))
    for r in 0..<rowCount {
      var row = WinogradColumn(repeating: Vector())
      for c in 0..<columnCount { row[c] = load(source + (r * t.sourceRowStride + c * t.sourceColumnStride)) }
      rows[r] = product(kind, method.columns, row)
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
    _ kind: WinogradTransform, _ matrices: WinogradMatrices, _ x: WinogradColumn<Vector>
  ) -> WinogradColumn<Vector> {
    switch (kind, matrices) {
    case (.input, .f42), (.input, .f42whole): resized(inputOf2(resized(x)))
    case (.input, .f43): resized(inputOf3(resized(x)))
    case (.input, .f22): resized(inputOf22(resized(x)))
    case (.output, .f42): resized(outputOf2(resized(x)))
    case (.output, .f43): resized(outputOf3(resized(x)))
    case (.output, .f42whole): resized(outputOfWhole2(resized(x)))
    case (.output, .f22): resized(outputOf22(resized(x)))
    case (.gradient, .f42), (.gradient, .f42whole): resized(gradientOf2(resized(x)))
    case (.gradient, .f43): resized(gradientOf3(resized(x)))
    case (.gradient, .f22): resized(gradientOf22(resized(x)))
    case (.weights, .f42): resized(weightsOf2(resized(x)))
    case (.weights, .f43): resized(weightsOf3(resized(x)))
    case (.weights, .f42whole): resized(wholeWeightsOf2(resized(x)))
    case (.weights, .f22): resized(weightsOf22(resized(x)))
    case (.patch, .f42whole): resized(patchOfWhole2(resized(x)))
    case (.patch, .f22): resized(patchOf22(resized(x)))
    case (.patch, _): resized(patchOf2(resized(x)))
    case (.diffWeights, .f42), (.diffWeights, .f42whole): resized(diffWeightsOf2(resized(x)))
    case (.diffWeights, .f43): resized(diffWeightsOf3(resized(x)))
    case (.diffWeights, .f22): resized(diffWeightsOf22(resized(x)))
    }
  }

  @inlinable @inline(__always)
  static func resized<let from: Int, let to: Int>(_ x: InlineArray<from, Vector>) -> InlineArray<to, Vector> {
    var y = InlineArray<to, Vector>(repeating: Vector())
    for i in 0..<min(from, to) { y[i] = x[i] }
    return y
  }
}
