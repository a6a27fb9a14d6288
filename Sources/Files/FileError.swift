// What can go wrong with a file, and the kinds of failure a tool tells apart by its exit code.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A failed call on a file or folder.
package struct FileError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The input isn't there (exit code 66).
    case missing
    /// The output can't be made (73).
    case cannotCreate
    /// Reading or writing failed midway (74).
    case inputOutput
  }

  package var kind: Kind
  /// One line: the path, what failed, why.
  package var description: String

  package init(_ kind: Kind, _ path: String, _ what: String, errno code: Int32? = nil) {
    self.kind = kind
    let reason = code.map { ": " + String(cString: strerror($0)) } ?? ""
    description = "\(path): \(what)\(reason)"
  }
}
