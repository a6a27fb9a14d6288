// The generator's main directions: which ways of the latent space change most of what its first layer makes.
//
// Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", NeurIPS 2020, section 3.2, take the first
// layer's outputs y of many random z, their principal components v_k, and bring these back to the latent space by least
// squares: the direction u_k for which z = sum of u_k x_k comes nearest, x_k being the k-th coordinate of y.
//
// Here the first layer is linear, y = A z + b, and z is normal, so nothing needs to be drawn. The covariance of y is
// A A^T, its principal components are A's left singular vectors, and least squares gives u_k = A^T v_k / s_k^2 =
// w_k / s_k, with A's right singular vectors w_k, the eigenvectors of A^T A, and its singular values s_k. One standard
// deviation of x_k, s_k, is then w_k: a step of length 1.

import Configuration
import Graph
import Statistics
import SystemSupport
import TensorFiles

/// One of a generator's main directions: a principal component of its first layer's output, as a direction of the
/// latent space.
public struct LatentDirection: Sendable, Equatable {
  /// Of length 1, as many numbers as a ``LatentVector`` has. The one of the greatest magnitude is positive.
  public let vector: [Float]
  /// The share of the variance of the first layer's output that is along it, 0 to 1. All directions' sum is 1.
  public let share: Double
}

extension LatentDirection {
  /// All directions of a generator, that of the greatest share first: as many as a latent vector has numbers, each at
  /// right angles to the others.
  ///
  /// - Parameter tensors: the generator's, in the group `group`.
  static func all(of configuration: TrainingConfiguration, tensors: TensorSet, group: String) throws(Failure)
    -> [LatentDirection]
  {
    let latent = configuration.latent
    var covariance = SymmetricMatrix(size: latent)
    try forEachRow(of: configuration.generator.layers.first, tensors, group, latent) { covariance.addOuterProduct($0) }
    let components = covariance.eigenvectors()
    // Rounding may leave a little less than 0.
    let total = components.reduce(0) { $0 + max(0, $1.value) }
    return components.map { component in
      LatentDirection(
        vector: component.vector.map { Float($0) }, share: total > 0 ? max(0, component.value) / total : 0)
    }
  }

  /// The rows of A: what each of the first layer's outputs takes of the latent vector.
  private static func forEachRow(
    of layer: Layer?, _ tensors: TensorSet, _ group: String, _ latent: Int, _ body: ([Double]) -> Void
  ) throws(Failure) {
    switch layer {
    case .transposedConvolution(let name, let channels, let kernel, _, _):
      // PyTorch's layout: [latent][channel][y][x].
      let outputs = channels * kernel * kernel
      let weights = try tensors.checked("\(group).\(name).weight", shape: [latent, channels, kernel, kernel]).values
      for output in 0..<outputs { body((0..<latent).map { Double(weights[$0 * outputs + output]) }) }
    case .linear(let name, let outputs):
      let weights = try tensors.checked("\(group).\(name).weight", shape: [outputs, latent]).values
      for output in 0..<outputs { body((0..<latent).map { Double(weights[output * latent + $0]) }) }
    default: preconditionFailure("a generator's first layer is linear")
    }
  }
}
