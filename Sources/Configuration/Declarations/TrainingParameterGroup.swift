// A flag that sets two parameters at once: --features, --clip, --learning-rate.

/// Two parameters that are set as one. Reading gives the first one's.
public final class TrainingParameterGroup<Value: ParameterValue>: GroupDeclaration, @unchecked Sendable {
  package typealias Member = any KeyPath<TrainingParameters, TrainingParameter<Value>> & Sendable

  // Written once, by `Declared`, before anybody else can see the declaration.
  package private(set) var name = ParameterName("")
  package let section: ParameterSection
  package let help: String
  private let firstMember: Member
  private let secondMember: Member
  private let ownEffect: Effect<Value>?
  private let change: @Sendable (Value) -> Value

  /// - Parameters:
  ///   - first: gets the value.
  ///   - second: gets what `change` makes of it.
  ///   - effect: when setting both has an effect; nil: when setting the first one has.
  package init(
    _ section: ParameterSection, _ first: Member, and second: Member, effect: Effect<Value>? = nil, help: String,
    change: @escaping @Sendable (Value) -> Value = { $0 }
  ) {
    self.section = section
    firstMember = first
    secondMember = second
    ownEffect = effect
    self.help = help
    self.change = change
  }

  package func declare(as property: String, at index: Int) { name = ParameterName(property) }

  private var first: TrainingParameter<Value> { TrainingParameters.declared[dynamicMember: firstMember] }
  private var second: TrainingParameter<Value> { TrainingParameters.declared[dynamicMember: secondMember] }

  package var valueName: String? { nil }
  package var defaultText: String { first.defaultText }
  package var effect: Effect<Value>? { ownEffect ?? first.effect }
  package var targets: [any StoredDeclaration] { [first, second] }

  package func value(in values: ParameterValues) -> Value { values[first] }

  package func set(_ value: Value, in values: inout ParameterValues) {
    values[first] = value
    values[second] = change(value)
  }

  package func error(of parameter: any StoredDeclaration, in values: ParameterValues) -> ConfigurationError? {
    let isMember = parameter === first || parameter === second
    guard isMember, change(values[first]).bits == values[second].bits else { return nil }
    return first.error(of: values[first], called: name)
  }
}
