import Configuration
import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing
import WGAN

/// Protects: the gradients of the whole nets that training uses. The engine's, in Float, against finite differences of
/// the definition's forward pass, in Double: no derivative that anyone wrote down stands on the other side.
@Suite struct GradientTests {
  /// The difference of the two, relative to the tensor's gradient; measured: below 8e-6.
  static let tolerance = 5e-5
  static let batch = 3
  static let methods = Device.supported.flatMap { set in [AlgorithmChoice.direct, .winograd].map { (set, $0) } }

  static let nets: [ReferenceNets] = {
    func small(_ name: String, _ changes: (inout TrainingConfiguration) -> Void) -> ReferenceNets {
      ReferenceNets(name) { c in
        (c.size, c.features, c.latent, c.extraLayers) = (16, 3, 4, 1)
        changes(&c)
      }
    }
    var nets: [ReferenceNets] = []
    for channels in [1, 3] {
      for order in BlockOrder.allCases {
        nets.append(small("\(order) \(channels)") { ($0.blockOrder, $0.channels) = (order, channels) })
      }
      nets.append(
        small("without norms \(channels)") { ($0.criticNorm, $0.generatorNorm, $0.channels) = (false, false, channels) }
      )
      nets.append(
        small("mlp \(channels)") {
          ($0.criticNet, $0.generatorNet, $0.features, $0.channels) = (.mlp, .mlp, 20, channels)
        })
    }
    return nets + [small("plain extra layers") { $0.generatorExtra = .convolution }]
  }()

  @Test(arguments: nets) func critic(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 1, purpose: .test)
    let reference = nets.critic.randomised { stream.uniformDouble() }
    let pictures = Self.uniform([Self.batch, nets.configuration.channels, 16, 16], &stream)
    for (set, algorithm) in Self.methods {
      let (executor, input) = try Self.executor(nets.configuration.critic, reference, pictures, set, algorithm)
      executor.forward(batch: Self.batch, input: input, statistics: .batch)
      executor.backward(
        batch: Self.batch, input: input, from: .scores(1 / Float(Self.batch)), parameterGradients: true,
        inputGradient: true)
      Self.check(
        executor, reference, pictures, inputGradient: executor.inputGradient.array(batch: Self.batch),
        "critic \(set) \(algorithm)"
      ) { $0.values[0] }
    }
  }

  @Test(arguments: nets) func generator(_ nets: ReferenceNets) throws {
    let channels = nets.configuration.channels
    var stream = RandomStream(seed: 2, purpose: .test)
    let reference = nets.generator.randomised { stream.uniformDouble() }
    let noise = Self.uniform([Self.batch, 4, 1, 1], &stream)
    let direction = Self.uniform([Self.batch, channels, 16, 16], &stream)
    let layout = ActivationLayout(.interleaved, channels: channels, height: 16, width: 16, halo: 0)
    let diffOutput = Activations(Slab(count: layout.count(batch: Self.batch)).all, layout)
    diffOutput.set(direction.values.map(Float.init), batch: Self.batch)
    for (set, algorithm) in Self.methods {
      let (executor, input) = try Self.executor(nets.configuration.generator, reference, noise, set, algorithm)
      executor.forward(batch: Self.batch, input: input, statistics: .batch)
      executor.backward(batch: Self.batch, input: input, from: .pictures(diffOutput), parameterGradients: true)
      Self.check(executor, reference, noise, inputGradient: nil, "generator \(set) \(algorithm)") {
        ReferenceTensor.dot($0, direction)
      }
    }
  }

  private static func uniform(_ shape: [Int], _ stream: inout RandomStream) -> ReferenceTensor {
    ReferenceTensor(
      shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Double(2 * stream.uniform() - 1) })
  }

  /// The engine's net with the reference's parameters, and its input.
  private static func executor(
    _ network: Network, _ reference: ReferenceNetwork, _ values: ReferenceTensor, _ set: InstructionSet,
    _ algorithm: AlgorithmChoice
  ) throws -> (Executor, Activations) {
    let device = Device(instructionSet: set, threads: 2)
    let plan = try ExecutionPlan(network, batch: batch, purpose: .training, algorithm: algorithm, on: device)
    let executor = Executor(plan, on: device)
    for parameter in plan.parameters.parameters {
      parameter.set(reference[parameter.name].values.map(Float.init), in: executor.parameters)
    }
    executor.parametersChanged()
    let input = Activations(Slab(count: plan.inputLayout.count(batch: batch)).all, plan.inputLayout)
    input.set(values.values.map(Float.init), batch: batch)
    return (executor, input)
  }

  /// Every parameter's gradient, and the input's, against central differences of `loss` of the reference's output.
  /// Along a few random directions a tensor: each takes two forward passes and sees every element.
  private static func check(
    _ executor: Executor, _ reference: ReferenceNetwork, _ source: ReferenceTensor, inputGradient: [Float]?,
    _ what: String, _ loss: (ReferenceTensor) -> Double
  ) {
    var stream = RandomStream(seed: 3, purpose: .test)
    func value(_ network: ReferenceNetwork, _ source: ReferenceTensor) -> Double {
      var network = network
      return loss(network.forwardTraining(source).destination)
    }
    func compare(_ gradient: [Float], at x: ReferenceTensor, _ name: String, _ f: (ReferenceTensor) -> Double) {
      let size = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(gradient.count == x.count && size > 0, "\(what) \(name): \(gradient.count) values, norm \(size)")
      for _ in 0..<4 {
        var direction = uniform(x.shape, &stream)
        let norm = ReferenceTensor.dot(direction, direction).squareRoot()
        direction = direction.map { $0 / norm }
        // Small, so that no activation crosses its corner on the way.
        let h = 1e-8
        let up = f(x.combined(with: direction) { $0 + h * $1 })
        let down = f(x.combined(with: direction) { $0 - h * $1 })
        let numeric = (up - down) / (2 * h)
        let engine = zip(gradient, direction.values).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(
          abs(engine - numeric) <= tolerance * size,
          "\(what) \(name): \(engine) along a direction, by finite differences \(numeric)")
      }
    }
    for parameter in executor.plan.parameters.parameters {
      compare(parameter.values(in: executor.gradients), at: reference[parameter.name], parameter.name) { x in
        var changed = reference
        changed[parameter.name] = x
        return value(changed, source)
      }
    }
    if let inputGradient {
      compare(inputGradient, at: source, "input") { value(reference, $0) }
    }
  }
}
