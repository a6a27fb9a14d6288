// What can go wrong with a data set, as one line for a person, and the files that were left out without ado.

/// A failure that ends the preparation of a data set.
package struct DatasetError: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable {
    /// The folder or list isn't there (exit 66).
    case notFound
    /// It's there and there's nothing to train on in it (exit 65).
    case badData
    /// Reading or writing failed (exit 74).
    case inputOutput
    /// `isCancelled` said so.
    case cancelled
  }

  package var kind: Kind
  /// What is wrong, where, and what mends it: one line.
  package var description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }
}

extension DatasetError {
  /// For a source without one good picture.
  package static func noPictures(in source: DatasetSource, bad: [BadFile]) -> DatasetError {
    guard let first = bad.first else {
      return DatasetError(.badData, "there are no pictures in \(source): give a folder with JPEG or PNG files")
    }
    let rest = bad.count == 1 ? "its only file is bad" : "all \(bad.count) files are bad; the first"
    return DatasetError(.badData, "there are no pictures in \(source): \(rest): \(first)")
  }
}

/// A file, or a line of a list, that can't be used and is skipped.
package struct BadFile: Error, Equatable, CustomStringConvertible {
  package var path: String
  package var reason: String

  package init(path: String, reason: String) {
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
