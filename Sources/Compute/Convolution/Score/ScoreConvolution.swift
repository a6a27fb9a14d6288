// The critic's last layer: one output channel at one position. A dot product a picture, and its two adjoints.
// Everything that is read of a picture is contiguous: `[block][k][k][16]`, no halo, as are the weights. k is 4, or 1 of
// a linear layer.

import Kernels

extension Convolution {
  private func checkScore(_ source: Activations, _ weights: Slice, batch: Int, halo: Int = 0) {
    precondition(form == .score && weights.count == weightsCount)
    precondition(
      source.layout
        == ActivationLayout(.blocked, channels: inputChannels, height: inputSize, width: inputSize, halo: halo))
    precondition(source.holds(batch: batch))
  }

  /// scores[n] = Σ source(n, i, y, x) * weights(i, y, x) + bias
  ///
  /// - Parameter bias: its first Float counts; nil: none.
  package func scoreForward(
    batch: Int, source: Activations, weights: Slice, bias: Slice? = nil, scores: Slice, on device: Device
  ) {
    checkScore(source, weights, batch: batch)
    precondition(scores.count >= batch && bias?.count != 0)
    device.parallel(batch) { pictures in
      for n in pictures {
        let sum = device.kernels.dot(
          source.slice.pointer + n * source.layout.pictureStride, weights.pointer, weightsCount)
        scores.pointer[n] = bias.map { sum + $0.pointer[0] } ?? sum
      }
    }
  }

  /// diffSource(n, i, y, x) = diffScores[n] * weights(i, y, x), times the gate where there is one.
  ///
  /// - Parameter diffSource: any halo; it becomes zero.
  package func scoreBackwardData(
    batch: Int, diffScores: Slice, weights: Slice, diffSource: Activations, gate: ActivationGate? = nil,
    on device: Device
  ) {
    let layout = diffSource.layout
    checkScore(diffSource, weights, batch: batch, halo: layout.halo)
    precondition(diffScores.count >= batch)
    if let gate { checkScore(gate.activations, weights, batch: batch, halo: gate.activations.layout.halo) }
    let rowCount = inputSize * channelBlock
    device.parallel(batch) { pictures in
      for n in pictures {
        for line in 0..<layout.blocks * inputSize {
          let (block, y) = (line / inputSize, line % inputSize)
          func row(_ a: Activations) -> UnsafeMutablePointer<Float> {
            a.slice.pointer + n * a.layout.pictureStride + block * a.layout.blockStride + a.layout.pixel(y, 0)
          }
          device.kernels.scaledGate(
            row(diffSource), weights.pointer + line * rowCount, (gate?.activations).map { UnsafePointer(row($0)) },
            diffScores.pointer[n], gate?.slope ?? 1, rowCount)
        }
      }
      diffSource.clearHalo(pictures: pictures)
    }
  }

  /// diffWeights(i, y, x) = (accumulate ? diffWeights : 0) + Σ_n diffScores[n] * source(n, i, y, x)
  package func scoreBackwardWeights(
    batch: Int, source: Activations, diffScores: Slice, diffWeights: Slice, accumulate: Bool, on device: Device
  ) {
    checkScore(source, diffWeights, batch: batch)
    precondition(diffScores.count >= batch)
    device.parallel(weightsCount / channelBlock) { blocks in
      let first = blocks.lowerBound * channelBlock
      for n in 0..<batch {
        device.kernels.scaledSum(
          diffWeights.pointer + first, source.slice.pointer + n * source.layout.pictureStride + first,
          diffScores.pointer[n], blocks.count * channelBlock, accumulate || n > 0)
      }
    }
  }

  /// diffBias = (accumulate ? diffBias : 0) + Σ_n factors[n] * diffScores[n], in the first Float; the others get zero.
  /// The sum comes first: so a critic's real and fake pictures, as many, cancel without a rest, which RMSprop would
  /// turn into whole steps.
  ///
  /// - Parameter factors: nil: 1.
  package func scoreBackwardBias(
    batch: Int, diffScores: Slice, factors: Slice? = nil, diffBias: Slice, accumulate: Bool
  ) {
    precondition(form == .score && diffScores.count >= batch && diffBias.count > 0)
    let before = accumulate ? diffBias.pointer[0] : 0
    var sum: Float = 0
    for n in 0..<batch { sum += factors.map { $0.pointer[n] * diffScores.pointer[n] } ?? diffScores.pointer[n] }
    diffBias.fill(0)
    diffBias.pointer[0] = before + sum
  }
}
