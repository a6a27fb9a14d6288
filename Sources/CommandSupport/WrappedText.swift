// Text broken into lines between words: help pages, and talk on a terminal. Command lines in it can be pasted wherever
// they are broken: in help a backslash continues them; in talk they stay whole, and a terminal that breaks one itself
// gives it back as one line.

import SystemSupport

package enum WrappedText {
  /// - Parameters:
  ///   - pieces: what stays together.
  ///   - start: before the first one, and counted.
  ///   - next: before those of each further line.
  ///   - columns: at 80 a line has 79: some terminals wrap behind the last one.
  ///   - continuation: what ends a line that goes on.
  static func lines<Piece: StringProtocol>(
    of pieces: [Piece], after start: String, next: String, columns: Int, continuation: String = ""
  ) -> String {
    var lines: [String] = []
    var line = start
    var isEmpty = true
    for (i, piece) in pieces.enumerated() {
      // The last one has nothing behind it.
      let end = i == pieces.count - 1 ? 0 : continuation.count
      if !isEmpty, line.count + 1 + piece.count + end > columns - 1 {
        lines.append(line + continuation)
        (line, isEmpty) = (next, true)
      }
      line += (isEmpty ? "" : " ") + piece
      isEmpty = false
    }
    return (lines + [isEmpty ? "" : line]).joined(separator: "\n")
  }

  /// A line for a terminal of so many columns.
  /// - Parameter tool: how command lines in it begin: the tool's name as it was called.
  package static func talk(_ line: String, columns: Int, tool: String) -> String {
    if line.count < columns { return line }
    let start = String(line.prefix { $0 == " " })
    return lines(of: pieces(of: line, tool: tool), after: start, next: start, columns: columns)
  }

  /// Words, and command lines as one: from the tool's name to a mark behind a word, or to the quote that ends them.
  private static func pieces(of line: String, tool: String) -> [String] {
    var pieces: [String] = []
    var isCommand = false
    var isQuoted = false
    for word in line.split(separator: " ") {
      if isCommand {
        pieces[pieces.count - 1] += " " + word
      } else {
        pieces.append(String(word))
        let plain = word.drop { $0 == "(" }
        isQuoted = plain.first == "'"
        isCommand = plain.dropFirst(isQuoted ? 1 : 0) == tool
        continue
      }
      let end = word.reversed().drop { ";,:.)?".contains($0) }
      // A command in quotes may have quotes in it, two for each.
      let isClosed = pieces[pieces.count - 1].count { $0 == "'" }.isMultiple(of: 2)
      if isQuoted ? end.first == "'" && isClosed : end.count < word.count { isCommand = false }
    }
    return pieces
  }
}
