// forward and backwardData of fast convolution: the source is transformed, at each position a product of matrices is
// made, and the products are transformed back.
//
//     5x5 patches  -->  source (tiles x depth)  *  weights (depth x channels)  =  products (tiles x channels)  -->  4x4
//     of the source     at each of 25 positions                                                                results
//
// The transformed weights are 6.25 times the weights (of 3x3 kernels: 4 times). Their size decides the order of the
// loops (Blocking.swift has the sizes), from the outside in:
//
//     weights ready: few enough to be kept              weights on the way
//
//     workers: blocks of tiles                          source -> transformed: a chunk of tiles, all workers
//       source -> transformed                           workers: tiles of channels
//       positions                                         depth: chunks of the sum
//         channels: tiles of blocks                         weights -> transformed
//           pixels: register tiles  -> micro-kernel         positions
//       products -> results                                   pixels: register tiles  -> micro-kernel
//                                                         products -> results

import CProcessor
import Kernels

struct WinogradProduct {
  /// A tensor by tiles: its blocks of 16 channels, each in `parts`, the phases of a stride, or one.
  struct Side {
    /// From pixel to pixel of a tile; it begins at tile 0 of phase 0.
    var walk: TiledProduct.Walk
    var blocks: Int
    var parts = 1
    /// Phase p begins `p/2*phaseRowStride + p%2*phasePixelStride` after the walk.
    var phaseRowStride = 0
    var phasePixelStride = 0

    /// Blocks of a product: `[block][part]`.
    var width: Int { blocks * parts }

    /// Where tile `tile` of a block of a product begins.
    func tile(_ tile: Int, of block: Int, _ grid: TileGrid) -> UnsafeMutablePointer<Float> {
      let part = block % parts
      return walk.tile(tile, grid) + block / parts * walk.blockStride + part / 2 * phaseRowStride
        + part % 2 * phasePixelStride
    }
  }

  /// Those of a precision. (Asked for once: each answer is counted by all threads.)
  struct Kernels {
    let transformTile: KernelTable.Transform
    let multiplyTile: KernelTable.Multiply
    let weightsTile: KernelTable.Weights

    init(_ precision: Precision, _ device: Device) {
      transformTile = device.transformTile(precision)
      multiplyTile = device.multiplyTile(precision)
      weightsTile = device.weightsTile(precision)
    }
  }

  let winograd: Winograd
  let kernels: Kernels
  var source: Side
  /// Input transform, or the gradient's.
  var sourceTransform = WinogradTransform.input
  /// What of the source is a pair, where bf16 is multiplied.
  var sourcePairs = TransformedPairs.channels
  var destination: Side
  /// The output transform, or patches that overlap: then tiles are those of whole pictures.
  var destinationTransform = WinogradTransform.output
  var slope: Float = 1
  /// Of the destination's blocks and parts.
  var gate: Side?
  var gateSlope: Float = 1

  /// Blocks of 16 that are summed over: `[source block][part]`.
  var depth: Int { source.width }

  // MARK: - Stages

  /// Tiles of source block `block`, transformed, to the first tiles of `to`'s blocks from `place` on.
  func transformSource(block: Int, place: Int, tiles: Range<Int>, to: Transformed, _ device: Device) {
    let grid = winograd.grid
    let walk = source.walk
    winograd.forEachRun(of: tiles) { first, count in
      touch(source.tile(first, of: block * source.parts, grid), tiles: count)
      for part in 0..<source.parts {
        var tile = TransformTile(
          source: source.tile(first, of: block * source.parts + part, grid),
          destination: to.block(place + part, tile: first - tiles.lowerBound))
        tile.sourceRowStride = walk.rowStride
        tile.sourceColumnStride = walk.pixelStride
        tile.sourceStep = walk.tileStep(grid)
        tile.destinationRowStride = winograd.method.columns.side * to.positionStride
        tile.destinationColumnStride = to.positionStride
        tile.destinationStep = channelBlock
        tile.pairs = sourcePairs
        tile.count = count
        kernels.transformTile(&tile, sourceTransform, winograd.method)
      }
    }
  }

  /// Asks for all lines of a run's patches in the order in which they lie in memory. The transform reads them by phases
  /// and columns, too far apart for the processor to see what comes next.
  private func touch(_ patch: UnsafePointer<Float>, tiles count: Int) {
    let grid = winograd.grid
    let method = winograd.method
    let (height, width) =
      sourceTransform == .input ? (method.rows.side, method.columns.side) : (grid.height, grid.width)
    let (phaseRows, phaseColumns) = source.parts == 4 ? (2, 2) : (1, 1)
    let runs = grid.tiles == 1 ? count : 1
    let columns = grid.tiles == 1 ? width : width + grid.width * (count - 1)
    let lines = (columns - 1) * source.walk.pixelStride / channelBlock + phaseColumns
    for run in 0..<runs {
      for row in 0..<height {
        for phase in 0..<phaseRows {
          let start =
            patch + run * source.walk.pictureStride + row * source.walk.rowStride + phase * source.phaseRowStride
          for line in 0..<lines { cprocessor_prefetch(start + line * channelBlock) }
        }
      }
    }
  }

  /// For position `position`: products(tile, block) (+)= Σ_depth source(tile, depth) * weights(depth, block), for
  /// `tiles` tiles and up to tile.blocks neighbouring blocks.
  ///
  /// - Parameters:
  ///   - from: the first depth block of this position; `depthStride` to the next.
  ///   - weights: `[block][depth][16][16]` (of bf16 `[8 pairs][16]`), the blocks `weightsBlockStride` apart.
  func multiply(
    tiles: Int, from: UnsafePointer<Float>, depth: Int, depthStride: Int, weights: UnsafePointer<Float>,
    weightsBlockStride: Int, to: UnsafeMutablePointer<Float>, blockStride: Int, blocks: Int, accumulate: Bool,
    _ device: Device
  ) {
    let size = device.kernels.tile.groupPixels
    let sourceStep = channelBlock / winograd.tilesOfStore
    var tile = MultiplyTile(source: from, weights: weights, destination: to)
    tile.sourcePixelStride = sourceStep
    tile.outerCount = depth
    tile.outerStride = depthStride
    tile.length = sourceStep
    tile.weightsBlockStride = weightsBlockStride
    tile.destinationPixelStride = channelBlock
    tile.destinationBlockStride = blockStride
    tile.accumulate = accumulate
    // The last group may reach beyond the tiles, into room that is there for it; what it makes there isn't read.
    let groupCount = (tiles + size - 1) / size
    var g = 0
    while g < groupCount {
      let groups = device.blocking.groups(ofRest: groupCount - g)
      tile.source = .init { from + (g + $0) * size * sourceStep }
      tile.destination = .init { to + (g + $0) * size * channelBlock }
      kernels.multiplyTile(&tile, groups, blocks)
      g += groups
    }
  }

  /// Products of `tiles`, the first tiles of `from`'s block `place`, to the results of the destination's block `block`.
  func transformProducts(
    _ from: Transformed, place: Int, block: Int, tiles: Range<Int>, _ device: Device
  ) {
    let grid = winograd.grid
    func tile(_ first: Int, _ count: Int, step: Int = 1) -> TransformTile {
      var tile = TransformTile(
        source: from.block(place, tile: first - tiles.lowerBound),
        destination: destination.tile(first, of: block, grid))
      tile.sourceRowStride = winograd.method.columns.side * from.positionStride
      tile.sourceColumnStride = from.positionStride
      tile.sourceStep = step * channelBlock
      tile.destinationRowStride = destination.walk.rowStride
      tile.destinationColumnStride = destination.walk.pixelStride
      tile.destinationStep = step * destination.walk.tileStep(grid)
      tile.count = count
      tile.slope = slope
      if let gate {
        tile.gate = UnsafePointer(gate.tile(first, of: block, grid))
        tile.gateRowStride = gate.walk.rowStride
        tile.gateColumnStride = gate.walk.pixelStride
        tile.gateStep = step * gate.walk.tileStep(grid)
        tile.gateSlope = gateSlope
      }
      return tile
    }
    // The patches of a plane reach a pixel beyond it: those of phase 0 in a direction before its beginning, those of
    // phase 1 behind its end. The ones are walked backwards, so that the last of a patch is what is left to the next,
    // or outside.
    let part = block % destination.parts
    var overlap = PatchOverlap()
    overlap.rowsAscend = part / 2 == 1
    overlap.columnsAscend = part % 2 == 1
    if destinationTransform == .output || grid.tiles == 1 {
      winograd.forEachRun(of: tiles) { first, count in
        var tile = tile(first, count)
        tile.overlap = overlap
        kernels.transformTile(&tile, destinationTransform, winograd.method)
      }
      return
    }
    overlap.areNeighbours = true
    let last = grid.columns - 1
    for picture in tiles.lowerBound / grid.tiles..<tiles.upperBound / grid.tiles {
      for turn in 0..<grid.rows {
        let row = overlap.rowsAscend ? turn : grid.rows - 1 - turn
        let first = picture * grid.tiles + row * grid.columns + (overlap.columnsAscend ? 0 : last)
        var tile = tile(first, grid.columns, step: overlap.columnsAscend ? 1 : -1)
        overlap.hasRowBefore = turn > 0
        overlap.hasRowAfter = turn + 1 < grid.rows
        tile.overlap = overlap
        kernels.transformTile(&tile, .patch, winograd.method)
      }
    }
  }

  // MARK: - Weights ready

  /// Results of the tiles `tiles` and of the destination's blocks `blocks`.
  ///
  /// - Parameters:
  ///   - weights: `[position][destination block][depth][16][16]`, the positions `winograd.weightsPositionStride` apart.
  ///   - scratch: `blockScratchCount` Floats of this worker's.
  func run(
    tiles: Range<Int>, blocks range: Range<Int>, weights: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    _ device: Device
  ) {
    let blocking = device.blocking
    let from = winograd.transformed(scratch, .operand, blocks: depth, tiles: tiles.count)
    let products = winograd.transformed(
      scratch + winograd.positions * from.positionStride, .product, blocks: range.count, tiles: tiles.count)
    for block in 0..<source.blocks {
      transformSource(block: block, place: block * source.parts, tiles: tiles, to: from, device)
    }
    let panel = depth * winograd.weightsArea
    for position in 0..<winograd.positions {
      var block = range.lowerBound
      while block < range.upperBound {
        let blocks = min(blocking.tile.blocks, range.upperBound - block)
        multiply(
          tiles: tiles.count, from: from.start + position * from.positionStride, depth: depth,
          depthStride: from.blockStride, weights: weights + position * winograd.weightsPositionStride + block * panel,
          weightsBlockStride: panel,
          to: products.block(block - range.lowerBound) + position * products.positionStride,
          blockStride: products.blockStride, blocks: blocks, accumulate: false, device)
        block += blocks
      }
    }
    for block in range {
      transformProducts(products, place: block - range.lowerBound, block: block, tiles: tiles, device)
    }
  }

  func blockScratchCount(tiles: Int) -> Int {
    winograd.transformedCount(.operand, blocks: depth, tiles: tiles)
      + winograd.transformedCount(.product, blocks: destination.width, tiles: tiles)
  }

  // MARK: - Weights on the way

  /// Results of the tiles `tiles` and the destination's blocks of channel tile `channelTile`.
  ///
  /// - Parameters:
  ///   - depthOfChunk: blocks and parts of the source of a chunk of the sum; whole blocks.
  ///   - from: all of the tiles' transformed source.
  ///   - transformWeights: puts the transformed weights of a source block and a block of the destination,
  ///     `[part][16][16]` at each position, to a place.
  ///   - scratch: `chunkScratchCount` Floats of this worker's.
  func run(
    channelTile: Int, tiles: Range<Int>, depthOfChunk: Int, from: Transformed, scratch: UnsafeMutablePointer<Float>,
    _ device: Device,
    transformWeights: (
      _ sourceBlock: Int, _ block: Int, _ to: UnsafeMutablePointer<Float>, _ positionStride: Int
    ) -> Void
  ) {
    let blocking = device.blocking
    let firstBlock = channelTile * blocking.tile.blocks
    let blocks = min(blocking.tile.blocks, destination.width - firstBlock)
    let products = winograd.transformed(scratch, .product, blocks: blocks, tiles: tiles.count)
    let weights = scratch + winograd.positions * products.positionStride
    let parts = source.parts
    let chunk = depthOfChunk / parts
    let panel = chunk * parts * winograd.weightsArea
    let positionStride = blocks * panel + channelBlock

    var first = 0
    while first < source.blocks {
      let count = min(chunk, source.blocks - first)
      for n in 0..<blocks {
        for b in 0..<count {
          transformWeights(
            first + b, firstBlock + n, weights + n * panel + b * parts * winograd.weightsArea, positionStride)
        }
      }
      for position in 0..<winograd.positions {
        multiply(
          tiles: tiles.count, from: from.block(first * parts) + position * from.positionStride, depth: count * parts,
          depthStride: from.blockStride, weights: weights + position * positionStride, weightsBlockStride: panel,
          to: products.start + position * products.positionStride, blockStride: products.blockStride, blocks: blocks,
          accumulate: first > 0, device)
      }
      first += count
    }
    for n in 0..<blocks {
      transformProducts(products, place: n, block: firstBlock + n, tiles: tiles, device)
    }
  }
}
