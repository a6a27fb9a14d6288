// Results to standard output, all else to standard error. No write ends the process by a signal.

import SystemSupport

package enum Console {
  /// Standard output was a pipe whose reader has had enough: no reason for words.
  struct ReaderIsGone: Error {}

  /// A result: one or more lines on standard output.
  /// - Throws: `Failure` where it can't be written, `ReaderIsGone` where no one reads it any more.
  package static func print(_ text: String) throws {
    do {
      try Array((text + "\n").utf8).withUnsafeBytes { try writeAll($0, to: STDOUT_FILENO, path: "standard output") }
    } catch {
      throw errno == EPIPE ? ReaderIsGone() : error
    }
  }

  /// A line on standard error. If that is gone there is no one left to tell.
  package static func note(_ line: String) { raw(line + "\n") }

  /// Characters as they are on standard error.
  package static func raw(_ text: String) {
    try? Array(text.utf8).withUnsafeBytes { try writeAll($0, to: STDERR_FILENO, path: "standard error") }
  }

  /// Whether standard error is a terminal that understands `\r`.
  package static var isTerminal: Bool {
    guard isatty(STDERR_FILENO) != 0 else { return false }
    return getenv("TERM").map { String(cString: $0) != "dumb" } ?? false
  }

  /// Columns of the terminal.
  package static var width: Int {
    var size = winsize()
    return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }
}
