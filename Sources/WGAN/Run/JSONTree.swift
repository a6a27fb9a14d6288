// Any JSON, as far as it takes to find the number that a field can't hold: Foundation doesn't say which it is.

import Configuration

enum JSONTree: Codable, Equatable {
  case object([String: JSONTree])
  case array([JSONTree])
  case text(String)
  case boolean(Bool)
  case integer(Int64)
  case natural(UInt64)
  case decimal(Double)
  /// Larger than a Double.
  case hugeNumber
  case null

  init(from decoder: any Decoder) throws {
    if let object = try? decoder.container(keyedBy: ParameterKey.self) {
      var members: [String: JSONTree] = [:]
      for key in object.allKeys { members[key.stringValue] = try object.decode(JSONTree.self, forKey: key) }
      self = .object(members)
    } else if var array = try? decoder.unkeyedContainer() {
      var elements: [JSONTree] = []
      while !array.isAtEnd { elements.append(try array.decode(JSONTree.self)) }
      self = .array(elements)
    } else {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        self = .null
      } else if let boolean = try? value.decode(Bool.self) {
        self = .boolean(boolean)
      } else if let text = try? value.decode(String.self) {
        self = .text(text)
      } else if let integer = try? value.decode(Int64.self) {
        self = .integer(integer)
      } else if let natural = try? value.decode(UInt64.self) {
        self = .natural(natural)
      } else if let decimal = try? value.decode(Double.self) {
        self = .decimal(decimal)
      } else {
        self = .hugeNumber
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .object(let members): try container.encode(members)
    case .array(let elements): try container.encode(elements)
    case .text(let text): try container.encode(text)
    case .boolean(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .natural(let value): try container.encode(value)
    case .decimal(let value): try container.encode(value)
    case .hugeNumber: throw EncodingError.invalidValue(self, .init(codingPath: [], debugDescription: "too large"))
    case .null: try container.encodeNil()
    }
  }

  /// The paths of all numbers that are members of objects, sorted.
  var numbers: [[String]] {
    switch self {
    case .object(let members):
      members.sorted { $0.key < $1.key }.flatMap { key, value in value.numbers.map { [key] + $0 } }
    case .integer, .natural, .decimal, .hugeNumber: [[]]
    case .array, .text, .boolean, .null: []
    }
  }

  /// The path of the first member, by name, that isn't the same in both; nil where they are equal.
  func difference(from other: JSONTree) -> [String]? {
    if self == other { return nil }
    guard case .object(let own) = self, case .object(let others) = other else { return [] }
    for key in Set(own.keys).union(others.keys).sorted() {
      switch (own[key], others[key]) {
      case (let value?, let otherValue?):
        if let path = value.difference(from: otherValue) { return [key] + path }
      default: return [key]
      }
    }
    return []
  }

  /// The same with 0 in the place of each of these numbers but some.
  func withZeros(but kept: Set<[String]>, at path: [String] = []) -> JSONTree {
    switch self {
    case .object(let members):
      var result = members
      for (key, value) in members { result[key] = value.withZeros(but: kept, at: path + [key]) }
      return .object(result)
    case .integer, .natural, .decimal, .hugeNumber: return kept.contains(path) ? self : .integer(0)
    case .array, .text, .boolean, .null: return self
    }
  }
}
