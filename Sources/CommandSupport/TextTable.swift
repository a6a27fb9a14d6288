// Tables of text.

import SystemSupport

/// Words and numbers in columns, each as wide as its widest cell; numbers are to the right.
package struct TextTable {
  private var rows: [[String]]
  private let wordColumns: Set<Int>

  /// - Parameter wordColumns: those that aren't numbers.
  package init(_ titles: [String], wordColumns: Set<Int> = [0]) {
    rows = [titles]
    self.wordColumns = wordColumns
  }

  /// - Parameter row: a line's cells: what would end the line is shown as "?".
  package mutating func add(_ row: [String]) { rows.append(row.map(\.shownOnOneLine)) }

  /// Lines without trailing spaces, the titles first.
  package var text: String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return wordColumns.contains(column) ? cell + space : space + cell
      }
      let line = cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
