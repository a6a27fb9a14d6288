// Which types a parameter's value may have: whole numbers, decimal ones, on or off, one of a few words.

/// A type that a parameter's value may have.
///
/// Numbers, `Bool` and the enumerations of this module are such types; a program needs no others.
public protocol ParameterValue: Codable, Equatable, Sendable {
  /// From the text that stands behind a flag of `wgan train`.
  init?(text: String)
  /// As a flag of `wgan train` takes it.
  var text: String { get }
  /// The texts of all values, where these are a few words.
  static var choices: [String] { get }
  /// What a text has to be: "a whole number".
  static var words: String { get }

  /// What a configuration keeps of a value.
  init(bits: UInt64)
  /// What a configuration keeps of this value.
  var bits: UInt64 { get }
}

extension ParameterValue {
  /// None: there are too many to list.
  public static var choices: [String] { [] }
  /// Those to choose from.
  public static var words: String { choices.isEmpty ? "a value of another kind" : choices.joined(separator: ", ") }
}

extension ParameterValue where Self: LosslessStringConvertible {
  /// The value that a text is of.
  public init?(text: String) { self.init(text) }
  /// The value's description.
  public var text: String { description }
}

extension Int: ParameterValue {
  /// "a whole number"
  public static var words: String { "a whole number" }
  /// The number of these bits.
  public init(bits: UInt64) { self.init(truncatingIfNeeded: bits) }
  /// The number's bits.
  public var bits: UInt64 { UInt64(truncatingIfNeeded: self) }
}

extension UInt64: ParameterValue {
  /// "a whole number", and which ones.
  public static var words: String { "a whole number, at least 0" }
  /// The number of these bits.
  public init(bits: UInt64) { self = bits }
  /// The number's bits.
  public var bits: UInt64 { self }
}

extension Float: ParameterValue {
  /// "a number"
  public static var words: String { "a number" }
  /// The number of these bits.
  public init(bits: UInt64) { self.init(bitPattern: UInt32(truncatingIfNeeded: bits)) }
  /// The number's bits.
  public var bits: UInt64 { UInt64(bitPattern) }
}

extension Double: ParameterValue {
  /// "a number"
  public static var words: String { "a number" }
  /// The number of these bits.
  public init(bits: UInt64) { self.init(bitPattern: bits) }
  /// The number's bits.
  public var bits: UInt64 { bitPattern }
}

extension Bool: ParameterValue {
  /// From "on" or "off".
  public init?(text: String) {
    guard let place = Self.choices.firstIndex(of: text) else { return nil }
    self.init(bits: UInt64(place))
  }

  /// "on" or "off".
  public var text: String { self ? "on" : "off" }
  /// "off" and "on".
  public static var choices: [String] { ["off", "on"] }
  /// False for 0.
  public init(bits: UInt64) { self = bits != 0 }
  /// 0 for false.
  public var bits: UInt64 { self ? 1 : 0 }
}

extension ParameterValue where Self: CaseIterable & RawRepresentable<String> {
  /// The case that is called so.
  public init?(text: String) { self.init(rawValue: text) }
  /// What the case is called.
  public var text: String { rawValue }
  /// What the cases are called.
  public static var choices: [String] { allCases.map(\.rawValue) }

  /// The case at this place.
  public init(bits: UInt64) {
    self = Self.allCases[Self.allCases.index(Self.allCases.startIndex, offsetBy: Int(bits))]
  }

  /// The case's place among all.
  public var bits: UInt64 { UInt64(Self.allCases.prefix { $0 != self }.count) }
}
