// Writes a picture file: threads append pictures in any order; finish() makes the file whole and gives it its name.

import SystemSupport

final class PictureFileWriter: Sendable {
  private struct State {
    var index: PictureIndex
    var end = PictureIndex.headerBytes
    var failure: String?
    /// Whether it still has its temporary name.
    var isTemporary = true
  }

  private struct Place {
    var temporary: FilePath
    var final: FilePath
  }

  private let file: OpenFile
  /// Nil: an unlinked file, gone when it's closed.
  private let place: Place?
  private let state: Monitor<State>

  private init(_ file: OpenFile, _ place: Place?, _ index: PictureIndex) {
    self.file = file
    self.place = place
    state = Monitor(State(index: index))
  }

  /// A writer of the file `path`, under a temporary name beside it.
  /// - Throws: why that folder can't be written.
  convenience init(path: FilePath, index: PictureIndex) throws(SystemError) {
    let (temporary, file) = try TemporaryName.make(beside: path, mark: Self.suffix, Self.claimedFile)
    self.init(file, Place(temporary: temporary, final: path), index)
  }

  /// A new file with a lock on it, which tells the living from the dead: see `removeAbandoned`.
  private static func claimedFile(_ path: FilePath) throws(SystemError) -> OpenFile {
    let file = try OpenFile(path, O_RDWR | O_CREAT | O_EXCL)
    do throws(SystemError) {
      // Where there are no locks nobody takes one, and nobody removes what he hasn't locked.
      let claim = try FileLock.claim(file.descriptor)
      let hasName = try file.status().st_nlink > 0
      if claim != .held && hasName { return file }
    } catch {
      removeFile(path)
      throw error
    }
    // Another process' `removeAbandoned` was faster: a file of another name, then.
    throw SystemError(code: EEXIST)
  }

  /// A writer of a file without a name, in the system's folder for temporary files.
  convenience init(temporaryWith index: PictureIndex) throws(Failure) {
    let folder = getenv("TMPDIR").map { FilePath(cString: $0) } ?? "/tmp"
    do throws(SystemError) {
      let (name, file) = try TemporaryName.make(beside: folder.appending("wgan")) { (name) throws(SystemError) in
        try OpenFile(name, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      }
      removeFile(name)
      self.init(file, nil, index)
    } catch {
      throw Failure(.inputOutput, "can't make a temporary file in \(folder): \(error); set TMPDIR")
    }
  }

  deinit {
    // Cancelled, failed, or without news.
    if let place, state.withLock({ $0.isTemporary }) { removeFile(place.temporary) }
  }

  /// Appends pictures whose pixels lie in `pixels` one after the other; the entries' offsets count from its start.
  /// False if the file can't be written (any more): stop, `finish` says why.
  func append(_ entries: [(entry: PictureIndex.Entry, name: FilePath)], pixels: UnsafeRawBufferPointer) -> Bool {
    let start: Int? = state.withLock { state in
      if state.failure != nil { return nil }
      defer { state.end += pixels.count }
      return state.end
    }
    guard let start else { return false }
    var failure: String?
    do { try file.write(pixels, at: start) } catch { failure = error.description }
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

  /// Completes the file, syncs it and gives it its name. Call it when all threads have appended.
  /// - Returns: the pictures, and why the file could be made but not kept, if so.
  func finish() throws(Failure) -> (pictures: StoredPictures, notKept: String?) {
    let state = self.state.withLock { $0 }
    var failure = state.failure
    if failure == nil {
      let (header, index) = state.index.encoded(pixelsEnd: state.end)
      do throws(SystemError) {
        try file.write(index, at: state.end)
        try file.write(header, at: 0)
      } catch {
        failure = error.description
      }
    }
    if let failure {
      let whither = place?.final.description ?? "a temporary file (TMPDIR)"
      throw Failure(
        .inputOutput,
        "can't write the prepared pictures to \(whither): \(failure); free some space or choose another folder")
    }
    var notKept: String?
    if let place {
      do { try keep(place) } catch { notKept = "can't keep \(place.final): \(error)" }
    }
    return (StoredPictures(file, state.index), notKept)
  }

  private func keep(_ place: Place) throws(SystemError) {
    try syncFile(file.descriptor)
    try renameFile(place.temporary, to: place.final)
    state.withLock { $0.isTemporary = false }
    syncFolder(place.final.folder)
  }

  // MARK: - Leftovers

  /// What the name of a picture file ends with. A temporary name has it before its own ending: the folder may hold
  /// other programs' files, and other files of ours.
  static let suffix = ".pictures"

  /// Removes the temporary files of runs that were killed. A living run holds a lock on its own.
  static func removeAbandoned(in folder: FilePath) {
    for name in (try? folderEntries(folder)) ?? [] where name.hasSuffix(suffix + TemporaryName.suffix) {
      let path = folder.appending(name)
      guard let file = try? OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) else { continue }
      if (try? FileLock.claim(file.descriptor)) == .claimed { removeFile(path) }
    }
  }
}
