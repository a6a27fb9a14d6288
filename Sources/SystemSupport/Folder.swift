// What is in the file system: what kind it is, making, listing, renaming, removing.

/// What the system knows of a file.
/// - Parameter followingLinks: false: of a symbolic link itself.
package func fileStatus(_ path: some FilePathConvertible, followingLinks: Bool = true) throws(SystemError) -> stat {
  var status = stat()
  try systemCall(path) { followingLinks ? stat($0, &status) : lstat($0, &status) }
  return status
}

extension stat {
  package var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  package var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
  package var isSymbolicLink: Bool { st_mode & S_IFMT == S_IFLNK }
}

/// What makes two looks at a path see one file.
package struct FileIdentity: Sendable, Hashable {
  private let device: UInt64
  private let number: UInt64

  package init(_ status: stat) {
    // Of a type that has a sign on some systems.
    (device, number) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
  }
}

package func isFolder(_ path: some FilePathConvertible) -> Bool { (try? fileStatus(path))?.isFolder ?? false }

/// Also false where the system can't say. Before anything is written over, ask `isThere`.
package func fileExists(_ path: some FilePathConvertible) -> Bool { (try? fileStatus(path)) != nil }

/// Whether something has that name.
/// - Throws: `.inputOutput` where that can't be known.
package func isThere(_ path: some FilePathConvertible) throws(Failure) -> Bool {
  do {
    _ = try fileStatus(path)
    return true
  } catch {
    if error.code == ENOENT || error.code == ENOTDIR { return false }
    throw Failure(.inputOutput, path, "can't be read", error)
  }
}

/// The path without symbolic links, from the root.
package func realPath(_ path: some FilePathConvertible) throws(SystemError) -> FilePath {
  let resolved = try systemPointer(path) { realpath($0, nil) }
  defer { free(resolved) }
  return FilePath(cString: resolved)
}

/// Where a file of that path is, or would be made: the links of its last part are followed, also to where there is
/// nothing yet.
package func linkedPath(_ path: some FilePathConvertible) throws(SystemError) -> FilePath {
  var path = path.filePath
  for _ in 0..<40 {
    guard (try? fileStatus(path, followingLinks: false))?.isSymbolicLink == true else { return path }
    if fileExists(path) { return try realPath(path) }
    let target = try linkTarget(path)
    path = target.isAbsolute ? target : path.folder.appending(target)
  }
  throw SystemError(code: ELOOP)
}

/// What a symbolic link says.
private func linkTarget(_ path: FilePath) throws(SystemError) -> FilePath {
  var characters = [CChar](repeating: 0, count: 4096)
  let count = try systemCall(path) { readlink($0, &characters, characters.count) }
  return FilePath(bytes: characters[..<count].map { UInt8(truncatingIfNeeded: $0) })
}

// MARK: - Folders

/// Makes a folder and those above it, each for good; content with one that is there already.
/// - Parameter sync: called with each folder that has got a new one in it, so that it's still there after a power cut.
package func makeFolder(
  _ path: some FilePathConvertible, sync: (FilePath) -> Void = { syncFolder($0) }
) throws(Failure) {
  let path = path.filePath
  if isFolder(path) { return }
  let parent = path.folder
  if !path.name.bytes.isEmpty && parent != path && !fileExists(parent) { try makeFolder(parent, sync: sync) }
  do throws(SystemError) {
    try systemCall(path) { mkdir($0, 0o755) }
  } catch {
    guard error.code == EEXIST else { throw Failure(.cannotCreate, path, "can't be made a folder", error) }
    // Another process may have been faster.
    if isFolder(path) { return }
    throw Failure(.cannotCreate, path, "is there and isn't a folder")
  }
  sync(parent)
}

/// The names in a folder, in the order of their bytes, without "." and "..".
package func folderEntries(_ path: some FilePathConvertible) throws(SystemError) -> [FilePath] {
  let stream = try systemPointer(path) { opendir($0) }
  defer { closedir(stream) }
  // Read in place: a copy of the entry can be shorter than the name it claims.
  guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { return [] }
  var names: [FilePath] = []
  while let entry = try systemPointerUntilEnd({ readdir(stream) }) {
    let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
    names.append(FilePath(cString: name))
  }
  return names.filter { $0 != "." && $0 != ".." }.sorted()
}

/// The same as text, of a folder of our own files.
package func folderNames(_ path: some FilePathConvertible) throws(Failure) -> [String] {
  do {
    return try folderEntries(path).map(\.description)
  } catch {
    throw Failure(error.code == ENOENT ? .missing : .inputOutput, path, "can't be listed", error)
  }
}

/// Makes what was made, renamed and removed in a folder last through a power cut. Best effort: not every file system
/// can.
package func syncFolder(_ path: some FilePathConvertible) {
  guard let descriptor = try? openFile(path, O_RDONLY) else { return }
  try? syncFile(descriptor)
  try? closeFile(descriptor)
}

// MARK: - Names

/// Best effort: it may be gone already.
package func removeFile(_ path: some FilePathConvertible) { _ = try? systemCall(path) { unlink($0) } }

/// Best effort, and of an empty folder only.
package func removeFolder(_ path: some FilePathConvertible) { _ = try? systemCall(path) { rmdir($0) } }

/// A file that has the new name already is replaced.
package func renameFile(_ path: some FilePathConvertible, to newPath: some FilePathConvertible) throws(SystemError) {
  let newPath = newPath.filePath
  try systemCall(path) { path in newPath.withCString { rename(path, $0) } }
}
