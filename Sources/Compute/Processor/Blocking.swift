// How convolutions are cut: register tiles for the instruction set, cache blocks for the cache. All of it is here; the
// drivers ask.
//
// Register tiles (Kernels<Set>.swift instantiates them). 16 channels are one vector with AVX-512, two with AVX2, four
// with SSE2:
//
// | set      | registers    | forward, backwardData: pixels x channels | backwardWeights: source Floats x channels |
// |----------|--------------|------------------------------------------|-------------------------------------------|
// | portable | 16 of 4      | 4 x 16 (in two halves of 8)              | 4 x 16 (in two halves of 8)               |
// | avx2     | 16 of 8      | 6 x 16                                   | 6 x 16                                    |
// | avx512   | 32 of 16     | 12 x 32                                  | 12 x 32                                   |
//
// Cache blocks, for a first-level cache of F bytes and a second-level one of L (32 KiB and 1 MiB: 16 KiB and 512 KiB):
//
// | block                                    | size                                        | stays in the cache during         |
// |------------------------------------------|---------------------------------------------|-----------------------------------|
// | pictures of forward and backwardData     | their source planes are at most L/2         | all tiles of output channels      |
// | depth (blocks of channels summed over)   | its weights of one channel tile at most L/2 | all pixels of the pictures        |
// | pictures of backwardWeights              | planes of one block pair are at most L/2    | all taps of the block pair        |
// | pixels of backwardWeights                | taps and gradient are at most F/2           | all tiles of a kernel row's taps  |

import Kernels

struct Blocking {
  let tile: RegisterTile
  let firstCacheBytes: Int
  let cacheBytes: Int

  /// Tiles of `tile.blocks` blocks (the last may have fewer) that cover `blocks` blocks of output channels.
  func channelTiles(_ blocks: Int) -> Int { (blocks + tile.blocks - 1) / tile.blocks }

  /// Pictures of a block, each of so many Floats.
  func pictures(ofFloats count: Int) -> Int { share(count, of: cacheBytes) }

  /// Pictures of a group of backwardWeights: one source block's plane and a tile's gradient planes each.
  func picturesOfPlanes(_ source: ActivationLayout, _ gradient: ActivationLayout) -> Int {
    share(source.blockStride + tile.blocks * gradient.blockStride, of: cacheBytes)
  }

  /// Output pixels of a block of backwardWeights, each with so many Floats of taps and the gradient of a channel tile.
  func pixels(ofFloats count: Int) -> Int { share(count + tile.blocks * channelBlock, of: firstCacheBytes) }

  /// Channel blocks of a chunk of the sum, whose weights have so many Floats each.
  func depth(ofFloats count: Int) -> Int { share(count, of: cacheBytes) }

  /// Groups of pixels of the next tile where so many are left: as many as the registers hold, but no last tile much
  /// smaller than the one before it.
  func groups(ofRest count: Int) -> Int {
    count > tile.groups && count < 2 * tile.groups ? (count + 1) / 2 : min(count, tile.groups)
  }

  /// Source Floats of backwardWeights' next tile where so many (an even number from 4 on) are left: tile.rows, 8 or 4.
  func rows(ofRest count: Int) -> Int {
    if count >= 2 * tile.rows || count == tile.rows { return tile.rows }
    let half = count > tile.rows ? (count + 1) / 2 : count
    return half <= 4 ? 4 : half <= 8 && tile.rows >= 8 ? 8 : tile.rows
  }

  private func share(_ count: Int, of cache: Int) -> Int {
    max(1, cache / 2 / (max(1, count) * MemoryLayout<Float>.stride))
  }
}

// MARK: - Fast convolution

extension Blocking {
  /// Fewer tiles of 4x4 results than this don't repay the transform of the weights.
  static let winogradLeastTiles = 8
  /// Transformed weights that take no more are kept between changes of the weights; larger ones are made on the way, by
  /// every call.
  static let winogradKeptBytes = 8 << 20
  /// Transformed source and products of a block of tiles: they stay in the second-level cache, and each block brings
  /// all transformed weights from the third once.
  static let winogradBlockBytes = 640 << 10
  /// Tiles whose products with two blocks of channels stay in the cache while the weights' chunks pass.
  static let winogradTilesOfChunk = 128
  /// Blocks of 16 channels and phases of a chunk of the weights: 25 * 256 * 32 Floats are 800 KiB, which are read in
  /// their order once for each tile of pixels.
  static let winogradDepth = 16
  /// Transformed gradient that backwardWeights keeps at a time.
  static let winogradGradientBytes = 16 << 20

  /// Tiles of a block that has `floats` Floats a tile, in whole units: of 4 tiles, or of pictures.
  static func winogradTiles(ofFloats floats: Int, unit: Int) -> Int {
    max(unit, winogradBlockBytes / (floats * MemoryLayout<Float>.stride) / unit * unit)
  }

  /// Tiles of a chunk: those of whole pictures.
  static func winogradTilesOfChunk(tiles: Int, perPicture: Int) -> Int {
    min(tiles, max(perPicture, winogradTilesOfChunk / perPicture * perPicture))
  }
}

extension Processor {
  var blocking: Blocking {
    Blocking(tile: kernels.tile, firstCacheBytes: firstCacheBytes, cacheBytes: cacheBytes)
  }
}

// MARK: - What comes of it, for wgan-bench

extension ConvolutionPrimitive {
  /// Tiles of a block and channels of a chunk, where `pass` is fast.
  package func winogradBlocking(_ pass: ConvolutionPass) -> String? {
    guard algorithm(pass) == .winograd, let winograd = Winograd(convolution) else { return nil }
    let tiles = winograd.tiles(batch: batch)
    if pass == .backwardWeights { return "\(min(tiles, WinogradBackwardWeights.tilesOfBlock)) tiles" }
    if winograd.keepsWeights { return "\(winograd.tilesOfBlock(pass, batch: batch)) tiles, all deep" }
    let chunk = Blocking.winogradTilesOfChunk(tiles: tiles, perPicture: tiles / batch)
    return "\(chunk) tiles, \(Blocking.winogradDepth * channelBlock) deep"
  }
}

extension Convolution {
  /// Pictures of a cache block of `forward`, and channel blocks of a chunk of its sums.
  package func forwardBlocks(
    batch: Int, source: ActivationLayout, on processor: Processor
  ) -> (pictures: Int, depth: Int) {
    blocks(batch, source, weights: kernel * kernel * source.pixelStride, outputs: outputBlocks, processor)
  }

  /// The same of `backwardData`.
  package func backwardDataBlocks(
    batch: Int, diffDestination: ActivationLayout, on processor: Processor
  ) -> (pictures: Int, depth: Int) {
    let taps = form == .picture ? 1 : phaseTaps
    return blocks(
      form == .picture ? 1 : batch, diffDestination, weights: taps * taps * channelBlock,
      outputs: form == .picture ? kernel : inputBlocks, processor)
  }

  /// Pictures and output rows of each of a cache block of `backwardWeights`.
  package func backwardWeightsBlock(batch: Int, on processor: Processor) -> (pictures: Int, rows: Int) {
    let pixels = processor.blocking.pixels(ofFloats: kernel * inputBlock)
    return (
      min(batch, max(1, pixels / (outputSize * outputSize))), min(outputSize, max(1, pixels / outputSize))
    )
  }

  private func blocks(
    _ batch: Int, _ source: ActivationLayout, weights: Int, outputs: Int, _ processor: Processor
  ) -> (pictures: Int, depth: Int) {
    let blocking = processor.blocking
    let columns = min(blocking.tile.blocks, outputs) * channelBlock
    return (
      min(batch, blocking.pictures(ofFloats: source.pictureStride)),
      min(source.blocks, blocking.depth(ofFloats: weights * columns))
    )
  }
}
