import ReferenceKernels
import Testing
import WGAN

/// Protects: the definitions themselves. ReferenceKernels, in Double, takes the steps of the golden run and must end where
/// PyTorch's float64 run does. What is left is the golden file's rounding to Float.
@Suite struct ReferenceGoldenTests {
  @Test(arguments: GoldenTests.files) func definitionsFollowPyTorch(file: String) throws {
    let golden = try Golden(file)
    let configuration = golden.configuration
    let size = configuration.size
    let nets = ReferenceDCGAN(
      size: size, channels: configuration.channels, features: configuration.features, latent: configuration.latent,
      extraLayers: configuration.extraLayers,
      order: configuration.blockOrder == .convolutionActivationNorm ? .activationNorm : .normActivation)
    var training = ReferenceTraining(
      critic: set(nets.critic, golden, "critic"), generator: set(nets.generator, golden, "generator"))

    var losses: [(name: String, step: Int, value: Double)] = []
    for step in 0..<10 {
      let pictures = golden["pictures/\(step)"]
      let count = pictures.shape[0]
      let real = ReferencePixels.tensor(
        bytes: pictures.values.map { UInt8($0) }, count: count, height: size, width: size,
        channels: configuration.channels)
      let (realLoss, fakeLoss) = training.criticStep(real: real, noise: noise(golden["noise/critic/\(step)"]))
      losses += [("real", step, realLoss), ("fake", step, fakeLoss)]
      if step % 5 == 4 {
        let loss = training.generatorStep(noise: noise(golden["noise/generator/\(step / 5)"]))
        losses.append(("g", step / 5, loss))
      }
    }

    let largest = losses.map { abs($0.value) }.max() ?? 0
    for loss in losses {
      let expected = Double(golden["float64/loss/\(loss.name)"].values[loss.step])
      #expect(abs(loss.value - expected) <= 2e-7 * largest, "\(loss.name) loss of step \(loss.step)")
    }
    for (net, network) in [("critic", training.critic), ("generator", training.generator)] {
      for name in network.parameters.keys {
        compare(network[name].values, golden["float64/final/\(net).\(name)"].values, "\(net).\(name)")
      }
      for (name, running) in network.running {
        compare(running.mean, golden["float64/final/\(net).\(name).running_mean"].values, "\(net).\(name) mean")
        compare(running.variance, golden["float64/final/\(net).\(name).running_var"].values, "\(net).\(name) variance")
      }
    }
  }

  private func compare(_ values: [Double], _ expected: [Float], _ name: String) {
    #expect(values.count == expected.count, "\(name)")
    let largest = expected.map { Double(abs($0)) }.max() ?? 0
    let distance = zip(values, expected).map { abs($0 - Double($1)) }.max() ?? .infinity
    #expect(distance <= 2e-7 * largest, "\(name): off by \(distance / largest) of its largest value")
  }

  private func noise(_ tensor: NamedTensor) -> ReferenceTensor {
    ReferenceTensor(shape: tensor.shape + [1, 1], values: tensor.values.map(Double.init))
  }

  private func set(_ network: ReferenceNetwork, _ golden: Golden, _ net: String) -> ReferenceNetwork {
    var network = network
    func values(_ name: String) -> [Double] { golden["initial/\(net).\(name)"].values.map(Double.init) }
    for (name, shape) in network.parameterShapes {
      network[name] = ReferenceTensor(shape: shape, values: values(name))
    }
    for name in network.running.keys {
      network.running[name] = .init(mean: values(name + ".running_mean"), variance: values(name + ".running_var"))
    }
    return network
  }
}
