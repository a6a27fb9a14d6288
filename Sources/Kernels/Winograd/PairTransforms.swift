// Fast convolution's transforms for products of bf16. What is multiplied is rounded as it is stored, two tiles at a
// time, since a vector of pairs has the numbers of two vectors:
//
//     first tile   a0 a1 a2 ... a15       channels:  (a0 a1) (a2 a3) ... (a14 a15) (b0 b1) ... (b14 b15)
//     second       b0 b1 b2 ... b15       tiles:     (a0 b0) (a1 b1) ... (a15 b15)
//
// Both are 16 cells for two tiles, so drivers address them alike: 8 cells a tile. Of weights a "tile" is a row, the
// kernels of one channel of the sum, and "tiles" pairs two channels. What comes of products are Floats, as everywhere.

extension PairPage {
  /// Each is a function of its own: see `KernelPage.transform`.
  @inlinable
  static func transform(_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod) {
    switch (kind, method, tile.pointee.pairs) {
    case (.input, .f4x2of2x2, .channels): transformInputToChannels(tile)
    case (.input, .f4x2of2x2, .tiles): transformInputToTiles(tile)
    case (.gradient, .f4x2of2x2, .channels): transformGradientToChannels(tile)
    case (.gradient, .f4x2of2x2, .tiles): transformGradientToTiles(tile)
    case (.weights, .f4x2of2x2, .tiles): transformWeightsToRows(tile)
    case (.output, .f4x2of2x2, _): transformOutputOfPairs(tile)
    case (.patch, .f4x2of2x2, _):
      switch (tile.pointee.overlap.rowsAscend, tile.pointee.overlap.columnsAscend) {
      case (false, false): transformPatch00(tile)
      case (false, true): transformPatch01(tile)
      case (true, false): transformPatch10(tile)
      case (true, true): transformPatch11(tile)
      }
    case (.diffWeights, .f4x2of2x2, _): transformDiffWeightsOfPairs(tile)
    default: hasNoTransform(kind, method)
    }
  }

  @inlinable @inline(never)
  static func transformInputToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .input, .f4x2of2x2, .channels)
  }

  @inlinable @inline(never)
  static func transformInputToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .input, .f4x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformGradientToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .gradient, .f4x2of2x2, .channels)
  }

  @inlinable @inline(never)
  static func transformGradientToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .gradient, .f4x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformWeightsToRows(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .weights, .f4x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformOutputOfPairs(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, .f4x2of2x2) }

  @inlinable @inline(never)
  static func transformPatch00(_ tile: UnsafePointer<TransformTile>) {
    overlapRow(tile, .f4x2of2x2, rowsAscend: false, columnsAscend: false)
  }

  @inlinable @inline(never)
  static func transformPatch01(_ tile: UnsafePointer<TransformTile>) {
    overlapRow(tile, .f4x2of2x2, rowsAscend: false, columnsAscend: true)
  }

  @inlinable @inline(never)
  static func transformPatch10(_ tile: UnsafePointer<TransformTile>) {
    overlapRow(tile, .f4x2of2x2, rowsAscend: true, columnsAscend: false)
  }

  @inlinable @inline(never)
  static func transformPatch11(_ tile: UnsafePointer<TransformTile>) {
    overlapRow(tile, .f4x2of2x2, rowsAscend: true, columnsAscend: true)
  }

  @inlinable @inline(never)
  static func transformDiffWeightsOfPairs(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, .f4x2of2x2)
  }

  /// `transformTile` of an even number of tiles to pairs, `destinationStep` cells from two tiles to the next two.
  ///
  /// Columns are transformed before rows: neighbours share one, and it is transformed once.
  ///
  /// - Parameters kind, method, pairs: constants at each call.
  @inlinable @inline(__always)
  static func transformPairs(
    _ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod, _ pairs: TransformedPairs
  ) {
    let t = tile.pointee
    let last = kind.sourceSide(method.columns) &- 1
    let isShared = kind == .input
    var source = t.source
    var destination = t.destination
    var before = WinogradColumn(repeating: Vector())
    if isShared && t.count > 0 { before = transformedColumn(t, source, kind, method) }
    for _ in 0..<t.count / 2 {
      var first = InlineArray<6, WinogradColumn<Vector>>(repeating: .init(repeating: Vector()))
      var second = first
      first[0] = isShared ? before : transformedColumn(t, source, kind, method)
      for c in 1...last { first[c] = transformedColumn(t, source + c &* t.sourceColumnStride, kind, method) }
      source += t.sourceStep
      second[0] = isShared ? first[last] : transformedColumn(t, source, kind, method)
      for c in 1...last { second[c] = transformedColumn(t, source + c &* t.sourceColumnStride, kind, method) }
      source += t.sourceStep
      before = second[last]
      for q in 0..<kind.side(method.rows) {
        var rows = InlineArray<2, WinogradColumn<Vector>>(repeating: .init(repeating: Vector()))
        for c in 0...last {
          rows[0][c] = first[c][q]
          rows[1][c] = second[c][q]
        }
        let a = product(kind, method.columns, rows[0])
        let b = product(kind, method.columns, rows[1])
        for s in 0..<kind.side(method.columns) {
          let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
          store(pairs == .channels ? neighbours(a[s], b[s]) : lanes(a[s], b[s]), place)
        }
      }
      destination += t.destinationStep
    }
  }

  /// A column of a tile times the matrix.
  @inlinable @inline(__always)
  static func transformedColumn(
    _ t: TransformTile, _ source: UnsafePointer<Float>, _ kind: WinogradTransform, _ method: WinogradMethod
  ) -> WinogradColumn<Vector> {
    var column = WinogradColumn(repeating: Vector())
    for r in 0..<kind.sourceSide(method.rows) { column[r] = load(source + r &* t.sourceRowStride) }
    return product(kind, method.rows, column)
  }

  /// `overlapTile` of a row of neighbours: what a tile leaves to the next one stays in registers.
  ///
  /// - Parameters method, rowsAscend, columnsAscend: constants at each call.
  @inlinable @inline(__always)
  static func overlapRow(
    _ tile: UnsafePointer<TransformTile>, _ method: WinogradMethod, rowsAscend: Bool, columnsAscend: Bool
  ) {
    let t = tile.pointee
    let (rowCount, columnCount) = (method.rows.side, method.columns.side)
    let lastRow = rowsAscend ? rowCount - 1 : 0
    let lastColumn = columnsAscend ? columnCount - 1 : 0
    var left = WinogradColumn(repeating: Vector())
    for i in 0..<t.count {
      let destination = t.destination + i * t.destinationStep
      let rows = rowProducts(t, t.source + i * t.sourceStep, .patch, method)
      var leaves = WinogradColumn(repeating: Vector())
      for s in 0..<columnCount {
        var column = WinogradColumn(repeating: Vector())
        for r in 0..<rowCount { column[r] = rows[r][s] }
        let out = product(.patch, method.rows, column)
        if s == lastColumn {
          leaves = out
          continue
        }
        for q in 0..<rowCount {
          var x = out[q]
          if s == columnCount - 1 - lastColumn { x = x + left[q] }
          let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
          if q == lastRow {
            if t.overlap.hasRowAfter { Kernels.store(x, place) }
            continue
          }
          if q == rowCount - 1 - lastRow && t.overlap.hasRowBefore { x = x + load(place) }
          Kernels.store(epilogue(x, t, gateAt: i * t.gateStep + q * t.gateRowStride + s * t.gateColumnStride), place)
        }
      }
      left = leaves
    }
  }
}
