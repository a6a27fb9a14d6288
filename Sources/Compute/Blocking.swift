// How convolutions are cut: register tiles for the instruction set, cache blocks for the cache. All of it is here; the drivers ask.
//
// Register tiles (Kernels<Set>.swift instantiates them). 16 channels are one vector with AVX-512, two with AVX2, four with SSE2:
//
// | set      | registers    | forward, backwardData: pixels x channels | backwardWeights: source Floats x channels |
// |----------|--------------|------------------------------------------|-------------------------------------------|
// | portable | 16 of 4      | 4 x 16 (in two halves of 8)              | 4 x 16 (in two halves of 8)               |
// | avx2     | 16 of 8      | 6 x 16                                   | 6 x 16                                    |
// | avx512   | 32 of 16     | 12 x 32                                  | 12 x 32                                   |
//
// Cache blocks, for a second-level cache of L bytes (2 MiB: 1 MiB each):
//
// | block                                    | size                                        | stays in the cache during         |
// |------------------------------------------|---------------------------------------------|-----------------------------------|
// | pictures of forward and backwardData     | their source planes are at most L/2         | all tiles of output channels      |
// | depth (blocks of channels summed over)   | its weights of one channel tile at most L/2 | all pixels of the pictures        |
// | pictures of backwardWeights              | planes of one block pair are at most L/2    | all taps of the block pair        |

import Kernels

struct Blocking {
  let tile: RegisterTile
  let cacheBytes: Int

  /// Tiles of `tile.blocks` blocks (the last may have fewer) that cover `blocks` blocks of output channels.
  func channelTiles(_ blocks: Int) -> Int { (blocks + tile.blocks - 1) / tile.blocks }

  /// Pictures of a block, each of so many Floats.
  func pictures(ofFloats count: Int) -> Int { share(count) }

  /// Pictures of a block of backwardWeights: one source block's plane and a tile's gradient planes each.
  func picturesOfPlanes(_ source: ActivationLayout, _ gradient: ActivationLayout) -> Int {
    share(source.blockStride + tile.blocks * gradient.blockStride)
  }

  /// Channel blocks of a chunk of the sum, whose weights have so many Floats each.
  func depth(ofFloats count: Int) -> Int { share(count) }

  /// Groups of pixels of the next tile where so many are left: as many as the registers hold, but no last tile much smaller
  /// than the one before it.
  func groups(ofRest count: Int) -> Int {
    count > tile.groups && count < 2 * tile.groups ? (count + 1) / 2 : min(count, tile.groups)
  }

  /// Source Floats of backwardWeights' next tile where so many (an even number from 4 on) are left: tile.rows, 8 or 4.
  func rows(ofRest count: Int) -> Int {
    if count >= 2 * tile.rows || count == tile.rows { return tile.rows }
    let half = count > tile.rows ? (count + 1) / 2 : count
    return half <= 4 ? 4 : half <= 8 && tile.rows >= 8 ? 8 : tile.rows
  }

  private func share(_ count: Int) -> Int { max(1, cacheBytes / 2 / (max(1, count) * MemoryLayout<Float>.stride)) }
}

extension Processor {
  var blocking: Blocking { Blocking(tile: kernels.tile, cacheBytes: cacheBytes) }
}

// MARK: - What comes of it, for wgan-bench

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

  /// Pictures of a cache block of `backwardWeights`.
  package func backwardWeightsBlock(
    batch: Int, source: ActivationLayout, diffDestination: ActivationLayout, on processor: Processor
  ) -> Int {
    min(batch, processor.blocking.picturesOfPlanes(source, diffDestination))
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
