// Writes a picture file: threads append pictures in any order; finish() makes the file whole and gives it its name.

import SystemSupport

final class PictureFileWriter: Sendable {
  private struct State {
    var index: PictureIndex
    var end = PictureIndex.headerBytes
    var failure: String?
  }

  private let file: OpenFile
  /// Nil: an unlinked file, gone when it's closed.
  private let temporaryPath: String?
  private let path: String?
  private let state: Monitor<State>

  private init(_ file: OpenFile, temporaryPath: String?, path: String?, index: PictureIndex) {
    self.file = file
    self.temporaryPath = temporaryPath
    self.path = path
    state = Monitor(State(index: index))
  }

  /// A writer of the file `path`, under a temporary name beside it. Nil, and errno, if that folder can't be written.
  convenience init?(path: String, index: PictureIndex) {
    // The lock tells the living from the dead: see removeAbandoned(in:).
    let temporaryPath = "\(path).\(getpid())-\(UInt32.random(in: 0 ... .max))" + Self.temporarySuffix
    guard let file = OpenFile(path: temporaryPath, flags: O_RDWR | O_CREAT | O_EXCL) else { return nil }
    _ = flock(file.descriptor, LOCK_EX | LOCK_NB)
    self.init(file, temporaryPath: temporaryPath, path: path, index: index)
  }

  /// A writer of a file without a name, in the system's folder for temporary files.
  convenience init(temporaryWith index: PictureIndex) throws(Failure) {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array((folder + "/wgan-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else {
      throw Failure(.inputOutput, "can't make a temporary file in \(folder): \(lastSystemError()); set TMPDIR")
    }
    unlink(template)
    self.init(OpenFile(descriptor), temporaryPath: nil, path: nil, index: index)
  }

  deinit {
    // Still there: cancelled, failed, or without news.
    if let temporaryPath { unlink(temporaryPath) }
  }

  /// Appends pictures whose pixels lie in `pixels` one after the other; the entries' offsets count from its start.
  /// False if the file can't be written (any more): stop, `finish` says why.
  func append(_ entries: [(entry: PictureIndex.Entry, name: String)], pixels: UnsafeRawBufferPointer) -> Bool {
    let start: Int? = state.withLock { state in
      if state.failure != nil { return nil }
      defer { state.end += pixels.count }
      return state.end
    }
    guard let start else { return false }
    let failure = file.write(pixels, at: start) ? nil : lastSystemError()
    return state.withLock { state in
      for (entry, name) in entries where failure == nil {
        var entry = entry
        entry.offset += UInt64(start)
        if !state.index.append(entry, name: name) { state.failure = "the names are longer than 4 GB" }
      }
      state.failure = state.failure ?? failure
      return state.failure == nil
    }
  }

  /// Completes the file, syncs it, gives it its name and maps it. Call it when all threads have appended.
  /// - Returns: the pictures, and why the file could be made but not kept, if so.
  func finish() throws(Failure) -> (pictures: MappedPictures, notKept: String?) {
    let (index, end, failure) = state.withLock { ($0.index, $0.end, $0.failure) }
    let (header, indexBytes) = index.encoded(pixelsEnd: end)
    let failed =
      failure
      ?? (indexBytes.withUnsafeBytes { file.write($0, at: end) } && header.withUnsafeBytes { file.write($0, at: 0) }
        ? nil : lastSystemError())
    if let failed {
      let place = path ?? "a temporary file (TMPDIR)"
      throw Failure(
        .inputOutput,
        "can't write the prepared pictures to \(place): \(failed); free some space or choose another folder")
    }
    guard let path, let temporaryPath else { return (try MappedPictures(file, index), nil) }
    // Some file systems don't sync (EINVAL, ENOTSUP): then a crash may cost the cache, which is checked anyway.
    let synced = fsync(file.descriptor) == 0 || errno == EINVAL || errno == ENOTSUP
    if !synced || rename(temporaryPath, path) != 0 {
      return (try MappedPictures(file, index), "can't keep \(path): \(lastSystemError())")
    }
    syncFolder(splitPath(path).folder)
    return (try MappedPictures(file, index), nil)
  }

  // MARK: - Leftovers

  /// What the name of a picture file ends with. A temporary name has an ending of our own: the folder may hold other
  /// programs' files, and other files of ours.
  static let suffix = ".pictures"
  private static let temporarySuffix = suffix + ".partial"

  /// Removes the temporary files of runs that were killed. A living run holds a lock on its own.
  static func removeAbandoned(in folder: String) {
    for name in (try? folderNames(folder)) ?? [] where name.hasSuffix(temporarySuffix) {
      guard let file = OpenFile(path: folder + "/" + name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { continue }
      if flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(folder + "/" + name) }
    }
  }
}
