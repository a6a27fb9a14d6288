import Compute
import Configuration
import Graph
import Randomness
import ReferenceKernels
import TensorFiles
import Testing
import Training

/// Protects: what a training step leaves as gradients, penalty included, with every objective. The engine's, in Float,
/// against finite differences of the definition's whole loss, in Double: of the critic's, whose penalty needs gradients
/// itself, and of the generator's through both nets.
@Suite struct ObjectiveGradientTests {
  /// The difference of the two, relative to the tensor's gradient.
  static let tolerance = 5e-5
  static let methods = Device.supported.flatMap { set in [AlgorithmChoice.direct, .winograd].map { (set, $0) } }
  static let batch = 4
  /// Of real pictures: an epoch's tail.
  static let count = 3

  static let nets: [(NetKind, channels: Int)] = [(.dcgan, 1), (.dcgan, 3), (.mlp, 1), (.mlp, 3)]

  @Test(arguments: ObjectiveKind.allCases.filter(\.isPenalised), nets)
  func gradients(objective: ObjectiveKind, net: (kind: NetKind, channels: Int)) throws {
    let nets = ReferenceNets("\(objective) \(net)") { c in
      (c.size, c.latent, c.extraLayers, c.channels, c.batchSize) = (16, 4, 1, net.channels, Self.batch)
      (c.criticNet, c.generatorNet, c.features) = (net.kind, net.kind, net.kind == .mlp ? 20 : 3)
      (c.objective, c.criticNorm, c.criticNoiseBatch) = (objective, false, .full)
      c.penaltyWeight = objective == .wganGP ? 10 : 3
    }
    for (set, algorithm) in Self.methods {
      var configuration = nets.configuration
      configuration.algorithm = algorithm
      try Self.check(nets, Trainer(configuration, on: Device(instructionSet: set, threads: 2)), "\(set) \(algorithm)")
    }
  }

  private static func check(_ nets: ReferenceNets, _ trainer: Trainer, _ what: String) throws {
    let c = trainer.configuration
    var stream = RandomStream(seed: 4, purpose: .test)
    var critic = nets.critic.randomised { stream.uniformDouble() }
    let generator = nets.generator.randomised { stream.uniformDouble() }
    try trainer.setNets(
      NetRole.allCases, from: TensorSet(NetsTests.tensors(ReferenceTraining(critic: critic, generator: generator))))
    let pixels = (0..<count * 16 * 16 * c.channels).map { _ in UInt8(stream.below(256)) }
    let real = ReferencePixels.tensor(bytes: pixels, count: count, height: 16, width: 16, channels: c.channels)
    let noise = ReferenceTensor(
      shape: [batch, c.latent, 1, 1], values: (0..<batch * c.latent).map { _ in Double(2 * stream.uniform() - 1) })
    let objective = c.referenceObjective
    func fakes(_ generator: ReferenceNetwork) -> ReferenceTensor {
      var generator = generator
      return generator.forwardTraining(noise).destination
    }

    var random = RandomStream(seed: c.seed, purpose: .interpolation)
    let shares = (0..<count).map { _ in Double(random.uniform()) }
    let fake = fakes(generator)
    let losses = trainer.criticStep(pixels: pixels, count: count, noise: noise.values.map(Float.init))
    let expected = objective.criticLoss(critic, real: real, fake: fake, shares: shares)
    for (value, definition, name) in [
      (losses.loss, expected.adversarial, "loss"), (losses.measured["penalty"] ?? .nan, expected.penalty, "penalty"),
      (losses.measured["gradient_norm"] ?? .nan, expected.gradientNorm, "gradients' norm"),
    ] {
      let off = abs(Double(value) - definition)
      #expect(off <= 1e-5 * max(1, abs(definition)), "\(what) \(name): \(value), the definition's \(definition)")
    }
    compare(trainer.gradients(of: .critic), of: "critic", critic, what, &stream) {
      objective.criticLoss($0, real: real, fake: fake, shares: shares).total
    }

    // The step has changed the critic.
    for tensor in trainer.tensors(groups: ["critic"]) {
      critic[String(tensor.name.dropFirst("critic.".count))].values = tensor.values.map(Double.init)
    }
    let loss = trainer.generatorStep(noise: noise.values.map(Float.init))
    let definition = objective.generatorLoss(critic, fake: fake, real: real)
    #expect(abs(Double(loss) - definition) <= 1e-5 * max(1, abs(definition)), "\(what): \(loss), \(definition)")
    compare(trainer.gradients(of: .generator), of: "generator", generator, what, &stream) {
      objective.generatorLoss(critic, fake: fakes($0), real: real)
    }
  }

  /// Along a few random directions a tensor. A gradient that is zero in the definition, such as that of a bias that
  /// real and fake pictures share, is measured against the net's largest.
  private static func compare(
    _ gradients: TensorSet, of net: String, _ network: ReferenceNetwork, _ what: String, _ stream: inout RandomStream,
    _ loss: (ReferenceNetwork) -> Double
  ) {
    let ours = gradients.filter { $0.name.hasPrefix(net + ".") }
    func size(_ tensor: NamedTensor) -> Double {
      tensor.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let largest = ours.map(size).max() ?? 0
    #expect(ours.count == network.parameters.count && largest > 0)
    for tensor in ours {
      let name = String(tensor.name.dropFirst(net.count + 1))
      for _ in 0..<3 {
        var direction = network[name].map { _ in Double(2 * stream.uniform() - 1) }
        let norm = ReferenceTensor.dot(direction, direction).squareRoot()
        direction = direction.map { $0 / norm }
        func value(_ h: Double) -> Double {
          var moved = network
          moved[name] = network[name].combined(with: direction) { $0 + h * $1 }
          return loss(moved)
        }
        // Small, so that no activation crosses its corner on the way.
        let numeric = (value(1e-8) - value(-1e-8)) / 2e-8
        let engine = zip(tensor.values, direction.values).reduce(0) { $0 + Double($1.0) * $1.1 }
        #expect(
          abs(engine - numeric) <= tolerance * max(size(tensor), 1e-2 * largest),
          "\(what) \(tensor.name): \(engine) along a direction, by finite differences \(numeric)")
      }
    }
  }
}
