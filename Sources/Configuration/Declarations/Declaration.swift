// What is the same of all declarations, and the list of them. What needs every parameter (files, flags, checks, tables,
// documentation) goes through such a list and knows none by name.

/// A parameter, or a group of two, as it was declared.
package protocol Declaration<Value>: AnyObject, Sendable {
  associatedtype Value: ParameterValue
  var name: ParameterName { get }
  var section: ParameterSection { get }
  /// Without its full stop.
  var help: String { get }
  var valueName: String? { get }
  /// What is said of its declared value.
  var defaultText: String { get }
  var effect: Effect<Value>? { get }
  /// What it sets: itself, or a group's members.
  var targets: [any StoredDeclaration] { get }

  func value(in values: ParameterValues) -> Value
  func set(_ value: Value, in values: inout ParameterValues)

  /// Told once: what the property is called that holds it, and how many parameters were declared before.
  func declare(as property: String, at index: Int)
}

/// One whose value a configuration keeps.
package protocol StoredDeclaration<Value>: Declaration {
  /// The value of a new configuration.
  var value: Value { get }
  /// Its key, and those that it had in earlier files.
  var namesInFiles: [String] { get }
  /// nil where the value is possible.
  func error(in values: ParameterValues) -> ConfigurationError?
  func encode(_ values: ParameterValues, into container: inout KeyedEncodingContainer<ParameterKey>) throws
  func decode(_ values: inout ParameterValues, from container: KeyedDecodingContainer<ParameterKey>) throws
}

/// One that sets others, and has no value of its own.
package protocol GroupDeclaration<Value>: Declaration {
  /// The error of a member's value, as the group's; nil where the parameter is no member, or its value isn't as the
  /// group sets it.
  func error(of parameter: any StoredDeclaration, in values: ParameterValues) -> ConfigurationError?
}

/// A struct whose properties are declarations.
package protocol ParameterSet: Sendable {
  static var declared: Declared<Self> { get }
  /// What the tool's help calls the value that holds where none is given: "preset".
  static var defaultLabel: String { get }
  /// That value.
  static func defaultText(of declaration: some Declaration) -> String
}

extension ParameterSet {
  package static func defaultText(of declaration: some Declaration) -> String { declaration.defaultText }
}

/// The declarations of a set, by name and as a list.
@dynamicMemberLookup
package struct Declared<Parameters: ParameterSet>: Sendable {
  private let parameters: Parameters
  /// In the order in which they are declared.
  package let all: [any Declaration]
  package let stored: [any StoredDeclaration]
  package let groups: [any GroupDeclaration]

  /// Names each declaration by the property that holds it.
  package init(_ parameters: Parameters) {
    self.parameters = parameters
    var (all, stored): ([any Declaration], [any StoredDeclaration]) = ([], [])
    for child in Mirror(reflecting: parameters).children {
      guard let declaration = child.value as? any Declaration, let property = child.label else { continue }
      declaration.declare(as: property, at: stored.count)
      all.append(declaration)
      if let parameter = declaration as? any StoredDeclaration { stored.append(parameter) }
    }
    (self.all, self.stored, groups) = (all, stored, all.compactMap { $0 as? any GroupDeclaration })
  }

  package subscript<Member>(dynamicMember member: KeyPath<Parameters, Member>) -> Member {
    parameters[keyPath: member]
  }
}
