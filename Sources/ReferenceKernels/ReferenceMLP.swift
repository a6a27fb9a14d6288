// The two MLP nets of the WGAN authors' code, with f features:
//
//   critic      channels size² -> f -> f -> f -> 1, mean
//   generator   latent -> f -> f -> f -> channels size², viewed as pictures; no tanh
//
// Linear layers with ReLU between; the names are those of the modules in the authors' Sequential.

package struct ReferenceMLP: Equatable, Sendable {
  package var size: Int
  package var channels: Int
  package var features: Int
  package var latent: Int

  package init(size: Int = 64, channels: Int = 3, features: Int = 512, latent: Int = 100) {
    self.size = size
    self.channels = channels
    self.features = features
    self.latent = latent
  }

  /// N x channels x size x size to a scalar.
  package var critic: ReferenceNetwork {
    ReferenceNetwork(layers: layers(from: channels * size * size, to: 1) + [.mean])
  }

  /// N x latent x 1 x 1 to N x channels x size x size.
  package var generator: ReferenceNetwork {
    ReferenceNetwork(
      layers: layers(from: latent, to: channels * size * size) + [.view(channels: channels, size: size)])
  }

  private func layers(from inputs: Int, to outputs: Int) -> [ReferenceLayer] {
    [
      .linear(name: "main.0", inputs: inputs, outputs: features), .activation(.relu),
      .linear(name: "main.2", inputs: features, outputs: features), .activation(.relu),
      .linear(name: "main.4", inputs: features, outputs: features), .activation(.relu),
      .linear(name: "main.6", inputs: features, outputs: outputs),
    ]
  }
}
