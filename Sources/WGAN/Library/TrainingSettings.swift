// The values of a GAN that a program chooses: a preset, and what it changes in it.

// A client that imports WGAN alone has the parameters and the values that they choose from.
@_exported import Configuration

/// What a GAN's nets are and how it trains.
///
/// Settings begin as a ``Preset-swift.enum`` and are values: change what you like, then make a ``WassersteinGAN`` of
/// them. Each of ``TrainingParameters`` is a property here, called as the flag of `wgan train` is that means the same.
///
/// ```swift
/// var settings = TrainingSettings(.demo)
/// settings.size = 16
/// settings.batchSize = 8
/// ```
@dynamicMemberLookup
public struct TrainingSettings: Sendable, Equatable {
  /// Whole sets of values.
  ///
  /// Later versions may have more: give a `switch` over them a `default`.
  public enum Preset: String, Sendable, Equatable, CaseIterable {
    /// The best pictures of one's own photos after equal time: relativistic pairs with a gradient penalty, Adam with
    /// rates that decay, an averaged generator. The default of `wgan train`.
    case photos
    /// The blog post's run: 64x64 pixels, 64 features, batches of 64, RMSprop 5e-5, clipping at 0.01, 5 critic steps.
    case blog
    /// The WGAN authors' own code.
    case original
    /// Algorithm 1 of the paper.
    case paper
    /// The fast.ai lesson that the blog post follows.
    case fastai
    /// Half the blog post's size and width and four times its learning rate: learns something in minutes.
    case demo

    /// What ``blog`` was called in version 0.1.
    @available(*, deprecated, renamed: "blog")
    public static var seed: Preset { .blog }

    /// The preset of this name, or of this name in an earlier version.
    public init?(rawValue: String) {
      let present = TrainingConfiguration.presentName(ofPreset: rawValue)
      guard let preset = Self.allCases.first(where: { $0.rawValue == present }) else { return nil }
      self = preset
    }
  }

  /// How convolutions are computed.
  public typealias Algorithm = AlgorithmChoice

  /// How a picture that isn't square becomes it.
  public typealias Crop = Configuration.Crop

  private(set) var configuration: TrainingConfiguration

  /// The values of a preset, and no picture held out: a program may have chosen among its pictures already. To have a
  /// part of them kept from training, set ``TrainingParameters/heldOut``.
  public init(_ preset: Preset) {
    let named = TrainingConfiguration.presets.first { $0.preset == preset.rawValue }
    self.init(configuration: named ?? .blog)
  }

  /// - Parameter heldOut: of a program's pictures. (A run of the tool has held out files by their names: a program that
  ///   goes on with it chooses those that it trained on.)
  init(configuration: TrainingConfiguration, heldOut: Double = 0) {
    self.configuration = configuration
    (self.configuration.fraction, self.configuration.heldOut) = (1, heldOut)
  }

  /// The preset that the settings began as; nil if a file names one that this version doesn't know.
  public var preset: Preset? { Preset(rawValue: configuration.preset) }

  /// The value of one of ``TrainingParameters``: `settings.batchSize`.
  public subscript<Value>(
    dynamicMember parameter: KeyPath<TrainingParameters, TrainingParameter<Value>>
  ) -> Value {
    get { configuration[dynamicMember: parameter] }
    set { configuration[dynamicMember: parameter] = newValue }
  }

  /// The value of two of ``TrainingParameters`` that are set as one: `settings.clip`.
  public subscript<Value>(
    dynamicMember group: KeyPath<TrainingParameters, TrainingParameterGroup<Value>>
  ) -> Value {
    get { configuration[dynamicMember: group] }
    set { configuration[dynamicMember: group] = newValue }
  }

  /// Checks every value. (Making a ``WassersteinGAN`` does, too.)
  ///
  /// - Throws: ``WGANError`` of kind `invalidSettings`, whose line begins with the name of the first property that no
  ///   GAN can have.
  public func validate() throws(WGANError) {
    try withPublicErrors { try configuration.validate() }
  }
}
