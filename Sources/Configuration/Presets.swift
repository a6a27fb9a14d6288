// The presets: whole configurations by name, a page of plain values each. Each flag of `wgan train` overrides one of
// them. Where the references disagree is a table in docs/Presets.md.

extension TrainingConfiguration {
  /// Every preset, the default first.
  package static let presets: [TrainingConfiguration] = [.seed, .original, .paper, .fastai, .demo]

  package static func preset(named name: String) throws(ConfigurationError) -> TrainingConfiguration {
    if let preset = presets.first(where: { $0.preset == name }) { return preset }
    let names = presets.map(\.preset).joined(separator: ", ")
    throw ConfigurationError("--preset", "\(name) isn't known; there are: \(names)")
  }

  /// The blog post's run (reference: its WGAN_fit): blocks in the order convolution, activation, norm; PyTorch's
  /// initialisation; clipping before each of 5 critic steps; RMSprop 5e-5.
  package static let seed = TrainingConfiguration(
    preset: "seed",
    size: 64, channels: 3, criticFeatures: 64, generatorFeatures: 64, latent: 100, extraLayers: 0,
    blockOrder: .convolutionActivationNorm, initialisation: .pytorch,
    batchSize: 64, criticSteps: 5, warmUpCriticSteps: 100, warmUpGeneratorSteps: 0, warmUpEvery: 0,
    clipLower: -0.01, clipUpper: 0.01, clipTime: .beforeStep,
    optimizer: .rmsprop, criticLearningRate: 5e-5, generatorLearningRate: 5e-5, adamBeta1: 0.5, adamBeta2: 0.999,
    criticNoiseBatch: .sizeOfRealBatch, samplingStatistics: .running, seed: 42, algorithm: .auto,
    crop: .random, fraction: 1, heldOut: 0.2)

  /// The authors' own code (reference: main.py of martinarjovsky/WassersteinGAN): DCGAN's blocks and initialisation;
  /// 100 critic steps before each of the first 25 generator steps and before each 500th; samples with the batch's
  /// statistics.
  package static let original = TrainingConfiguration(
    preset: "original",
    size: 64, channels: 3, criticFeatures: 64, generatorFeatures: 64, latent: 100, extraLayers: 0,
    generatorExtra: .convolution,
    blockOrder: .convolutionNormActivation, initialisation: .dcgan,
    batchSize: 64, criticSteps: 5, warmUpCriticSteps: 100, warmUpGeneratorSteps: 25, warmUpEvery: 500,
    clipLower: -0.01, clipUpper: 0.01, clipTime: .beforeStep,
    optimizer: .rmsprop, criticLearningRate: 5e-5, generatorLearningRate: 5e-5, adamBeta1: 0.5, adamBeta2: 0.999,
    criticNoiseBatch: .full, samplingStatistics: .batch, seed: 42, algorithm: .auto,
    crop: .center, fraction: 1, heldOut: 0)

  /// Algorithm 1 of the paper: clipping after the update, 5 critic steps always. What it leaves open is as in its
  /// authors' code.
  package static let paper = TrainingConfiguration(
    preset: "paper",
    size: 64, channels: 3, criticFeatures: 64, generatorFeatures: 64, latent: 100, extraLayers: 0,
    generatorExtra: .convolution,
    blockOrder: .convolutionNormActivation, initialisation: .dcgan,
    batchSize: 64, criticSteps: 5, warmUpCriticSteps: 100, warmUpGeneratorSteps: 0, warmUpEvery: 0,
    clipLower: -0.01, clipUpper: 0.01, clipTime: .afterUpdate,
    optimizer: .rmsprop, criticLearningRate: 5e-5, generatorLearningRate: 5e-5, adamBeta1: 0.5, adamBeta2: 0.999,
    criticNoiseBatch: .full, samplingStatistics: .batch, seed: 42, algorithm: .auto,
    crop: .center, fraction: 1, heldOut: 0)

  /// The lesson that the blog post follows (reference: fast.ai's wgan notebook): the seed's nets with an extra layer
  /// each, RMSprop 1e-4, 100 critic steps before each 500th generator step, the very first included.
  package static let fastai = TrainingConfiguration(
    preset: "fastai",
    size: 64, channels: 3, criticFeatures: 64, generatorFeatures: 64, latent: 100, extraLayers: 1,
    blockOrder: .convolutionActivationNorm, initialisation: .pytorch,
    batchSize: 64, criticSteps: 5, warmUpCriticSteps: 100, warmUpGeneratorSteps: 0, warmUpEvery: 500,
    clipLower: -0.01, clipUpper: 0.01, clipTime: .beforeStep,
    optimizer: .rmsprop, criticLearningRate: 1e-4, generatorLearningRate: 1e-4, adamBeta1: 0.5, adamBeta2: 0.999,
    criticNoiseBatch: .sizeOfRealBatch, samplingStatistics: .running, seed: 42, algorithm: .auto,
    crop: .random, fraction: 1, heldOut: 0.2)

  /// `make demo`: faces in three minutes on two cores. The seed's WGAN at half the size and half the width, with a
  /// faster learning rate; weight clipping and the critic's 5 steps stay.
  package static let demo: TrainingConfiguration = {
    var demo = TrainingConfiguration.seed
    demo.preset = "demo"
    demo.size = 32
    demo.features = 32
    demo.batchSize = 32
    demo.learningRate = 2e-4
    return demo
  }()
}
