// What can go wrong with a picture's file, in words for the person whose file it is.

import SystemSupport

/// Why a picture couldn't be read or written.
public struct PictureError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The kinds a caller may want to tell apart: the tool's exit codes, the counts of a folder's scan.
  public enum Kind: Sendable, CaseIterable {
    /// No file has that name.
    case notFound
    /// It is there, but can't be read: no permission, not a regular file, an I/O error.
    case unreadable
    /// It is neither a JPEG nor a PNG.
    case notAPicture
    /// A JPEG or PNG that is cut short or damaged.
    case corrupt
    /// Larger than the limits allow, as declared or once scaled.
    case tooLarge
    /// A whole picture of a form that this build can't decode.
    case unsupported
    /// The file couldn't be written; what was there before still is.
    case cannotWrite
    /// Writing it broke off; what was there before still is.
    case writeFailed
  }

  public let kind: Kind
  /// What is wrong and, where something can be done, what mends it. One line, without the file's name.
  public let reason: String
  /// The file, where there is one.
  public internal(set) var path: String?

  init(_ kind: Kind, _ reason: String, path: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.path = path
  }

  public var description: String { path.map { "\($0): \(reason)" } ?? reason }
}

extension PictureError: ClassifiedError {
  package var failureKind: FailureKind {
    switch kind {
    case .notFound: .missing
    case .unreadable, .writeFailed: .inputOutput
    case .notAPicture, .corrupt, .tooLarge, .unsupported: .badData
    case .cannotWrite: .cannotCreate
    }
  }
}
