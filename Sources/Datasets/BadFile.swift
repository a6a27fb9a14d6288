// The files of a data set that can't be used, and what is said where none is left.

import SystemSupport

extension Failure {
  /// For work that somebody has asked to stop.
  static var cancelledListing: Failure { Failure(.cancelled, "stopped while the pictures were being listed") }
  static var cancelledPreparing: Failure { Failure(.cancelled, "stopped while the pictures were being prepared") }

  /// For a source without one good picture.
  ///
  /// - Parameter notes: the listing's.
  package static func noPictures(in source: DatasetSource, bad: [BadFile], notes: [String] = []) -> Failure {
    guard let first = bad.first else {
      let why = notes.isEmpty ? "it is empty" : notes.joined(separator: "; ")
      return Failure(.badData, "there are no pictures in \(source): \(why): give a folder with JPEG or PNG files")
    }
    if case .list = source {
      let lines = bad.count == 1 ? "its only line doesn't name one" : "none of its \(bad.count) lines names one"
      return Failure(
        .badData,
        "there are no pictures in \(source), which is taken for a list of them, a line like 'folder/name.jpg,0' for "
          + "each: \(lines); the first: \(first)")
    }
    let rest = bad.count == 1 ? "its only file is bad" : "all \(bad.count) files are bad; the first"
    return Failure(.badData, "there are no pictures in \(source): \(rest): \(first)")
  }
}

/// A file, or a line of a list, that can't be used and is skipped.
package struct BadFile: Error, Equatable, CustomStringConvertible {
  package var path: FilePath
  package var reason: String

  package init(path: FilePath, reason: String) {
    self.path = path
    self.reason = reason
  }

  /// One line, whatever the path.
  package var description: String { "\(path): \(reason)".shownOnOneLine }
}

extension [BadFile] {
  private static let shown = 20

  /// The first 20 of them, a line each, and how many more there are.
  ///
  /// - Parameter rest: what follows on "and 80 more".
  package func lines(rest: String) -> [String] {
    let more = count > Self.shown ? ["and \(count - Self.shown) more\(rest)"] : []
    return prefix(Self.shown).map(\.description) + more
  }

  /// All of them, a line each: for a file.
  package var report: [UInt8] { flatMap { "\($0)\n".utf8 } }
}
