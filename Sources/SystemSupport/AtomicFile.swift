// A file that is either whole or not there: written under a temporary name in the same folder, synced, renamed, and the
// folder synced. After a crash, a full disk or a thrown error the old file, if any, is still what it was. Pipes and
// devices can't be like that: what is written goes out at once.

/// An output file that appears under its name on `commit()`, and never if that isn't reached. Of several that are
/// written to one path at once the last to commit counts.
package struct AtomicFile: ~Copyable {
  private let path: FilePath
  private let temporaryPath: FilePath
  private var state: State

  private enum State {
    case open(Int32)
    /// Of a pipe or device.
    case stream(Int32)
    case closed
    /// It has its name. The temporary one isn't ours any more.
    case committed
  }

  /// A file that is there is replaced, and where a symbolic link leads to one, or to where there is none yet, that is
  /// the one. Into a pipe, a terminal or another device that takes a stream the bytes go one after the other: renaming
  /// over a device would take it from the whole machine.
  ///
  /// - Throws: `.cannotCreate` when the folder isn't there or can't be written, or when something else has the name.
  package init(at path: some FilePathConvertible) throws(Failure) {
    if let descriptor = try OutputStream.open(path) {
      (self.path, temporaryPath, state) = (path.filePath, path.filePath, .stream(descriptor))
      return
    }
    do throws(SystemError) {
      let target = try linkedPath(path)
      let (temporaryPath, descriptor) = try TemporaryName.make(beside: target) { (name) throws(SystemError) in
        try openFile(name, O_WRONLY | O_CREAT | O_EXCL)
      }
      self.path = target
      self.temporaryPath = temporaryPath
      state = .open(descriptor)
    } catch {
      throw Failure(.cannotCreate, path, "can't be created", error)
    }
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
    switch state {
    case .open(let descriptor), .stream(let descriptor): try writeAll(bytes, to: descriptor, path: path)
    case .closed, .committed: preconditionFailure("a file is written before it's committed")
    }
  }

  package func write(_ bytes: [UInt8]) throws(Failure) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(Failure) in try write(UnsafeRawBufferPointer(bytes)) }
  }

  package func write(_ text: String) throws(Failure) { try write(Array(text.utf8)) }

  /// Syncs the bytes, gives the file its name and syncs the folder. A stream ends.
  package consuming func commit() throws(Failure) {
    if case .stream(let descriptor) = state {
      state = .committed
      do { try closeFile(descriptor) } catch { throw Failure(.inputOutput, path, "can't be closed", error) }
      return
    }
    guard case .open(let descriptor) = state else { return }
    do { try syncFile(descriptor) } catch { throw Failure(.inputOutput, path, "can't be synced to disk", error) }
    state = .closed
    do { try closeFile(descriptor) } catch { throw Failure(.inputOutput, path, "can't be closed", error) }
    do {
      try renameFile(temporaryPath, to: path)
    } catch {
      throw Failure(.cannotCreate, path, "can't be put in its place", error)
    }
    state = .committed
    syncFolder(path.folder)
  }

  deinit {
    switch state {
    case .open(let descriptor):
      try? closeFile(descriptor)
      removeFile(temporaryPath)
    case .stream(let descriptor): try? closeFile(descriptor)
    case .closed: removeFile(temporaryPath)
    case .committed: break
    }
  }
}

/// Writes a whole file at once, or not at all.
package func writeFile(_ bytes: [UInt8], to path: some FilePathConvertible) throws(Failure) {
  let file = try AtomicFile(at: path)
  try file.write(bytes)
  try file.commit()
}

/// All of `bytes` to an open file that is called `path`.
package func writeAll(
  _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: some FilePathConvertible
) throws(Failure) {
  do { try writeBytes(bytes, to: descriptor) } catch { throw Failure(.inputOutput, path, "can't be written", error) }
}
