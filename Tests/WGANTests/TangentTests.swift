import Compute
import Configuration
import Graph
import Randomness
import ReferenceKernels
import Testing

/// Protects: the executor's tangent pass, the heart of every gradient penalty. Its gradients against finite differences
/// of the function whose gradients they are, by the definitions in Double.
@Suite struct TangentTests {
  static let batch = 3
  static let nets: [ReferenceNets] = [1, 3].flatMap { channels in
    [
      ReferenceNets("dcgan \(channels)") { c in
        (c.size, c.channels, c.features, c.extraLayers, c.criticNorm) = (16, channels, 5, 1, false)
      },
      ReferenceNets("mlp \(channels)") { c in (c.size, c.channels, c.criticNet, c.features) = (16, channels, .mlp, 20)
      },
    ]
  }
  static let methods = Device.supported.flatMap { set in [AlgorithmChoice.direct, .winograd].map { (set, $0) } }

  /// Σ_n s_n D(x_n) + <t_n, d D(x_n) / d x_n> for constant s and t.
  private struct Functional {
    let pictures: [ReferenceTensor]
    let tangents: [ReferenceTensor]
    let scoreFactors: [Double]

    func callAsFunction(_ critic: ReferenceNetwork) -> Double {
      var (critic, sum) = (critic, 0.0)
      for (n, picture) in pictures.enumerated() {
        let (score, tape) = critic.forwardTraining(picture)
        let gradient = critic.backward(tape: tape, diffDestination: ReferenceTensor(shape: score.shape, values: [1]))
        sum += scoreFactors[n] * score.values[0] + ReferenceTensor.dot(tangents[n], gradient.diffSource)
      }
      return sum
    }
  }

  @Test(arguments: nets) func gradients(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    let reference = nets.critic.randomised { stream.uniformDouble() }
    let shape = [1, nets.configuration.channels, 16, 16]
    func values() -> ReferenceTensor {
      ReferenceTensor(
        shape: shape, values: (0..<shape.reduce(1, *)).map { _ in Double(2 * stream.uniform() - 1) })
    }
    let functional = Functional(
      pictures: (0..<Self.batch).map { _ in values() }, tangents: (0..<Self.batch).map { _ in values() },
      scoreFactors: [0.5, -0.75, 0])
    for (set, algorithm) in Self.methods {
      let executor = try Self.run(nets.configuration.critic, reference, functional, set, algorithm)
      for parameter in executor.plan.parameters.parameters {
        let gradient = parameter.values(in: executor.gradients)
        let size = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        #expect(size > 0, "\(parameter.name)")
        var direction = ReferenceTensor(
          shape: parameter.shape, values: gradient.map { _ in Double(2 * stream.uniform() - 1) })
        let norm = ReferenceTensor.dot(direction, direction).squareRoot()
        direction = direction.map { $0 / norm }
        func value(_ h: Double) -> Double {
          var changed = reference
          changed[parameter.name] = reference[parameter.name].combined(with: direction) { $0 + h * $1 }
          return functional(changed)
        }
        // Small, so that no activation crosses its corner on the way.
        let numeric = (value(1e-8) - value(-1e-8)) / 2e-8
        let engine = zip(gradient, direction.values).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(abs(engine - numeric) < 5e-5 * size, "\(set) \(algorithm) \(parameter.name): \(engine), \(numeric)")
      }
    }
  }

  /// The engine's critic behind its tangent pass.
  private static func run(
    _ network: Network, _ reference: ReferenceNetwork, _ functional: Functional, _ set: InstructionSet,
    _ algorithm: AlgorithmChoice
  ) throws -> Executor {
    let device = Device(instructionSet: set, threads: 2)
    let plan = try ExecutionPlan(
      network, batch: batch + 1, purpose: .trainingWithTangents, algorithm: algorithm, on: device)
    let critic = Executor(plan, on: device)
    for parameter in plan.parameters.parameters {
      parameter.set(reference[parameter.name].values.map(Float.init), in: critic.parameters)
    }
    critic.parametersChanged()
    func input(_ tensors: [ReferenceTensor]) -> Activations {
      let input = Activations(Slab(count: plan.inputLayout.count(batch: batch)).all, plan.inputLayout)
      input.set(tensors.flatMap { $0.values.map(Float.init) }, batch: batch)
      return input
    }
    let factors = Slab(count: 16).all
    for (n, factor) in functional.scoreFactors.enumerated() { factors[n] = Float(factor) }
    let pictures = input(functional.pictures)
    critic.forward(batch: batch, input: pictures, statistics: .batch)
    critic.backward(batch: batch, input: pictures, from: .scores(1), parameterGradients: false, inputGradient: true)
    let mixed = zip(zip(functional.pictures, functional.tangents), functional.scoreFactors).map { pair, factor in
      pair.0.combined(with: pair.1) { factor * $0 + $1 }
    }
    critic.tangent(batch: batch, input: input(mixed), scoreFactors: factors, accumulate: false)
    return critic
  }

  /// Norms tie a batch's pictures together: the tangent of one is then not its own.
  @Test func normsAreRefused() {
    let error = #expect(throws: NetworkError.self) {
      try ExecutionPlan(
        TrainingConfiguration.blog.critic, batch: 2, purpose: .trainingWithTangents, on: Device(threads: 1))
    }
    #expect(error?.description.contains("pyramid.0.bn") == true)
  }
}
