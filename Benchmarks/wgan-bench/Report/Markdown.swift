// Markdown: text that means itself, and tables.

enum Markdown {
  /// Text in which no character is a sign of Markdown's or HTML's, on one line.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if "\\`*_{}[]<>|#&~".unicodeScalars.contains(scalar) { result += "\\" }
      if scalar.properties.generalCategory == .control {
        result += " "
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A line of code, whatever it holds.
  static func code(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    let ticks = String(repeating: "`", count: (line.split { $0 != "`" }.map(\.count).max() ?? 0) + 1)
    return line.contains("`") ? "\(ticks) \(line) \(ticks)" : "\(ticks)\(line)\(ticks)"
  }

  /// A table; columns of numbers are aligned to the right, and columns that are empty throughout are left out. Cells
  /// are Markdown already.
  static func table(_ titles: [String], _ rows: [[String]]) -> String {
    let columns = titles.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    guard !columns.isEmpty else { return "" }
    func line(_ cells: [String]) -> String { "| " + columns.map { cells[$0] }.joined(separator: " | ") + " |" }
    let rule = titles.indices.map { column in
      rows.allSatisfy { $0[column].isEmpty || Double($0[column]) != nil } ? "---:" : "---"
    }
    return ([titles, rule] + rows).map(line).joined(separator: "\n")
  }
}
