import ReferenceKernels
import Testing

/// Protects: the nets' layers, names and counts, and their backward passes.
@Suite struct NetworkTests {
  static func parameterCount(_ network: ReferenceNetwork) -> Int {
    network.parameterShapes.reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// The counts were computed by hand for 64 x 64, 64 features.
  @Test func parameterCounts() {
    let plain = ReferenceDCGAN()
    #expect(Self.parameterCount(plain.generator) == 3_576_704)
    #expect(Self.parameterCount(plain.critic) == 2_765_568)
    let deeper = ReferenceDCGAN(extraLayers: 1)
    #expect(Self.parameterCount(deeper.generator) == 3_613_696)
    #expect(Self.parameterCount(deeper.critic) == 2_802_560)
  }

  /// By hand for 64 x 64, 512 features: G 100*512 + 512 + 2*(512*512 + 512) + 512*12288 + 12288, D likewise.
  @Test func parameterCountsOfTheAuthorsMLP() {
    let nets = ReferenceMLP()
    #expect(Self.parameterCount(nets.generator) == 6_880_768)
    #expect(Self.parameterCount(nets.critic) == 6_817_793)
    #expect(
      nets.critic.parameterShapes.map(\.name)
        == [0, 2, 4, 6].flatMap { ["main.\($0).weight", "main.\($0).bias"] })
  }

  @Test func namesAreThoseOfThePost() {
    let nets = ReferenceDCGAN(size: 32, features: 8, latent: 10, extraLayers: 1)
    #expect(
      nets.critic.parameterShapes.map(\.name) == [
        "initial.conv.weight", "extra.0.conv.weight", "extra.0.bn.weight", "extra.0.bn.bias", "pyramid.0.conv.weight",
        "pyramid.0.bn.weight", "pyramid.0.bn.bias", "pyramid.1.conv.weight", "pyramid.1.bn.weight", "pyramid.1.bn.bias",
        "final.weight",
      ])
    #expect(
      nets.generator.parameterShapes.map(\.name) == [
        "initial.conv.weight", "initial.bn.weight", "initial.bn.bias", "pyramid.0.conv.weight", "pyramid.0.bn.weight",
        "pyramid.0.bn.bias", "pyramid.1.conv.weight", "pyramid.1.bn.weight", "pyramid.1.bn.bias", "extra.0.conv.weight",
        "extra.0.bn.weight", "extra.0.bn.bias", "final.weight",
      ])
  }

  /// Each parameter's gradient along a random direction, and the source's, against central differences.
  @Test(arguments: ReferenceBlockOrder.allCases, [1, 3]) func gradients(order: ReferenceBlockOrder, channels: Int) {
    let nets = ReferenceDCGAN(size: 16, channels: channels, features: 3, latent: 4, extraLayers: 1, order: order)
    var random = RandomTensors(seed: 6)
    let critic = random.randomised(nets.critic)
    let generator = random.randomised(nets.generator)
    check(critic, source: random.uniform([3, channels, 16, 16]), &random)
    check(generator, source: random.uniform([3, 4, 1, 1]), &random)
  }

  @Test func gradientsOfOtherNets() {
    var random = RandomTensors(seed: 8)
    let plain = ReferenceDCGAN(size: 16, channels: 1, features: 3, latent: 4, extraLayers: 1, norms: false)
    let convolved = ReferenceDCGAN(
      size: 16, channels: 1, features: 3, latent: 4, extraLayers: 1, convolvesExtra: true)
    let linear = ReferenceMLP(size: 16, channels: 1, features: 9, latent: 4)
    for critic in [plain.critic, linear.critic] {
      check(random.randomised(critic), source: random.uniform([3, 1, 16, 16]), &random)
    }
    for generator in [plain.generator, convolved.generator, linear.generator] {
      check(random.randomised(generator), source: random.uniform([3, 4, 1, 1]), &random)
    }
  }

  private func check(_ network: ReferenceNetwork, source: ReferenceTensor, _ random: inout RandomTensors) {
    var forward = network
    let (destination, tape) = forward.forwardTraining(source)
    let direction = random.uniform(destination.shape)
    let (diffSource, diffParameters) = network.backward(tape: tape, diffDestination: direction)
    #expect(Set(diffParameters.keys) == Set(network.parameters.keys))
    func along(
      _ x: ReferenceTensor, _ step: ReferenceTensor, _ gradient: ReferenceTensor, _ name: String,
      _ evaluate: (ReferenceTensor) -> ReferenceTensor
    ) {
      // Small, so that no activation crosses its corner on the way.
      let h = 1e-8
      let up = ReferenceTensor.dot(evaluate(x.combined(with: step) { $0 + h * $1 }), direction)
      let down = ReferenceTensor.dot(evaluate(x.combined(with: step) { $0 - h * $1 }), direction)
      let numeric = (up - down) / (2 * h)
      let analytic = ReferenceTensor.dot(gradient, step)
      let size = ReferenceTensor.dot(gradient, gradient).squareRoot()
      #expect(abs(numeric - analytic) < 1e-5 * (size + 1e-3), "\(name): \(analytic), by differences \(numeric)")
    }
    for (name, shape) in network.parameterShapes {
      guard let gradient = diffParameters[name] else { continue }
      #expect(gradient.shape == shape)
      along(network[name], random.uniform(gradient.shape), gradient, name) { parameter in
        var changed = network
        changed[name] = parameter
        return changed.forwardTraining(source).destination
      }
    }
    along(source, random.uniform(source.shape), diffSource, "source") { source in
      var changed = network
      return changed.forwardTraining(source).destination
    }
  }

  /// A critic step must widen the critic's difference on the same batch, and a generator step lower the critic's
  /// verdict.
  @Test func stepsGoDownhill() {
    let nets = ReferenceDCGAN(size: 16, channels: 1, features: 3, latent: 4)
    var random = RandomTensors(seed: 7)
    var training = ReferenceTraining(
      critic: random.randomised(nets.critic), generator: random.randomised(nets.generator), learningRate: 1e-4)
    let real = random.uniform([4, 1, 16, 16])
    let noise = random.uniform([4, 4, 1, 1])
    let first = training.criticStep(real: real, noise: noise)
    let second = training.criticStep(real: real, noise: noise)
    #expect(second.realLoss - second.fakeLoss < first.realLoss - first.fakeLoss)
    let before = training.generatorStep(noise: noise)
    let after = training.generatorStep(noise: noise)
    #expect(after < before)
    #expect(training.critic.running["pyramid.0.bn"] != nets.critic.running["pyramid.0.bn"])
    let reach = training.critic.parameters.values.flatMap(\.values).map(abs).max()!
    #expect(reach > 0.01 && reach < 0.0111, "clipping comes before the update, not after it")
  }
}
