// Reading and writing of a run's JSON files.

import SystemSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

package enum RunJSON {
  package static func encode(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // A run that has diverged must still be able to save itself.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// On one line, for programs: a number that isn't finite is no JSON, so values have none.
  package static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// What a value's JSON says.
  static func tree(_ value: some Encodable) throws -> JSONTree {
    try JSONDecoder().decode(JSONTree.self, from: Data(encode(value)))
  }

  /// Ours have a few thousand bytes, and three paths of 4 KB at most in them.
  private static let longest = 1 << 17

  /// - Throws: `Failure(.badData)`, one line that names `source` and the first thing that is wrong in it.
  package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], source: String) throws -> Value
  {
    guard bytes.count <= longest else {
      throw Failure(.badData, "\(source): has \(bytes.count) bytes of JSON, at most \(longest) were expected")
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    func key(_ path: [any CodingKey]) -> String {
      path.map(\.stringValue).joined(separator: ".").shortenedInTheMiddle
    }
    let problem: String
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch DecodingError.keyNotFound(let missing, let context) {
      problem = "\"\(key(context.codingPath + [missing]))\" is missing"
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      problem =
        context.codingPath.isEmpty
        ? "all of it has the wrong type: it isn't a JSON object, {...}"
        : "\"\(key(context.codingPath))\" has the wrong type"
    } catch let problem as UnknownField {
      throw Failure(.badData, "\(source): \(problem)")
    } catch DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty {
      problem = "\"\(key(context.codingPath))\" has a value that isn't possible"
    } catch {
      // Foundation says the same of a number that its field can't hold.
      guard let tree = try? decoder.decode(JSONTree.self, from: Data(bytes)) else {
        throw Failure(.badData, "\(source): it isn't JSON")
      }
      let numbers = tree.numbers
      /// Whether it's so with the first `count` numbers alone, and 0 in the place of the others.
      func isImpossible(_ count: Int) -> Bool {
        guard let text = try? JSONEncoder().encode(tree.withZeros(but: Set(numbers.prefix(count)))) else { return true }
        do {
          _ = try decoder.decode(type, from: text)
          return false
        } catch DecodingError.dataCorrupted(let context) {
          return context.codingPath.isEmpty
        } catch {
          return false
        }
      }
      // By halves: each try reads the whole file, which may have a hundred thousand numbers.
      var (possible, impossible) = (0, numbers.count)
      while impossible - possible > 1 {
        let middle = (possible + impossible) / 2
        if isImpossible(middle) { impossible = middle } else { possible = middle }
      }
      let isFound = impossible > 0 && isImpossible(impossible) && !isImpossible(possible)
      let name = isFound ? "\"\(numbers[possible].joined(separator: ".").shortenedInTheMiddle)\"" : "a field"
      problem = "\(name) has a number that isn't possible"
    }
    throw Failure(.badData, "\(source): \(problem)")
  }
}
