import Compute
import Configuration
import Foundation
import Randomness
import ReferenceKernels
import TensorFiles
import Testing
import Training

/// What the two steps minimise of augmented pictures, by the definitions in Double.
private struct AugmentedLosses {
  let c: TrainingConfiguration
  let real: ReferenceTensor
  let noise: ReferenceTensor

  /// The pictures as the critic sees them in the first step.
  func see(_ pictures: ReferenceTensor, _ sight: PictureAugmentation.Sight) throws -> ReferenceTensor {
    var seen = pictures
    for (n, change) in try PictureAugmentationTests.definitions(sight, step: 0, c).enumerated() {
      seen = only(c.augment, of: change).apply(seen, picture: n)
    }
    return seen
  }

  private func only(_ kinds: Augmentations, of all: ReferenceAugmentation) -> ReferenceAugmentation {
    var some = all
    if !kinds.contains(.color) { (some.brightness, some.saturation, some.contrast) = (nil, nil, nil) }
    if !kinds.contains(.translate) { some.translation = nil }
    if !kinds.contains(.cutout) { some.cutout = nil }
    return some
  }

  func fakes(_ generator: ReferenceNetwork) -> ReferenceTensor {
    var generator = generator
    return generator.forwardTraining(noise).destination
  }

  /// The critic's mean over a batch.
  private func mean(_ pictures: ReferenceTensor, _ critic: ReferenceNetwork) -> Double {
    var critic = critic
    return critic.forwardTraining(pictures).destination.values[0]
  }

  /// Of each picture by itself: its score, and the squared norm of the score's gradient.
  private func looks(
    _ pictures: ReferenceTensor, _ critic: ReferenceNetwork
  ) -> [(score: Double, squaredNorm: Double)] {
    let count = pictures.count / pictures.shape[0]
    return (0..<pictures.shape[0]).map { n in
      let one = ReferenceTensor(
        shape: [1] + pictures.shape[1...], values: Array(pictures.values[n * count..<(n + 1) * count]))
      var critic = critic
      let (score, tape) = critic.forwardTraining(one)
      let gradient = critic.backward(tape: tape, diffDestination: .scalar(1)).diffSource
      return (score.values[0], ReferenceTensor.dot(gradient, gradient))
    }
  }

  private func pairLoss(_ difference: Double) -> Double {
    c.objective == .relativistic ? log(1 + exp(difference)) : difference
  }

  /// With its penalty.
  func critic(_ critic: ReferenceNetwork, _ generator: ReferenceNetwork) throws -> Double {
    let (real, fake) = try (see(real, .criticReal), see(fakes(generator), .criticFake))
    let weight = Double(c.penaltyWeightInUse)
    switch c.objective {
    case .wgan: return mean(real, critic) - mean(fake, critic)
    case .wganGP:
      var random = RandomStream(seed: c.seed, purpose: .interpolation)
      let count = real.count / c.batchSize
      var between = real
      for n in 0..<c.batchSize {
        let share = Double(random.uniform())
        for i in n * count..<(n + 1) * count {
          between.values[i] = share * real.values[i] + (1 - share) * fake.values[i]
        }
      }
      let penalty = looks(between, critic).reduce(0) { sum, look in
        let excess = look.squaredNorm.squareRoot() - 1
        return sum + weight * excess * excess / Double(c.batchSize)
      }
      return mean(real, critic) - mean(fake, critic) + penalty
    case .wganR1R2, .relativistic:
      return zip(looks(real, critic), looks(fake, critic)).reduce(0) { sum, pair in
        let penalty = weight / 2 * (pair.0.squaredNorm + pair.1.squaredNorm)
        return sum + (pairLoss(pair.0.score - pair.1.score) + penalty) / Double(c.batchSize)
      }
    }
  }

  func generator(_ critic: ReferenceNetwork, _ generator: ReferenceNetwork) throws -> Double {
    let fake = try see(fakes(generator), .generatorFake)
    if c.objective != .relativistic { return mean(fake, critic) }
    let real = try see(real, .generatorReal)
    return zip(looks(fake, critic), looks(real, critic)).reduce(0) {
      $0 + pairLoss($1.0.score - $1.1.score) / Double(c.batchSize)
    }
  }
}

/// Protects: both steps of every objective see augmented pictures, each of its own draw, and their gradients go back
/// through the change.
@Suite struct AugmentedStepTests {
  static let variants: [TrainingConfiguration] = {
    func configuration(_ change: (inout TrainingConfiguration) -> Void) -> TrainingConfiguration {
      PictureAugmentationTests.configuration(change)
    }
    let subsets = (UInt8(1)..<8).map { bits in configuration { $0.augment = Augmentations(rawValue: bits) } }
    let others = [
      configuration { ($0.channels, $0.criticNorm, $0.generatorNorm) = (1, false, false) },
      configuration { ($0.criticNet, $0.generatorNet, $0.features) = (.mlp, .mlp, 20) },
    ]
    let penalised = ObjectiveKind.allCases.filter { $0 != .wgan }.map { objective in
      configuration { ($0.objective, $0.criticNorm, $0.penaltyWeight) = (objective, false, .fixed(0.7)) }
    }
    return subsets + others + penalised
  }()

  static func pixels(_ c: TrainingConfiguration, seed: UInt64) -> [UInt8] {
    var random = RandomStream(seed: seed, purpose: .test)
    return (0..<c.batchSize * c.size * c.size * c.channels).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
  }

  /// The losses and gradients of a critic step and of a generator step, against the definition's loss and its finite
  /// differences.
  @Test(arguments: variants) func gradientsGoThroughIt(c: TrainingConfiguration) throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    let nets = ReferenceNets("augmented", c)
    let critic = nets.critic.randomised { stream.uniformDouble() }
    let generator = nets.generator.randomised { stream.uniformDouble() }
    let noise = (0..<c.batchSize * c.latent).map { _ in 2 * stream.uniform() - 1 }
    let pixels = Self.pixels(c, seed: 6)
    let definition = AugmentedLosses(
      c: c,
      real: ReferencePixels.tensor(
        bytes: pixels, count: c.batchSize, height: c.size, width: c.size, channels: c.channels),
      noise: ReferenceTensor(shape: [c.batchSize, c.latent, 1, 1], values: noise.map(Double.init)))

    let first = try Self.trainer(c, critic, generator)
    let losses = first.criticStep(pixels: pixels, count: c.batchSize, noise: noise)
    let expected = try definition.critic(critic, generator)
    #expect(abs(Double(losses.loss + losses.measured["penalty", default: 0]) - expected) < 1e-4)
    try Self.compare(first.gradients(of: .critic), "critic", critic, &stream) { try definition.critic($0, generator) }

    let second = try Self.trainer(c, critic, generator)
    pixels.withUnsafeBufferPointer { second.see(pixels: $0, count: c.batchSize) }
    let loss = second.generatorStep(noise: noise)
    #expect(try abs(Double(loss) - definition.generator(critic, generator)) < 1e-4)
    try Self.compare(second.gradients(of: .generator), "generator", generator, &stream) {
      try definition.generator(critic, $0)
    }
  }

  /// A trainer with these parameters.
  static func trainer(
    _ c: TrainingConfiguration, _ critic: ReferenceNetwork, _ generator: ReferenceNetwork
  ) throws -> Trainer {
    let trainer = try Trainer(c, on: Device(threads: 2))
    let initial = trainer.tensors(groups: ["critic", "generator"]).map { tensor in
      let (net, name) = (tensor.name.hasPrefix("critic.") ? critic : generator, tensor.name.drop { $0 != "." })
      guard let parameter = net.parameters[String(name.dropFirst())] else { return tensor }
      return NamedTensor(name: tensor.name, shape: tensor.shape, values: parameter.values.map(Float.init))
    }
    try trainer.setNets([.critic, .generator], from: TensorSet(initial))
    return trainer
  }

  /// Each parameter's gradient, along random directions, against central differences of `loss`.
  static func compare(
    _ gradients: TensorSet, _ group: String, _ net: ReferenceNetwork, _ stream: inout RandomStream,
    loss: (ReferenceNetwork) throws -> Double
  ) throws {
    var moved = 0
    for (name, value) in net.parameters.sorted(by: { $0.key < $1.key }) {
      let gradient = try #require(gradients["\(group).\(name)"]).values
      let size = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(gradient.count == value.count)
      moved += size > 0 ? 1 : 0
      for _ in 0..<2 {
        let raw = value.map { _ in Double(2 * stream.uniform() - 1) }
        let norm = ReferenceTensor.dot(raw, raw).squareRoot()
        let h = 1e-8
        var (up, down) = (net, net)
        up[name] = value.combined(with: raw) { $0 + h * $1 / norm }
        down[name] = value.combined(with: raw) { $0 - h * $1 / norm }
        let numeric = try (loss(up) - loss(down)) / (2 * h)
        let engine = zip(gradient, raw.values).reduce(0) { $0 + Double($1.0) * $1.1 / norm }
        #expect(
          abs(engine - numeric) <= GradientTests.tolerance * size + 1e-6,
          "\(group).\(name): \(engine) along a direction, by finite differences \(numeric)")
      }
    }
    // What the critic adds to the scores of real and fake pictures alike has none.
    #expect(moved >= net.parameters.count - 1, "\(group): \(moved) gradients")
  }

  /// The same bits with any number of threads, and where the set fuses with any set; and with augmentation other ones
  /// than without.
  @Test(arguments: ObjectiveKind.allCases) func bitsDontDependOnThreads(objective: ObjectiveKind) throws {
    func state(
      _ set: InstructionSet, _ threads: Int, _ kinds: Augmentations = PictureAugmentationTests.everything
    ) throws -> TensorSet {
      let c = PictureAugmentationTests.configuration {
        ($0.augment, $0.objective, $0.criticNorm) = (kinds, objective, objective == .wgan)
      }
      let trainer = try Trainer(c, on: Device(instructionSet: set, threads: threads))
      for step in 0..<4 {
        _ = Self.pixels(c, seed: UInt64(step)).withUnsafeBufferPointer {
          trainer.criticStep(pixels: $0, count: step == 2 ? 3 : 4)
        }
        _ = trainer.generatorStep()
      }
      return trainer.tensors()
    }
    let first = try state(Device.best, 1)
    for threads in 2...3 { #expect(try state(Device.best, threads) == first) }
    for set in Device.supported where set != .portable && Device.best != .portable {
      #expect(try state(set, 2) == first, "\(set)")
    }
    #expect(try state(Device.best, 1, .none) != first)
  }
}
