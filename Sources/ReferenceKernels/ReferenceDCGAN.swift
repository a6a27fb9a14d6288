// The two nets, for pictures of size x size, size = 4 * 2^k from 16 up, with f features at their widest grid.
//
//   critic                                             generator
//   initial    channels -> f    conv 4, 2, 1           initial    latent -> c    transposed 4, 1, 0   1x1 to 4x4
//              LeakyReLU(0.2)                                     block
//   extra.i    f -> f           conv 3, 1, 1, block    pyramid.i  c -> c/2       transposed 4, 2, 1, block
//   pyramid.i  c -> 2c          conv 4, 2, 1, block    extra.i    f -> f         transposed 3, 1, 1, block
//              until the grid is 4x4                              until the grid is size/2, then extra.i E times
//   final      c -> 1           conv 4, 1, 0           final      f -> channels  transposed 4, 2, 1
//              mean                                               tanh
//
// No convolution has a bias. A block is an activation (LeakyReLU(0.2) in the critic, ReLU in the generator) and batch
// norm: activation first in the seed, batch norm first in the WGAN authors' code. Without norms a block is the
// activation alone. The WGAN authors' extra layers of the generator are convolutions, too.

/// The order inside a block, after its convolution.
package enum ReferenceBlockOrder: Sendable, CaseIterable {
  case activationNorm
  case normActivation
}

package struct ReferenceDCGAN: Equatable, Sendable {
  package var size: Int
  package var channels: Int
  package var features: Int
  package var latent: Int
  package var extraLayers: Int
  package var order: ReferenceBlockOrder
  package var norms: Bool
  /// The generator's extra layers are convolutions, not transposed ones.
  package var convolvesExtra: Bool

  package init(
    size: Int = 64, channels: Int = 3, features: Int = 64, latent: Int = 100, extraLayers: Int = 0,
    order: ReferenceBlockOrder = .activationNorm, norms: Bool = true, convolvesExtra: Bool = false
  ) {
    precondition(size >= 16 && size & (size - 1) == 0, "a size must be 4 * 2^k, from 16 up")
    self.size = size
    self.channels = channels
    self.features = features
    self.latent = latent
    self.extraLayers = extraLayers
    self.order = order
    self.norms = norms
    self.convolvesExtra = convolvesExtra
  }

  /// N x channels x size x size to a scalar.
  package var critic: ReferenceNetwork {
    let leaky = ReferenceActivation.leakyReLU(slope: 0.2)
    var layers: [ReferenceLayer] = [
      .convolution(name: "initial.conv", .init(kernel: 4, stride: 2, padding: 1), inputs: channels, outputs: features),
      .activation(leaky),
    ]
    for i in 0..<extraLayers {
      layers.append(
        .convolution(
          name: "extra.\(i).conv", .init(kernel: 3, stride: 1, padding: 1), inputs: features, outputs: features))
      layers += block("extra.\(i)", leaky, features)
    }
    var (grid, width, i) = (size / 2, features, 0)
    while grid > 4 {
      layers.append(
        .convolution(
          name: "pyramid.\(i).conv", .init(kernel: 4, stride: 2, padding: 1), inputs: width, outputs: 2 * width))
      layers += block("pyramid.\(i)", leaky, 2 * width)
      (grid, width, i) = (grid / 2, width * 2, i + 1)
    }
    layers.append(
      .convolution(name: "final", .init(kernel: 4, stride: 1, padding: 0), inputs: width, outputs: 1))
    layers.append(.mean)
    return ReferenceNetwork(layers: layers)
  }

  /// N x latent x 1 x 1 to N x channels x size x size.
  package var generator: ReferenceNetwork {
    var width = features * (size / 8)
    var layers: [ReferenceLayer] = [
      .transposedConvolution(
        name: "initial.conv", .init(kernel: 4, stride: 1, padding: 0), inputs: latent, outputs: width)
    ]
    layers += block("initial", .relu, width)
    var (grid, i) = (4, 0)
    while grid < size / 2 {
      layers.append(
        .transposedConvolution(
          name: "pyramid.\(i).conv", .init(kernel: 4, stride: 2, padding: 1), inputs: width, outputs: width / 2))
      layers += block("pyramid.\(i)", .relu, width / 2)
      (grid, width, i) = (grid * 2, width / 2, i + 1)
    }
    for i in 0..<extraLayers {
      let name = "extra.\(i).conv"
      layers.append(
        convolvesExtra
          ? .convolution(name: name, .init(kernel: 3, stride: 1, padding: 1), inputs: width, outputs: width)
          : .transposedConvolution(name: name, .init(kernel: 3, stride: 1, padding: 1), inputs: width, outputs: width))
      layers += block("extra.\(i)", .relu, width)
    }
    layers.append(
      .transposedConvolution(name: "final", .init(kernel: 4, stride: 2, padding: 1), inputs: width, outputs: channels))
    layers.append(.activation(.tanh))
    return ReferenceNetwork(layers: layers)
  }

  private func block(_ name: String, _ activation: ReferenceActivation, _ channels: Int) -> [ReferenceLayer] {
    if !norms { return [.activation(activation)] }
    let norm = ReferenceLayer.batchNorm(name: name + ".bn", channels: channels)
    switch order {
    case .activationNorm: return [.activation(activation), norm]
    case .normActivation: return [norm, .activation(activation)]
    }
  }
}
