// The files of a data set that can't be used, and what is said where none is left.

import SystemSupport

extension Failure {
  /// For a source without one good picture.
  package static func noPictures(in source: DatasetSource, bad: [BadFile]) -> Failure {
    guard let first = bad.first else {
      return Failure(.badData, "there are no pictures in \(source): give a folder with JPEG or PNG files")
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

  /// One line, whatever the path: control characters are shown as "?".
  package var description: String {
    String(
      String.UnicodeScalarView(
        "\(path): \(reason)".unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}
