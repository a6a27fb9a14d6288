// Paths and folders, as far as the tool needs them.

/// "a/b/c" -> ("a/b", "c"); "c" -> (".", "c").
package func splitPath(_ path: String) -> (folder: String, name: String) {
  var path = path[...]
  while path.count > 1, path.last == "/" { path.removeLast() }
  guard let slash = path.lastIndex(of: "/") else { return (".", String(path)) }
  let folder = path[..<slash]
  return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
}

package func joinPath(_ folder: String, _ name: String) -> String {
  folder.hasSuffix("/") ? folder + name : folder + "/" + name
}

/// The path from the root, so that it stays true in another working folder.
package func absolutePath(_ path: String) -> String {
  if path.hasPrefix("/") { return path }
  guard let current = getcwd(nil, 0) else { return path }
  defer { free(current) }
  return joinPath(String(cString: current), path)
}

package func isFolder(_ path: String) -> Bool { fileMode(path).map { $0 & S_IFMT == S_IFDIR } ?? false }

package func fileExists(_ path: String) -> Bool { fileMode(path) != nil }

private func fileMode(_ path: String) -> mode_t? {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_mode : nil
}

/// Makes a folder and those above it; content with one that is there already.
package func makeFolder(_ path: String) throws(Failure) {
  if isFolder(path) { return }
  let (parent, name) = splitPath(path)
  if !name.isEmpty && parent != path && !fileExists(parent) { try makeFolder(parent) }
  if mkdir(path, 0o755) != 0 {
    let code = errno
    if code == EEXIST && isFolder(path) { return }
    throw Failure(
      .cannotCreate, path, code == EEXIST ? "is there and isn't a folder" : "can't be made a folder",
      errno: code == EEXIST ? nil : code)
  }
}

/// The names in a folder, sorted, without "." and "..".
package func folderNames(_ path: String) throws(Failure) -> [String] {
  guard let stream = opendir(path) else {
    let code = errno
    throw Failure(code == ENOENT ? .missing : .inputOutput, path, "can't be listed", errno: code)
  }
  defer { closedir(stream) }
  var names: [String] = []
  while true {
    errno = 0
    guard let entry = readdir(stream) else {
      if errno != 0 { throw Failure(.inputOutput, path, "can't be listed", errno: errno) }
      break
    }
    // Read in place: a copy of the entry can be shorter than the name it claims.
    guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { break }
    let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
    if name != "." && name != ".." { names.append(name) }
  }
  return names.sorted()
}

package func removeFile(_ path: String) { unlink(path) }

package func renameFile(_ path: String, to newPath: String) { rename(path, newPath) }

/// A file's bytes.
/// - Parameter limit: refuse more than this many, before reading them.
package func readFile(_ path: String, limit: Int = 1 << 30) throws(Failure) -> [UInt8] {
  let file = try InputFile(at: path)
  if file.size > limit { throw Failure(.inputOutput, path, "has \(file.size) bytes, at most \(limit) were expected") }
  var bytes = [UInt8](repeating: 0, count: file.size)
  try bytes.withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
    try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
  }
  return bytes
}

/// A file open for reading at any place.
package struct InputFile: ~Copyable {
  package let path: String
  package let size: Int
  private let descriptor: Int32

  package init(at path: String) throws(Failure) {
    // Non-blocking: opening a named pipe must not hang the tool.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 {
      let code = errno
      let missing = code == ENOENT || code == ENOTDIR
      throw Failure(
        missing ? .missing : .inputOutput, path, missing ? "isn't there" : "can't be read",
        errno: missing ? nil : code)
    }
    var status = stat()
    if fstat(descriptor, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
      close(descriptor)
      throw Failure(.inputOutput, path, "isn't a regular file")
    }
    self.path = path
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  /// Fills `buffer` with the bytes from `offset` on.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure(.inputOutput, path, "can't be read", errno: errno)
      }
      if count == 0 { throw Failure(.inputOutput, path, "ends early, at byte \(offset + done)") }
      done += count
    }
  }

  deinit { close(descriptor) }
}
