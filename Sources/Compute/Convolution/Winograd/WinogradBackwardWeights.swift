// backwardWeights of fast convolution. Both operands are transformed, their products are summed in the transform domain
// over all tiles of the batch, and an inverse transform at the end makes the kernel's gradient of the sums.
//
//     the gradient                            the source
//     [position][gradient block][tile][16]    [position][block][phase][tile][16]
//                    \                         /
//           the sums over the tiles, in their order
//           [position][block][gradient block][phase][16][16]
//                            |
//           the kernel's gradient at its taps
//
// Of bf16 two neighbouring tiles make a term: `[pair of tiles]` in the place of `[tile]`.
//
// What there is more of decides the order of the loops, from the outside in. Each sum is one worker's at a time, and
// its terms come in the tiles' order: neither the loops' order nor the threads show in its bits.
//
//     many tiles: by positions                          few tiles: by blocks of the source
//
//     pictures: a part of the batch                     gradient -> transformed, by all workers
//       gradient -> transformed, by all workers         workers: blocks, with one phase or two of a row
//       source   -> transformed, by all workers           source -> transformed
//       workers: positions, blocks                        channels: tiles of gradient blocks
//         channels: tiles of gradient blocks                positions
//           tiles: as many as the first-level cache holds     tiles: as many as the first-level cache holds
//             phases                                            phases
//               rows  -> micro-kernel over the tiles              rows  -> micro-kernel over the tiles
//     workers: sums -> weights                              sums -> weights
//
// By positions the operands of one are read from the second-level cache by all products that they have, and the sums
// pass through memory once for each part of the batch. By blocks a worker keeps the sums of a tile of gradient blocks,
// and each block reads the whole gradient.

import Kernels

struct WinogradBackwardWeights {
  let winograd: Winograd
  /// Its source alone counts, with all phases.
  let source: WinogradProduct
  /// The walk over the gradient's planes, from pixel (0, 0).
  let gradient: TiledProduct.Walk

  private var gradientBlocks: Int { winograd.convolution.outputBlocks }

  func run(
    batch: Int, weights: UnsafeMutablePointer<Float>, accumulate: Bool, scratch: UnsafeMutablePointer<Float>,
    on device: Device
  ) {
    var source = source
    source.sourcePairs = .tiles
    let layout = Scratch(winograd, batch: batch)
    let run = Run(
      winograd: winograd, source: source, gradient: gradient, layout: layout, weights: weights,
      accumulate: accumulate, scratch: scratch, device: device)
    if layout.isByPositions { run.byPositions(batch: batch) } else { run.byBlocks(batch: batch) }
  }

  // MARK: - Scratch

  /// Floats of scratch, and where its parts are: the transformed gradient; by positions the transformed source and all
  /// sums; by blocks each worker's.
  struct Scratch {
    let isByPositions: Bool
    let picturesAtATime: Int
    /// Phases of a block of the source that are transformed together.
    let parts: Int
    let gradientCount: Int
    let sourceCount: Int
    let sumsCount: Int

    init(_ w: Winograd, batch: Int) {
      let c = w.convolution
      func count(blocks: Int, pictures: Int) -> Int {
        w.transformedCount(.operand, blocks: blocks, tiles: w.tiles(batch: pictures))
      }
      func operands(pictures: Int) -> Int {
        count(blocks: c.outputBlocks, pictures: pictures)
          + count(blocks: c.inputBlocks * w.phases, pictures: pictures)
      }
      let sums = w.positions * w.sumsPositionStride(pairs: c.inputBlocks * w.phases * c.outputBlocks)
      isByPositions = operands(pictures: batch) >= w.blocking.operandsOfSums * sums
      if isByPositions {
        let most = max(w.blocking.operandBytes / Precision.float32.bytes, sums)
        picturesAtATime = min(batch, max(1, most / operands(pictures: 1)))
        parts = w.phases
        sourceCount = count(blocks: c.inputBlocks * w.phases, pictures: picturesAtATime)
        sumsCount = sums
      } else {
        picturesAtATime = batch
        // Two of a row, so that a gradient is read once for both.
        parts = w.phases == 4 ? 2 : 1
        sourceCount = count(blocks: parts, pictures: batch)
        sumsCount =
          w.positions * w.sumsPositionStride(pairs: parts * min(w.blocking.tile.weightsBlocks, c.outputBlocks))
      }
      gradientCount = count(blocks: c.outputBlocks, pictures: picturesAtATime)
    }

    /// Of batches of up to `batch` pictures.
    static func count(_ w: Winograd, batch: Int, threads: Int) -> Int {
      let largest = Scratch(w, batch: batch)
      // Few pictures may go the other way. Each way alone takes no less for more of them.
      let other = largest.isByPositions ? (1..<batch).last { !Scratch(w, batch: $0).isByPositions } : nil
      return max(
        largest.count(threads: threads), other.map { Scratch(w, batch: $0).count(threads: threads) } ?? 0)
    }

    /// Where the source and the sums of a worker begin; by positions there is one of each.
    func source(worker: Int = 0) -> Int { gradientCount + worker * (sourceCount + sumsCount) }
    func sums(worker: Int = 0) -> Int { source(worker: worker) + sourceCount }
    private func count(threads: Int) -> Int { source(worker: isByPositions ? 1 : threads) }
  }
}

// MARK: - One call

/// A call's operands, and both orders of its loops.
private struct Run {
  let winograd: Winograd
  let source: WinogradProduct
  let gradient: TiledProduct.Walk
  let layout: WinogradBackwardWeights.Scratch
  let weights: UnsafeMutablePointer<Float>
  /// Add to `weights` instead of replacing them.
  let accumulate: Bool
  let scratch: UnsafeMutablePointer<Float>
  let device: Device

  private var convolution: Convolution { winograd.convolution }
  private var area: Int { channelBlock * channelBlock }
  private var gradientTiles: Int { device.blocking.gradientTiles(convolution.outputBlocks) }

  func byPositions(batch: Int) {
    let blocks = convolution.inputBlocks
    /// Blocks of sums that a block of the source has.
    let pairs = convolution.outputBlocks * winograd.phases
    let sums = scratch + layout.sums()
    let positionStride = winograd.sumsPositionStride(pairs: blocks * pairs)
    var first = 0
    while first < batch {
      let next = min(batch, first + layout.picturesAtATime)
      let tiles = winograd.tiles(batch: first)..<winograd.tiles(batch: next)
      let products = Products(
        run: self, source: transformSource(tiles: tiles), gradient: transformGradient(tiles: tiles),
        tiles: tiles.count, isFirst: first == 0)
      device.parallel(winograd.positions * blocks) { items in
        for item in items {
          let (position, block) = (item / blocks, item % blocks)
          for tile in 0..<gradientTiles {
            products.add(
              position: position, block: block, gradientTile: tile,
              to: sums + position * positionStride + (block * pairs + firstBlock(tile) * winograd.phases) * area)
          }
        }
      }
      first = next
    }
    device.parallel(blocks * convolution.outputBlocks) { items in
      for item in items {
        for phase in 0..<winograd.phases {
          invert(
            sums + (item * winograd.phases + phase) * area, positionStride: positionStride,
            block: item / convolution.outputBlocks, gradientBlock: item % convolution.outputBlocks, phase: phase)
        }
      }
    }
  }

  func byBlocks(batch: Int) {
    let parts = layout.parts
    let itemsOfBlock = winograd.phases / parts
    let tiles = 0..<winograd.tiles(batch: batch)
    let gradient = transformGradient(tiles: tiles)
    let positionStride = winograd.sumsPositionStride(
      pairs: parts * min(winograd.blocking.tile.weightsBlocks, convolution.outputBlocks))
    device.parallel(convolution.inputBlocks * itemsOfBlock) { items, worker in
      let sums = scratch + layout.sums(worker: worker)
      for item in items {
        let (block, firstPhase) = (item / itemsOfBlock, item % itemsOfBlock * parts)
        var mine = source
        mine.source.parts = parts
        mine.source.walk.start += firstPhase / 2 * source.source.phaseRowStride
        let transformed = winograd.transformed(
          scratch + layout.source(worker: worker), .operand, blocks: parts, tiles: tiles.count)
        mine.transformSource(block: block, place: 0, tiles: tiles, to: transformed, device)
        let products = Products(
          run: self, source: transformed, gradient: gradient, tiles: tiles.count, isFirst: true)
        for tile in 0..<gradientTiles {
          for position in 0..<winograd.positions {
            products.add(position: position, block: 0, gradientTile: tile, to: sums + position * positionStride)
          }
          for (n, gradientBlock) in gradientBlocks(tile).enumerated() {
            for part in 0..<parts {
              invert(
                sums + (n * parts + part) * area, positionStride: positionStride, block: block,
                gradientBlock: gradientBlock, phase: firstPhase + part)
            }
          }
        }
      }
    }
  }

  private func firstBlock(_ gradientTile: Int) -> Int { gradientTile * winograd.blocking.tile.weightsBlocks }

  /// Those of a tile.
  fileprivate func gradientBlocks(_ gradientTile: Int) -> Range<Int> {
    let first = firstBlock(gradientTile)
    return first..<min(convolution.outputBlocks, first + winograd.blocking.tile.weightsBlocks)
  }

  // MARK: - Transforms

  /// Pictures of an item where each has one tile.
  private static let picturesOfRun = 8

  private func transformGradient(tiles: Range<Int>) -> Transformed {
    let to = winograd.transformed(scratch, .operand, blocks: convolution.outputBlocks, tiles: tiles.count)
    let grid = winograd.grid
    // Rows of tiles (of planes with one tile: pictures), so that a plane is read once.
    let run = grid.tiles == 1 ? min(tiles.count, Self.picturesOfRun) : grid.columns
    let runs = (tiles.count + run - 1) / run
    device.parallel(convolution.outputBlocks * runs) { items in
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
    return to
  }

  /// All blocks and phases, by positions.
  private func transformSource(tiles: Range<Int>) -> Transformed {
    let blocks = convolution.inputBlocks
    let to = winograd.transformed(
      scratch + layout.source(), .operand, blocks: blocks * winograd.phases, tiles: tiles.count)
    // Pictures, so that a plane is read once.
    let run = winograd.grid.tiles == 1 ? min(tiles.count, Self.picturesOfRun) : winograd.grid.tiles
    let runs = (tiles.count + run - 1) / run
    device.parallel(blocks * runs) { items in
      for item in items {
        let (block, first) = (item / runs, item % runs * run)
        let mine = tiles.lowerBound + first..<min(tiles.upperBound, tiles.lowerBound + first + run)
        source.transformSource(
          block: block, place: block * winograd.phases, tiles: mine, to: to.from(tile: first), device)
      }
    }
    return to
  }

  /// Sums [16][16] at each position to the gradient of the kernel's taps of one phase.
  private func invert(
    _ sums: UnsafePointer<Float>, positionStride: Int, block: Int, gradientBlock: Int, phase: Int
  ) {
    let c = convolution
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
    source.kernels.transformTile(&tile, .diffWeights, winograd.method)
  }
}

// MARK: - Products

/// Transformed operands, of a part of the batch or of all of it.
private struct Products {
  let run: Run
  /// `[position][block][part][tile][16]`
  let source: Transformed
  let gradient: Transformed
  let tiles: Int
  /// The first part of the batch: sums begin at zero.
  let isFirst: Bool

  /// The products of a source block and a tile of gradient blocks, all tiles at one position, added to `sums`,
  /// `[gradient block][part][16][16]`.
  func add(position: Int, block: Int, gradientTile: Int, to sums: UnsafeMutablePointer<Float>) {
    let most = run.winograd.blocking.tilesOfSum
    let blocks = run.gradientBlocks(gradientTile)
    var first = 0
    while first < tiles {
      let next = min(tiles, first + most)
      for part in 0..<run.layout.parts {
        add(position: position, block: block, part: part, gradientBlocks: blocks, tiles: first..<next, to: sums)
      }
      first = next
    }
  }

  private func add(
    position: Int, block: Int, part: Int, gradientBlocks: Range<Int>, tiles: Range<Int>,
    to sums: UnsafeMutablePointer<Float>
  ) {
    let parts = run.layout.parts
    let first = tiles.lowerBound
    let area = channelBlock * channelBlock
    var tile = WeightsTile(
      source: source.block(block * parts + part, tile: first) + position * source.positionStride,
      gradient: gradient.block(gradientBlocks.lowerBound, tile: first) + position * gradient.positionStride,
      diffWeights: sums + part * area)
    tile.sourceStep = channelBlock
    tile.gradientStep = channelBlock
    tile.gradientBlockStride = gradient.blockStride
    tile.length = tiles.count / run.winograd.tilesOfStore
    tile.diffWeightsBlockStride = parts * area
    tile.accumulate = !isFirst || first > 0
    var rest = channelBlock
    while rest > 0 {
      let rows = run.device.blocking.rows(ofRest: rest)
      run.source.kernels.weightsTile(&tile, rows, gradientBlocks.count)
      tile.source += rows
      tile.diffWeights += rows * channelBlock
      rest -= rows
    }
  }
}

extension Winograd {
  /// From one position of `pairs` blocks of sums to the next: a line more than they are, as everywhere.
  fileprivate func sumsPositionStride(pairs: Int) -> Int { (pairs * channelBlock + 1) * channelBlock }
}
