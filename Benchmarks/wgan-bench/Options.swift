// Flags that several measurements share, and how results are printed.

import ArgumentParser
import Compute
import Foundation

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
}

/// `1,2`: thread counts.
struct ThreadList: ExpressibleByArgument {
  let counts: [Int]

  static var oneAndAll: [Int] { Processor.coreCount > 1 ? [1, Processor.coreCount] : [1] }

  init?(argument: String) {
    var counts: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let count = Int(part), (1...1024).contains(count) else { return nil }
      if !counts.contains(count) { counts.append(count) }
    }
    self.counts = counts
  }
}

/// `avx2,avx512` or `all`: instruction sets that this machine runs.
struct InstructionSetList: ExpressibleByArgument {
  let sets: [InstructionSet]

  init(sets: [InstructionSet]) { self.sets = sets }

  init?(argument: String) {
    if argument == "all" {
      self.init(sets: Processor.supported)
      return
    }
    var sets: [InstructionSet] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      guard let set = InstructionSet(rawValue: String(part)), Processor.supported.contains(set) else { return nil }
      if !sets.contains(set) { sets.append(set) }
    }
    self.init(sets: sets)
  }

  var defaultValueDescription: String { sets.map(\.rawValue).joined(separator: ",") }
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
