// A file that is either whole or not there: written under a temporary name in the same folder, synced, renamed, and the
// folder synced. After a crash, a full disk or a thrown error the old file, if any, is still what it was.

/// An output file that appears under its name on `commit()`, and never if that isn't reached.
package struct AtomicFile: ~Copyable {
  private let path: String
  private let temporaryPath: String
  private var descriptor: Int32

  /// What a temporary name ends with: a file of that name is the rest of a process that was killed, safe to delete.
  package static let temporarySuffix = ".partial"

  /// - Throws: `.cannotCreate` when the folder isn't there or can't be written.
  package init(at path: String) throws(Failure) {
    let (folder, name) = splitPath(path)
    let temporaryPath = joinPath(folder, ".\(name).\(getpid())\(Self.temporarySuffix)")
    if isFolder(path) { throw Failure(.cannotCreate, path, "is a folder, a file was to be written there") }
    let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if descriptor < 0 { throw Failure(.cannotCreate, path, "can't be created", errno: errno) }
    self.path = path
    self.temporaryPath = temporaryPath
    self.descriptor = descriptor
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    try writeAll(bytes, to: descriptor, path: path)
  }

  package func write(_ bytes: [UInt8]) throws(Failure) {
    try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in try write(UnsafeRawBufferPointer(buffer)) }
  }

  package func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

  /// Syncs the bytes, gives the file its name and syncs the folder.
  package consuming func commit() throws(Failure) {
    // Some file systems don't sync (EINVAL, ENOTSUP); that isn't the caller's failure.
    if fsync(descriptor) != 0 && errno != EINVAL && errno != ENOTSUP {
      throw Failure(.inputOutput, path, "can't be synced to disk", errno: errno)
    }
    let open = descriptor
    descriptor = -1
    if close(open) != 0 { throw Failure(.inputOutput, path, "can't be closed", errno: errno) }
    if rename(temporaryPath, path) != 0 {
      throw Failure(.cannotCreate, path, "can't be put in its place", errno: errno)
    }
    syncFolder(splitPath(path).folder)
  }

  deinit {
    // After a commit both are gone already; without one (an error on the way) this is what cleans up.
    if descriptor >= 0 { close(descriptor) }
    unlink(temporaryPath)
  }
}

/// Writes a whole file at once, or not at all.
package func writeFile(_ bytes: [UInt8], to path: String) throws(Failure) {
  let file = try AtomicFile(at: path)
  try file.write(bytes)
  try file.commit()
}

/// All of `bytes`, however many calls that takes.
package func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String) throws(Failure) {
  var rest = bytes[...]
  while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
    let written = write(descriptor, start, rest.count)
    if written < 0 {
      if errno == EINTR { continue }
      throw Failure(.inputOutput, path, "can't be written", errno: errno)
    }
    rest = rest.dropFirst(written)
  }
}

/// Makes renames and deletions in a folder last through a power cut. Best effort: not every file system can.
package func syncFolder(_ path: String) {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  if descriptor >= 0 {
    fsync(descriptor)
    close(descriptor)
  }
}
