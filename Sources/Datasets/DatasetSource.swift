// Where a data set's pictures come from, and their names.

import Images

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

package enum DatasetSource: Sendable, Equatable {
  /// Every picture in a folder and the folders below it.
  case folder(String)
  /// A list of files: `relative/path.jpg,0` per line, relative to the list's own folder.
  case list(String)
  /// Faces drawn by SyntheticFaces: numbers 0 ..< `count` of the series `seed`.
  case synthetic(count: Int, seed: UInt64)

  /// Enough faces that a small net doesn't learn them by heart, few enough to draw in a second or three.
  package static let synthetic = DatasetSource.synthetic(count: 10_000, seed: 0)

  /// What `--data` says: `synthetic`, a folder, or else a list. (A folder called synthetic is `./synthetic`.)
  package init(argument: String) throws(DatasetError) {
    if argument == "synthetic" {
      self = .synthetic
      return
    }
    var status = stat()
    guard stat(argument, &status) == 0 else {
      throw DatasetError(
        .notFound,
        "can't read '\(argument)': \(lastSystemError()); give a folder of pictures, a CSV list of files, or 'synthetic'"
      )
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: self = .folder(argument)
    case S_IFREG: self = .list(argument)
    default: throw DatasetError(.badData, "'\(argument)' is neither a folder nor a CSV list of files")
    }
  }
}

extension DatasetSource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .folder(let path), .list(let path): path
    case .synthetic: "synthetic"
    }
  }
}

/// The names of a source's pictures, before any is opened.
struct SourceListing {
  /// What sets this source apart from all others, whatever the current folder.
  var identity: String
  /// Names are relative to this; empty for synthetic faces.
  var root: String
  var names: [String]
  var bad: [BadFile]

  init(_ source: DatasetSource) throws(DatasetError) {
    switch source {
    case .folder(let path):
      root = try Self.absolute(path)
      identity = "folder \(root)"
      (names, bad) = try FolderWalk.files(below: root)
    case .list(let path):
      let whole = try Self.absolute(path)
      root = whole.lastIndex(of: "/").map { String(whole[..<$0]) } ?? ""
      identity = "list \(whole)"
      (names, bad) = try ListFile.read(whole, shownAs: path)
    case .synthetic(let count, let seed):
      root = ""
      identity = "synthetic faces \(SyntheticFaces.version), seed \(seed)"
      names = (0..<count).map { "face \($0)" }
      bad = []
    }
  }

  func path(_ name: String) -> String { name.hasPrefix("/") ? name : root + "/" + name }

  private static func absolute(_ path: String) throws(DatasetError) -> String {
    guard let resolved = realpath(path, nil) else {
      throw DatasetError(.notFound, "can't read '\(path)': \(lastSystemError())")
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
