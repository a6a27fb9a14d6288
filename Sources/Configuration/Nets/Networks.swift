// The critic and the generator as the WGAN references build them, described once as layers. Parameters have the
// references' PyTorch names. Sources: the DCGAN nets of Radford, Metz and Chintala, "Unsupervised representation
// learning with deep convolutional generative adversarial networks" (ICLR 2016); the MLP nets of the WGAN authors'
// code.

import Graph

extension TrainingConfiguration {
  /// Pictures -> a score.
  package var critic: Network {
    let layers =
      switch self.criticNet {
      case .dcgan: dcganCritic
      case .mlp: mlp(features: self.criticFeatures, outputs: 1)
      }
    return Network(
      name: "critic", input: .pictures(channels: self.channels, size: self.size), output: .scores, layers: layers)
  }

  /// Vectors -> pictures; a dcgan's in [-1, 1], an mlp's anywhere.
  package var generator: Network {
    let layers =
      switch self.generatorNet {
      case .dcgan: dcganGenerator
      case .mlp:
        mlp(features: self.generatorFeatures, outputs: self.channels * self.size * self.size)
          + [.view(channels: self.channels, size: self.size)]
      }
    return Network(
      name: "generator", input: .vectors(count: self.latent),
      output: .pictures(channels: self.channels, size: self.size),
      layers: layers)
  }

  /// Strided convolutions halve the plane to 4x4 and double the channels; no norm behind the first.
  private var dcganCritic: [Layer] {
    func block(_ name: String) -> [Layer] { self.block(name, slope: 0.2, norm: self.criticNorm) }
    var channels = self.criticFeatures
    var layers: [Layer] = [
      .convolution(name: "initial.conv", outputChannels: channels, kernel: 4, stride: 2, padding: 1),
      .activation(slope: 0.2),
    ]
    for i in 0..<self.extraLayers {
      layers.append(
        .convolution(name: "extra.\(i).conv", outputChannels: channels, kernel: 3, stride: 1, padding: 1))
      layers += block("extra.\(i)")
    }
    var grid = self.size / 2
    var index = 0
    while grid > 4 {
      channels *= 2
      grid /= 2
      layers.append(
        .convolution(name: "pyramid.\(index).conv", outputChannels: channels, kernel: 4, stride: 2, padding: 1))
      layers += block("pyramid.\(index)")
      index += 1
    }
    layers.append(.convolution(name: "final", outputChannels: 1, kernel: 4, stride: 1, padding: 0))
    return layers
  }

  /// Transposed convolutions double the plane from 4x4 and halve the channels; tanh at the end.
  private var dcganGenerator: [Layer] {
    func block(_ name: String) -> [Layer] { self.block(name, slope: 0, norm: self.generatorNorm) }
    var channels = self.generatorFeatures * self.size / 8
    var layers: [Layer] = [
      .transposedConvolution(name: "initial.conv", outputChannels: channels, kernel: 4, stride: 1, padding: 0)
    ]
    layers += block("initial")
    var grid = 4
    var index = 0
    while grid < self.size / 2 {
      channels /= 2
      grid *= 2
      layers.append(
        .transposedConvolution(
          name: "pyramid.\(index).conv", outputChannels: channels, kernel: 4, stride: 2, padding: 1))
      layers += block("pyramid.\(index)")
      index += 1
    }
    for i in 0..<self.extraLayers {
      let name = "extra.\(i)"
      switch self.generatorExtra {
      case .transposed:
        layers.append(
          .transposedConvolution(name: name + ".conv", outputChannels: channels, kernel: 3, stride: 1, padding: 1))
      case .convolution:
        layers.append(.convolution(name: name + ".conv", outputChannels: channels, kernel: 3, stride: 1, padding: 1))
      }
      layers += block(name)
    }
    layers.append(
      .transposedConvolution(name: "final", outputChannels: self.channels, kernel: 4, stride: 2, padding: 1))
    layers.append(.tanh)
    return layers
  }

  private func block(_ name: String, slope: Float, norm: Bool) -> [Layer] {
    if !norm { return [.activation(slope: slope)] }
    return switch self.blockOrder {
    case .convolutionActivationNorm: [.activation(slope: slope), .batchNorm(name: name + ".bn")]
    case .convolutionNormActivation: [.batchNorm(name: name + ".bn"), .activation(slope: slope)]
    }
  }

  /// Three layers with ReLU and one without. The numbers are those of the modules in the authors' Sequential.
  private func mlp(features: Int, outputs: Int) -> [Layer] {
    [0, 2, 4].flatMap { [Layer.linear(name: "main.\($0)", outputs: features), .activation(slope: 0)] }
      + [.linear(name: "main.6", outputs: outputs)]
  }
}
