// The flags that decide what the nets are: shared by `train` and `inspect`.

import Configuration
import ArgumentParser
import Compute
import WGAN

extension AlgorithmChoice: ExpressibleByArgument {}
extension NetKind: ExpressibleByArgument {}
extension GeneratorExtra: ExpressibleByArgument {}
extension BlockOrder: ExpressibleByArgument {}
extension Initialisation: ExpressibleByArgument {}
extension ClipTime: ExpressibleByArgument {}
extension Optimizer: ExpressibleByArgument {}
extension CriticNoiseBatch: ExpressibleByArgument {}
extension Crop: ExpressibleByArgument {}
extension SamplingStatistics: ExpressibleByArgument {}

/// Each value is nil where the preset's holds.
struct NetworkOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A whole configuration; the flags below change single values of it: \(TrainingConfiguration.presets.map(\.preset).joined(separator: ", ")).",
      valueName: "name"))
  var preset: String?

  @Option(help: "The pictures' side: 16, 32, 64, 128 or 256 (seed: \(TrainingConfiguration.seed.size)).")
  var size: Int?

  @Option(help: "1 (grey) or 3 (colour) (seed: \(TrainingConfiguration.seed.channels)).")
  var channels: Int?

  @Option(
    help: "The critic: dcgan, or mlp: four linear layers (seed: \(TrainingConfiguration.seed.criticNet.rawValue)).")
  var criticNet: NetKind?

  @Option(help: "The generator: dcgan or mlp (seed: \(TrainingConfiguration.seed.generatorNet.rawValue)).")
  var generatorNet: NetKind?

  @Option(help: "Channels of the nets' widest grid, width of an mlp (seed: \(TrainingConfiguration.seed.features)).")
  var features: Int?

  @Option(help: "The same of the critic alone.")
  var criticFeatures: Int?

  @Option(help: "The same of the generator alone.")
  var generatorFeatures: Int?

  @Option(help: "Length of the noise vector (seed: \(TrainingConfiguration.seed.latent)).")
  var latent: Int?

  @Option(help: "3x3 layers added to each dcgan net (seed: \(TrainingConfiguration.seed.extraLayers)).")
  var extraLayers: Int?

  @Option(
    help: ArgumentHelp(
      "The generator's: transposed or convolution (seed: \(TrainingConfiguration.seed.generatorExtra.rawValue)).",
      valueName: "kind"))
  var generatorExtra: GeneratorExtra?

  @Flag(
    name: .customLong("batch-norm"), inversion: .prefixedNo, exclusivity: .exclusive,
    help: "In a dcgan generator (seed: with it).")
  var generatorNorm: Bool?

  @Flag(
    name: .customLong("critic-batch-norm"), inversion: .prefixedNo, exclusivity: .exclusive,
    help: "In a dcgan critic (seed: with it).")
  var criticNorm: Bool?

  @Option(help: "Pictures in a batch (seed: \(TrainingConfiguration.seed.batchSize)).")
  var batchSize: Int?

  @Option(
    help: "Order in a block: conv-act-norm or conv-norm-act (seed: \(TrainingConfiguration.seed.blockOrder.rawValue)).")
  var blockOrder: BlockOrder?

  var overrides: [ConfigurationOverride] {
    [
      size.map { ConfigurationOverride("--size", \.size, $0) },
      channels.map { ConfigurationOverride("--channels", \.channels, $0) },
      criticNet.map { ConfigurationOverride("--critic-net", \.criticNet, $0) },
      generatorNet.map { ConfigurationOverride("--generator-net", \.generatorNet, $0) },
      features.map { ConfigurationOverride("--features", \.features, $0) },
      criticFeatures.map { ConfigurationOverride("--critic-features", \.criticFeatures, $0) },
      generatorFeatures.map { ConfigurationOverride("--generator-features", \.generatorFeatures, $0) },
      latent.map { ConfigurationOverride("--latent", \.latent, $0) },
      extraLayers.map { ConfigurationOverride("--extra-layers", \.extraLayers, $0) },
      generatorExtra.map { ConfigurationOverride("--generator-extra", \.generatorExtra, $0) },
      generatorNorm.map { ConfigurationOverride($0 ? "--batch-norm" : "--no-batch-norm", \.generatorNorm, $0) },
      criticNorm.map {
        ConfigurationOverride($0 ? "--critic-batch-norm" : "--no-critic-batch-norm", \.criticNorm, $0)
      },
      batchSize.map { ConfigurationOverride("--batch-size", \.batchSize, $0) },
      blockOrder.map { ConfigurationOverride("--block-order", \.blockOrder, $0) },
    ].compactMap(\.self)
  }
}
