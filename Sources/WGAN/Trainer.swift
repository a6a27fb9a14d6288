// The two steps of a WGAN run: critic step and generator step, over one critic and one generator.

import Graph
import Randomness

/// A tensor by its PyTorch name, in PyTorch's layout (row-major; OIHW for convolutions, IOHW for transposed ones).
package struct NamedTensor: Sendable, Equatable {
  package var name: String
  package var shape: [Int]
  package var values: [Float]

  package init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// What one critic step saw: the critic's mean over the real and over the fake pictures.
package struct CriticLosses: Sendable, Equatable {
  package var real: Float
  package var fake: Float

  package init(real: Float, fake: Float) {
    self.real = real
    self.fake = fake
  }

  /// d_loss, which the step minimises. The Wasserstein estimate is its negative.
  package var difference: Float { real - fake }
}
