// The presets: whole configurations by name. Each flag of `wgan train` overrides one field.

extension TrainingConfiguration {
  /// Every preset, the default first.
  package static let presets: [TrainingConfiguration] = [.seed, .demo]

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
    batchSize: 64, criticSteps: 5, warmUpCriticSteps: 5, warmUpGeneratorSteps: 0, warmUpEvery: 0,
    clip: 0.01, clipTime: .beforeStep, optimizer: .rmsprop, learningRate: 5e-5,
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
