// Lists of files in the blog post's form: one `relative/path.jpg,0` per line, no header. Only the first field counts.

import SystemSupport

package enum ListFile {
  /// The names in the list at `path`, and the lines that can't be read, by number.
  static func read(_ path: String, shownAs shown: String) throws(Failure) -> (names: [String], bad: [BadFile]) {
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
  package static func parse(_ bytes: [UInt8], shownAs shown: String) -> (names: [String], bad: [BadFile]) {
    var names: [String] = []
    var bad: [BadFile] = []
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...]
    for (i, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
      do {
        names.append(try firstField(line))
      } catch {
        bad.append(BadFile(path: "\(shown) line \(i + 1)", reason: error.reason))
      }
    }
    return (names, bad)
  }

  /// One line for `name`, without the line's end. Nil if a list can't hold that name.
  package static func line(for name: String) -> String? {
    if name.utf8.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) { return nil }
    let plain = !name.contains("\"") && !name.contains(",") && name.first != " " && name.last != " "
    return
      (plain
      ? name : "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\"")
      + ",0"
  }

  /// A list of `paths` that is to lie in `folder`, and the paths that a list can't hold.
  package static func text(listing paths: [String], in folder: String) -> (text: String, bad: [BadFile]) {
    let real = realpath(folder, nil)
    defer { free(real) }
    let base = (real.map { String(cString: $0) } ?? absolutePath(folder)).split(separator: "/")
    var text = ""
    var bad: [BadFile] = []
    for path in paths {
      let parts = path.split(separator: "/")
      let shared = min(zip(parts, base).prefix { $0 == $1 }.count, parts.count - 1)
      let steps = base.dropFirst(shared).map { _ in ".." } + parts.dropFirst(shared)
      if let line = line(for: steps.joined(separator: "/")) {
        text += line + "\n"
      } else {
        bad.append(BadFile(path: path, reason: "has a line break in its name: rename it"))
      }
    }
    return (text, bad)
  }

  private static func firstField(_ line: ArraySlice<UInt8>) throws(BadFile) -> String {
    let quote = UInt8(ascii: "\"")
    let comma = UInt8(ascii: ",")
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
    guard !field.contains(0), let name = String(validating: field, as: UTF8.self) else {
      throw BadFile(path: "", reason: "the path isn't UTF-8 text")
    }
    return name
  }
}
