// The DCGAN critic and generator (Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional
// generative adversarial networks", ICLR 2016) as the WGAN references build them, described once as layers. Parameters have
// the references' PyTorch names.

import Graph

extension TrainingConfiguration {
  /// Pictures -> a score. Strided convolutions halve the plane to 4x4 and double the channels; no norm behind the first.
  package var critic: Network {
    let slope: Float = 0.2
    var layers: [Layer] = [
      .convolution(name: "initial.conv", outputChannels: features, kernel: 4, stride: 2, padding: 1),
      .activation(slope: slope),
    ]
    for i in 0..<extraLayers {
      layers.append(
        .convolution(name: "extra.\(i).conv", outputChannels: features, kernel: 3, stride: 1, padding: 1))
      layers += block("extra.\(i)", slope: slope)
    }
    var channels = features
    var grid = size / 2
    var index = 0
    while grid > 4 {
      channels *= 2
      grid /= 2
      layers.append(
        .convolution(name: "pyramid.\(index).conv", outputChannels: channels, kernel: 4, stride: 2, padding: 1))
      layers += block("pyramid.\(index)", slope: slope)
      index += 1
    }
    layers.append(.convolution(name: "final", outputChannels: 1, kernel: 4, stride: 1, padding: 0))
    return Network(name: "critic", input: .pictures(channels: self.channels, size: size), layers: layers)
  }

  /// Vectors -> pictures in [-1, 1]. Transposed convolutions double the plane from 4x4 and halve the channels.
  package var generator: Network {
    var channels = features * size / 8
    var layers: [Layer] = [
      .transposedConvolution(name: "initial.conv", outputChannels: channels, kernel: 4, stride: 1, padding: 0)
    ]
    layers += block("initial", slope: 0)
    var grid = 4
    var index = 0
    while grid < size / 2 {
      channels /= 2
      grid *= 2
      layers.append(
        .transposedConvolution(
          name: "pyramid.\(index).conv", outputChannels: channels, kernel: 4, stride: 2, padding: 1))
      layers += block("pyramid.\(index)", slope: 0)
      index += 1
    }
    for i in 0..<extraLayers {
      layers.append(
        .transposedConvolution(name: "extra.\(i).conv", outputChannels: channels, kernel: 3, stride: 1, padding: 1))
      layers += block("extra.\(i)", slope: 0)
    }
    layers.append(
      .transposedConvolution(name: "final", outputChannels: self.channels, kernel: 4, stride: 2, padding: 1))
    layers.append(.tanh)
    return Network(name: "generator", input: .vectors(count: latent), layers: layers)
  }

  private func block(_ name: String, slope: Float) -> [Layer] {
    switch blockOrder {
    case .convolutionActivationNorm: [.activation(slope: slope), .batchNorm(name: name + ".bn")]
    case .convolutionNormActivation: [.batchNorm(name: name + ".bn"), .activation(slope: slope)]
    }
  }
}
