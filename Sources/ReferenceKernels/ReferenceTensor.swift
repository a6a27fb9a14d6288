// The definition of every operation of this project: naive loops in Double over NCHW activations and OIHW weights.
//
// Read this module to learn what is computed; read Kernels and Compute to learn how it is computed fast. Nothing in the
// product calls it: the tests compare the product with it. So it is written to be checked by eye against the formula
// above each function, and no function is defined by calling another one that a test will compare it with.
//
//   ReferenceTensor                 a shape and its values
//   ReferenceConvolution            convolution: forward, backwardData, backwardWeights
//   ReferenceTransposedConvolution  its adjoint, written on its own: forward, backwardData, backwardWeights
//   ReferenceLinear                 a linear layer: forward, backwardData, backwardWeights
//   ReferenceActivations            LeakyReLU, ReLU, tanh and their gradients
//   ReferenceBatchNorm              batch norm: training, evaluation, backward
//   ReferenceReduction              mean
//   ReferenceBFloat16               numbers rounded to bf16, their products, convolutions of them
//   ReferenceOptimizers             RMSprop, Adam, clamp
//   ReferencePixels                 bytes to [-1, 1] and back
//   ReferenceAugmentation           colour, translation and cutout of pictures
//   ReferenceNetwork                layers in a row, with a tape: forward, backward
//   ReferenceDCGAN, ReferenceMLP    the critic and the generator as such rows of layers
//   ReferenceObjective              what the two minimise, penalties on the critic's gradient among it
//   ReferenceTangent                a penalty's gradient with respect to the critic's parameters
//   ReferenceTraining               one critic step, one generator step

/// A dense tensor in row-major order: the last index moves fastest.
///
/// Activations are NCHW: `values[((n * C + c) * H + y) * W + x]`. Weights of a convolution are OIHW (output channel,
/// input channel, row, column); of a transposed convolution IOHW, as in PyTorch. Vectors have one dimension, scalars
/// none.
package struct ReferenceTensor: Equatable, Sendable {
  package let shape: [Int]
  package var values: [Double]

  /// - Precondition: as many values as the shape holds.
  package init(shape: [Int], values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values can't fill shape \(shape)")
    self.shape = shape
    self.values = values
  }

  package init(shape: [Int], repeating value: Double = 0) {
    self.init(shape: shape, values: Array(repeating: value, count: shape.reduce(1, *)))
  }

  package var count: Int { values.count }

  /// The element at (n, c, y, x) of a tensor of four dimensions.
  @inline(__always)
  package subscript(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Double {
    get { values[offset(n, c, y, x)] }
    set { values[offset(n, c, y, x)] = newValue }
  }

  @inline(__always)
  private func offset(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Int {
    assert(shape.count == 4 && n < shape[0] && c < shape[1] && y < shape[2] && x < shape[3])
    return ((n * shape[1] + c) * shape[2] + y) * shape[3] + x
  }

  /// Each value by itself.
  package func map(_ function: (Double) -> Double) -> ReferenceTensor {
    ReferenceTensor(shape: shape, values: values.map(function))
  }

  /// The values of two tensors of one shape, pair by pair.
  package func combined(with other: ReferenceTensor, _ function: (Double, Double) -> Double) -> ReferenceTensor {
    precondition(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
    return ReferenceTensor(shape: shape, values: zip(values, other.values).map(function))
  }

  /// The inner product <a, b> = sum over all i of a_i b_i.
  package static func dot(_ a: ReferenceTensor, _ b: ReferenceTensor) -> Double {
    precondition(a.shape == b.shape, "shapes \(a.shape) and \(b.shape) differ")
    return zip(a.values, b.values).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
