// Results to standard output, all else to standard error. No write ends the process by a signal. Text reaches a
// terminal here and nowhere else, so here it's freed of what a terminal takes for orders
// (SystemSupport/ShownText.swift). There are no colours, so NO_COLOR has nothing to turn off.

import SystemSupport

package enum Console {
  /// Standard output was a pipe whose reader has had enough: no reason for words.
  struct ReaderIsGone: Error {}

  /// A result: one or more lines on standard output.
  /// - Throws: `Failure` where it can't be written, `ReaderIsGone` where no one reads it any more.
  package static func print(_ text: String) throws { try print(bytes: Array((text.shown + "\n").utf8)) }

  /// The same of a result that needn't be text, and is written as it is.
  package static func print(bytes: [UInt8]) throws {
    do throws(SystemError) {
      try writeBytes(bytes, to: STDOUT_FILENO)
    } catch {
      if error.code == EPIPE { throw ReaderIsGone() }
      throw Failure(.inputOutput, "standard output", "can't be written", error)
    }
  }

  /// A line on standard error, broken between words where that is a terminal. If it is gone there is no one left to
  /// tell.
  package static func note(_ line: String) {
    let line = line.shownOnOneLine
    let tool = toolName(of: CommandLine.arguments.first)
    raw((isTerminal ? WrappedText.talk(line, columns: width, tool: tool) : line) + "\n")
  }

  /// Several lines on standard error.
  package static func note(lines text: String) { raw(text.shown + "\n") }

  /// Writes over the line of the terminal that the cursor is in; nothing takes it away.
  ///
  /// - Parameter last: columns of what is there. A terminal that was made narrower since has broken it into several
  ///   lines.
  package static func redraw(_ line: String, over last: Int = 0) {
    let above = max(0, last - 1) / max(1, width)
    raw("\r" + (above > 0 ? "\u{1b}[\(above)A\u{1b}[J" : "\u{1b}[K") + line.shownOnOneLine)
  }

  private static func raw(_ text: String) {
    try? writeBytes(Array(text.utf8), to: STDERR_FILENO)
  }

  /// Whether standard error is a terminal that understands `\r`.
  package static var isTerminal: Bool {
    guard isatty(STDERR_FILENO) != 0 else { return false }
    return getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
  }

  /// Columns of the terminal that standard error is, as it is now.
  package static var width: Int { columns(of: STDERR_FILENO) ?? 80 }

  /// Of the one that standard output is, or as the environment has it.
  package static var outputWidth: Int {
    let given = getenv("COLUMNS").flatMap { Int(String(cString: $0)) }
    return given.flatMap { $0 > 0 ? $0 : nil } ?? columns(of: STDOUT_FILENO) ?? 80
  }

  private static func columns(of terminal: Int32) -> Int? {
    var size = winsize()
    return ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
  }
}
