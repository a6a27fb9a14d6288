import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing

extension ReferenceNetwork {
  /// The same net in the graph's words.
  func network(_ name: String, input: Network.Input, output: Network.Output) -> Network {
    let layers = layers.compactMap { layer -> Layer? in
      switch layer {
      case .convolution(let name, let g, _, let outputs):
        .convolution(
          name: name, outputChannels: outputs, kernel: g.kernel, stride: g.stride, padding: g.padding)
      case .transposedConvolution(let name, let g, _, let outputs):
        .transposedConvolution(
          name: name, outputChannels: outputs, kernel: g.kernel, stride: g.stride, padding: g.padding)
      case .batchNorm(let name, _): .batchNorm(name: name)
      case .linear(let name, _, let outputs): .linear(name: name, outputs: outputs)
      case .view(let channels, let size): .view(channels: channels, size: size)
      case .activation(.leakyReLU(let slope)): .activation(slope: Float(slope))
      case .activation(.relu): .activation(slope: 0)
      case .activation(.tanh): .tanh
      // The executor gives scores; the mean is the reference's.
      case .mean: nil
      }
    }
    return Network(name: name, input: input, output: output, layers: layers)
  }
}

/// A critic and a generator for it.
struct ReferenceNets: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let size: Int
  let channels: Int
  let latent: Int
  let critic: ReferenceNetwork
  let generator: ReferenceNetwork

  init(_ nets: ReferenceDCGAN) {
    testDescription = "\(nets)"
    (size, channels, latent) = (nets.size, nets.channels, nets.latent)
    (critic, generator) = (nets.critic, nets.generator)
  }

  init(_ nets: ReferenceMLP) {
    testDescription = "\(nets)"
    (size, channels, latent) = (nets.size, nets.channels, nets.latent)
    (critic, generator) = (nets.critic, nets.generator)
  }

  /// - Precondition: for the same pictures.
  init(critic: ReferenceNets, generator: ReferenceNets) {
    testDescription = "critic of \(critic.testDescription), generator of \(generator.testDescription)"
    (size, channels, latent) = (critic.size, critic.channels, generator.latent)
    (self.critic, self.generator) = (critic.critic, generator.generator)
  }

  func criticNetwork() -> Network {
    critic.network("critic", input: .pictures(channels: channels, size: size), output: .scores)
  }
  func generatorNetwork() -> Network {
    generator.network(
      "generator", input: .vectors(count: latent), output: .pictures(channels: channels, size: size))
  }
}

/// A net in the engine beside the same one in the reference.
struct Pair {
  var reference: ReferenceNetwork
  let executor: Executor
  let device: Device

  init(
    _ reference: ReferenceNetwork, _ network: Network, batch: Int, purpose: ExecutionPlan.Purpose = .training,
    algorithm: AlgorithmChoice = .auto, on device: Device
  ) throws {
    let plan = try ExecutionPlan(network, batch: batch, purpose: purpose, algorithm: algorithm, on: device)
    try self.init(reference, Executor(plan, on: device), on: device)
  }

  init(_ reference: ReferenceNetwork, _ executor: Executor, on device: Device) throws {
    self.reference = reference
    self.executor = executor
    self.device = device
    for parameter in executor.plan.parameters.parameters {
      parameter.set(reference[parameter.name].values.map(Float.init), in: executor.parameters)
    }
    for buffer in executor.plan.parameters.buffers {
      let dot = try #require(buffer.name.lastIndex(of: "."))
      let running = try #require(reference.running[String(buffer.name[..<dot])])
      let values = buffer.kind == .runningMean ? running.mean : running.variance
      buffer.set(values.map(Float.init), in: executor.buffers)
    }
    executor.parametersChanged()
  }

  /// `values` as the net's input.
  func input(_ values: ReferenceTensor) -> Activations {
    let batch = values.shape[0]
    let layout = executor.plan.inputLayout
    let activations = Activations(Slab(count: layout.count(batch: batch)).all, layout)
    activations.set(values.values.map(Float.init), batch: batch)
    return activations
  }

  func gradient(_ name: String) throws -> [Float] {
    try #require(executor.plan.parameters.parameters.first { $0.name == name }).values(in: executor.gradients)
  }
}

/// Uniform in [-1, 1), exact in Float.
func uniform(_ shape: [Int], _ stream: inout RandomStream) -> ReferenceTensor {
  ReferenceTensor(
    shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Double(2 * stream.uniform() - 1) })
}

/// The root of the mean square of the differences, over that of the expected values.
func relativeDistance(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let difference = zip(actual, expected).reduce(0.0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
  let size = expected.reduce(0.0) { $0 + $1 * $1 }
  return (difference / max(size, Double.leastNormalMagnitude)).squareRoot()
}

/// Expects `relativeDistance` below `tolerance`, and says how far off and where.
func expectClose(
  _ actual: [Float], _ expected: [Double], within tolerance: Double, _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let distance = relativeDistance(actual, expected)
  guard !(distance <= tolerance) else { return }
  let worst = zip(actual, expected).enumerated().max { abs(Double($0.1.0) - $0.1.1) < abs(Double($1.1.0) - $1.1.1) }
  Issue.record(
    """
    \(what()): relative rms distance \(distance), allowed \(tolerance); \(actual.count) values, expected \
    \(expected.count); worst at [\(worst?.offset ?? 0)]: \(worst?.element.0 ?? 0), expected \(worst?.element.1 ?? 0)
    """, sourceLocation: sourceLocation)
}
