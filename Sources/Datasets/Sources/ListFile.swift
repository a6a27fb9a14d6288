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
  /// The names in the list at `path`, and the lines that can't be read, by number. The file goes by in pieces: what
  /// stays in memory is names.
  static func read(
    _ path: FilePath, shownAs shown: String, isCancelled: () -> Bool
  ) throws(Failure) -> (names: [FilePath], bad: [BadFile]) {
    var parser = ListParser(shownAs: shown)
    do throws(Failure) {
      let file = try InputFile(at: path)
      if file.size > largest { throw Failure(.badData, path, "has \(file.size) bytes: a list has \(largest) at most") }
      var piece = [UInt8](repeating: 0, count: min(file.size, 1 << 20))
      for start in stride(from: 0, to: file.size, by: max(1, piece.count)) {
        if isCancelled() { throw .cancelledListing }
        let count = min(piece.count, file.size - start)
        try piece.withUnsafeMutableBufferPointer { (piece) throws(Failure) in
          let part = UnsafeMutableBufferPointer(rebasing: piece[..<count])
          try file.read(at: start, into: UnsafeMutableRawBufferPointer(part))
        }
        if start == 0 { try check(beginning: piece[..<min(count, 4096)], shownAs: shown) }
        parser.add(piece[..<count])
        if let refusal = parser.refusal { throw Failure(.badData, refusal) }
      }
    } catch {
      let isTold = [.missing, .badData, .cancelled].contains(error.kind)
      throw Failure(isTold ? error.kind : .inputOutput, "\(error)")
    }
    return parser.finish()
  }

  private static let largest = 1 << 30

  private static func check(beginning bytes: ArraySlice<UInt8>, shownAs shown: String) throws(Failure) {
    let isUTF16 =
      bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF])
      || bytes.count >= 2 && (bytes[0] == 0) != (bytes[1] == 0)
    if isUTF16 { throw Failure(.badData, "'\(shown)' is a list in UTF-16: save it as UTF-8") }
    if bytes.contains(0) {
      throw Failure(
        .badData, "'\(shown)' isn't a list of files (a picture?): give a folder, or lines like 'relative/path.jpg,0'")
    }
  }

  /// Lines end in LF, CRLF or CR, blank ones are skipped, a field may be quoted (`"a, b.jpg",0`; a quote in it is
  /// doubled).
  package static func parse(_ bytes: [UInt8], shownAs shown: String) -> (names: [FilePath], bad: [BadFile]) {
    var parser = ListParser(shownAs: shown)
    parser.add(bytes[...])
    return parser.finish()
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
}

/// Takes a list apart as its bytes come.
private struct ListParser {
  private let shown: String
  private var names: [FilePath] = []
  private var bad: [BadFile] = []
  private var line: [UInt8] = []
  private var number = 1
  private var isTooLong = false
  private var endedInCR = false
  /// Why the file can't be a list.
  private(set) var refusal: String?

  /// No path is longer than a page of memory, quotes and what follows it are let be so, too.
  private static let longestLine = 1 << 16
  /// Of lines that are none, and of names: what memory must hold.
  private static let mostBad = 1_000_000
  private static let mostNames = 1 << 25

  init(shownAs shown: String) { self.shown = shown }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    bytes.withUnsafeBufferPointer { add($0) }
  }

  private mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
    for byte in bytes {
      switch byte {
      case newline where line.isEmpty && !endedInCR: number += 1
      case newline:
        if !endedInCR { endLine() }
        endedInCR = false
      case carriageReturn:
        endLine()
        endedInCR = true
      default:
        endedInCR = false
        if line.count < Self.longestLine { line.append(byte) } else { isTooLong = true }
      }
    }
  }

  mutating func finish() -> (names: [FilePath], bad: [BadFile]) {
    endLine()
    return (names, bad)
  }

  private mutating func endLine() {
    defer {
      line.removeAll(keepingCapacity: true)
      isTooLong = false
      number += 1
    }
    let text = number == 1 && line.starts(with: byteOrderMark) ? line.dropFirst(byteOrderMark.count) : line[...]
    if refusal != nil || text.allSatisfy({ $0 == space || $0 == UInt8(ascii: "\t") }) { return }
    do throws(BadFile) {
      if isTooLong { throw BadFile(path: "", reason: "the line is longer than any path") }
      names.append(try Self.firstField(text))
    } catch {
      bad.append(BadFile(path: "\(shown) line \(number)", reason: error.reason))
    }
    if bad.count > Self.mostBad {
      refusal = "'\(shown)' isn't a list of files: more than \(Self.mostBad) of its lines can't be read"
    } else if names.count > Self.mostNames {
      refusal = "'\(shown)' has more than \(Self.mostNames) lines: split it"
    }
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
