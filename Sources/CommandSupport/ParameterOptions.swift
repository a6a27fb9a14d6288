// Declared parameters as a command's options: no flag is written down twice.
//
// ArgumentParser learns a type's options by reflection: it looks at an instance's children, which are named as property
// wrappers are ("_batchSize") and say themselves how they are parsed; after parsing it lets the type decode itself, and
// each child is there under its name ("batchSize"). So a type that shows the declarations as such children, and decodes
// them by their names, has them as options. Help, completions and manual pages come from the same children.
// ParameterOptionsTests holds that this is so.

import ArgumentParser
import Configuration

/// Which declarations are a command's options.
package protocol ParameterSelection {
  associatedtype Parameters: ParameterSet
  static var selected: [any Declaration] { get }
  /// Whose value counts where none is given, and which one: help shows both.
  static var shownLabel: String { get }
  static func shownDefault(of declaration: some Declaration) -> String
}

extension ParameterSelection {
  package static var shownLabel: String { Parameters.defaultLabel }
  package static func shownDefault(of declaration: some Declaration) -> String {
    Parameters.defaultText(of: declaration)
  }
}

/// What a person gave of the selected parameters.
package struct ParameterOptions<Selection: ParameterSelection>: ParsableArguments {
  package typealias Parameters = Selection.Parameters

  /// By the parameter's property.
  private var values: [String: any ParameterValue] = [:]

  package init() {}

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: ParameterKey.self)
    for declaration in Selection.selected {
      values[declaration.name.property] = try Self.value(of: declaration, in: container)
    }
  }

  private static func value<Value>(
    of declaration: some Declaration<Value>, in container: KeyedDecodingContainer<ParameterKey>
  ) throws -> (any ParameterValue)? {
    let key = ParameterKey(stringValue: declaration.name.property)
    if Value.self == Bool.self { return try container.decode(Flag<Bool?>.self, forKey: key).wrappedValue }
    return try container.decode(Option<Argument<Value>?>.self, forKey: key).wrappedValue?.value
  }

  /// nil where it wasn't given.
  package subscript<Value>(_ parameter: KeyPath<Parameters, TrainingParameter<Value>>) -> Value? {
    values[Parameters.declared[dynamicMember: parameter].name.property] as? Value
  }

  /// What was given, in the order of the declarations.
  package func overrides<Configuration>(
    of configuration: Configuration.Type = Configuration.self
  ) -> [Override<Configuration>] where Configuration.Parameters == Parameters {
    Selection.selected.compactMap { override($0) }
  }

  private func override<Configuration, Value>(_ declaration: some Declaration<Value>) -> Override<Configuration>? {
    (values[declaration.name.property] as? Value).map { Override(declaration, $0) }
  }
}

extension ParameterOptions: CustomReflectable {
  package var customMirror: Mirror {
    Mirror(self, children: Selection.selected.map { ("_" + $0.name.property, Self.wrapper(of: $0)) })
  }

  private static func wrapper<Value>(of declaration: some Declaration<Value>) -> Any {
    let name = NameSpecification.customLong(declaration.name.flag)
    let defaultText = Selection.shownDefault(of: declaration)
    let help = ArgumentHelp(
      "\(declaration.help) (\(Selection.shownLabel): \(defaultText)).", valueName: declaration.valueName)
    if Value.self == Bool.self {
      return Flag<Bool?>(name: name, inversion: .prefixedNo, exclusivity: .exclusive, help: help)
    }
    // Words to choose from are told by the parser, to completions too.
    if !Value.choices.isEmpty { return Option<Argument<Value>?>(name: name, help: help) }
    return Option<Argument<Value>?>(name: name, help: help) { try Argument(text: $0) }
  }
}

/// A command's own flag, checked as a declared parameter is.
///
/// - Throws: `ValidationError`.
package func check<Value: Comparable & Sendable>(_ flag: String, _ value: Value, in range: ClosedRange<Value>) throws {
  let rule = Rule.within(range)
  if !rule.holds(value) { throw ValidationError("\(flag) \(value): \(rule.problem(value))") }
}

/// A parameter's value as ArgumentParser wants it.
private struct Argument<Value: ParameterValue>: ExpressibleByArgument, Sendable {
  let value: Value

  init?(argument: String) {
    guard let value = Value(text: argument) else { return nil }
    self.value = value
  }

  /// - Throws: what values there are.
  init(text: String) throws {
    guard let value = Value(text: text) else { throw ValidationError("must be \(Value.words)") }
    self.value = value
  }

  static var allValueStrings: [String] { Value.choices }
  static var defaultCompletionKind: CompletionKind { Value.choices.isEmpty ? .default : .list(Value.choices) }
}
