import Testing
import WGAN

@Suite struct PresetTests {
  /// The table of the references, column "seed".
  @Test func theSeedPresetIsTheBlogPostsRun() {
    let seed = TrainingConfiguration.seed
    #expect(seed.size == 64 && seed.channels == 3 && seed.features == 64 && seed.latent == 100 && seed.extraLayers == 0)
    #expect(seed.criticNet == .dcgan && seed.generatorNet == .dcgan && seed.generatorFeatures == 64)
    #expect(seed.criticNorm && seed.generatorNorm && seed.generatorExtra == .transposed)
    #expect(seed.blockOrder == .convolutionActivationNorm)
    #expect(seed.initialisation == .pytorch)
    #expect(seed.clip == 0.01 && seed.clipTime == .beforeStep)
    #expect(seed.optimizer == .rmsprop && seed.learningRate == 5e-5 && seed.batchSize == 64)
    #expect((0..<1001).allSatisfy { seed.criticSteps(beforeGeneratorStep: $0) == 5 })
    #expect(seed.criticNoiseBatch == .sizeOfRealBatch)
    #expect(seed.samplingStatistics == .running)
    #expect(seed.crop == .random && seed.heldOut == 0.2 && seed.fraction == 1)
  }

  @Test func warmUpPhasesAreTheOriginals() {
    var original = TrainingConfiguration.seed
    (original.warmUpCriticSteps, original.warmUpGeneratorSteps, original.warmUpEvery) = (100, 25, 500)
    let long = (0..<1200).filter { original.criticSteps(beforeGeneratorStep: $0) == 100 }
    #expect(long == Array(0..<25) + [500, 1000])
  }

  @Test(arguments: TrainingConfiguration.presets) func presetsAreValidAndFoundByName(preset: TrainingConfiguration)
    throws
  {
    try preset.validate()
    #expect(try TrainingConfiguration.preset(named: preset.preset) == preset)
  }

  @Test func anUnknownPresetNamesTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try TrainingConfiguration.preset(named: "x") }
    #expect(error?.description == "--preset x isn't known; there are: seed, demo")
  }

  nonisolated(unsafe) static let impossible: [(flag: String, change: (inout TrainingConfiguration) -> Void)] = [
    ("--size", { $0.size = 48 }), ("--size", { $0.size = 8 }), ("--size", { $0.size = 512 }),
    ("--size", { $0.size = .min }), ("--channels", { $0.channels = 2 }), ("--features", { $0.features = 0 }),
    ("--features", { $0.features = .max }), ("--critic-features", { $0.criticFeatures = 0 }),
    ("--generator-features", { $0.generatorFeatures = .min }), ("--latent", { $0.latent = 0 }),
    ("--extra-layers", { $0.extraLayers = -1 }), ("--extra-layers", { $0.extraLayers = .max }),
    ("--batch-size", { $0.batchSize = 0 }), ("--batch-size", { $0.batchSize = .max }),
    ("--critic-steps", { $0.criticSteps = 0 }), ("--clip", { $0.clip = 0 }), ("--clip", { $0.clip = .nan }),
    ("--clip", { $0.clip = -1 }), ("--clip", { $0.clip = .infinity }), ("--learning-rate", { $0.learningRate = 0 }),
    ("--learning-rate", { $0.learningRate = .nan }), ("--fraction", { $0.fraction = 0 }),
    ("--fraction", { $0.fraction = 1.5 }), ("--fraction", { $0.fraction = .nan }), ("--held-out", { $0.heldOut = 1 }),
    ("--held-out", { $0.heldOut = -0.1 }), ("--held-out", { $0.heldOut = .nan }),
  ]

  /// Every value that no run can have is refused, by the name of its flag.
  @Test(arguments: impossible.indices) func impossibleValuesNameTheirFlag(index: Int) {
    var configuration = TrainingConfiguration.seed
    Self.impossible[index].change(&configuration)
    let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(error?.flag == Self.impossible[index].flag)
  }
}
