// A linear layer (PyTorch's nn.Linear). With N vectors, I inputs and O outputs:
//
//   source       N x I, or N x C x H x W with I = C H W: its values in that order
//   weights      O x I
//   bias         O
//   destination  N x O x 1 x 1
//
//   destination[n, o] = bias[o] + sum over i of weights[o, i] source[n, i]

package enum ReferenceLinear {
  package static func forward(
    source: ReferenceTensor, weights: ReferenceTensor, bias: ReferenceTensor
  ) -> ReferenceTensor {
    let (count, outputs, inputs) = (source.shape[0], weights.shape[0], weights.shape[1])
    precondition(source.count == count * inputs && bias.shape == [outputs])
    var destination = ReferenceTensor(shape: [count, outputs, 1, 1])
    for n in 0..<count {
      for o in 0..<outputs {
        var sum = bias.values[o]
        for i in 0..<inputs { sum += weights.values[o * inputs + i] * source.values[n * inputs + i] }
        destination.values[n * outputs + o] = sum
      }
    }
    return destination
  }

  /// diffSource[n, i] = sum over o of diffDestination[n, o] weights[o, i]
  ///
  /// - Parameter sourceShape: N x I or N x C x H x W.
  package static func backwardData(
    diffDestination: ReferenceTensor, weights: ReferenceTensor, sourceShape: [Int]
  ) -> ReferenceTensor {
    let (count, outputs, inputs) = (sourceShape[0], weights.shape[0], weights.shape[1])
    precondition(diffDestination.count == count * outputs)
    var diffSource = ReferenceTensor(shape: sourceShape)
    precondition(diffSource.count == count * inputs)
    for n in 0..<count {
      for i in 0..<inputs {
        var sum = 0.0
        for o in 0..<outputs { sum += diffDestination.values[n * outputs + o] * weights.values[o * inputs + i] }
        diffSource.values[n * inputs + i] = sum
      }
    }
    return diffSource
  }

  /// diffWeights[o, i] = sum over n of diffDestination[n, o] source[n, i]; diffBias[o] = sum over n of
  /// diffDestination[n, o]
  package static func backwardWeights(
    source: ReferenceTensor, diffDestination: ReferenceTensor
  ) -> (diffWeights: ReferenceTensor, diffBias: ReferenceTensor) {
    let count = source.shape[0]
    let (inputs, outputs) = (source.count / count, diffDestination.count / count)
    var diffWeights = ReferenceTensor(shape: [outputs, inputs])
    var diffBias = ReferenceTensor(shape: [outputs])
    for o in 0..<outputs {
      for n in 0..<count { diffBias.values[o] += diffDestination.values[n * outputs + o] }
      for i in 0..<inputs {
        var sum = 0.0
        for n in 0..<count { sum += diffDestination.values[n * outputs + o] * source.values[n * inputs + i] }
        diffWeights.values[o * inputs + i] = sum
      }
    }
    return (diffWeights, diffBias)
  }
}
