// Kinds of augmentation: a set of words, the one parameter whose value may be several at once.

/// What is changed at random of each picture before the critic sees it.
///
/// A set: `settings.augment = [.color, .translate]`. The generator's gradient goes back through the same change, so
/// that it learns to draw pictures as they are (Zhao et al., "Differentiable augmentation for data-efficient GAN
/// training", NeurIPS 2020).
public struct Augmentations: OptionSet, ParameterValue {
  /// A bit for each kind.
  public let rawValue: UInt8

  /// The kinds of these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue & 7 }

  /// Nothing is changed.
  public static let none: Augmentations = []
  /// Brightness, saturation and contrast.
  public static let color = Augmentations(rawValue: 1)
  /// A shift by up to an eighth of the side; zeros (mid grey) come in.
  public static let translate = Augmentations(rawValue: 2)
  /// A square of half the side, somewhere, is zero.
  public static let cutout = Augmentations(rawValue: 4)

  /// In the order in which they are done, and told.
  private static let kinds: [(name: String, kind: Augmentations)] = [
    ("color", .color), ("translate", .translate), ("cutout", .cutout),
  ]
}

// MARK: - As a parameter's value

extension Augmentations {
  /// From kinds in any order with commas between, each once: "cutout,color"; or from "none".
  public init?(text: String) {
    self = []
    if text == Self.none.text { return }
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let kind = Self.kinds.first(where: { $0.name == name })?.kind, insert(kind).inserted else { return nil }
    }
  }

  /// "color,translate", in this order, or "none".
  public var text: String {
    isEmpty ? "none" : Self.kinds.filter { contains($0.kind) }.map(\.name).joined(separator: ",")
  }

  /// The texts of all sets.
  public static var choices: [String] { (0..<8).map { Augmentations(rawValue: $0).text } }

  /// The kinds of these bits.
  public init(bits: UInt64) { self.init(rawValue: UInt8(truncatingIfNeeded: bits)) }
  /// A bit for each kind.
  public var bits: UInt64 { UInt64(rawValue) }

  /// From its text.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Augmentations(text: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) isn't a set of augmentations")
    }
    self = value
  }

  /// Writes its text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
