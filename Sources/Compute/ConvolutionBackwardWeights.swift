// backwardWeights of a convolution (and of the transposed one, with source and gradient exchanged).
//
// The cache loops, from the outside in:
//
//   workers      (output-channel tile, input block, kernel row) triples: every weight belongs to one worker, so its sum's order is fixed
//   pictures     a group whose planes of one block pair stay in the second-level cache
//   triples      of this worker
//   taps         register tiles of (kernel column, input channel)                          -> micro-kernel over all pixels

import Kernels

extension Convolution {
  /// diffWeights(o, i, ky, kx) = (accumulate ? diffWeights : 0) +
  ///     Σ_{n, y, x} diffDestination(n, o, y, x) * source(n, i, stride*y + ky - padding, stride*x + kx - padding)
  ///
  /// - Parameters:
  ///   - source: blocked (interleaved for a picture), `inputChannels` x inputSize², halo of `sourceHalo` zeros or wider.
  ///   - diffDestination: blocked, `outputChannels` x outputSize², any halo.
  ///   - diffWeights: `weightsCount` Floats, see `weightOffset`; the unused lanes of blocks get zero.
  package func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    on processor: Processor
  ) {
    precondition(form != .score, "a score has its own driver")
    check(
      input: source, output: diffDestination, weights: diffWeights, batch: batch, inputHalo: sourceHalo, outputHalo: 0)
    let blocking = processor.blocking
    let from = source.layout
    let gradient = diffDestination.layout
    let channelTiles = blocking.channelTiles(outputBlocks)
    let group = blocking.picturesOfPlanes(from, gradient)

    // The taps of a kernel row are neighbours in the source and in the weights: one run of Floats.
    let runLength = kernel * inputBlock
    let weightsBlockStride = weightsCount / outputBlocks

    processor.parallel(channelTiles * from.blocks * kernel) { items in
      var first = 0
      while first < batch {
        let next = min(batch, first + group)
        for item in items {
          let ky = item % kernel
          let inputBlock = item / kernel % from.blocks
          let firstBlock = item / kernel / from.blocks * blocking.tile.blocks
          let blocks = min(blocking.tile.blocks, outputBlocks - firstBlock)
          var tile = WeightsTile(
            source: source.slice.pointer + first * from.pictureStride + inputBlock * from.blockStride
              + from.pixel(ky - padding, -padding),
            gradient: diffDestination.slice.pointer + first * gradient.pictureStride
              + firstBlock * gradient.blockStride + gradient.pixel(0, 0),
            diffWeights: diffWeights.pointer + weightOffset(firstBlock * 16, inputBlock * channelBlock, ky, 0))
          tile.gradientBlockStride = gradient.blockStride
          tile.diffWeightsBlockStride = weightsBlockStride
          tile.accumulate = accumulate || first > 0
          if outputSize == 1 {
            tile.length = next - first
            tile.sourceStep = from.pictureStride
            tile.gradientStep = gradient.pictureStride
          } else {
            tile.outerCount = next - first
            tile.sourceOuterStride = from.pictureStride
            tile.gradientOuterStride = gradient.pictureStride
            tile.innerCount = outputSize
            tile.sourceInnerStride = stride * from.rowStride
            tile.gradientInnerStride = gradient.rowStride
            tile.length = outputSize
            tile.sourceStep = stride * from.pixelStride
            tile.gradientStep = gradient.pixelStride
          }
          var rest = runLength
          while rest > 0 {
            let rows = blocking.rows(ofRest: rest)
            processor.kernels.weights(&tile, rows, blocks)
            tile.source += rows
            tile.diffWeights += rows * channelBlock
            rest -= rows
          }
        }
        first = next
      }
    }
  }
}
