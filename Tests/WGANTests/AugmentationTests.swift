import Compute
import Configuration
import Randomness
import ReferenceKernels
import Testing
import Training

/// Protects: what is drawn for a picture is the definition's, and a function of the picture's place in the run alone.
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

  // MARK: - As a value

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
