// Any JSON, as a value; and what is wrong with a file of JSON, in one line for a person.

import Foundation
import SystemSupport

enum JSONValue: Codable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

/// Reads a file of JSON that a flag named.
///
/// - Parameter what: what the file should be.
/// - Throws: `Failure`, which says which place isn't as it should be.
func readJSON<Value: Decodable>(_ type: Value.Type, at path: String, flag: String, what: String) throws -> Value {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw Failure(.missing, "\(flag) \(path): there's no such file that can be read")
  }
  do { return try JSONDecoder().decode(Value.self, from: data) } catch {
    throw Failure(.badData, "\(flag) \(path): not \(what): \(explain(error))")
  }
}

/// JSON of the right form that means nothing.
struct Meaningless: Error {
  var why: String
}

/// "steps[2].ratio is missing"
package func explain(_ error: any Error) -> String {
  func place(_ path: [any CodingKey]) -> String {
    path.reduce("") { $0 + ($1.intValue.map { "[\($0)]" } ?? ($0.isEmpty ? "" : ".") + $1.stringValue) }
  }
  switch error {
  case let error as Meaningless: return error.why
  case DecodingError.keyNotFound(let key, let context): return "\(place(context.codingPath + [key])) is missing"
  case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
    guard !context.codingPath.isEmpty else { return "it isn't a JSON object" }
    return "\(place(context.codingPath)) isn't of the kind that it should be"
  // The decoder says no more than that, also of 1.5 where a whole number must be.
  default: return "it isn't JSON, or a number in it is none that can be there"
  }
}
