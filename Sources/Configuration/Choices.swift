// What parameters choose from. A case's text is its flag's value and config.json's.

@_exported import enum Compute.AlgorithmChoice
@_exported import enum Compute.Precision

extension AlgorithmChoice: ParameterValue {}

extension Precision: ParameterValue {}

/// The kind of a net.
public enum NetKind: String, ParameterValue, CaseIterable {
  /// Convolutions (or transposed ones) that halve (or double) the plane.
  case dcgan
  /// Four linear layers with ReLU between.
  case mlp
}

/// What the generator's extra layers are.
public enum GeneratorExtra: String, ParameterValue, CaseIterable {
  /// Transposed 3x3 convolutions (the blog post's).
  case transposed
  /// 3x3 convolutions (the WGAN authors').
  case convolution
}

/// The order inside a block of a net.
public enum BlockOrder: String, ParameterValue, CaseIterable {
  /// The norm last (the blog post's).
  case convolutionActivationNorm = "conv-act-norm"
  /// The activation last (the WGAN authors').
  case convolutionNormActivation = "conv-norm-act"
}

/// How the nets' parameters start.
public enum Initialisation: String, ParameterValue, CaseIterable {
  /// PyTorch's defaults: weights U(-1/sqrt(fan_in), 1/sqrt(fan_in)), gamma 1, beta 0.
  case pytorch
  /// Those of PyTorch 0.4.1, which the blog post's notebook ran on: gamma U(0, 1), and a transposed convolution's
  /// fan_in counts its input's channels.
  case pytorch04 = "pytorch-0.4"
  /// The WGAN authors': weights N(0, 0.02), gamma N(1, 0.02), beta 0.
  case dcgan
}

/// What the critic's and the generator's steps minimise.
public enum ObjectiveKind: String, ParameterValue, CaseIterable {
  /// Wasserstein's losses; the critic's parameters are clipped.
  case wgan
  /// Wasserstein's losses; a penalty keeps the norm of the critic's gradient near 1 between real and fake pictures.
  case wganGP = "wgan-gp"
  /// Wasserstein's losses; a penalty keeps the norm of the critic's gradient small at real and at fake pictures.
  case wganR1R2 = "wgan-r1r2"
  /// The critic tells each real picture from a fake one beside it; the same penalty.
  case relativistic

  /// The critic's gradient with respect to its pictures is penalised.
  package var isPenalised: Bool { self != .wgan }
}

/// The weight of the penalty on the critic's gradient.
public enum PenaltyWeight: ParameterValue, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// By the objective and the pictures' size.
  case auto
  /// 0 (no penalty) or more.
  case fixed(Float)

  /// From "auto" or a number.
  public init?(text: String) {
    if text == "auto" {
      self = .auto
    } else if let value = Float(text) {
      self = .fixed(value)
    } else {
      return nil
    }
  }

  /// "auto or a number"
  public static var words: String { "auto or a number" }

  /// "auto" or the number.
  public var text: String {
    switch self {
    case .auto: "auto"
    case .fixed(let value): value.text
    }
  }

  /// Of these bits.
  public init(bits: UInt64) { self = bits == 0 ? .auto : .fixed(Float(bits: bits)) }
  /// 0 for auto; a number's bits and another one.
  public var bits: UInt64 {
    switch self {
    case .auto: 0
    case .fixed(let value): value.bits | 1 << 32
    }
  }

  var isPossible: Bool {
    switch self {
    case .auto: true
    case .fixed(let value): value >= 0 && value.isFinite
    }
  }

  /// A number.
  public init(floatLiteral value: Float) { self = .fixed(value) }
  /// A whole number.
  public init(integerLiteral value: Int) { self = .fixed(Float(value)) }

  /// "auto" or a number.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Float.self) {
      self = .fixed(value)
    } else if try container.decode(String.self) == "auto" {
      self = .auto
    } else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "neither auto nor a number")
    }
  }

  /// "auto" or a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .auto: try container.encode("auto")
    case .fixed(let value): try container.encode(value)
    }
  }
}

/// When the critic's parameters are clipped.
public enum ClipTime: String, ParameterValue, CaseIterable {
  /// Before each critic step (the authors' code).
  case beforeStep = "before-step"
  /// After each update (the paper's algorithm 1).
  case afterUpdate = "after-update"
}

/// How gradients change parameters.
public enum Optimizer: String, ParameterValue, CaseIterable {
  /// Smoothing 0.99, epsilon 1e-8 outside of the root.
  case rmsprop
  /// With the decays that ``TrainingParameters/adamBeta1`` and ``TrainingParameters/adamBeta2`` say, or each net's own.
  case adam
}

/// How learning rates fall over a run.
public enum RateDecay: String, ParameterValue, CaseIterable {
  /// They stay.
  case none
  /// In a straight line.
  case linear
  /// As half a cosine: slowly at both ends.
  case cosine
}

/// How many fake pictures a critic step sees when the real batch is an epoch's short last one.
public enum CriticNoiseBatch: String, ParameterValue, CaseIterable {
  /// As many as real ones.
  case sizeOfRealBatch = "real"
  /// A whole batch.
  case full
}

/// What becomes of a phase of critic steps that is interrupted by the end of an epoch.
public enum PhaseAtEpochEnd: String, ParameterValue, CaseIterable {
  /// It ends there: the generator step follows, after fewer critic steps (the references').
  case cut
  /// It takes its other batches from the next epoch.
  case goesOn = "continue"
}

/// How a picture that isn't square fills its square.
public enum Fit: String, ParameterValue, CaseIterable {
  /// Its short side does, and what is too long is cut off.
  case crop
  /// Its long side does; the rest has the colour that is usual on the picture's border.
  case pad
  /// Both sides do: it's distorted.
  case stretch
}

/// Where a picture that isn't square is cropped.
public enum Crop: String, ParameterValue, CaseIterable {
  /// Another place each epoch.
  case random
  /// The middle.
  case center
  /// The upper part of a high one, the middle of a wide one.
  case top
  /// The lower part of a high one, the middle of a wide one.
  case bottom
}

/// The statistics that batch norm uses at sampling.
public enum SamplingStatistics: String, ParameterValue, CaseIterable {
  /// Those that training has kept.
  case running
  /// Those of the batch that is drawn.
  case batch
}
