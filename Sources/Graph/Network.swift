// A net as its author writes it down: a name, an input and a list of layers. Nothing here knows kernels or memory.

/// One layer. Sizes follow from the input's.
package enum Layer: Hashable, Sendable {
  /// Bias-free, square. `name` is the parameter's prefix in PyTorch's naming: "initial.conv".
  case convolution(name: String, outputChannels: Int, kernel: Int, stride: Int, padding: Int)
  case transposedConvolution(name: String, outputChannels: Int, kernel: Int, stride: Int, padding: Int)
  /// y = W x + b of vectors, or of pictures as vectors (channel, row, column).
  case linear(name: String, outputs: Int)
  /// The vectors that the linear layer before it made, viewed as pictures (channel, row, column).
  case view(channels: Int, size: Int)
  /// v > 0 ? v : slope*v. LeakyReLU with `slope`, ReLU with 0. Not negative.
  case activation(slope: Float)
  case batchNorm(name: String)
  case tanh
}

/// A net: layers in a row, between what it says goes in and what it says comes out.
package struct Network: Hashable, Sendable {
  /// What comes in: pictures (1 to 4 channels, `size` x `size`), or vectors (`count` values).
  package enum Input: Hashable, Sendable {
    case pictures(channels: Int, size: Int)
    case vectors(count: Int)
  }

  /// What comes out: pictures that another net can read, or a score for each picture.
  package enum Output: Hashable, Sendable {
    case pictures(channels: Int, size: Int)
    case scores
  }

  package let name: String
  package let input: Input
  package let output: Output
  package let layers: [Layer]

  package init(name: String, input: Input, output: Output, layers: [Layer]) {
    self.name = name
    self.input = input
    self.output = output
    self.layers = layers
  }
}
