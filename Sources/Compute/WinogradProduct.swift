// forward and backwardData of fast convolution: input transform, one product of matrices for each position, output transform.
//
// Two orders of the loops, chosen by the size of the transformed weights (Blocking.swift):
//
//   weights ready                                        weights on the way (they would fill memory)
//   workers     blocks of tiles                          all          source -> transformed, once
//   tiles       source -> transformed, in the cache      workers      tiles of 1 or 2 output blocks
//   positions                                            depth        a chunk of the sum: weights -> transformed, in the cache
//   channels    a tile of 1 or 2 output blocks           positions
//   pixels      register tiles   -> micro-kernel         pixels       register tiles   -> micro-kernel
//   tiles       products -> results                      tiles        products -> results

import CProcessor
import Kernels

struct WinogradProduct {
  let winograd: Winograd
  /// From pixel to pixel of a patch; the walk begins at the patch of tile 0.
  var source: TiledProduct.Walk
  var sourceBlocks: Int
  /// The phases of the source that a result sums over: 4 in the forward pass of stride 2, else 1. Phase p begins
  /// `p/2*phaseRowStride + p%2*phasePixelStride` after the walk.
  var parts: Int
  var phaseRowStride = 0
  var phasePixelStride = 0

  var destination: TiledProduct.Walk
  var outputBlocks: Int
  var slope: Float = 1
  var gate: TiledProduct.Walk?
  var gateSlope: Float = 1

  /// Blocks of 16 that are summed over: `[source block][part]`.
  var depth: Int { sourceBlocks * parts }

  // MARK: - Stages

  /// Patches of `tiles` of source block `block`, transformed, to the first tiles of `to`'s blocks from `place` on.
  func transformSource(block: Int, place: Int, tiles: Range<Int>, to: Transformed, _ processor: Processor) {
    let perSide = winograd.tilesPerSide
    winograd.forEachRun(of: tiles) { first, count in
      let patch = source.tile(first, perSide: perSide) + block * source.blockStride
      touch(patch, tiles: count)
      for part in 0..<parts {
        var tile = TransformTile(
          source: patch + part / 2 * phaseRowStride + part % 2 * phasePixelStride,
          destination: to.block(place + part, tile: first - tiles.lowerBound))
        tile.sourceRowStride = source.rowStride
        tile.sourceColumnStride = source.pixelStride
        tile.sourceStep = source.tileStep(perSide: perSide)
        tile.destinationRowStride = winograd.side * to.positionStride
        tile.destinationColumnStride = to.positionStride
        tile.destinationStep = channelBlock
        tile.count = count
        processor.kernels.transform(&tile, .input, winograd.taps)
      }
    }
  }

  /// Asks for all lines of a run's patches in the order in which they lie in memory. The transform reads them by phases and columns, too
  /// far apart for the processor to see what comes next.
  private func touch(_ patch: UnsafePointer<Float>, tiles count: Int) {
    let perSide = winograd.tilesPerSide
    let (phaseRows, phaseColumns) = parts == 4 ? (2, 2) : (1, 1)
    let runs = perSide == 1 ? count : 1
    let columns = perSide == 1 ? winograd.side : winograd.side + Winograd.tile * (count - 1)
    let lines = (columns - 1) * source.pixelStride / channelBlock + phaseColumns
    for run in 0..<runs {
      for row in 0..<winograd.side {
        for phase in 0..<phaseRows {
          let start = patch + run * source.pictureStride + row * source.rowStride + phase * phaseRowStride
          for line in 0..<lines { cprocessor_prefetch(start + line * channelBlock) }
        }
      }
    }
  }

  /// For position `position`: products(tile, block) (+)= Σ_depth source(tile, depth) * weights(depth, block), for `tiles` tiles and
  /// 1 or 2 neighbouring blocks.
  ///
  /// - Parameters:
  ///   - from: the first depth block of this position; `depthStride` to the next.
  ///   - weights: `[block][depth][16][16]`, the blocks `weightsBlockStride` apart.
  func multiply(
    tiles: Int, from: UnsafePointer<Float>, depth: Int, depthStride: Int, weights: UnsafePointer<Float>,
    weightsBlockStride: Int, to: UnsafeMutablePointer<Float>, blockStride: Int, blocks: Int, accumulate: Bool,
    _ processor: Processor
  ) {
    let size = processor.kernels.tile.groupPixels
    var tile = MultiplyTile(source: from, weights: weights, destination: to)
    tile.sourcePixelStride = channelBlock
    tile.outerCount = depth
    tile.outerStride = depthStride
    tile.length = channelBlock
    tile.weightsBlockStride = weightsBlockStride
    tile.destinationPixelStride = channelBlock
    tile.destinationBlockStride = blockStride
    tile.accumulate = accumulate
    let step = size * channelBlock
    // The last group may reach beyond the tiles, into room that is there for it; what it makes there isn't read.
    let groupCount = (tiles + size - 1) / size
    var g = 0
    while g < groupCount {
      let groups = processor.blocking.groups(ofRest: groupCount - g)
      tile.source0 = from + g * step
      tile.source1 = from + (g + 1) * step
      tile.source2 = from + (g + 2) * step
      tile.destination0 = to + g * step
      tile.destination1 = to + (g + 1) * step
      tile.destination2 = to + (g + 2) * step
      processor.kernels.multiply(&tile, groups, blocks)
      g += groups
    }
  }

  /// Products of `tiles`, the first tiles of `from`'s block `place`, to the results of output block `block`.
  func transformProducts(
    _ from: Transformed, place: Int, block: Int, tiles: Range<Int>, _ processor: Processor
  ) {
    let perSide = winograd.tilesPerSide
    winograd.forEachRun(of: tiles) { first, count in
      var tile = TransformTile(
        source: from.block(place, tile: first - tiles.lowerBound),
        destination: destination.tile(first, perSide: perSide) + block * destination.blockStride)
      tile.sourceRowStride = winograd.side * from.positionStride
      tile.sourceColumnStride = from.positionStride
      tile.sourceStep = channelBlock
      tile.destinationRowStride = destination.rowStride
      tile.destinationColumnStride = destination.pixelStride
      tile.destinationStep = destination.tileStep(perSide: perSide)
      tile.count = count
      tile.slope = slope
      if let gate {
        tile.gate = UnsafePointer(gate.tile(first, perSide: perSide) + block * gate.blockStride)
        tile.gateRowStride = gate.rowStride
        tile.gateColumnStride = gate.pixelStride
        tile.gateStep = gate.tileStep(perSide: perSide)
        tile.gateSlope = gateSlope
      }
      processor.kernels.transform(&tile, .output, winograd.taps)
    }
  }

  // MARK: - Weights ready

  /// Results of the tiles `tiles`.
  ///
  /// - Parameters:
  ///   - weights: `[position][output block][depth][16][16]`.
  ///   - scratch: `blockScratchCount` Floats of this worker's.
  func run(
    tiles: Range<Int>, weights: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>, _ processor: Processor
  ) {
    let blocking = processor.blocking
    let from = Transformed(scratch, blocks: depth, tiles: tiles.count)
    let products = Transformed(
      scratch + winograd.positions * from.positionStride, blocks: outputBlocks, tiles: tiles.count)
    for block in 0..<sourceBlocks {
      transformSource(block: block, place: block * parts, tiles: tiles, to: from, processor)
    }
    let panel = depth * channelBlock * channelBlock
    for position in 0..<winograd.positions {
      var block = 0
      while block < outputBlocks {
        let blocks = min(blocking.tile.blocks, outputBlocks - block)
        multiply(
          tiles: tiles.count, from: from.start + position * from.positionStride, depth: depth,
          depthStride: from.blockStride, weights: weights + (position * outputBlocks + block) * panel,
          weightsBlockStride: panel, to: products.block(block) + position * products.positionStride,
          blockStride: products.blockStride, blocks: blocks, accumulate: false, processor)
        block += blocks
      }
    }
    for block in 0..<outputBlocks {
      transformProducts(products, place: block, block: block, tiles: tiles, processor)
    }
  }

  func blockScratchCount(tiles: Int) -> Int {
    Transformed.count(positions: winograd.positions, blocks: depth, tiles: tiles)
      + Transformed.count(positions: winograd.positions, blocks: outputBlocks, tiles: tiles)
  }

  // MARK: - Weights on the way

  /// Results of the tiles `tiles` and the output blocks of channel tile `channelTile`.
  ///
  /// - Parameters:
  ///   - from: all of the tiles' transformed source.
  ///   - transformWeights: puts the transformed weights of a source block and an output block, `[part][16][16]` at each position, to a place.
  ///   - scratch: `chunkScratchCount` Floats of this worker's.
  func run(
    channelTile: Int, tiles: Range<Int>, from: Transformed, scratch: UnsafeMutablePointer<Float>,
    _ processor: Processor,
    transformWeights: (
      _ sourceBlock: Int, _ outputBlock: Int, _ to: UnsafeMutablePointer<Float>, _ positionStride: Int
    ) -> Void
  ) {
    let blocking = processor.blocking
    let firstBlock = channelTile * blocking.tile.blocks
    let blocks = min(blocking.tile.blocks, outputBlocks - firstBlock)
    let products = Transformed(scratch, blocks: blocks, tiles: tiles.count)
    let weights = scratch + winograd.positions * products.positionStride
    let chunk = Blocking.winogradDepth / parts
    let panel = chunk * parts * channelBlock * channelBlock
    let positionStride = blocks * panel + channelBlock

    var first = 0
    while first < sourceBlocks {
      let count = min(chunk, sourceBlocks - first)
      for n in 0..<blocks {
        for b in 0..<count {
          transformWeights(
            first + b, firstBlock + n, weights + n * panel + b * parts * channelBlock * channelBlock, positionStride)
        }
      }
      for position in 0..<winograd.positions {
        multiply(
          tiles: tiles.count, from: from.block(first * parts) + position * from.positionStride, depth: count * parts,
          depthStride: from.blockStride, weights: weights + position * positionStride, weightsBlockStride: panel,
          to: products.start + position * products.positionStride, blockStride: products.blockStride, blocks: blocks,
          accumulate: first > 0, processor)
      }
      first += count
    }
    for n in 0..<blocks {
      transformProducts(products, place: n, block: firstBlock + n, tiles: tiles, processor)
    }
  }
}
