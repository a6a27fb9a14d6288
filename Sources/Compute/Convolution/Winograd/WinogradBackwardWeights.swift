// backwardWeights of fast convolution. Both operands are transformed, their products are summed in the transform domain
// over all tiles of the batch, and one inverse transform at the end makes the kernel's gradient of the sums.
//
//     the gradient                            an item of the source
//     [position][gradient block][tile][16]    [position][part][tile][16]
//                    \                         /
//           the item's sums over the tiles, in their order
//           [position][gradient block][part][16][16]
//                            |
//           the kernel's gradient at the item's taps
//
// Of bf16 two neighbouring tiles make a term: `[pair of tiles]` in the place of `[tile]`.
//
// An item is a source block with one phase, or with two phases of a row. It is one worker's from beginning to end, so
// the order of its sums is fixed. The loops, from the outside in:
//
//     pictures              a part of the batch, whose transformed gradient the scratchpad holds
//       gradient            transformed, by all workers
//       items               taken by the workers
//         source            transformed
//         positions         these two loops are exchanged where there are few tiles (`keepsAll`)
//           channels        a tile of gradient blocks
//             tiles         a block of them, which stays in the first-level cache
//               rows        register tiles of source channels        -> micro-kernel over the block's tiles
//         inverse           after the last part of the batch

import Kernels

struct WinogradBackwardWeights {
  let winograd: Winograd
  /// Its source alone counts.
  let source: WinogradProduct
  /// The walk over the gradient's planes, from pixel (0, 0).
  let gradient: TiledProduct.Walk

  private var gradientBlocks: Int { winograd.convolution.outputBlocks }

  func run(
    batch: Int, weights: UnsafeMutablePointer<Float>, accumulate: Bool, scratch: UnsafeMutablePointer<Float>,
    on device: Device
  ) {
    let perPicture = winograd.grid.tiles
    let layout = Scratch(winograd, batch: batch)
    var first = 0
    while first < batch {
      let next = min(batch, first + layout.picturesAtATime)
      let tiles = first * perPicture..<next * perPicture
      let transformed = winograd.transformed(scratch, .operand, blocks: gradientBlocks, tiles: tiles.count)
      transformGradient(tiles: tiles, to: transformed, device)
      device.parallel(layout.items) { items, worker in
        for index in items {
          let item = item(
            index, tiles: tiles, gradient: transformed, source: scratch + layout.source(worker: worker),
            sums: scratch + layout.sums(worker: worker, item: index), keepsAll: layout.keepsAll, isFirst: first == 0,
            device)
          item.sum(isLast: next == batch, to: weights, accumulate: accumulate)
        }
      }
      first = next
    }
  }

  // MARK: - Scratch

  /// Floats of scratch, and where its parts are: the transformed gradient, the sums, the workers' transformed source.
  struct Scratch {
    let picturesAtATime: Int
    let gradientCount: Int
    let sumsCount: Int
    let sourceCount: Int
    /// Sums of all items outlive a part of the batch; else those of a worker's item do.
    let isShared: Bool
    /// An item's sums of all gradient blocks are kept: each position's source is read once for all of them, while it is
    /// in the cache. Of few tiles the cache holds the source of all positions. Then an item goes through the positions
    /// once for each tile of gradient blocks, and keeps the sums of that tile alone.
    let keepsAll: Bool
    let items: Int

    init(_ w: Winograd, batch: Int) {
      let gradientBlocks = w.convolution.outputBlocks
      let cellsOfPicture = w.transformedCount(.operand, blocks: gradientBlocks, tiles: w.grid.tiles)
      picturesAtATime = max(1, w.blocking.gradientBytes / (cellsOfPicture * Precision.float32.bytes))
      let tiles = w.tiles(batch: min(batch, picturesAtATime))
      gradientCount = w.transformedCount(.operand, blocks: gradientBlocks, tiles: tiles)
      isShared = picturesAtATime < batch
      keepsAll = isShared || tiles > w.blocking.tilesOfSum
      let blocks = keepsAll ? gradientBlocks : min(w.blocking.tile.weightsBlocks, gradientBlocks)
      sumsCount = w.positions * w.sumsPositionStride(blocks: blocks)
      sourceCount = w.transformedCount(.operand, blocks: w.partsOfItem, tiles: tiles)
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

  // MARK: - Transforms

  /// Pictures of an item where each has one tile.
  private static let picturesOfRun = 8

  private func transformGradient(tiles: Range<Int>, to: Transformed, _ device: Device) {
    let grid = winograd.grid
    // Rows of tiles (of planes with one tile: pictures), so that a plane is read once.
    let run = grid.tiles == 1 ? min(tiles.count, Self.picturesOfRun) : grid.columns
    let runs = (tiles.count + run - 1) / run
    device.parallel(gradientBlocks * runs) { items in
      for item in items {
        let block = item / runs
        let first = item % runs * run
        var tile = TransformTile(
          source: gradient.tile(tiles.lowerBound + first, grid) + block * gradient.blockStride,
          destination: to.block(block, tile: first))
        tile.sourceRowStride = gradient.rowStride
        tile.sourceColumnStride = gradient.pixelStride
        tile.sourceStep = gradient.tileStep(grid)
        tile.destinationRowStride = winograd.method.columns.side * to.positionStride
        tile.destinationColumnStride = to.positionStride
        tile.destinationStep = channelBlock
        tile.pairs = .tiles
        tile.count = min(run, tiles.count - first)
        source.kernels.transformTile(&tile, .gradient, winograd.method)
      }
    }
  }

  /// Item `index` with its source transformed.
  private func item(
    _ index: Int, tiles: Range<Int>, gradient: Transformed, source scratch: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>, keepsAll: Bool, isFirst: Bool, _ device: Device
  ) -> Item {
    let parts = winograd.partsOfItem
    let (block, firstPart) = (index * parts / winograd.phases, index * parts % winograd.phases)
    var mine = source
    mine.source.parts = parts
    mine.sourcePairs = .tiles
    mine.source.walk.start += firstPart / 2 * source.source.phaseRowStride
    let transformed = winograd.transformed(scratch, .operand, blocks: parts, tiles: tiles.count)
    mine.transformSource(block: block, place: 0, tiles: tiles, to: transformed, device)
    return Item(
      winograd: winograd, kernels: source.kernels, block: block, firstPart: firstPart, source: transformed,
      gradient: gradient, tiles: tiles.count, sums: sums, keepsAll: keepsAll, isFirst: isFirst, device: device)
  }
}

// MARK: - One item's sums

extension WinogradBackwardWeights {
  fileprivate struct Item {
    let winograd: Winograd
    let kernels: WinogradProduct.Kernels
    /// Of the source, and the first of its phases.
    let block: Int
    let firstPart: Int
    let source: Transformed
    let gradient: Transformed
    let tiles: Int
    /// `[position][gradient block][part][16][16]`: of all gradient blocks where `keepsAll`, else of one tile of them.
    let sums: UnsafeMutablePointer<Float>
    let keepsAll: Bool
    /// The first part of the batch: sums begin at zero.
    let isFirst: Bool
    let device: Device

    private var parts: Int { winograd.partsOfItem }
    private var area: Int { channelBlock * channelBlock }
    private var gradientBlocks: Int { winograd.convolution.outputBlocks }
    private var tile: RegisterTile { winograd.blocking.tile }
    private var positionStride: Int {
      winograd.sumsPositionStride(blocks: keepsAll ? gradientBlocks : min(tile.weightsBlocks, gradientBlocks))
    }

    /// The sums over the tiles, and, where these are the last of the batch, the gradient of the item's weights.
    func sum(isLast: Bool, to weights: UnsafeMutablePointer<Float>, accumulate: Bool) {
      let gradientTiles = device.blocking.gradientTiles(gradientBlocks)
      if keepsAll {
        for position in 0..<winograd.positions {
          for gradientTile in 0..<gradientTiles { add(position: position, gradientTile: gradientTile) }
        }
        if !isLast { return }
        for gradientTile in 0..<gradientTiles { invert(gradientTile, to: weights, accumulate: accumulate) }
      } else {
        for gradientTile in 0..<gradientTiles {
          for position in 0..<winograd.positions { add(position: position, gradientTile: gradientTile) }
          invert(gradientTile, to: weights, accumulate: accumulate)
        }
      }
    }

    /// Gradient blocks of a tile.
    private func blocks(_ gradientTile: Int) -> Range<Int> {
      let first = gradientTile * tile.weightsBlocks
      return first..<min(gradientBlocks, first + tile.weightsBlocks)
    }

    private func place(_ gradientTile: Int) -> UnsafeMutablePointer<Float> {
      sums + (keepsAll ? gradientTile * tile.weightsBlocks * parts * area : 0)
    }

    /// The products of all tiles at one position, added to the sums of a tile of gradient blocks.
    private func add(position: Int, gradientTile: Int) {
      let most = winograd.blocking.tilesOfSum
      var first = 0
      while first < tiles {
        let count = min(most, tiles - first)
        for part in 0..<parts {
          add(position: position, gradientTile: gradientTile, part: part, tiles: first..<first + count)
        }
        first += count
      }
    }

    private func add(position: Int, gradientTile: Int, part: Int, tiles: Range<Int>) {
      let blocks = blocks(gradientTile)
      let first = tiles.lowerBound
      var tile = WeightsTile(
        source: source.block(part, tile: first) + position * source.positionStride,
        gradient: gradient.block(blocks.lowerBound, tile: first) + position * gradient.positionStride,
        diffWeights: place(gradientTile) + position * positionStride + part * area)
      tile.sourceStep = channelBlock
      tile.gradientStep = channelBlock
      tile.gradientBlockStride = gradient.blockStride
      tile.length = tiles.count / winograd.tilesOfStore
      tile.diffWeightsBlockStride = parts * area
      tile.accumulate = !isFirst || first > 0
      var rest = channelBlock
      while rest > 0 {
        let rows = device.blocking.rows(ofRest: rest)
        kernels.weightsTile(&tile, rows, blocks.count)
        tile.source += rows
        tile.diffWeights += rows * channelBlock
        rest -= rows
      }
    }

    /// The sums of a tile of gradient blocks to the gradient of the kernel's taps.
    private func invert(_ gradientTile: Int, to weights: UnsafeMutablePointer<Float>, accumulate: Bool) {
      for (n, gradientBlock) in blocks(gradientTile).enumerated() {
        for part in 0..<parts {
          invert(
            place(gradientTile) + (n * parts + part) * area, gradientBlock: gradientBlock, phase: firstPart + part,
            to: weights, accumulate: accumulate)
        }
      }
    }

    /// Sums [16][16] at each position to the gradient of the kernel's taps of one phase.
    private func invert(
      _ sums: UnsafePointer<Float>, gradientBlock: Int, phase: Int, to weights: UnsafeMutablePointer<Float>,
      accumulate: Bool
    ) {
      let c = winograd.convolution
      let place = c.weightOffset(gradientBlock * 16, block * 16, phase / c.stride, phase % c.stride)
      var tile = TransformTile(source: sums, destination: weights + place)
      tile.sourceRowStride = winograd.method.columns.side * positionStride
      tile.sourceColumnStride = positionStride
      tile.sourceStep = channelBlock
      tile.destinationRowStride = c.stride * c.kernel * area
      tile.destinationColumnStride = c.stride * area
      tile.destinationStep = channelBlock
      tile.count = channelBlock
      tile.accumulate = accumulate
      kernels.transformTile(&tile, .diffWeights, winograd.method)
    }
  }
}

extension Winograd {
  /// Phases of the source that an item of backwardWeights takes: two of a row, so that it reads a gradient once for
  /// both.
  fileprivate var partsOfItem: Int { phases == 4 ? 2 : 1 }

  /// From one position of an item's sums to the next: a line more than they are, as everywhere.
  fileprivate func sumsPositionStride(blocks: Int) -> Int {
    (blocks * partsOfItem * channelBlock + 1) * channelBlock
  }
}
