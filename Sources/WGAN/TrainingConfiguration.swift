// Every value that a run depends on, resolved. A preset is one such value; each flag of `wgan train` overrides one field.
// A run's folder holds it as config.json.

import Compute

/// The order inside a block of a net.
package enum BlockOrder: String, Codable, Sendable, CaseIterable {
  case convolutionActivationNorm = "conv-act-norm"
  case convolutionNormActivation = "conv-norm-act"
}

/// How parameters start.
package enum Initialisation: String, Codable, Sendable, CaseIterable {
  /// PyTorch's defaults: weights U(-1/sqrt(fan_in), 1/sqrt(fan_in)), gamma 1, beta 0.
  case pytorch
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
  package var features: Int
  package var latent: Int
  package var extraLayers: Int
  package var blockOrder: BlockOrder
  package var initialisation: Initialisation

  // The steps.
  package var batchSize: Int
  package var criticSteps: Int
  /// Critic steps while the generator step is below `warmUpGeneratorSteps`, or a multiple of `warmUpEvery` (0: never).
  package var warmUpCriticSteps: Int
  package var warmUpGeneratorSteps: Int
  package var warmUpEvery: Int
  package var clip: Float
  package var clipTime: ClipTime
  package var optimizer: Optimizer
  package var learningRate: Float
  package var criticNoiseBatch: CriticNoiseBatch
  package var samplingStatistics: SamplingStatistics
  package var seed: UInt64
  /// How convolutions are computed: a fast method gives other bits than the direct one.
  package var algorithm: AlgorithmChoice

  // The data.
  package var crop: Crop
  package var fraction: Double
  package var heldOut: Double

  /// How many critic steps precede generator step `step` (0-based).
  package func criticSteps(beforeGeneratorStep step: Int) -> Int {
    let warmUp = step < warmUpGeneratorSteps || (warmUpEvery > 0 && step % warmUpEvery == 0)
    return warmUp ? warmUpCriticSteps : criticSteps
  }
}

extension KeyedDecodingContainer {
  /// Runs from before there was a choice had the direct method. (The synthesised decoder of the configuration takes this overload.)
  func decode(_ type: AlgorithmChoice.Type, forKey key: Key) throws -> AlgorithmChoice {
    try decodeIfPresent(type, forKey: key) ?? .direct
  }
}
