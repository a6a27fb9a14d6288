import Training
import TensorFiles
import Configuration
import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing
import WGAN

/// A configuration's nets as the definitions have them.
struct ReferenceNets: CustomTestStringConvertible {
  let testDescription: String
  let configuration: TrainingConfiguration
  var critic: ReferenceNetwork
  var generator: ReferenceNetwork

  /// - Parameter changes: of the preset blog.
  init(_ name: String, _ changes: (inout TrainingConfiguration) -> Void) {
    var c = TrainingConfiguration.blog
    changes(&c)
    self.init(name, c)
  }

  init(_ name: String, _ c: TrainingConfiguration) {
    testDescription = name
    configuration = c
    func convolutions(_ features: Int, norms: Bool) -> ReferenceDCGAN {
      ReferenceDCGAN(
        size: c.size, channels: c.channels, features: features, latent: c.latent, extraLayers: c.extraLayers,
        order: c.blockOrder == .convolutionActivationNorm ? .activationNorm : .normActivation, norms: norms,
        convolvesExtra: c.generatorExtra == .convolution)
    }
    func linear(_ features: Int) -> ReferenceMLP {
      ReferenceMLP(size: c.size, channels: c.channels, features: features, latent: c.latent)
    }
    critic =
      switch c.criticNet {
      case .dcgan: convolutions(c.criticFeatures, norms: c.criticNorm).critic
      case .mlp: linear(c.criticFeatures).critic
      }
    generator =
      switch c.generatorNet {
      case .dcgan: convolutions(c.generatorFeatures, norms: c.generatorNorm).generator
      case .mlp: linear(c.generatorFeatures).generator
      }
  }
}

extension TrainingConfiguration {
  /// The objective as the definitions have it.
  var referenceObjective: ReferenceObjective {
    let weight = Double(penaltyWeightInUse)
    return switch self.objective {
    case .wgan: .clipped
    case .wganGP: .oneCentred(weight: weight)
    case .wganR1R2: .zeroCentred(weight: weight)
    case .relativistic: .relativistic(weight: weight)
    }
  }
}

/// Protects: every net that a configuration can ask for is the one that it says, and trains as the definitions do.
@Suite struct NetsTests {
  /// Names, shapes and so parameter counts; with all sizes and channels there is a plan, and it knows its memory.
  @Test(arguments: TrainingParameters.sizes, [1, 3]) func plansOfEveryNet(size: Int, channels: Int) throws {
    for kind in NetKind.allCases {
      for (norms, extra) in [(true, GeneratorExtra.transposed), (false, .convolution)] {
        let nets = ReferenceNets("\(kind)") { c in
          (c.size, c.channels, c.extraLayers) = (size, channels, 1)
          (c.criticNet, c.generatorNet, c.criticFeatures, c.generatorFeatures) = (kind, kind, 24, 8)
          (c.criticNorm, c.generatorNorm, c.generatorExtra) = (norms, norms, extra)
        }
        try nets.configuration.validate()
        let plan = try TrainingPlan(nets.configuration, on: Device(threads: 2))
        #expect(plan.bytes > 0)
        for (net, reference) in [(plan.critic, nets.critic), (plan.generator, nets.generator)] {
          let shapes = reference.parameterShapes
          #expect(net.parameters.parameters.map(\.name) == shapes.map(\.name))
          #expect(net.parameters.parameters.map(\.shape) == shapes.map(\.shape))
          #expect(net.summary.reduce(0) { $0 + $1.parameters } == net.parameters.parameterCount)
          #expect(net.summary.reduce(0) { $0 + $1.multiplyAdds } == net.multiplyAdds)
        }
      }
    }
  }

  static let variants: [ReferenceNets] = {
    func small(_ c: inout TrainingConfiguration) {
      (c.size, c.channels, c.features, c.latent, c.batchSize) = (16, 3, 8, 17, 4)
      // A critic without norms says nothing about pictures while all of its weights are below 0.01.
      c.clip = 0.1
    }
    var variants: [ReferenceNets] = []
    for critic in NetKind.allCases {
      for generator in NetKind.allCases {
        for channels in [1, 3] {
          variants.append(
            ReferenceNets("critic \(critic), generator \(generator), \(channels) channels") { c in
              small(&c)
              (c.criticNet, c.generatorNet, c.channels) = (critic, generator, channels)
              (c.criticFeatures, c.generatorFeatures) = (critic == .mlp ? 40 : 8, generator == .mlp ? 24 : 8)
            })
        }
      }
    }
    for (norms, order) in [
      ((true, false), BlockOrder.convolutionNormActivation), ((false, true), .convolutionActivationNorm),
      ((false, false), .convolutionActivationNorm),
    ] {
      variants.append(
        ReferenceNets("norms of critic and generator: \(norms), \(order)") { c in
          small(&c)
          (c.criticNorm, c.generatorNorm, c.blockOrder, c.extraLayers) = (norms.0, norms.1, order, 1)
        })
    }
    for extra in GeneratorExtra.allCases {
      variants.append(
        ReferenceNets("extra layers: \(extra)") { c in
          small(&c)
          (c.extraLayers, c.generatorExtra, c.channels) = (2, extra, 1)
        })
    }
    for latent in [1, 100, 256] {
      variants.append(
        ReferenceNets("latent \(latent)") { c in
          small(&c)
          (c.latent, c.channels) = (latent, 1)
        })
    }
    for (critic, generator) in [(8, 24), (40, 8), (24, 40)] {
      variants.append(
        ReferenceNets("features \(critic) and \(generator)") { c in
          small(&c)
          (c.criticFeatures, c.generatorFeatures) = (critic, generator)
        })
    }
    variants.append(
      ReferenceNets("32x32 grey") { c in
        small(&c)
        (c.size, c.channels) = (32, 1)
      })
    return variants
  }()

  /// Two critic steps, a generator step, a critic step, in Float and by definition in Double, from one set of
  /// parameters.
  ///
  /// Parameters are compared in learning rates: RMSprop's first steps have the size of 10 rates whatever the
  /// gradient's, so where a gradient is nearly zero its rounding decides; that is why it is the root of the mean
  /// square, as with PyTorch (GoldenTests).
  @Test(arguments: variants) func trainsAsTheDefinitions(_ nets: ReferenceNets) throws {
    let c = nets.configuration
    var stream = RandomStream(seed: 11, purpose: .test)
    let trainer = try Trainer(c, on: Device(threads: 2))
    var training = ReferenceTraining(
      critic: nets.critic.randomised { stream.uniformDouble() },
      generator: nets.generator.randomised { stream.uniformDouble() }, learningRate: Double(c.learningRate),
      clip: Double(c.clip))
    try trainer.setNets(NetRole.allCases, from: TensorSet(Self.tensors(training)))

    var losses: [(ours: Float, reference: Double)] = []
    func noise() -> [Float] { stream.normals(c.batchSize * c.latent) }
    func tensor(_ noise: [Float]) -> ReferenceTensor {
      ReferenceTensor(shape: [c.batchSize, c.latent, 1, 1], values: noise.map(Double.init))
    }
    func criticStep() {
      let count = c.batchSize
      let pixels = (0..<count * c.size * c.size * c.channels).map { _ in UInt8(stream.below(256)) }
      let values = noise()
      let ours = trainer.criticStep(pixels: pixels, count: count, noise: values)
      let real = ReferencePixels.tensor(
        bytes: pixels, count: count, height: c.size, width: c.size, channels: c.channels)
      let reference = training.criticStep(real: real, noise: tensor(values))
      losses += [(ours.real, reference.realLoss), (ours.fake, reference.fakeLoss)]
    }
    criticStep()
    criticStep()
    let values = noise()
    losses.append((trainer.generatorStep(noise: values), training.generatorStep(noise: tensor(values))))
    criticStep()

    let largest = losses.map { abs($0.reference) }.max() ?? 0
    #expect(largest > 0)
    for (i, loss) in losses.enumerated() {
      #expect(abs(Double(loss.ours) - loss.reference) <= 1e-3 * largest, "loss \(i): \(loss), largest \(largest)")
    }
    let answers = Dictionary(uniqueKeysWithValues: Self.tensors(training).map { ($0.name, $0.values) })
    for tensor in trainer.tensors() where !tensor.name.hasPrefix("optimizer.") {
      let answer = try #require(answers[tensor.name])
      let difference = rms(zip(tensor.values, answer).map { $0 - $1 })
      if tensor.name.contains(".running_") {
        #expect(difference <= 1e-4 * rms(answer), "\(tensor.name): off by \(difference / rms(answer)) of its rms")
      } else {
        #expect(
          difference <= 0.05 * c.learningRate, "\(tensor.name): off by \(difference / c.learningRate) rates")
      }
    }
  }

  static func tensors(_ training: ReferenceTraining) -> [NamedTensor] {
    [("critic", training.critic), ("generator", training.generator)].flatMap { net, network in
      network.parameterShapes.map { name, shape in
        NamedTensor(name: "\(net).\(name)", shape: shape, values: network[name].values.map(Float.init))
      }
        + network.running.flatMap { name, running in
          [("running_mean", running.mean), ("running_var", running.variance)].map { statistic, values in
            NamedTensor(
              name: "\(net).\(name).\(statistic)", shape: [values.count], values: values.map(Float.init))
          }
        }
    }
  }

  /// PyTorch's start of a Linear, U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for weight and bias; the authors' scheme leaves it
  /// at that.
  @Test(arguments: Initialisation.allCases) func linearLayersStartAsPyTorchs(_ initialisation: Initialisation) throws {
    var configuration = TrainingConfiguration.blog
    (configuration.size, configuration.criticNet, configuration.generatorNet) = (16, .mlp, .mlp)
    (configuration.features, configuration.batchSize) = (300, 1)
    configuration.initialisation = initialisation
    let tensors = try Trainer(configuration, on: Device(threads: 1)).tensors()
    for (net, sizes) in [("critic", [768, 300, 300, 300, 1]), ("generator", [100, 300, 300, 300, 768])] {
      for i in 0..<4 {
        let bound = 1 / Float(sizes[i]).squareRoot()
        for (kind, shape) in [("weight", [sizes[i + 1], sizes[i]]), ("bias", [sizes[i + 1]])] {
          let tensor = try #require(tensors.first { $0.name == "\(net).main.\(2 * i).\(kind)" })
          #expect(tensor.shape == shape)
          #expect(tensor.values.allSatisfy { abs($0) <= bound })
          if tensor.values.count >= 300 {
            // A uniform distribution's rms; 300 values are within a tenth of it.
            #expect(abs(rms(tensor.values) * Float(3).squareRoot() / bound - 1) < 0.1, "\(tensor.name)")
            #expect(abs(tensor.values.reduce(0, +) / Float(tensor.values.count)) < 0.15 * bound, "\(tensor.name)")
          }
        }
      }
    }
  }
}
