// A parameter's declaration: everything that is known of it, once. Its name is the name of the property that holds the
// declaration, so it isn't repeated here; `Declared` tells it.

/// One value that decides what a GAN's nets are or how it trains; ``TrainingParameters`` has them all.
public final class TrainingParameter<Value: ParameterValue>: StoredDeclaration, @unchecked Sendable {
  // Written once, by `Declared`, before anybody else can see the declaration.
  package private(set) var name = ParameterName("")
  /// The place of its value in a configuration.
  package private(set) var index = 0

  /// The preset blog's.
  package let value: Value
  package let section: ParameterSection
  package let help: String
  package let valueName: String?
  let rule: Rule<Value>?
  package let effect: Effect<Value>?
  private let flag: String?
  private let earlier: EarlierFiles<Value>
  private let shownDefault: String?

  /// - Parameters:
  ///   - section: where the tool lists it.
  ///   - value: the preset blog's, or the default of what no preset has.
  ///   - rule: which values are possible; nil: all.
  ///   - flag: without dashes; nil: the property's name in lower case, with dashes.
  ///   - valueName: what the tool's help calls the value; nil: as the flag is called.
  ///   - earlier: what files mean that were written before there was this parameter; nil: `value`.
  ///   - effect: when a value has an effect; nil: always.
  ///   - shownDefault: said of `value` in the help, where it isn't the value itself.
  ///   - help: what the tool says of it; a full stop, and `value` before it, are added.
  package init(
    _ section: ParameterSection, _ value: Value, _ rule: Rule<Value>? = nil, flag: String? = nil,
    valueName: String? = nil, earlier: EarlierFiles<Value>? = nil, effect: Effect<Value>? = nil,
    shownDefault: String? = nil, help: String
  ) {
    self.section = section
    self.value = value
    self.rule = rule
    self.flag = flag
    self.valueName = valueName
    self.earlier = earlier ?? .mean(value)
    self.effect = effect
    self.shownDefault = shownDefault
    self.help = help
  }

  package func declare(as property: String, at index: Int) {
    name = ParameterName(property, flag: flag)
    self.index = index
  }

  package var defaultText: String { shownDefault ?? value.text }
  package var targets: [any StoredDeclaration] { [self] }

  // MARK: In a configuration

  package func value(in values: ParameterValues) -> Value { values[self] }
  package func set(_ value: Value, in values: inout ParameterValues) { values[self] = value }

  package func error(in values: ParameterValues) -> ConfigurationError? { error(of: values[self], called: name) }

  /// - Parameter name: who is to blame: this parameter, or the group that sets it.
  func error(of value: Value, called name: ParameterName) -> ConfigurationError? {
    guard let rule, !rule.holds(value) else { return nil }
    return ConfigurationError(name, "\(value.text): \(rule.problem(value))")
  }

  /// - Throws: where no run can have this value.
  package func check(_ value: Value) throws(ConfigurationError) {
    if let error = error(of: value, called: name) { throw error }
  }

  // MARK: In a file

  package var namesInFiles: [String] {
    if case .callIt(let former, _, _) = earlier { [name.property, former] } else { [name.property] }
  }

  package func encode(_ values: ParameterValues, into container: inout KeyedEncodingContainer<ParameterKey>) throws {
    try container.encode(values[self], forKey: ParameterKey(name.property))
  }

  package func decode(_ values: inout ParameterValues, from container: KeyedDecodingContainer<ParameterKey>) throws {
    let key = ParameterKey(name.property)
    let isThere = container.contains(key)
    switch earlier {
    case .mean(let value) where !isThere: values[self] = value
    case .callIt(let former, let fallback, let change) where !isThere:
      let formerKey = ParameterKey(former)
      if let fallback, !container.contains(formerKey) {
        values[self] = fallback
      } else {
        values[self] = change(try container.decode(Value.self, forKey: formerKey))
      }
    default: values[self] = try container.decode(Value.self, forKey: key)
    }
  }
}

/// Where the tool lists a parameter.
package enum ParameterSection: Sendable {
  /// What the nets are: `inspect` and `generate` ask for these, too.
  case nets
  case steps
  case pictures
  /// How long a run is and what it writes: no number that it computes depends on these.
  case run
  /// What a run takes of the computer it is on: another run that begins with its values, maybe elsewhere, doesn't take
  /// these.
  case machine
}

/// Which values are possible.
package struct Rule<Value>: Sendable {
  /// What is told of a value that isn't: "must be from 1 to 32".
  package let problem: @Sendable (Value) -> String
  package let holds: @Sendable (Value) -> Bool

  package init(_ sentence: String, _ holds: @escaping @Sendable (Value) -> Bool) {
    problem = { _ in sentence }
    self.holds = holds
  }

  package init(_ problem: @escaping @Sendable (Value) -> String, _ holds: @escaping @Sendable (Value) -> Bool) {
    self.problem = problem
    self.holds = holds
  }

  /// The upper bound is no one's concern who is below the lower one.
  package static func within(_ range: ClosedRange<Value>) -> Rule where Value: Sendable {
    Rule(
      { value in
        value < range.lowerBound
          ? "must be at least \(range.lowerBound)" : "must be from \(range.lowerBound) to \(range.upperBound)"
      }, range.contains)
  }
}

/// What a file means that was written before there was a parameter.
package enum EarlierFiles<Value: Sendable>: Sendable {
  /// There is no such file: the first version had it. One without it is broken.
  case haveIt
  case mean(Value)
  /// They have it under another name; the function gives the value from theirs. Still earlier files, which haven't
  /// that one either, mean `else`; nil: there are none.
  case callIt(String, else: Value? = nil, @Sendable (Value) -> Value = { $0 })
}

/// When a value has an effect. Who gives one that hasn't means something else, and is told so.
package struct Effect<Value>: Sendable {
  /// Why it hasn't: "it is Adam's".
  let reason: String
  /// What gives it one. (A function, since it names parameters that are being declared.)
  let remedy: @Sendable () -> Sentence
  let holds: @Sendable (TrainingConfiguration, Value) -> Bool

  /// - Parameters:
  ///   - remedy: the parameters that are to be given, too.
  ///   - holds: told the configuration and the value that was given.
  package init(
    elseSay reason: String, give remedy: @escaping @autoclosure @Sendable () -> Sentence,
    when holds: @escaping @Sendable (TrainingConfiguration, Value) -> Bool
  ) {
    self.reason = reason
    self.remedy = remedy
    self.holds = holds
  }

  package init(
    elseSay reason: String, give remedy: @escaping @autoclosure @Sendable () -> Sentence,
    when holds: @escaping @Sendable (TrainingConfiguration) -> Bool
  ) {
    self.init(elseSay: reason, give: remedy()) { configuration, _ in holds(configuration) }
  }
}
