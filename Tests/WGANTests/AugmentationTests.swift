import Compute
import Configuration
import Randomness
import ReferenceKernels
import TensorFiles
import Testing
import Training

/// Protects: what is drawn for a picture, and that a step's gradients go through it.
@Suite struct PictureAugmentationTests {
  static let everything: Augmentations = [.color, .translate, .cutout]

  static func configuration(_ change: (inout TrainingConfiguration) -> Void = { _ in }) -> TrainingConfiguration {
    var c = TrainingConfiguration.blog
    (c.size, c.features, c.latent, c.batchSize, c.augment) = (16, 3, 4, 4, everything)
    c.clip = 1000
    change(&c)
    return c
  }

  static func augmentation(_ change: (inout TrainingConfiguration) -> Void = { _ in }) throws -> PictureAugmentation {
    try #require(PictureAugmentation(configuration(change)))
  }

  // MARK: - What is drawn

  static let purposes: [(sight: PictureAugmentation.Sight, purpose: RandomPurpose)] = [
    (.criticReal, .criticRealAugmentation), (.criticFake, .criticFakeAugmentation),
    (.generatorReal, .generatorRealAugmentation), (.generatorFake, .generatorFakeAugmentation),
  ]

  /// A batch's changes as the definition has them, drawn here once more.
  static func definitions(
    _ sight: PictureAugmentation.Sight, step: Int, _ c: TrainingConfiguration
  ) throws -> [ReferenceAugmentation] {
    let purpose = try #require(purposes.first { $0.sight == sight }).purpose
    return (0..<c.batchSize).map { n in
      var random = RandomStream(seed: c.seed, purpose: purpose, step: step, index: n)
      var all = ReferenceAugmentation()
      all.brightness = Double(random.uniform())
      all.saturation = Double(random.uniform())
      all.contrast = Double(random.uniform())
      let shift = c.size / 8
      all.translation = (random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift)
      all.cutout = (random.below(c.size + 1), random.below(c.size + 1))
      return all
    }
  }

  /// A whole batch is changed as the definition says, of the numbers of its sight and step.
  @Test(arguments: PictureAugmentation.Sight.allCases, [16, 64])
  func picturesChangeAsTheDefinitionSays(sight: PictureAugmentation.Sight, size: Int) throws {
    let c = Self.configuration { ($0.size, $0.batchSize) = (size, 9) }
    let shape = [9, 3, size, size]
    var random = RandomStream(seed: 3, purpose: .test)
    let values = (0..<shape.reduce(1, *)).map { _ in 2 * random.uniform() - 1 }
    var expected = ReferenceTensor(shape: shape, values: values.map(Double.init))
    for (n, change) in try Self.definitions(sight, step: 7, c).enumerated() {
      expected = change.apply(expected, picture: n)
    }
    let layout = ActivationLayout(.interleaved, channels: 3, height: size, width: size, halo: 1)
    let (source, target) = (
      Activations(Slab(count: layout.count(batch: 9)).all, layout),
      Activations(Slab(count: layout.count(batch: 9)).all, layout)
    )
    source.set(values, batch: 9)
    try #require(PictureAugmentation(c)).apply(
      sight, step: 7, batch: 9, from: source, to: target, on: Device(threads: 2))
    let worst = zip(target.array(batch: 9), expected.values).map { abs(Double($0) - $1) }.max() ?? 1
    #expect(worst < 4e-6)
  }

  /// Each number is within its bounds, and comes from all of them.
  @Test(arguments: [16, 32, 64]) func numbersAreSpread(size: Int) throws {
    let all = try Self.augmentation { $0.size = size }.parameters(.criticReal, step: 0, batch: 8000)
    func check(_ values: [Float], _ low: Float, _ high: Float) throws {
      let (least, largest) = try (#require(values.min()), #require(values.max()))
      let span = high - low
      #expect(least >= low && least < low + 0.01 * span && largest < high && largest > high - 0.01 * span)
      let mean = values.reduce(0, +) / Float(values.count)
      // 5 standard errors.
      #expect(abs(mean - (low + high) / 2) < 5 * span / (12 * 8000 as Float).squareRoot())
    }
    try check(all.map(\.brightness), -0.5, 0.5)
    try check(all.map(\.saturation), 0, 2)
    try check(all.map(\.contrast), 0.5, 1.5)
    let shifts = Set(-size / 8...size / 8)
    #expect(Set(all.map(\.shiftY)) == shifts && Set(all.map(\.shiftX)) == shifts)
    let (quarter, half) = (size / 4, size / 2)
    let squares = Set((0...size).map { ($0 - quarter..<$0 - quarter + half).clamped(to: 0..<size) })
    #expect(Set(all.map(\.cutRows)) == squares && Set(all.map(\.cutColumns)) == squares)
    #expect(squares.allSatisfy { $0.count >= quarter })
    // A picture's numbers have nothing to do with each other: none is another's function.
    #expect(Set(all.map { [$0.shiftY, $0.shiftX] }).count == shifts.count * shifts.count)
  }

  @Test func everyKeyMatters() throws {
    let one = try Self.augmentation()
    var all = PictureAugmentation.Sight.allCases.map { one.parameters($0, step: 3, batch: 4) }
    all.append(one.parameters(.criticReal, step: 4, batch: 4))
    all.append(try Self.augmentation { $0.seed = 7 }.parameters(.criticReal, step: 3, batch: 4))
    let single = all.flatMap { $0 }
    for i in single.indices { for j in 0..<i { #expect(single[i] != single[j], "\(i), \(j)") } }
    // The batch's size doesn't.
    #expect(Array(all[0][..<2]) == one.parameters(.criticReal, step: 3, batch: 2))
  }

  /// A kind's numbers are the same beside any others; without it nothing of its own changes.
  @Test func kindsDontTouchEachOther() throws {
    let whole = try Self.augmentation().parameters(.criticFake, step: 2, batch: 4)
    let none = AugmentationParameters()
    for bits in UInt8(1)..<8 {
      let kinds = Augmentations(rawValue: bits)
      let some = try Self.augmentation { $0.augment = kinds }.parameters(.criticFake, step: 2, batch: 4)
      for (one, all) in zip(some, whole) {
        var expected = none
        if kinds.contains(.color) {
          (expected.brightness, expected.saturation, expected.contrast) = (all.brightness, all.saturation, all.contrast)
        }
        if kinds.contains(.translate) { (expected.shiftY, expected.shiftX) = (all.shiftY, all.shiftX) }
        if kinds.contains(.cutout) { (expected.cutRows, expected.cutColumns) = (all.cutRows, all.cutColumns) }
        #expect(one == expected)
      }
    }
    #expect(PictureAugmentation(Self.configuration { $0.augment = .none }) == nil)
  }

  // MARK: - Steps

  static let variants: [TrainingConfiguration] =
    (1..<8).map { bits in configuration { $0.augment = Augmentations(rawValue: bits) } } + [
      configuration { ($0.channels, $0.criticNorm, $0.generatorNorm) = (1, false, false) },
      configuration { ($0.criticNet, $0.generatorNet, $0.features) = (.mlp, .mlp, 20) },
    ]

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
    let latent = ReferenceTensor(shape: [c.batchSize, c.latent, 1, 1], values: noise.map(Double.init))
    let pixels = Self.pixels(c, seed: 6)
    let real = ReferencePixels.tensor(
      bytes: pixels, count: c.batchSize, height: c.size, width: c.size, channels: c.channels)
    func trainer() throws -> Trainer {
      let trainer = try Trainer(c, on: Device(threads: 2))
      let initial = trainer.tensors(groups: ["critic", "generator"]).map { tensor in
        let (net, name) = (tensor.name.hasPrefix("critic.") ? critic : generator, tensor.name.drop { $0 != "." })
        guard let parameter = net.parameters[String(name.dropFirst())] else { return tensor }
        return NamedTensor(name: tensor.name, shape: tensor.shape, values: parameter.values.map(Float.init))
      }
      try trainer.setNets([.critic, .generator], from: TensorSet(initial))
      return trainer
    }
    /// The critic's mean of pictures as they look.
    func score(_ pictures: ReferenceTensor, _ net: ReferenceNetwork, _ sight: PictureAugmentation.Sight) throws
      -> Double
    {
      var (net, seen) = (net, pictures)
      for (n, change) in try Self.definitions(sight, step: 0, c).enumerated() {
        seen = Self.only(c.augment, of: change).apply(seen, picture: n)
      }
      return net.forwardTraining(seen).destination.values[0]
    }
    func fakes(_ net: ReferenceNetwork) -> ReferenceTensor {
      var net = net
      return net.forwardTraining(latent).destination
    }

    let criticTrainer = try trainer()
    let losses = criticTrainer.criticStep(pixels: pixels, count: c.batchSize, noise: noise)
    let fake = fakes(generator)
    #expect(try abs(Double(losses.real) - score(real, critic, .criticReal)) < 1e-4)
    #expect(try abs(Double(losses.fake) - score(fake, critic, .criticFake)) < 1e-4)
    try Self.compare(criticTrainer.gradients(), "critic", critic, &stream) {
      try score(real, $0, .criticReal) - score(fake, $0, .criticFake)
    }
    let generatorTrainer = try trainer()
    let loss = generatorTrainer.generatorStep(noise: noise)
    #expect(try abs(Double(loss) - score(fake, critic, .generatorFake)) < 1e-4)
    try Self.compare(generatorTrainer.gradients(), "generator", generator, &stream) {
      try score(fakes($0), critic, .generatorFake)
    }
  }

  static func only(_ kinds: Augmentations, of all: ReferenceAugmentation) -> ReferenceAugmentation {
    var some = all
    if !kinds.contains(.color) { (some.brightness, some.saturation, some.contrast) = (nil, nil, nil) }
    if !kinds.contains(.translate) { some.translation = nil }
    if !kinds.contains(.cutout) { some.cutout = nil }
    return some
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
  @Test func bitsDontDependOnThreads() throws {
    func state(
      _ set: InstructionSet, _ threads: Int, _ kinds: Augmentations = Self.everything
    ) throws -> TensorSet {
      let c = Self.configuration { $0.augment = kinds }
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

  /// A flag's value, config.json's and the library's are one.
  @Test func kindsAreATextInOneOrder() {
    #expect(Augmentations.choices.count == 8 && Set(Augmentations.choices).count == 8)
    #expect(Augmentations(text: "cutout,color") == [.color, .cutout])
    #expect(Self.everything.text == "color,translate,cutout" && Augmentations.none.text == "none")
    for text in ["", ",", "color,", "color,color", "none,color", "colour", "color translate", "Color"] {
      #expect(Augmentations(text: text) == nil, "\(text)")
    }
  }
}
