import Compute
import Graph
import Randomness
import ReferenceKernels

/// Nets made at random: critics and generators that the engine has kernels for, and what becomes of them when a few
/// numbers and layers are anything.
struct RandomNet {
  private var stream: RandomStream
  private var layers: [Layer] = []
  /// What the last layer makes.
  private var channels = 0
  private var size = 1

  init(seed: Int) { stream = RandomStream(seed: 11, purpose: .test, step: seed) }

  /// A net that fuses.
  mutating func sound() -> Network { below(2) == 0 ? critic() : generator() }

  /// A net that may be impossible in one to three ways.
  mutating func broken() -> Network {
    var network = sound()
    for _ in 0...below(3) { network = mutated(network) }
    return network
  }

  // MARK: - Sound nets

  private mutating func critic() -> Network {
    layers = []
    let input: Network.Input
    if below(8) == 0 {
      input = .vectors(count: pick([1, 7, 16, 40]))
      (channels, size) = input.shape
    } else {
      // A picture's row is whole blocks of 16 Floats.
      let (count, side) = pick([(3, 16), (1, 16), (2, 16), (4, 16), (3, 32), (1, 32), (2, 8), (4, 8), (1, 48)])
      input = .pictures(channels: count, size: side)
      (channels, size) = (count, side)
      if below(4) == 0 { linear(pick([1, 5, 16, 33])) } else { convolution(4, 2, 1) }
      followers()
    }
    planes()
    if size == 1 && below(2) == 0 { linear(1) } else { convolution(size, 1, 0, outputs: 1) }
    return Network(name: "critic", input: input, output: .scores, layers: layers)
  }

  private mutating func generator() -> Network {
    layers = []
    let input = Network.Input.vectors(count: pick([1, 7, 16, 40]))
    (channels, size) = input.shape
    for _ in 0..<below(2) {
      linear(pick([1, 5, 16, 33]))
      followers()
    }
    if below(4) == 0 {
      (channels, size) = pick([(3, 16), (1, 16), (2, 8), (1, 32)])
      layers += [
        .linear(name: name("linear"), outputs: channels * size * size), .view(channels: channels, size: size),
      ]
    } else {
      transposed(pick([4, 8, 4]), 1, 0)
      followers()
      planes(halving: false)
      while size * 2 < 16 {
        transposed(4, 2, 1)
        followers()
      }
      transposed(4, 2, 1, outputs: pick([1, 2, 3, 4]))
      layers.append(.tanh)
    }
    return Network(name: "generator", input: input, output: .pictures(channels: channels, size: size), layers: layers)
  }

  /// Some layers from planes to planes.
  private mutating func planes(halving: Bool = true) {
    for _ in 0..<below(4) {
      switch below(4) {
      case 0 where size % 4 == 0: convolution(3, 1, 1)
      case 1 where size % 4 == 0: transposed(3, 1, 1)
      case 2 where halving && size % 8 == 0: convolution(4, 2, 1)
      case 3 where size % 4 == 0 && size < 32: transposed(4, 2, 1)
      case _ where size == 1: linear(pick([1, 5, 16, 33]))
      case _ where halving: convolution(size, 1, 0)
      default: continue
      }
      followers()
    }
  }

  private mutating func convolution(_ kernel: Int, _ stride: Int, _ padding: Int, outputs: Int? = nil) {
    channels = outputs ?? pick([1, 5, 16, 20])
    size = (size + 2 * padding - kernel) / stride + 1
    layers.append(
      .convolution(
        name: name("conv"), outputChannels: channels, kernel: kernel, stride: stride, padding: padding))
  }

  private mutating func transposed(_ kernel: Int, _ stride: Int, _ padding: Int, outputs: Int? = nil) {
    channels = outputs ?? pick([1, 5, 16, 20])
    size = (size - 1) * stride + kernel - 2 * padding
    layers.append(
      .transposedConvolution(
        name: name("transposed"), outputChannels: channels, kernel: kernel, stride: stride, padding: padding))
  }

  private mutating func linear(_ outputs: Int) {
    (channels, size) = (outputs, 1)
    layers.append(.linear(name: name("linear"), outputs: outputs))
  }

  private mutating func followers() {
    let activation = Layer.activation(slope: pick([0, 0.2, 1]))
    let norm = Layer.batchNorm(name: name("bn"))
    layers += pick([[activation], [activation, norm], [norm, activation], [norm], []])
  }

  private func name(_ kind: String) -> String { "\(kind).\(layers.count)" }

  // MARK: - Broken nets

  private mutating func mutated(_ network: Network) -> Network {
    var (input, output, layers) = (network.input, network.output, network.layers)
    let place = layers.isEmpty ? 0 : below(layers.count)
    switch layers.isEmpty ? 0 : below(8) {
    case 0: layers.insert(layer(), at: place)
    case 1: layers.remove(at: place)
    case 2: layers.swapAt(place, below(layers.count))
    case 3: layers.append(layers[place])
    case 4: input = below(2) == 0 ? .pictures(channels: number(), size: number()) : .vectors(count: number())
    case 5: output = below(3) > 0 ? .pictures(channels: number(), size: number()) : .scores
    default: layers[place] = mutated(layers[place])
    }
    return Network(name: network.name, input: input, output: output, layers: layers)
  }

  private mutating func mutated(_ layer: Layer) -> Layer {
    switch layer {
    case .convolution(let name, let outputs, let kernel, let stride, let padding):
      let n = oneOf(outputs, kernel, stride, padding)
      return .convolution(name: name, outputChannels: n[0], kernel: n[1], stride: n[2], padding: n[3])
    case .transposedConvolution(let name, let outputs, let kernel, let stride, let padding):
      let n = oneOf(outputs, kernel, stride, padding)
      return .transposedConvolution(name: name, outputChannels: n[0], kernel: n[1], stride: n[2], padding: n[3])
    case .linear(let name, _): return .linear(name: name, outputs: number())
    case .view(let channels, let size):
      let n = oneOf(channels, size)
      return .view(channels: n[0], size: n[1])
    case .activation: return .activation(slope: pick([-0.2, .nan, .infinity, 2]))
    case .batchNorm, .tanh: return self.layer()
    }
  }

  private mutating func layer() -> Layer {
    switch below(7) {
    case 0:
      .convolution(
        name: "new", outputChannels: number(), kernel: number(), stride: number(), padding: number())
    case 1:
      .transposedConvolution(
        name: "new", outputChannels: number(), kernel: number(), stride: number(), padding: number())
    case 2: .linear(name: "new", outputs: number())
    case 3: .view(channels: number(), size: number())
    case 4: .activation(slope: pick([0, 0.2, -1]))
    case 5: .batchNorm(name: "new.bn")
    default: .tanh
    }
  }

  /// The numbers, one of them replaced.
  private mutating func oneOf(_ numbers: Int...) -> [Int] {
    var numbers = numbers
    numbers[below(numbers.count)] = number()
    return numbers
  }

  private mutating func number() -> Int {
    pick([
      0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 64, 1000, -1, -4, 1 << 20, 1 << 20 + 1, 1 << 32, .max, .max - 1, .min,
    ])
  }

  private mutating func below(_ bound: Int) -> Int { stream.below(bound) }
  private mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
}

extension Network.Input {
  var shape: (channels: Int, size: Int) {
    switch self {
    case .pictures(let channels, let size): (channels, size)
    case .vectors(let count): (count, 1)
    }
  }
}

extension ReferenceNetwork {
  /// The same net in the reference's words; the mean of its scores behind it.
  ///
  /// - Precondition: the net fuses.
  init(_ network: Network) {
    var (channels, size) = network.input.shape
    var layers: [ReferenceLayer] = []
    for layer in network.layers {
      switch layer {
      case .convolution(let name, let outputs, let kernel, let stride, let padding):
        layers.append(
          .convolution(
            name: name, ReferenceConvolution(kernel: kernel, stride: stride, padding: padding), inputs: channels,
            outputs: outputs))
        (channels, size) = (outputs, (size + 2 * padding - kernel) / stride + 1)
      case .transposedConvolution(let name, let outputs, let kernel, let stride, let padding):
        layers.append(
          .transposedConvolution(
            name: name, ReferenceTransposedConvolution(kernel: kernel, stride: stride, padding: padding),
            inputs: channels, outputs: outputs))
        (channels, size) = (outputs, (size - 1) * stride + kernel - 2 * padding)
      case .linear(let name, let outputs):
        layers.append(.linear(name: name, inputs: channels * size * size, outputs: outputs))
        (channels, size) = (outputs, 1)
      case .view(let viewed, let side):
        layers.append(.view(channels: viewed, size: side))
        (channels, size) = (viewed, side)
      case .activation(let slope): layers.append(.activation(.leakyReLU(slope: Double(slope))))
      case .batchNorm(let name): layers.append(.batchNorm(name: name, channels: channels))
      case .tanh: layers.append(.activation(.tanh))
      }
    }
    if network.output == .scores { layers.append(.mean) }
    self.init(layers: layers)
  }
}
