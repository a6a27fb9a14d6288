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
//
// As bf16 two neighbouring pixels of a row make a term. Of the gradient each pixel is in one pair; of the source in
// two, since the taps of a kernel row are to be neighbours: cell x is pixels x and x + stride.
//
//     stride 2, taps k0 ... k3      gradient    (0 1)       (2 3)       ...
//                                   source      k0 k1 k2 k3 k0 k1 k2 k3 ...
//                                               (-1 1) (0 2) (1 3) (2 4) (3 5) ...
//
// The pairs of a part of the batch are made beforehand, by all workers.

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
  ///   - precision: bf16 where `multipliesBFloat16`.
  ///   - scratchpad: `backwardWeightsScratchpadCount` Floats.
  package func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    precision: Precision = .float32, scratchpad: Slice? = nil, on device: Device
  ) {
    precondition(form != .score, "a score has its own driver")
    check(
      input: source, output: diffDestination, weights: diffWeights, batch: batch, inputHalo: sourceHalo, outputHalo: 0)
    switch precision {
    case .float32:
      sum(
        batch: batch, source: source, gradient: diffDestination, precision, diffWeights, accumulate: accumulate, device)
    case .bfloat16:
      let part = picturesOfPairs(batch: batch, device.blocking)
      for first in Swift.stride(from: 0, to: batch, by: part) {
        let pictures = first..<min(batch, first + part)
        let pairs = pairs(source, diffDestination, pictures: pictures, scratchpad, device)
        sum(
          batch: pictures.count, source: pairs.source, gradient: pairs.gradient, precision, diffWeights,
          accumulate: accumulate || first > 0, device)
      }
    }
  }

  /// - Parameters:
  ///   - source, gradient: of `precision`; as bf16 their columns are pairs (see above).
  private func sum(
    batch: Int, source: Activations, gradient diffDestination: Activations, _ precision: Precision,
    _ diffWeights: Slice, accumulate: Bool, _ device: Device
  ) {
    let blocking = device.blocking
    let weightsTile = device.weightsTile(precision)
    let from = source.layout
    let gradient = diffDestination.layout
    let gradientTiles = blocking.gradientTiles(outputBlocks)

    // The taps of a kernel row are neighbours in the source and in the weights: one run of Floats.
    let runLength = kernel * inputBlock
    let weightsBlockStride = weightsCount / outputBlocks

    let block = backwardWeightsBlock(batch: batch, precision: precision, on: device)
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
                tile.length = outputSize / precision.numbersOfCell
                tile.sourceStep = precision.numbersOfCell * stride * from.pixelStride
                tile.gradientStep = gradient.pixelStride
              }
              var done = 0
              while done < runLength {
                let rows = blocking.rows(ofRest: runLength - done)
                tile.source = UnsafePointer(source + done)
                tile.diffWeights = firstWeight + done * channelBlock
                weightsTile(&tile, rows, blocks)
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

  // MARK: - Pairs

  /// Where pairs of the source lie: cell (n, i, y, x) is pixels x and x + stride of row y.
  private var sourcePairs: ActivationLayout {
    ActivationLayout(.blocked, channels: inputChannels, height: inputSize, width: inputSize, halo: sourceHalo)
  }

  /// Where pairs of the gradient lie: cell (n, o, y, x) is pixels 2x and 2x + 1 of row y.
  private var gradientPairs: ActivationLayout {
    ActivationLayout(.blocked, channels: outputChannels, height: outputSize, width: outputSize / 2, halo: 0)
  }

  private func picturesOfPairs(batch: Int, _ blocking: Blocking) -> Int {
    min(batch, blocking.picturesOfPairs(sourcePairs.pictureStride + gradientPairs.pictureStride))
  }

  /// Floats of scratch of `backwardWeights`.
  func backwardWeightsScratchpadCount(batch: Int, precision: Precision, _ blocking: Blocking) -> Int {
    precision == .float32
      ? 0
      : picturesOfPairs(batch: batch, blocking) * (sourcePairs.pictureStride + gradientPairs.pictureStride)
  }

  private func pairs(
    _ source: Activations, _ gradient: Activations, pictures: Range<Int>, _ scratchpad: Slice?, _ device: Device
  ) -> (source: Activations, gradient: Activations) {
    let sourceCount = sourcePairs.count(batch: pictures.count)
    let gradientCount = gradientPairs.count(batch: pictures.count)
    guard let scratchpad, scratchpad.count >= sourceCount + gradientCount else {
      preconditionFailure("pairs need their scratchpad")
    }
    let pairs = (
      source: Activations(scratchpad[0..<sourceCount], sourcePairs),
      gradient: Activations(scratchpad[sourceCount..<sourceCount + gradientCount], gradientPairs)
    )
    device.parallel(pictures.count * (inputBlocks + outputBlocks)) { planes in
      for plane in planes {
        let n = plane - pictures.count * inputBlocks
        if n < 0 {
          // The last columns are nobody's first.
          pair(
            source, plane: pictures.lowerBound * inputBlocks + plane, firstX: -padding, distance: stride, step: 1,
            count: inputSize + 2 * padding - stride, into: pairs.source, plane: plane, device)
        } else {
          pair(
            gradient, plane: pictures.lowerBound * outputBlocks + n, firstX: 0, distance: 1, step: 2,
            count: outputSize / 2, into: pairs.gradient, plane: n, device)
        }
      }
    }
    return pairs
  }

  /// Of each row of a plane (counted over pictures and blocks) the pixels x = firstX + j*step and x + distance, as cell
  /// j, the first one in the low half.
  private func pair(
    _ from: Activations, plane: Int, firstX: Int, distance: Int, step: Int, count: Int, into to: Activations,
    plane place: Int, _ device: Device
  ) {
    let pairLanes = device.pairs.pairLanes
    let start = from.slice.pointer + plane * from.layout.blockStride
    let cells = to.slice.pointer + place * to.layout.blockStride
    for y in 0..<from.layout.height {
      let row = start + from.layout.pixel(y, firstX)
      pairLanes(
        row, row + distance * channelBlock, step * channelBlock, cells + to.layout.pixel(y, -to.layout.halo), count)
    }
  }

  /// The output rows y for which kernel row `ky` meets a row of the source and not only its halo.
  private func rowsInside(_ ky: Int) -> Range<Int> {
    let first = max(0, padding - ky + stride - 1) / stride
    return first..<min(outputSize, (inputSize - 1 + padding - ky) / stride + 1)
  }
}
