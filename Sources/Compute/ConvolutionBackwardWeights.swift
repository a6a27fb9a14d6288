// backwardWeights of a convolution (and of the transposed one, with source and gradient exchanged).
//
// The cache loops, from the outside in:
//
//   workers      (output-channel tile, input block, kernel row) triples: every weight belongs to one worker, so its sum's order is fixed
//   pictures     a group whose planes of one block pair stay in the second-level cache
//   triples      of this worker
//   taps         kernel columns x register tiles of input channels                         -> micro-kernel over all pixels

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
    let kernels = processor.kernels
    let from = source.layout
    let gradient = diffDestination.layout
    let channelTiles = (outputBlocks + kernels.tileBlocks - 1) / kernels.tileBlocks
    let planeBytes = (from.blockStride + kernels.tileBlocks * gradient.blockStride) * MemoryLayout<Float>.stride
    let group = max(1, processor.cacheBytes / 2 / planeBytes)

    // A tap's run of source Floats: a block of 16 input channels, or all taps x channels of a picture's kernel row.
    let runs = form == .picture ? 1 : kernel
    let runLength = form == .picture ? kernel * inputChannels : channelBlock
    let weightsBlockStride = weightsCount / outputBlocks

    processor.parallel(channelTiles * from.blocks * kernel) { items in
      var first = 0
      while first < batch {
        let next = min(batch, first + group)
        for item in items {
          let ky = item % kernel
          let inputBlock = item / kernel % from.blocks
          let firstBlock = item / kernel / from.blocks * kernels.tileBlocks
          let blocks = min(kernels.tileBlocks, outputBlocks - firstBlock)
          for run in 0..<runs {
            var tile = WeightsTile(
              source: source.slice.pointer + first * from.pictureStride + inputBlock * from.blockStride
                + from.pixel(ky - padding, run - padding),
              gradient: diffDestination.slice.pointer + first * gradient.pictureStride
                + firstBlock * gradient.blockStride + gradient.pixel(0, 0),
              diffWeights: diffWeights.pointer + weightOffset(firstBlock * 16, inputBlock * inputBlock16, ky, run))
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
            var row = 0
            while row < runLength {
              let rows = runLength - row >= kernels.tileRows ? kernels.tileRows : 4
              kernels.weights(&tile, rows, blocks)
              tile.source += rows
              tile.diffWeights += rows * channelBlock
              row += rows
            }
          }
        }
        first = next
      }
    }
  }

  private var inputBlock16: Int { form == .picture ? 0 : channelBlock }
}
