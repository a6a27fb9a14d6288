// What a file or folder looks like from outside: looked into again when that changes.

import SystemSupport

struct FileStamp: Equatable {
  private let identity: FileIdentity
  let modified: Int64
  private let size: Int64

  /// Nil where it isn't there, or is a link that might lead anywhere.
  init?(_ path: String) {
    guard let status = try? fileStatus(path, followingLinks: false), !status.isSymbolicLink else { return nil }
    (identity, modified, size) = (FileIdentity(status), status.modifiedNanoseconds, Int64(status.st_size))
  }
}
