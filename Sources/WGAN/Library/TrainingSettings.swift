// The values of a GAN that a program chooses: a preset, and the fields that people change.

import Configuration
import Compute

/// What a GAN's nets are and how it trains.
///
/// Settings begin as a ``Preset-swift.enum`` and are values: change what you like, then make a ``WassersteinGAN`` of
/// them. Properties are called as the flags of `wgan train` are and mean the same. What isn't a property here is as the
/// preset has it.
///
/// ```swift
/// var settings = TrainingSettings(.demo)
/// settings.size = 16
/// settings.batchSize = 8
/// ```
public struct TrainingSettings: Sendable, Equatable {
  /// Whole sets of values.
  ///
  /// Later versions may have more: give a `switch` over them a `default`.
  public enum Preset: String, Sendable, Equatable, CaseIterable {
    /// The blog post's run: 64x64 pixels, 64 features, batches of 64, RMSprop 5e-5, clipping at 0.01, 5 critic steps.
    case seed
    /// The WGAN authors' own code.
    case original
    /// Algorithm 1 of the paper.
    case paper
    /// The fast.ai lesson that the blog post follows.
    case fastai
    /// Half the seed's size and width and four times its learning rate: learns something in minutes.
    case demo
  }

  /// How convolutions are computed. Each gives the same bits for any number of threads; the two methods round
  /// differently.
  public enum Algorithm: Sendable, Equatable, CaseIterable {
    /// Winograd's method where a rule over shapes expects it to be faster.
    case auto
    /// As convolutions are defined.
    case direct
    /// Winograd's method wherever there is one.
    case winograd
  }

  /// How a picture that isn't square becomes it.
  public enum Crop: Sendable, Equatable, CaseIterable {
    /// Another place each epoch.
    case random
    /// The middle.
    case center
  }

  private(set) var configuration: TrainingConfiguration

  /// The values of a preset.
  public init(_ preset: Preset) {
    switch preset {
    case .seed: self.init(configuration: .seed)
    case .original: self.init(configuration: .original)
    case .paper: self.init(configuration: .paper)
    case .fastai: self.init(configuration: .fastai)
    case .demo: self.init(configuration: .demo)
    }
  }

  init(configuration: TrainingConfiguration) {
    self.configuration = configuration
    // A program chooses its pictures itself.
    (self.configuration.fraction, self.configuration.heldOut) = (1, 0)
  }

  /// The preset that the settings began as; nil if a file names one that this version doesn't know.
  public var preset: Preset? { Preset(rawValue: configuration.preset) }

  // MARK: - The nets

  /// The pictures' side in pixels: 16, 32, 64, 128 or 256.
  public var size: Int {
    get { configuration.size }
    set { configuration.size = newValue }
  }

  /// The pictures' channels: 1 (grey) or 3 (red, green, blue).
  public var channels: Int {
    get { configuration.channels }
    set { configuration.channels = newValue }
  }

  /// Channels of the widest grid of both nets, 1 to 1024. Reading gives the critic's.
  public var features: Int {
    get { configuration.features }
    set { configuration.features = newValue }
  }

  /// Channels of the critic's widest grid, 1 to 1024.
  public var criticFeatures: Int {
    get { configuration.criticFeatures }
    set { configuration.criticFeatures = newValue }
  }

  /// Channels of the generator's widest grid, 1 to 1024.
  public var generatorFeatures: Int {
    get { configuration.generatorFeatures }
    set { configuration.generatorFeatures = newValue }
  }

  /// Length of the noise vector that a picture is drawn from, 1 to 65,536.
  public var latent: Int {
    get { configuration.latent }
    set { configuration.latent = newValue }
  }

  // MARK: - The steps

  /// Pictures in a batch, 1 to 65,536.
  public var batchSize: Int {
    get { configuration.batchSize }
    set { configuration.batchSize = newValue }
  }

  /// Critic steps before a generator step, 1 to 1,000,000. (Some presets have longer phases at times.)
  public var criticSteps: Int {
    get { configuration.criticSteps }
    set { configuration.criticSteps = newValue }
  }

  /// The critic's parameters are kept within `-clip ... clip`; more than 0.
  public var clip: Float {
    get { configuration.clip }
    set { configuration.clip = newValue }
  }

  /// The learning rate of both nets, more than 0 and at most 1. Reading gives the critic's.
  public var learningRate: Float {
    get { configuration.learningRate }
    set { configuration.learningRate = newValue }
  }

  /// The critic's learning rate, more than 0 and at most 1.
  public var criticLearningRate: Float {
    get { configuration.criticLearningRate }
    set { configuration.criticLearningRate = newValue }
  }

  /// The generator's learning rate, more than 0 and at most 1.
  public var generatorLearningRate: Float {
    get { configuration.generatorLearningRate }
    set { configuration.generatorLearningRate = newValue }
  }

  /// How convolutions are computed.
  public var algorithm: Algorithm {
    get {
      switch configuration.algorithm {
      case .auto: .auto
      case .direct: .direct
      case .winograd: .winograd
      }
    }
    set {
      switch newValue {
      case .auto: configuration.algorithm = .auto
      case .direct: configuration.algorithm = .direct
      case .winograd: configuration.algorithm = .winograd
      }
    }
  }

  /// Of all random numbers: first parameters, noise, the pictures' order, crops. The same seed and pictures give the
  /// same bits, whatever the number of threads.
  public var seed: UInt64 {
    get { configuration.seed }
    set { configuration.seed = newValue }
  }

  // MARK: - The pictures

  /// How pictures that aren't square are cropped.
  public var crop: Crop {
    get {
      switch configuration.crop {
      case .random: .random
      case .center: .center
      }
    }
    set {
      switch newValue {
      case .random: configuration.crop = .random
      case .center: configuration.crop = .center
      }
    }
  }

  // MARK: -

  /// Checks every value. (Making a ``WassersteinGAN`` does, too.)
  ///
  /// - Throws: ``WGANError`` of kind `invalidSettings`, whose line begins with the name of the first property that no
  ///   GAN can have.
  public func validate() throws(WGANError) {
    try withPublicErrors { try configuration.validate() }
  }
}
