// backwardWeights of a convolution (and of the transposed one, with source and gradient exchanged).
//
// The cache loops, from the outside in:
//
//   workers      (gradient tile, input block, kernel row) triples: every weight belongs to one worker, so its sum's
//                order is fixed
//   pictures     a group whose planes of one block pair stay in the second-level cache
//   triples      of this worker
//   pixels       a block of pictures, or of rows of one, whose taps and gradient stay in the first-level cache
//   taps         register tiles of (kernel column, input channel)        -> micro-kernel over the block's pixels

import Kernels

extension Convolution {
  /// diffWeights(o, i, ky, kx) = (accumulate ? diffWeights : 0) +
  ///     Σ_{n, y, x} diffDestination(n, o, y, x) * source(n, i, stride*y + ky - padding, stride*x + kx - padding)
  ///
  /// - Parameters:
  ///   - source: blocked (interleaved for a picture), `inputChannels` x inputSize², halo of `sourceHalo` zeros or
  ///     wider.
  ///   - diffDestination: blocked, `outputChannels` x outputSize², any halo.
  ///   - diffWeights: `weightsCount` Floats, see `weightOffset`; the unused lanes of blocks get zero.
  package func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    on device: Device
  ) {
    precondition(form != .score, "a score has its own driver")
    check(
      input: source, output: diffDestination, weights: diffWeights, batch: batch, inputHalo: sourceHalo, outputHalo: 0)
    let blocking = device.blocking
    let from = source.layout
    let gradient = diffDestination.layout
    let gradientTiles = blocking.gradientTiles(outputBlocks)

    // The taps of a kernel row are neighbours in the source and in the weights: one run of Floats.
    let runLength = kernel * inputBlock
    let weightsBlockStride = weightsCount / outputBlocks

    let block = backwardWeightsBlock(batch: batch, on: device)
    // A whole picture is met once by each weight: its rows pass, and nothing of it is worth staying.
    let group = form == .picture && outputSize == 1 ? batch : blocking.picturesOfPlanes(from, gradient)
    device.parallel(gradientTiles * from.blocks * kernel) { items in
      var first = 0
      while first < batch {
        let next = min(batch, first + group)
        for item in items {
          let ky = item % kernel
          let inputBlock = item / kernel % from.blocks
          let firstBlock = item / kernel / from.blocks * blocking.tile.weightsBlocks
          let blocks = min(blocking.tile.weightsBlocks, outputBlocks - firstBlock)
          let rows = rowsInside(ky)
          let firstWeight = diffWeights.pointer + weightOffset(firstBlock * 16, inputBlock * channelBlock, ky, 0)
          var tile = WeightsTile(source: source.slice.pointer, gradient: source.slice.pointer, diffWeights: firstWeight)
          tile.gradientBlockStride = gradient.blockStride
          tile.diffWeightsBlockStride = weightsBlockStride
          tile.accumulate = accumulate || first > 0
          var picture = first
          while picture < next {
            let pictures = min(block.pictures, next - picture)
            var row = rows.lowerBound
            while row < rows.upperBound {
              let height = min(block.rows, rows.upperBound - row)
              let source =
                source.slice.pointer + picture * from.pictureStride + inputBlock * from.blockStride
                + from.pixel(stride * row + ky - padding, -padding)
              tile.gradient = UnsafePointer(
                diffDestination.slice.pointer + picture * gradient.pictureStride + firstBlock * gradient.blockStride
                  + gradient.pixel(row, 0))
              if outputSize == 1 {
                tile.length = pictures
                tile.sourceStep = from.pictureStride
                tile.gradientStep = gradient.pictureStride
              } else {
                tile.outerCount = pictures
                tile.sourceOuterStride = from.pictureStride
                tile.gradientOuterStride = gradient.pictureStride
                tile.innerCount = height
                tile.sourceInnerStride = stride * from.rowStride
                tile.gradientInnerStride = gradient.rowStride
                tile.length = outputSize
                tile.sourceStep = stride * from.pixelStride
                tile.gradientStep = gradient.pixelStride
              }
              var done = 0
              while done < runLength {
                let rows = blocking.rows(ofRest: runLength - done)
                tile.source = UnsafePointer(source + done)
                tile.diffWeights = firstWeight + done * channelBlock
                device.kernels.weightsTile(&tile, rows, blocks)
                done += rows
              }
              tile.accumulate = true
              row += height
            }
            picture += pictures
          }
        }
        first = next
      }
    }
  }

  /// The output rows y for which kernel row `ky` meets a row of the source and not only its halo.
  private func rowsInside(_ ky: Int) -> Range<Int> {
    let first = max(0, padding - ky + stride - 1) / stride
    return first..<min(outputSize, (inputSize - 1 + padding - ky) / stride + 1)
  }
}
