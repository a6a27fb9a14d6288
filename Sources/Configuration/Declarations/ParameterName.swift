// What a parameter is called, and sentences that name parameters.
//
// The command line calls it by its flag (--batch-size), the library and config.json by its property (batchSize). What
// is told of a parameter is made once, as a value, and becomes text for the one or the other reader.

/// How a text names parameters.
package enum Naming: Sendable {
  /// "--batch-size"
  case flags
  /// "batchSize"
  case properties
}

package struct ParameterName: Hashable, Sendable {
  /// In Swift, and the key in config.json: "batchSize".
  package let property: String
  /// On the command line, without its dashes: "batch-size".
  package let flag: String

  /// - Parameter flag: nil where it is called as the property is.
  package init(_ property: String, flag: String? = nil) {
    self.property = property
    self.flag = flag ?? property.map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }.joined()
  }

  package func text(_ naming: Naming) -> String {
    switch naming {
    case .flags: "--" + flag
    case .properties: property
    }
  }
}

/// A sentence that may name parameters: `"give \(\.heldOut) too"`, `"give \(\.optimizer, .adam) too"`.
package struct Sentence: Sendable, Equatable, ExpressibleByStringInterpolation {
  fileprivate enum Part: Sendable, Equatable {
    case text(String)
    case name(ParameterName)
    /// A switch that is turned on, or off.
    case on(ParameterName)
    case off(ParameterName)
  }

  private var parts: [Part]

  package init(_ text: String) { parts = [.text(text)] }
  package init(stringLiteral text: String) { self.init(text) }
  package init(stringInterpolation: StringInterpolation) { parts = stringInterpolation.parts }

  package func text(_ naming: Naming) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .name(let name): name.text(naming)
      case .on(let name): naming == .flags ? name.text(naming) : name.property + " true"
      case .off(let name): naming == .flags ? "--no-" + name.flag : name.property + " false"
      }
    }.joined()
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var parts: [Part] = []

    package init(literalCapacity: Int, interpolationCount: Int) {}

    package mutating func appendLiteral(_ literal: String) { parts.append(.text(literal)) }

    package mutating func appendInterpolation(_ value: some CustomStringConvertible) {
      parts.append(.text(value.description))
    }

    package mutating func appendInterpolation(_ sentence: Sentence) { parts += sentence.parts }

    package mutating func appendInterpolation(_ name: ParameterName) { parts.append(.name(name)) }

    package mutating func appendInterpolation<Value>(
      _ parameter: KeyPath<TrainingParameters, TrainingParameter<Value>>
    ) {
      parts.append(.name(TrainingParameters.declared[dynamicMember: parameter].name))
    }

    package mutating func appendInterpolation<Value>(
      _ parameter: KeyPath<TrainingParameters, TrainingParameter<Value>>, _ value: Value
    ) {
      parts += [.name(TrainingParameters.declared[dynamicMember: parameter].name), .text(" " + value.text)]
    }

    /// A switch: as it is turned on, `"give \(on: \.criticNorm)"`.
    package mutating func appendInterpolation(on parameter: KeyPath<TrainingParameters, TrainingParameter<Bool>>) {
      parts.append(.on(TrainingParameters.declared[dynamicMember: parameter].name))
    }

    /// As it is turned off, `"give \(off: \.criticNorm)"`.
    package mutating func appendInterpolation(off parameter: KeyPath<TrainingParameters, TrainingParameter<Bool>>) {
      parts.append(.off(TrainingParameters.declared[dynamicMember: parameter].name))
    }

    package mutating func appendInterpolation<Value>(
      _ group: KeyPath<TrainingParameters, TrainingParameterGroup<Value>>, _ value: Value
    ) {
      parts += [.name(TrainingParameters.declared[dynamicMember: group].name), .text(" " + value.text)]
    }
  }
}
