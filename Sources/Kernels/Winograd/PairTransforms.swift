// Fast convolution's transforms for products of bf16. What is multiplied is rounded as it is stored, two tiles at a time,
// since a vector of pairs has the numbers of two vectors:
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
    case (.input, .f2x2of2x2, .channels): transformInputToChannels(tile)
    case (.input, .f2x2of2x2, .tiles): transformInputToTiles(tile)
    case (.gradient, .f2x2of2x2, .channels): transformGradientToChannels(tile)
    case (.gradient, .f2x2of2x2, .tiles): transformGradientToTiles(tile)
    case (.weights, .f2x2of2x2, .tiles): transformWeightsToRows(tile)
    case (.output, .f2x2of2x2, _): transformOutputOfPairs(tile)
    case (.patch, .f2x2of2x2, _): transformPatchOfPairs(tile)
    case (.diffWeights, .f2x2of2x2, _): transformDiffWeightsOfPairs(tile)
    default: hasNoTransform(kind, method)
    }
  }

  @inlinable @inline(never)
  static func transformInputToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .input, .f2x2of2x2, .channels)
  }

  @inlinable @inline(never)
  static func transformInputToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .input, .f2x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformGradientToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .gradient, .f2x2of2x2, .channels)
  }

  @inlinable @inline(never)
  static func transformGradientToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .gradient, .f2x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformWeightsToRows(_ tile: UnsafePointer<TransformTile>) {
    transformPairs(tile, .weights, .f2x2of2x2, .tiles)
  }

  @inlinable @inline(never)
  static func transformOutputOfPairs(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, .f2x2of2x2) }

  @inlinable @inline(never)
  static func transformPatchOfPairs(_ tile: UnsafePointer<TransformTile>) { overlapTile(tile, .f2x2of2x2) }

  @inlinable @inline(never)
  static func transformDiffWeightsOfPairs(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, .f2x2of2x2)
  }

  /// `transformTile` of an even number of tiles to pairs, `destinationStep` cells from two tiles to the next two.
  ///
  /// - Parameters kind, method, pairs: constants at each call.
  @inlinable @inline(__always)
  static func transformPairs(
    _ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod, _ pairs: TransformedPairs
  ) {
    let t = tile.pointee
    let sourceRows = kind.sourceSide(method.rows)
    var source = t.source
    var destination = t.destination
    for _ in 0..<t.count / 2 {
      let first = rowProducts(t, source, kind, method)
      let second = rowProducts(t, source + t.sourceStep, kind, method)
      for s in 0..<kind.side(method.columns) {
        var columns = InlineArray<2, WinogradColumn<Vector>>(repeating: .init(repeating: Vector()))
        for r in 0..<sourceRows {
          columns[0][r] = first[r][s]
          columns[1][r] = second[r][s]
        }
        let a = product(kind, method.rows, columns[0])
        let b = product(kind, method.rows, columns[1])
        for q in 0..<kind.side(method.rows) {
          let place = destination + (q * t.destinationRowStride + s * t.destinationColumnStride)
          store(pairs == .channels ? neighbours(a[q], b[q]) : lanes(a[q], b[q]), place)
        }
      }
      source += 2 * t.sourceStep
      destination += t.destinationStep
    }
  }
}
