// Lists of files in the blog post's form: one `relative/path.jpg,0` per line, no header. Only the first field counts.
// Paths are bytes, as file names are; the commas, quotes and ends of line around them are ASCII.

import SystemSupport

private let comma = UInt8(ascii: ",")
private let quote = UInt8(ascii: "\"")
private let space = UInt8(ascii: " ")
private let newline = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

package enum ListFile {
  /// The names in the list at `path`, and the lines that can't be read, by number.
  static func read(_ path: FilePath, shownAs shown: String) throws(Failure) -> (names: [FilePath], bad: [BadFile]) {
    let bytes: [UInt8]
    do {
      bytes = try readFile(path)
    } catch {
      throw Failure(error.kind == .missing ? .missing : .inputOutput, "\(error)")
    }
    guard !bytes.prefix(4096).contains(0) else {
      throw Failure(
        .badData, "'\(shown)' isn't a list of files (a picture?): give a folder, or lines like 'relative/path.jpg,0'")
    }
    return parse(bytes, shownAs: shown)
  }

  /// Lines end in LF or CRLF, blank ones are skipped, a field may be quoted (`"a, b.jpg",0`; a quote in it is doubled).
  package static func parse(_ bytes: [UInt8], shownAs shown: String) -> (names: [FilePath], bad: [BadFile]) {
    var names: [FilePath] = []
    var bad: [BadFile] = []
    let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(byteOrderMark.count) : bytes[...]
    for (i, line) in text.split(separator: newline, omittingEmptySubsequences: false).enumerated() {
      let line = line.last == carriageReturn ? line.dropLast() : line
      if line.allSatisfy({ $0 == space || $0 == UInt8(ascii: "\t") }) { continue }
      do {
        names.append(try firstField(line))
      } catch {
        bad.append(BadFile(path: "\(shown) line \(i + 1)", reason: error.reason))
      }
    }
    return (names, bad)
  }

  /// One line for `name`, without the line's end. Nil if a list can't hold that name.
  package static func line(for name: FilePath) -> [UInt8]? {
    let bytes = name.bytes
    if bytes.contains(newline) || bytes.contains(carriageReturn) { return nil }
    // A mark at the beginning would be taken for the list's own.
    let isPlain =
      !bytes.contains(quote) && !bytes.contains(comma) && bytes.first != space && bytes.last != space
      && !bytes.starts(with: byteOrderMark)
    let field = isPlain ? bytes : [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    return field + Array(",0".utf8)
  }

  /// A list of `paths` that is to lie in `folder`, and the paths that a list can't hold.
  package static func text(listing paths: [FilePath], in folder: String) -> (text: [UInt8], bad: [BadFile]) {
    let base = ((try? realPath(folder)) ?? FilePath(absolutePath(folder))).components
    var text: [UInt8] = []
    var bad: [BadFile] = []
    for path in paths {
      let parts = path.components
      let shared = min(zip(parts, base).prefix { $0 == $1 }.count, max(0, parts.count - 1))
      let steps = base.dropFirst(shared).map { _ in FilePath("..") } + parts.dropFirst(shared)
      if let line = line(for: FilePath(bytes: steps.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))) {
        text += line + [newline]
      } else {
        bad.append(BadFile(path: path, reason: "has a line break in its name: rename it"))
      }
    }
    return (text, bad)
  }

  private static func firstField(_ line: ArraySlice<UInt8>) throws(BadFile) -> FilePath {
    var field: [UInt8] = []
    if line.first == quote {
      var rest = line.dropFirst()
      while true {
        guard let end = rest.firstIndex(of: quote) else { throw BadFile(path: "", reason: "a quote isn't closed") }
        field += rest[..<end]
        rest = rest[(end + 1)...]
        if rest.first != quote { break }
        field.append(quote)
        rest = rest.dropFirst()
      }
      guard rest.isEmpty || rest.first == comma else {
        throw BadFile(path: "", reason: "there must be a comma after the closing quote")
      }
    } else {
      field = Array(line.prefix { $0 != comma })
    }
    guard !field.isEmpty else { throw BadFile(path: "", reason: "no path before the comma") }
    guard !field.contains(0) else { throw BadFile(path: "", reason: "the path has a zero byte in it") }
    return FilePath(bytes: field)
  }
}
