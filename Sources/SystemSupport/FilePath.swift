// Where files are. A path is bytes: the system neither knows nor asks what text they spell. Swift's strings are the
// wrong type for it: two are equal when they look equal ("é" in one code point or in two), and a mark that combines
// with the character before it hides a "/", a "." or a comma from what goes through a string by characters.

/// A file's path, or its name in a folder. Two are equal, and in order, by their bytes.
package struct FilePath: Hashable, Sendable {
  package let bytes: [UInt8]

  package init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  package init(_ text: String) { bytes = Array(text.utf8) }

  package init(cString: UnsafePointer<CChar>) {
    bytes = Array(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  /// Nil where it isn't text; `description` always is.
  package var text: String? { String(validating: bytes, as: UTF8.self) }

  package func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }

  /// Calls `body` with the path as C takes it: up to a byte of zero. A path that has one is no file's, and given as the
  /// empty one, which isn't either.
  package func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
    let bytes = bytes.contains(0) ? [] : bytes
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
      let end = buffer.initialize(fromContentsOf: bytes.lazy.map { CChar(truncatingIfNeeded: $0) })
      buffer.initializeElement(at: end, to: 0)
      guard let start = buffer.baseAddress else { preconditionFailure("one byte at least") }
      return body(start)
    }
  }
}

extension FilePath: Comparable {
  package static func < (a: FilePath, b: FilePath) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension FilePath: CustomStringConvertible {
  /// For people: what isn't UTF-8 is shown as "\u{FFFD}".
  package var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension FilePath: ExpressibleByStringInterpolation {
  package init(stringLiteral text: String) { self.init(text) }
}

/// What says where a file is: a path, or the text that a person has typed.
package protocol FilePathConvertible: CustomStringConvertible {
  var filePath: FilePath { get }
}

extension FilePath: FilePathConvertible {
  package var filePath: FilePath { self }
}

extension String: FilePathConvertible {
  package var filePath: FilePath { FilePath(self) }
}

// MARK: - Parts

private let slash = UInt8(ascii: "/")

extension FilePath {
  package var isAbsolute: Bool { bytes.first == slash }

  package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

  package func hasSuffix(_ suffix: String) -> Bool { bytes.suffix(suffix.utf8.count).elementsEqual(suffix.utf8) }

  /// "/a//b/" -> "a", "b".
  package var components: [FilePath] { bytes.split(separator: slash).map { FilePath(bytes: $0) } }

  /// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
  package var folder: FilePath { split.folder }

  /// "a/b/c" -> "c"; "/" -> "".
  package var name: FilePath { split.name }

  /// What stands behind the name's last point, in lower case: "a/b.PNG" -> "png"; "" where there is none.
  package var fileExtension: String {
    let name = name.bytes
    guard let point = name.lastIndex(of: UInt8(ascii: ".")), point > 0 else { return "" }
    return String(decoding: name[(point + 1)...], as: UTF8.self).lowercased()
  }

  private var split: (folder: FilePath, name: FilePath) {
    var path = bytes[...]
    while path.count > 1, path.last == slash { path.removeLast() }
    guard let end = path.lastIndex(of: slash) else { return (".", FilePath(bytes: path)) }
    return (end == 0 ? "/" : FilePath(bytes: path[..<end]), FilePath(bytes: path[(end + 1)...]))
  }

  /// The path of `name` in the folder that this is the path of.
  package func appending(_ name: some FilePathConvertible) -> FilePath {
    FilePath(bytes: bytes + (bytes.last == slash ? [] : [slash]) + name.filePath.bytes)
  }
}

// MARK: - Of text

/// "a/b/c" -> ("a/b", "c"); "c" -> (".", "c").
package func splitPath(_ path: String) -> (folder: String, name: String) {
  let path = FilePath(path)
  return (path.folder.description, path.name.description)
}

package func joinPath(_ folder: String, _ name: String) -> String { FilePath(folder).appending(name).description }

/// The path from the root, so that it stays true in another working folder: "./a" -> "/home/a". (But where that one's
/// own isn't text.)
package func absolutePath(_ path: String) -> String {
  if FilePath(path).isAbsolute { return path }
  guard let current = try? systemPointer({ getcwd(nil, 0) }) else { return path }
  defer { free(current) }
  guard let folder = FilePath(cString: current).text else { return path }
  let names = FilePath(path).components
  // Not "..": where that leads is the file system's to say.
  guard names.contains(".") else { return joinPath(folder, path) }
  return names.filter { $0 != "." }.reduce(FilePath(folder)) { $0.appending($1) }.description
}
