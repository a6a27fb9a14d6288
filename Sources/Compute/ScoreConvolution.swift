// The critic's last convolution: 4x4 to 1x1 with one output channel. A dot product a picture, and its two adjoints.
// Everything of a picture is contiguous: `[block][4][4][16]`, no halo, as are the weights.

import Kernels

extension Convolution {
  private func checkScore(_ source: Activations, _ weights: Slice, batch: Int) {
    precondition(form == .score && weights.count == weightsCount)
    precondition(source.layout == ActivationLayout(.blocked, channels: inputChannels, height: 4, width: 4, halo: 0))
    precondition(source.holds(batch: batch))
  }

  /// scores[n] = Σ source(n, i, y, x) * weights(i, y, x)
  package func scoreForward(
    batch: Int, source: Activations, weights: Slice, scores: Slice, on processor: Processor
  ) {
    checkScore(source, weights, batch: batch)
    precondition(scores.count >= batch)
    processor.parallel(batch) { pictures in
      for n in pictures {
        scores.pointer[n] = processor.kernels.dot(
          source.slice.pointer + n * source.layout.pictureStride, weights.pointer, weightsCount)
      }
    }
  }

  /// diffSource(n, i, y, x) = diffScores[n] * weights(i, y, x)
  package func scoreBackwardData(
    batch: Int, diffScores: Slice, weights: Slice, diffSource: Activations, on processor: Processor
  ) {
    checkScore(diffSource, weights, batch: batch)
    precondition(diffScores.count >= batch)
    processor.parallel(batch) { pictures in
      for n in pictures {
        processor.kernels.scaledSum(
          diffSource.slice.pointer + n * diffSource.layout.pictureStride, weights.pointer, diffScores.pointer[n],
          weightsCount, false)
      }
    }
  }

  /// diffWeights(i, y, x) = (accumulate ? diffWeights : 0) + Σ_n diffScores[n] * source(n, i, y, x)
  package func scoreBackwardWeights(
    batch: Int, source: Activations, diffScores: Slice, diffWeights: Slice, accumulate: Bool, on processor: Processor
  ) {
    checkScore(source, diffWeights, batch: batch)
    precondition(diffScores.count >= batch)
    processor.parallel(weightsCount / channelBlock) { blocks in
      let first = blocks.lowerBound * channelBlock
      for n in 0..<batch {
        processor.kernels.scaledSum(
          diffWeights.pointer + first, source.slice.pointer + n * source.layout.pictureStride + first,
          diffScores.pointer[n], blocks.count * channelBlock, accumulate || n > 0)
      }
    }
  }
}
