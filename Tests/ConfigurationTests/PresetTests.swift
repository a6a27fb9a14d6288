import Configuration
import Testing
import Training

@Suite struct PresetTests {
  /// How many critic steps precede each of the first `count` generator steps.
  func phases(_ preset: TrainingConfiguration, _ count: Int) -> [Int] {
    (0..<count).map { CriticPhases(preset).steps(before: $0) }
  }

  /// The table of the references, column "blog".
  @Test func thePresetBlogIsTheBlogPostsRun() {
    let blog = TrainingConfiguration.blog
    #expect(blog.size == 64 && blog.channels == 3 && blog.features == 64 && blog.latent == 100 && blog.extraLayers == 0)
    #expect(blog.criticNet == .dcgan && blog.generatorNet == .dcgan && blog.generatorFeatures == 64)
    #expect(blog.criticNorm && blog.generatorNorm && blog.generatorExtra == .transposed)
    #expect(blog.blockOrder == .convolutionActivationNorm)
    #expect(blog.initialisation == .pytorch)
    #expect(blog.clip == 0.01 && blog.clipLower == -0.01 && blog.clipTime == .beforeStep)
    #expect(blog.optimizer == .rmsprop && blog.learningRate == 5e-5 && blog.batchSize == 64)
    #expect(blog.adamBeta1 == 0.5 && blog.adamBeta2 == 0.999)
    #expect(phases(blog, 1001).allSatisfy { $0 == 5 })
    #expect(blog.criticNoiseBatch == .sizeOfRealBatch)
    #expect(blog.samplingStatistics == .running && blog.seed == 42 && blog.algorithm == .auto)
    #expect(blog.crop == .random && blog.heldOut == 0.2 && blog.fraction == 1)
  }

  /// Column "original": main.py of martinarjovsky/WassersteinGAN.
  @Test func theOriginalPresetIsTheAuthorsCode() {
    let original = TrainingConfiguration.original
    #expect(original.size == 64 && original.features == 64 && original.latent == 100 && original.extraLayers == 0)
    #expect(original.blockOrder == .convolutionNormActivation && original.initialisation == .dcgan)
    #expect(original.clipLower == -0.01 && original.clipUpper == 0.01 && original.clipTime == .beforeStep)
    let phases = phases(original, 1200)
    #expect(phases.indices.filter { phases[$0] == 100 } == Array(0..<25) + [500, 1000])
    #expect(phases.allSatisfy { [5, 100].contains($0) })
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
    #expect(phases(.paper, 1001).allSatisfy { $0 == 5 })
  }

  /// Column "fastai": the blog post's but for three values.
  @Test func theFastaiPresetIsTheLesson() {
    var expected = TrainingConfiguration.blog
    expected.preset = "fastai"
    (expected.learningRate, expected.extraLayers, expected.warmUpEvery) = (1e-4, 1, 500)
    #expect(TrainingConfiguration.fastai == expected)
    let phases = phases(.fastai, 1200)
    #expect(phases.indices.filter { phases[$0] == 100 } == [0, 500, 1000])
  }

  @Test(arguments: TrainingConfiguration.presets) func presetsAreValidAndFoundByName(preset: TrainingConfiguration)
    throws
  {
    try preset.validate()
    #expect(try TrainingConfiguration.preset(named: preset.preset) == preset)
  }

  @Test func anUnknownPresetNamesTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try TrainingConfiguration.preset(named: "x") }
    #expect(error?.description == "--preset x isn't known: there are photos, blog, original, paper, fastai, demo")
  }

  /// The name of 0.1.0, which stands in runs, checkpoints and scripts.
  @Test func thePresetBlogWasCalledSeed() throws {
    #expect(try TrainingConfiguration.preset(named: "seed") == .blog)
    #expect(TrainingConfiguration.blog.firstContradiction([ConfigurationOverride(preset: "seed")]) == nil)
    #expect(TrainingConfiguration.demo.firstContradiction([ConfigurationOverride(preset: "seed")]) != nil)
  }
}
