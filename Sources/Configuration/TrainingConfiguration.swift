// Every value that a run depends on, resolved. A preset is one such value; each flag of `wgan train` overrides one
// field. A run's folder holds it as config.json.

import Compute

package enum NetKind: String, Codable, Sendable, CaseIterable {
  /// Convolutions (or transposed ones) that halve (or double) the plane.
  case dcgan
  /// Four linear layers with ReLU between.
  case mlp
}

/// What the generator's extra layers are.
package enum GeneratorExtra: String, Codable, Sendable, CaseIterable {
  /// Transposed 3x3 convolutions (the blog post's).
  case transposed
  /// 3x3 convolutions (the WGAN authors').
  case convolution
}

/// The order inside a block of a net.
package enum BlockOrder: String, Codable, Sendable, CaseIterable {
  case convolutionActivationNorm = "conv-act-norm"
  case convolutionNormActivation = "conv-norm-act"
}

/// How parameters start.
package enum Initialisation: String, Codable, Sendable, CaseIterable {
  /// PyTorch's defaults: weights U(-1/sqrt(fan_in), 1/sqrt(fan_in)), gamma 1, beta 0.
  case pytorch
  /// Those of PyTorch 0.4.1, which the blog post's notebook ran on: gamma U(0, 1), and a transposed convolution's
  /// fan_in counts its input's channels.
  case pytorch04 = "pytorch-0.4"
  /// The WGAN authors': weights N(0, 0.02), gamma N(1, 0.02), beta 0.
  case dcgan
}

package enum ClipTime: String, Codable, Sendable, CaseIterable {
  /// Before each critic step (the authors' code).
  case beforeStep = "before-step"
  /// After each update (the paper's algorithm 1).
  case afterUpdate = "after-update"
}

package enum Optimizer: String, Codable, Sendable, CaseIterable {
  case rmsprop
  case adam
}

/// How many fake pictures a critic step sees when the real batch is an epoch's short last one.
package enum CriticNoiseBatch: String, Codable, Sendable, CaseIterable {
  case sizeOfRealBatch = "real"
  case full
}

package enum Crop: String, Codable, Sendable, CaseIterable {
  case random
  case center
}

/// The statistics that batch norm uses at sampling.
package enum SamplingStatistics: String, Codable, Sendable, CaseIterable {
  case running
  case batch
}

package struct TrainingConfiguration: Codable, Sendable, Equatable {
  package var preset: String

  // The nets.
  package var size: Int
  package var channels: Int
  package var criticNet = NetKind.dcgan
  package var generatorNet = NetKind.dcgan
  /// Channels of a dcgan net's widest grid; width of an mlp net's layers.
  package var criticFeatures: Int
  package var generatorFeatures: Int
  package var latent: Int
  package var extraLayers: Int
  package var generatorExtra = GeneratorExtra.transposed
  /// Whether a dcgan net has batch norm.
  package var criticNorm = true
  package var generatorNorm = true
  package var blockOrder: BlockOrder
  package var initialisation: Initialisation

  // The steps.
  package var batchSize: Int
  package var criticSteps: Int
  /// Critic steps while the generator step is below `warmUpGeneratorSteps`, or a multiple of `warmUpEvery` (0: never).
  package var warmUpCriticSteps: Int
  package var warmUpGeneratorSteps: Int
  package var warmUpEvery: Int
  /// The critic's parameters, norms included, are forced into clipLower ... clipUpper.
  package var clipLower: Float
  package var clipUpper: Float
  package var clipTime: ClipTime
  package var optimizer: Optimizer
  package var criticLearningRate: Float
  package var generatorLearningRate: Float
  /// Of Adam alone.
  package var adamBeta1: Double
  package var adamBeta2: Double
  package var criticNoiseBatch: CriticNoiseBatch
  package var samplingStatistics: SamplingStatistics
  package var seed: UInt64
  /// How convolutions are computed: a fast method gives other bits than the direct one.
  package var algorithm: AlgorithmChoice

  // The data.
  package var crop: Crop
  package var fraction: Double
  package var heldOut: Double

  /// `--features`: both nets' at once. (Read: the critic's.)
  package var features: Int {
    get { criticFeatures }
    set { (criticFeatures, generatorFeatures) = (newValue, newValue) }
  }

  /// `--clip`: both bounds at once. (Read: the upper one.)
  package var clip: Float {
    get { clipUpper }
    set { (clipLower, clipUpper) = (-newValue, newValue) }
  }

  /// `--learning-rate`: both nets' at once. (Read: the critic's.)
  package var learningRate: Float {
    get { criticLearningRate }
    set { (criticLearningRate, generatorLearningRate) = (newValue, newValue) }
  }

  /// How many critic steps precede generator step `step` (0-based).
  package func criticSteps(beforeGeneratorStep step: Int) -> Int {
    let warmUp = step < warmUpGeneratorSteps || (warmUpEvery > 0 && step % warmUpEvery == 0)
    return warmUp ? warmUpCriticSteps : criticSteps
  }

  /// How many fake pictures a critic step sees beside `count` real ones.
  package func fakes(besideRealPictures count: Int) -> Int { criticNoiseBatch == .full ? batchSize : count }
}

extension TrainingConfiguration {
  /// The rule for files of earlier versions: a field that they haven't takes the value that the code of their time had.
  package init(from decoder: any Decoder) throws {
    let field = FieldDecoder(try decoder.container(keyedBy: CodingKeys.self))
    let former = FieldDecoder(try decoder.container(keyedBy: FormerKeys.self))
    preset = try field(.preset)

    size = try field(.size)
    channels = try field(.channels)
    criticNet = try field(.criticNet, before: .dcgan)
    generatorNet = try field(.generatorNet, before: .dcgan)
    criticFeatures = try field(.criticFeatures, before: former(.features))
    generatorFeatures = try field(.generatorFeatures, before: former(.features))
    latent = try field(.latent)
    extraLayers = try field(.extraLayers)
    generatorExtra = try field(.generatorExtra, before: .transposed)
    criticNorm = try field(.criticNorm, before: true)
    generatorNorm = try field(.generatorNorm, before: true)
    blockOrder = try field(.blockOrder)
    initialisation = try field(.initialisation)

    batchSize = try field(.batchSize)
    criticSteps = try field(.criticSteps)
    warmUpCriticSteps = try field(.warmUpCriticSteps)
    warmUpGeneratorSteps = try field(.warmUpGeneratorSteps)
    warmUpEvery = try field(.warmUpEvery)
    clipLower = try field(.clipLower, before: -former(.clip))
    clipUpper = try field(.clipUpper, before: former(.clip))
    clipTime = try field(.clipTime)
    optimizer = try field(.optimizer)
    criticLearningRate = try field(.criticLearningRate, before: former(.learningRate))
    generatorLearningRate = try field(.generatorLearningRate, before: former(.learningRate))
    adamBeta1 = try field(.adamBeta1, before: 0.9)
    adamBeta2 = try field(.adamBeta2, before: 0.999)
    criticNoiseBatch = try field(.criticNoiseBatch)
    samplingStatistics = try field(.samplingStatistics)
    seed = try field(.seed)
    algorithm = try field(.algorithm, before: .direct)

    crop = try field(.crop)
    fraction = try field(.fraction)
    heldOut = try field(.heldOut)
  }

  /// Fields that are called otherwise now.
  private enum FormerKeys: String, CodingKey {
    case features
    case clip
    case learningRate
  }
}

/// `field(.size)`: a field of a JSON object; `field(.size, before: 64)`: one that files from before it was there
/// haven't.
package struct FieldDecoder<Key: CodingKey> {
  private let container: KeyedDecodingContainer<Key>

  package init(_ container: KeyedDecodingContainer<Key>) { self.container = container }

  package func callAsFunction<Value: Decodable>(_ key: Key) throws -> Value {
    try container.decode(Value.self, forKey: key)
  }

  package func callAsFunction<Value: Decodable>(_ key: Key, before former: @autoclosure () throws -> Value) throws
    -> Value
  {
    try container.contains(key) ? container.decode(Value.self, forKey: key) : former()
  }
}
