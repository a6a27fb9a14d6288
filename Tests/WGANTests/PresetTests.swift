import Configuration
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

  /// Column "original": main.py of martinarjovsky/WassersteinGAN.
  @Test func theOriginalPresetIsTheAuthorsCode() {
    let original = TrainingConfiguration.original
    #expect(original.size == 64 && original.features == 64 && original.latent == 100 && original.extraLayers == 0)
    #expect(original.blockOrder == .convolutionNormActivation && original.initialisation == .dcgan)
    #expect(original.clipLower == -0.01 && original.clipUpper == 0.01 && original.clipTime == .beforeStep)
    #expect((0..<1200).filter { original.criticSteps(beforeGeneratorStep: $0) == 100 } == Array(0..<25) + [500, 1000])
    #expect((0..<1200).allSatisfy { [5, 100].contains(original.criticSteps(beforeGeneratorStep: $0)) })
    #expect(original.optimizer == .rmsprop && original.batchSize == 64)
    #expect(original.criticLearningRate == 5e-5 && original.generatorLearningRate == 5e-5)
    #expect(original.adamBeta1 == 0.5 && original.adamBeta2 == 0.999)
    #expect(original.criticNoiseBatch == .full && original.samplingStatistics == .batch)
    #expect(original.crop == .center && original.heldOut == 0)
  }

  /// Column "paper": algorithm 1; where it is silent, the authors' code.
  @Test func thePaperPresetIsAlgorithmOne() {
    var expected = TrainingConfiguration.original
    expected.preset = "paper"
    expected.clipTime = .afterUpdate
    (expected.warmUpGeneratorSteps, expected.warmUpEvery) = (0, 0)
    #expect(TrainingConfiguration.paper == expected)
    #expect((0..<1001).allSatisfy { TrainingConfiguration.paper.criticSteps(beforeGeneratorStep: $0) == 5 })
  }

  /// Column "fastai": the seed's but for three values.
  @Test func theFastaiPresetIsTheLesson() {
    var expected = TrainingConfiguration.seed
    expected.preset = "fastai"
    (expected.learningRate, expected.extraLayers, expected.warmUpEvery) = (1e-4, 1, 500)
    #expect(TrainingConfiguration.fastai == expected)
    let long = (0..<1200).filter { TrainingConfiguration.fastai.criticSteps(beforeGeneratorStep: $0) == 100 }
    #expect(long == [0, 500, 1000])
  }

  @Test(arguments: TrainingConfiguration.presets) func presetsAreValidAndFoundByName(preset: TrainingConfiguration)
    throws
  {
    try preset.validate()
    #expect(try TrainingConfiguration.preset(named: preset.preset) == preset)
  }

  @Test func anUnknownPresetNamesTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try TrainingConfiguration.preset(named: "x") }
    #expect(error?.description == "--preset x isn't known; there are: seed, original, paper, fastai, demo")
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
    ("--learning-rate", { $0.learningRate = .nan }), ("--critic-learning-rate", { $0.criticLearningRate = 2 }),
    ("--generator-learning-rate", { $0.generatorLearningRate = 0 }), ("--clip-lower", { $0.clipLower = 0 }),
    ("--clip-lower", { $0.clipLower = -.infinity }), ("--clip-upper", { $0.clipUpper = .nan }),
    ("--adam-beta1", { $0.adamBeta1 = 1 }), ("--adam-beta2", { $0.adamBeta2 = .nan }),
    ("--fraction", { $0.fraction = 0 }),
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
