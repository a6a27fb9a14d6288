// The values of a set of declarations, how a configuration gives them by name, and how they are read and written.

/// A value for each parameter of a set: 64 bits at the parameter's place. Copies and comparisons are an array's.
package struct ParameterValues: Sendable, Equatable {
  private var bits: [UInt64]

  /// The declared values.
  package init<Parameters>(_ declared: Declared<Parameters>) {
    bits = declared.stored.map { $0.value.bits }
  }

  subscript<Value>(parameter: TrainingParameter<Value>) -> Value {
    get { Value(bits: bits[parameter.index]) }
    set { bits[parameter.index] = newValue.bits }
  }
}

/// A type that has the parameters of a set as if they were its properties: `configuration.batchSize`.
@dynamicMemberLookup
package protocol Parameterized: Sendable {
  associatedtype Parameters: ParameterSet
  var values: ParameterValues { get set }
}

extension Parameterized {
  package subscript<Value>(dynamicMember parameter: KeyPath<Parameters, TrainingParameter<Value>>) -> Value {
    get { values[Parameters.declared[dynamicMember: parameter]] }
    set { values[Parameters.declared[dynamicMember: parameter]] = newValue }
  }

  package subscript<Value>(dynamicMember group: KeyPath<Parameters, TrainingParameterGroup<Value>>) -> Value {
    get { Parameters.declared[dynamicMember: group].value(in: values) }
    set { Parameters.declared[dynamicMember: group].set(newValue, in: &values) }
  }
}

extension Parameterized {
  /// - Throws: for the first value that isn't possible, naming the parameter, or the group that sets it so.
  package func validateValues() throws(ConfigurationError) {
    for parameter in Parameters.declared.stored {
      guard let error = parameter.error(in: values) else { continue }
      throw Parameters.declared.groups.lazy.compactMap { $0.error(of: parameter, in: values) }.first ?? error
    }
  }
}

/// A parameter's name as the key of a JSON object.
package struct ParameterKey: CodingKey {
  package let stringValue: String
  package var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  package init(stringValue: String) { self.init(stringValue) }
  package init?(intValue: Int) { nil }
}

extension ParameterValues {
  /// From a JSON object that has them, and maybe other fields.
  package init<Parameters>(from decoder: any Decoder, _ declared: Declared<Parameters>) throws {
    self.init(declared)
    let container = try decoder.container(keyedBy: ParameterKey.self)
    for parameter in declared.stored { try parameter.decode(&self, from: container) }
  }

  /// Adds them to the JSON object that is being written.
  package func encode<Parameters>(to encoder: any Encoder, _ declared: Declared<Parameters>) throws {
    var container = encoder.container(keyedBy: ParameterKey.self)
    for parameter in declared.stored { try parameter.encode(self, into: &container) }
  }
}

// MARK: - What isn't known

/// What a file says that this version doesn't understand. To pass it over would make another run of it.
package enum UnknownField: Error, CustomStringConvertible {
  /// By its path: "training.batchSize".
  case field(String)
  case version(String)

  package var description: String {
    switch self {
    case .field(let name):
      "\"\(name.shortenedInTheMiddle)\" isn't known to this version: a newer one has written it, or it's misspelt"
    case .version(let version): "is of version \(version.shortenedInTheMiddle), which is newer: use that one"
    }
  }
}

/// - Parameter known: fields beside the parameters.
/// - Throws: `UnknownField`.
package func refuseUnknownFields<Parameters>(
  of decoder: any Decoder, known: [String], _ declared: Declared<Parameters>
) throws {
  let names = Set(known + declared.stored.flatMap(\.namesInFiles))
  let keys = try decoder.container(keyedBy: ParameterKey.self).allKeys.map(\.stringValue).sorted()
  guard let key = keys.first(where: { !names.contains($0) }) else { return }
  throw UnknownField.field((decoder.codingPath.map(\.stringValue) + [key]).joined(separator: "."))
}
