// backwardWeights of fast convolution: products of transformed source and transformed gradient, summed over all tiles
// of the batch in the transform domain, and one inverse transform at the end.
//
// The loops, from the outside in:
//
//   pictures    a part of the batch whose transformed gradient the scratchpad holds
//   all         gradient -> transformed
//   workers     groups of source blocks and phases: every sum belongs to one worker, so its order is fixed
//   tiles       source -> transformed
//   positions   then channels: a position's source stays in the cache (of few tiles: channels, then positions; all of
//   the source does) channels    a tile of 1 or 2 gradient blocks tiles       a block that stays in the first-level
//   cache rows        register tiles of source channels                     -> micro-kernel over the block's tiles
//   weights     sums -> the kernel's gradient, after the last tile

import Kernels

struct WinogradBackwardWeights {
  let winograd: Winograd
  /// Its source alone counts.
  var source: WinogradProduct
  /// The walk over the gradient's planes, from pixel (0, 0).
  var gradient: TiledProduct.Walk

  private var gradientBlocks: Int { winograd.convolution.outputBlocks }
  private var partsOfItem: Int { winograd.partsOfItem }

  /// Tiles of a call of the micro-kernel: 64 lines of source and 128 of gradient, 12 KiB.
  static let tilesOfBlock = 64

  func run(
    batch: Int, picturesAtATime: Int, weights: UnsafeMutablePointer<Float>, accumulate: Bool,
    scratch: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    let perPicture = winograd.tilesPerSide * winograd.tilesPerSide
    let layout = Scratch(winograd, picturesAtATime: picturesAtATime, batch: batch)
    var first = 0
    while first < batch {
      let next = min(batch, first + picturesAtATime)
      let tiles = first * perPicture..<next * perPicture
      let transformed = Transformed(scratch, blocks: gradientBlocks, tiles: tiles.count)
      transformGradient(tiles: tiles, to: transformed, processor)
      processor.parallel(layout.items) { items, worker in
        for item in items {
          sum(
            item: item, tiles: tiles, gradient: transformed,
            sums: scratch + layout.sums(worker: worker, item: item), keepsAll: layout.keepsAll,
            source: scratch + layout.source(worker: worker), weights: weights, isFirst: first == 0,
            isLast: next == batch, accumulate: accumulate, processor)
        }
      }
      first = next
    }
  }

  /// Floats of scratch, and where its parts are: the transformed gradient, the sums, the workers' transformed source.
  struct Scratch {
    let gradientCount: Int
    let sumsCount: Int
    let sourceCount: Int
    /// Sums of all items outlive a part of the batch; else those of a worker's channel tile or item do.
    let isShared: Bool
    /// An item's sums of all gradient blocks are kept, not of one channel tile alone.
    let keepsAll: Bool
    let items: Int

    init(_ w: Winograd, picturesAtATime: Int, batch: Int) {
      let gradientBlocks = w.convolution.outputBlocks
      let tiles = w.tiles(batch: min(batch, picturesAtATime))
      gradientCount = Transformed.count(positions: w.positions, blocks: gradientBlocks, tiles: tiles)
      isShared = picturesAtATime < batch
      keepsAll = isShared || tiles > WinogradBackwardWeights.tilesOfBlock
      let blocks = keepsAll ? gradientBlocks : min(2, gradientBlocks)
      sumsCount = w.positions * (w.partsOfItem * blocks * channelBlock + 1) * channelBlock
      sourceCount = Transformed.count(positions: w.positions, blocks: w.partsOfItem, tiles: tiles)
      items = w.convolution.inputBlocks * w.phases / w.partsOfItem
    }

    func sums(worker: Int, item: Int) -> Int {
      isShared ? gradientCount + item * sumsCount : gradientCount + worker * (sumsCount + sourceCount)
    }
    func source(worker: Int) -> Int {
      isShared
        ? gradientCount + items * sumsCount + worker * sourceCount
        : gradientCount + worker * (sumsCount + sourceCount) + sumsCount
    }
    func count(threads: Int) -> Int { source(worker: threads) }
  }

  // MARK: - Stages

  private func transformGradient(tiles: Range<Int>, to: Transformed, _ processor: Processor) {
    let perSide = winograd.tilesPerSide
    // Rows of tiles (of planes with one tile: pictures), so that a plane is read once.
    let run = perSide == 1 ? min(tiles.count, 8) : perSide
    let runs = (tiles.count + run - 1) / run
    processor.parallel(gradientBlocks * runs) { items in
      for item in items {
        let block = item / runs
        let first = item % runs * run
        var tile = TransformTile(
          source: gradient.tile(tiles.lowerBound + first, perSide: perSide) + block * gradient.blockStride,
          destination: to.block(block, tile: first))
        tile.sourceRowStride = gradient.rowStride
        tile.sourceColumnStride = gradient.pixelStride
        tile.sourceStep = gradient.tileStep(perSide: perSide)
        tile.destinationRowStride = winograd.side * to.positionStride
        tile.destinationColumnStride = to.positionStride
        tile.destinationStep = channelBlock
        tile.count = min(run, tiles.count - first)
        processor.kernels.transform(&tile, .gradient, winograd.taps)
      }
    }
  }

  /// The item's sums over `tiles`, and, after the last of the batch, its weights' gradient.
  private func sum(
    item: Int, tiles: Range<Int>, gradient: Transformed, sums: UnsafeMutablePointer<Float>, keepsAll: Bool,
    source scratch: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>, isFirst: Bool, isLast: Bool,
    accumulate: Bool, _ processor: Processor
  ) {
    let blocking = processor.blocking
    let area = channelBlock * channelBlock
    let (block, firstPart) = (item * partsOfItem / winograd.phases, item * partsOfItem % winograd.phases)
    var mine = source
    mine.source.parts = partsOfItem
    mine.source.walk.start += firstPart / 2 * source.source.phaseRowStride

    let from = Transformed(scratch, blocks: partsOfItem, tiles: tiles.count)
    mine.transformSource(block: block, place: 0, tiles: tiles, to: from, processor)

    // [position][gradient block][part][16][16]
    let kept = keepsAll ? gradientBlocks : min(blocking.tile.blocks, gradientBlocks)
    let positionStride = kept * partsOfItem * area + channelBlock
    func place(_ gradientBlock: Int) -> UnsafeMutablePointer<Float> {
      sums + (keepsAll ? gradientBlock * partsOfItem * area : 0)
    }
    func add(position: Int, gradientBlock: Int) {
      let blocks = min(blocking.tile.blocks, gradientBlocks - gradientBlock)
      var first = 0
      while first < tiles.count {
        let count = min(Self.tilesOfBlock, tiles.count - first)
        for part in 0..<partsOfItem {
          var tile = WeightsTile(
            source: from.block(part, tile: first) + position * from.positionStride,
            gradient: gradient.block(gradientBlock, tile: first) + position * gradient.positionStride,
            diffWeights: place(gradientBlock) + position * positionStride + part * area)
          tile.sourceStep = channelBlock
          tile.gradientStep = channelBlock
          tile.gradientBlockStride = gradient.blockStride
          tile.length = count
          tile.diffWeightsBlockStride = partsOfItem * area
          tile.accumulate = !isFirst || first > 0
          var rest = channelBlock
          while rest > 0 {
            let rows = blocking.rows(ofRest: rest)
            processor.kernels.weights(&tile, rows, blocks)
            tile.source += rows
            tile.diffWeights += rows * channelBlock
            rest -= rows
          }
        }
        first += count
      }
    }
    func finish(_ gradientBlock: Int) {
      for n in 0..<min(blocking.tile.blocks, gradientBlocks - gradientBlock) {
        for part in 0..<partsOfItem {
          invert(
            place(gradientBlock) + (n * partsOfItem + part) * area, positionStride: positionStride, sourceBlock: block,
            gradientBlock: gradientBlock + n, phase: firstPart + part, to: weights, accumulate: accumulate, processor)
        }
      }
    }
    let channelTiles = stride(from: 0, to: gradientBlocks, by: blocking.tile.blocks)
    if keepsAll {
      for position in 0..<winograd.positions {
        for gradientBlock in channelTiles { add(position: position, gradientBlock: gradientBlock) }
      }
      if isLast { for gradientBlock in channelTiles { finish(gradientBlock) } }
    } else {
      for gradientBlock in channelTiles {
        for position in 0..<winograd.positions { add(position: position, gradientBlock: gradientBlock) }
        finish(gradientBlock)
      }
    }
  }

  /// Sums [16][16] at each position to the gradient of the kernel's taps of one phase.
  private func invert(
    _ sums: UnsafePointer<Float>, positionStride: Int, sourceBlock: Int, gradientBlock: Int, phase: Int,
    to weights: UnsafeMutablePointer<Float>, accumulate: Bool, _ processor: Processor
  ) {
    let c = winograd.convolution
    let area = channelBlock * channelBlock
    var tile = TransformTile(
      source: sums,
      destination: weights + c.weightOffset(gradientBlock * 16, sourceBlock * 16, phase / c.stride, phase % c.stride))
    tile.sourceRowStride = winograd.side * positionStride
    tile.sourceColumnStride = positionStride
    tile.sourceStep = channelBlock
    tile.destinationRowStride = c.stride * c.kernel * area
    tile.destinationColumnStride = c.stride * area
    tile.destinationStep = channelBlock
    tile.count = channelBlock
    tile.accumulate = accumulate
    processor.kernels.transform(&tile, .diffWeights, winograd.taps)
  }
}

extension Winograd {
  /// Phases of the source that an item of backwardWeights takes: two of a row, so that it reads a gradient once for
  /// both.
  fileprivate var partsOfItem: Int { phases == 4 ? 2 : 1 }
}
