import Configuration
import Randomness
import ReferenceKernels
import Testing
import WGAN

/// Protects: the definitions themselves. ReferenceKernels, in Double, takes the steps of the golden runs and must end
/// where PyTorch's float64 run does. What is left is the golden file's rounding to Float.
@Suite struct ReferenceGoldenTests {
  /// `ReferenceTraining` knows RMSprop with one rate and one bound, clipping before the step, and pictures as they are.
  static let names = Golden.names.filter { name in
    guard let c = (try? Golden(name))?.configuration else { return true }
    return c.criticOptimizer == .rmsprop && c.generatorOptimizer == .rmsprop && c.clipTime == .beforeStep
      && c.clipLower == -c.clipUpper && c.augment.isEmpty
      && c.criticLearningRate == c.generatorLearningRate
  }

  @Test(arguments: names) func definitionsFollowPyTorch(name: String) throws {
    let golden = try Golden(name)
    let c = golden.configuration
    let nets = ReferenceNets(name, c)
    var training = ReferenceTraining(
      critic: set(nets.critic, golden, "critic"), generator: set(nets.generator, golden, "generator"),
      learningRate: decimal(c.learningRate), clip: decimal(c.clip), objective: c.referenceObjective, ema: c.ema)

    func noise(_ name: String, _ count: Int) -> ReferenceTensor {
      ReferenceTensor(
        shape: [count, c.latent, 1, 1], values: golden.noise(name, count: count).map(Double.init))
    }
    var losses: [(name: String, step: Int, value: Double)] = []
    for (step, count) in golden.counts.enumerated() {
      let real = ReferencePixels.tensor(
        bytes: golden.pixels(step), count: count, height: c.size, width: c.size, channels: c.channels)
      let (realLoss, fakeLoss) = training.criticStep(
        real: real, noise: noise("critic/\(step)", c.fakes(besideRealPictures: count)),
        shares: Self.shares(c, step: step, count: count))
      losses += [("real", step, realLoss), ("fake", step, fakeLoss)]
      if let loss = training.lastLoss {
        compare([loss.penalty], [golden["loss/penalty"][step]], "penalty of step \(step)")
        compare([loss.gradientNorm], [golden["loss/gradient_norm"][step]], "gradients' norm in step \(step)")
      }
      if step % c.criticSteps == c.criticSteps - 1 {
        let index = step / c.criticSteps
        losses.append(("g", index, training.generatorStep(noise: noise("generator/\(index)", c.batchSize))))
      }
    }

    let largest = losses.map { abs($0.value) }.max() ?? 0
    for loss in losses {
      let expected = Double(golden["loss/\(loss.name)"][loss.step])
      #expect(abs(loss.value - expected) <= 2e-7 * largest, "\(loss.name) loss of step \(loss.step)")
    }
    var networks = [("critic", training.critic), ("generator", training.generator)]
    if c.ema > 0 { networks.append(("generator_ema", training.averaged)) }
    for (net, network) in networks {
      for name in network.parameters.keys {
        compare(network[name].values, golden["final/\(net).\(name)"], "\(net).\(name)")
      }
      for (name, running) in network.running {
        compare(running.mean, golden["final/\(net).\(name).running_mean"], "\(net).\(name) mean")
        compare(running.variance, golden["final/\(net).\(name).running_var"], "\(net).\(name) variance")
      }
    }
  }

  /// The real pictures' shares of the mixtures that a step draws.
  private static func shares(_ c: TrainingConfiguration, step: Int, count: Int) -> [Double] {
    var stream = RandomStream(seed: c.seed, purpose: .interpolation, step: step)
    return (0..<count).map { _ in Double(stream.uniform()) }
  }

  /// 0.01, not the Float next to it: PyTorch's float64 has that.
  private func decimal(_ value: Float) -> Double { Double("\(value)") ?? .nan }

  private func compare(_ values: [Double], _ expected: [Float], _ name: String) {
    #expect(values.count == expected.count, "\(name)")
    let largest = expected.map { Double(abs($0)) }.max() ?? 0
    let distance = zip(values, expected).map { abs($0 - Double($1)) }.max() ?? .infinity
    #expect(distance <= 2e-7 * largest, "\(name): off by \(distance / largest) of its largest value")
  }

  private func set(_ network: ReferenceNetwork, _ golden: Golden, _ net: String) -> ReferenceNetwork {
    var network = network
    func values(_ name: String, _ shape: [Int]) -> [Double] {
      golden.initial("\(net).\(name)", shape: shape).values.map(Double.init)
    }
    for (name, shape) in network.parameterShapes {
      network[name] = ReferenceTensor(shape: shape, values: values(name, shape))
    }
    for (name, running) in network.running {
      let shape = [running.mean.count]
      network.running[name] = .init(
        mean: values(name + ".running_mean", shape), variance: values(name + ".running_var", shape))
    }
    return network
  }
}
