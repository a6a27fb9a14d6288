// How convolutions are cut. Every size is here, and the drivers ask: register tiles come from the page of the
// instruction set (Kernels/RegisterTile.swift), cache blocks from the sizes of the caches. No size changes a result's
// bits, so a run may go on on another machine.
//
// The direct method, on a first-level cache of F bytes and a second-level one of L:
//
//     forward and backwardData, in L                     backwardWeights, in L and F
//     +----------------+----------------+----+           +----------------------------+----+
//     | source planes  | weights of a   |    |         L | planes of a pair of blocks |    |
//     | of a group of  | chunk of the   |    |           +----------------------------+----+
//     | pictures: L/2  | sum: L/2       |    |           | taps and gradient of       |    |
//     +----------------+----------------+----+         F | a block of pixels: F/2     |    |
//                                                        +----------------------------+----+
//
// The fast method's sizes are at the end, with what each of them keeps in a cache.

import Kernels

/// What cuts the work of one device.
package struct Blocking: Sendable, Hashable {
  package let tile: RegisterTile
  package let firstCacheBytes: Int
  package let cacheBytes: Int

  package init(tile: RegisterTile, firstCacheBytes: Int, cacheBytes: Int) {
    self.tile = tile
    self.firstCacheBytes = firstCacheBytes
    self.cacheBytes = cacheBytes
  }

  // MARK: Register tiles

  /// Tiles of forward and backwardData that cover so many blocks of channels; the last may have fewer blocks.
  func channelTiles(_ blocks: Int) -> Int { (blocks + tile.blocks - 1) / tile.blocks }

  /// Tiles of backwardWeights that cover so many blocks of the gradient's channels; the last may have fewer blocks.
  func gradientTiles(_ blocks: Int) -> Int { (blocks + tile.weightsBlocks - 1) / tile.weightsBlocks }

  /// Groups of pixels of the next tile where so many are left: as many as the registers hold, but no last tile much
  /// smaller than the one before it.
  func groups(ofRest count: Int) -> Int {
    count > tile.groups && count < 2 * tile.groups ? (count + 1) / 2 : min(count, tile.groups)
  }

  /// Source Floats of backwardWeights' next tile where so many (a multiple of 4 at first) are left: as few tiles as the
  /// largest one allows, as even as the page's counts are.
  package func rows(ofRest count: Int) -> Int {
    let counts = tile.weightsRows
    if count >= 2 * counts.largest || count == counts.largest { return counts.largest }
    let even = count > counts.largest ? (count + 1) / 2 : count
    if let rows = counts.smallest(from: even), rows <= count { return rows }
    guard let rows = counts.largest(upTo: count) else {
      preconditionFailure("the page has no tile of backwardWeights for \(count) rows")
    }
    return rows
  }

  // MARK: Cache blocks of the direct method

  // Of bf16 a pair takes the place of a Float.

  /// Pictures of a group of forward and backwardData, with so many Floats each.
  func pictures(ofFloats count: Int) -> Int { share(count, of: cacheBytes) }

  /// Channel blocks of a chunk of the sum, whose weights have so many Floats each.
  func depth(ofFloats count: Int) -> Int { share(count, of: cacheBytes) }

  /// Pictures of a group of backwardWeights: one source block's plane and a tile's gradient planes each.
  func picturesOfPlanes(_ source: ActivationLayout, _ gradient: ActivationLayout) -> Int {
    share(source.blockStride + tile.weightsBlocks * gradient.blockStride, of: cacheBytes)
  }

  /// Output pixels of a block of backwardWeights, each with so many Floats of taps and the gradient of a tile.
  func pixels(ofFloats count: Int) -> Int { share(count + tile.weightsBlocks * channelBlock, of: firstCacheBytes) }

  /// Pictures whose pairs backwardWeights holds at a time, with so many each: they pass through the third-level cache.
  func picturesOfPairs(_ count: Int) -> Int { share(count, of: 32 * cacheBytes) }

  private func share(_ count: Int, of cache: Int) -> Int {
    max(1, cache / 2 / (max(1, count) * MemoryLayout<Float>.stride))
  }

  /// The sizes of fast convolution whose transformed tensors are of `precision`.
  package func winograd(_ precision: Precision) -> WinogradBlocking { WinogradBlocking(self, precision) }
}

// MARK: - Fast convolution

/// Sizes of fast convolution, as shares of the caches: what is a number of elements halves where elements double. The
/// comments' figures are those of 32 KiB, 1 MiB and Floats.
package struct WinogradBlocking: Sendable, Hashable {
  let tile: RegisterTile
  let precision: Precision

  /// Transformed weights that take no more are kept between changes of the weights: 8 MiB. Each block of tiles reads
  /// all of them from the third-level cache. Larger ones are made on the way, by every call.
  package let keptBytes: Int
  /// Where weights are kept: transformed source and products of a block of tiles, 640 KiB of the second-level cache.
  package let blockBytes: Int
  /// Where they aren't: tiles of a chunk, 128. A tile's products with two blocks of channels are 25 or 36 pairs of
  /// lines, which stay in the second-level cache while the weights' chunks pass.
  package let tilesOfChunk: Int
  /// Blocks of 16 channels (and phases) of a chunk of the sum, 16. Their transformed weights, 25 or 36 pairs of panels
  /// of 16x16 each, are read in their order once for each tile of pixels.
  package let depthOfChunk: Int
  /// backwardWeights: tiles of a call of the micro-kernel, 64. Their lines of source and of two blocks of gradient, 12
  /// KiB, stay in the first-level cache.
  package let tilesOfSum: Int
  /// backwardWeights goes by positions where the transformed operands are at least so many times the sums: these pass
  /// through memory once for each part of the batch.
  package let operandsOfSums = 4
  /// backwardWeights by positions: transformed operands of a part of the batch, 4 MiB of the third-level cache, or as
  /// much as the sums are.
  package let operandBytes: Int

  init(_ blocking: Blocking, _ precision: Precision) {
    tile = blocking.tile
    self.precision = precision
    let (first, second) = (blocking.firstCacheBytes, blocking.cacheBytes)
    let lineBytes = channelBlock * precision.bytes
    keptBytes = 8 * second
    blockBytes = second / 8 * 5
    // Products are Floats, whatever is multiplied.
    tilesOfChunk = max(1, second / (128 * channelBlock * Precision.float32.bytes))
    depthOfChunk = max(1, second / (64 * channelBlock * lineBytes))
    // Whole pairs: where a sum over tiles is cut doesn't show in it.
    let tilesOfTerm = precision.numbersOfCell
    tilesOfSum = max(1, first / (8 * lineBytes) / tilesOfTerm) * tilesOfTerm
    operandBytes = 4 * second
  }

  /// `auto` takes the direct method where there are fewer results of a channel, 8 tiles of 4x4 or 16 of 4x2: they don't
  /// repay the transform of the weights. This decides a result's bits, so it is the same on every machine.
  static let leastResults = 128

  /// Tiles of a block with so many bytes each, in whole units.
  func tilesOfBlock(bytes: Int, unit: Int) -> Int { max(unit, blockBytes / bytes / unit * unit) }

  /// Tiles of a chunk: those of whole pictures.
  func tilesOfChunk(tiles: Int, perPicture: Int) -> Int {
    min(tiles, max(perPicture, tilesOfChunk / perPicture * perPicture))
  }

  /// Blocks and parts of a chunk of the sum: whole blocks of `parts` parts.
  func depthOfChunk(parts: Int) -> Int { max(parts, depthOfChunk / parts * parts) }
}

// MARK: - What comes of it, for wgan-bench

extension ConvolutionPrimitive {
  /// Tiles of a block and channels of a chunk, where `pass` is fast.
  package func winogradBlocking(_ pass: ConvolutionPass) -> String? {
    guard let winograd = fast(pass) else { return nil }
    let tiles = winograd.tiles(batch: batch)
    if pass == .backwardWeights { return "\(min(tiles, winograd.blocking.tilesOfSum)) tiles" }
    if winograd.keepsWeights { return "\(winograd.tilesOfBlock(pass, batch: batch)) tiles, all deep" }
    let chunk = winograd.blocking.tilesOfChunk(tiles: tiles, perPicture: tiles / batch)
    return "\(chunk) tiles, \(winograd.depthOfChunk(pass) * channelBlock) deep"
  }
}

extension Convolution {
  /// Pictures of a cache block of `forward`, and channel blocks of a chunk of its sums.
  package func forwardBlocks(
    batch: Int, source: ActivationLayout, precision: Precision = .float32, on device: Device
  ) -> (pictures: Int, depth: Int) {
    blocks(batch, source, precision, weights: kernel * kernel * source.pixelStride, outputs: outputBlocks, device)
  }

  /// The same of `backwardData`.
  package func backwardDataBlocks(
    batch: Int, diffDestination: ActivationLayout, precision: Precision = .float32, on device: Device
  ) -> (pictures: Int, depth: Int) {
    let taps = form == .picture ? 1 : phaseTaps
    return blocks(
      form == .picture ? 1 : batch, diffDestination, precision, weights: taps * taps * channelBlock,
      outputs: form == .picture ? kernel : inputBlocks, device)
  }

  /// Pictures and output rows of each of a cache block of `backwardWeights`.
  package func backwardWeightsBlock(
    batch: Int, precision: Precision = .float32, on device: Device
  ) -> (pictures: Int, rows: Int) {
    let pixels = precision.numbersOfCell * device.blocking.pixels(ofFloats: kernel * inputBlock)
    return (
      min(batch, max(1, pixels / (outputSize * outputSize))), min(outputSize, max(1, pixels / outputSize))
    )
  }

  private func blocks(
    _ batch: Int, _ source: ActivationLayout, _ precision: Precision, weights: Int, outputs: Int, _ device: Device
  ) -> (pictures: Int, depth: Int) {
    let blocking = device.blocking
    let columns = min(blocking.tile.blocks, outputs) * channelBlock
    return (
      SharedSource.pictures(source, precision, batch: batch, blocking),
      min(source.blocks, blocking.depth(ofFloats: weights * columns / precision.numbersOfCell))
    )
  }
}
