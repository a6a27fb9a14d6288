// Flags that several measurements share, and how results are printed.

import ArgumentParser
import Compute
import Foundation

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
}

/// `a,b,c` as values, each once.
func commaSeparated<Value: Equatable>(_ text: String, _ value: (String) throws -> Value) rethrows -> [Value] {
  var values: [Value] = []
  for part in text.split(separator: ",", omittingEmptySubsequences: false) {
    let value = try value(String(part))
    if !values.contains(value) { values.append(value) }
  }
  return values
}

/// `1,2`: thread counts.
func parseThreads(_ text: String) throws -> [Int] {
  try commaSeparated(text) {
    guard let count = Int($0), (1...1024).contains(count) else {
      throw ValidationError("numbers from 1 to 1024, such as 1,\(Processor.coreCount)")
    }
    return count
  }
}

/// `avx2,avx512` or `all`: instruction sets that this machine runs.
func parseInstructionSets(_ text: String) throws -> [InstructionSet] {
  if text == "all" { return Processor.supported }
  return try commaSeparated(text) {
    guard let set = InstructionSet(rawValue: $0), Processor.supported.contains(set) else {
      throw ValidationError("this machine runs \(Processor.supported.map(\.rawValue).joined(separator: ",")), or all")
    }
    return set
  }
}

extension Pass {
  /// `forward,backwardData` or `all`.
  static func parseList(_ text: String) throws -> [Pass] {
    if text == "all" { return allCases }
    return try commaSeparated(text) {
      guard let pass = Pass(rawValue: $0) else {
        throw ValidationError("passes are \(allCases.map(\.rawValue).joined(separator: ",")), or all")
      }
      return pass
    }
  }
}

func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Columns of text: the first ones of `leftAligned` to the left, numbers to the right.
struct TextTable {
  private let leftAligned: Int
  private var rows: [[String]]

  init(_ titles: [String], leftAligned: Int = 1) {
    rows = [titles]
    self.leftAligned = leftAligned
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < leftAligned ? cell + padding : padding + cell
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
