// Reading a file: whole, or at any place.

/// A file's bytes.
/// - Parameter limit: refuse more than this many, before reading them.
package func readFile(_ path: some FilePathConvertible, limit: Int = 1 << 30) throws(Failure) -> [UInt8] {
  let file = try InputFile(at: path)
  if file.size > limit { throw Failure(.badData, path, "has \(file.size) bytes, at most \(limit) were expected") }
  try requireMemory(file.size, for: path)
  var bytes = [UInt8](repeating: 0, count: file.size)
  try bytes.withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
    try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
  }
  return bytes
}

/// A file open for reading at any place.
package struct InputFile: ~Copyable {
  package let path: FilePath
  package let size: Int
  private let descriptor: Int32

  package init(at path: some FilePathConvertible) throws(Failure) {
    let descriptor: Int32
    do {
      // Non-blocking: opening a named pipe must not hang the tool.
      descriptor = try openFile(path, O_RDONLY | O_NONBLOCK)
    } catch {
      if error.code == ENOENT || error.code == ENOTDIR { throw Failure(.missing, path, "isn't there") }
      throw Failure(.inputOutput, path, "can't be read", error)
    }
    var status = stat()
    guard (try? systemCall { fstat(descriptor, &status) }) != nil, status.isRegularFile else {
      try? closeFile(descriptor)
      throw Failure(.inputOutput, path, "isn't a regular file")
    }
    self.path = path.filePath
    self.descriptor = descriptor
    size = Int(status.st_size)
  }

  /// Fills `buffer` with the bytes from `offset` on.
  package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) {
    let count: Int
    do {
      count = try readBytes(into: buffer, from: descriptor, at: offset)
    } catch {
      throw Failure(.inputOutput, path, "can't be read", error)
    }
    if count < buffer.count { throw Failure(.inputOutput, path, "ends early, at byte \(offset + count)") }
  }

  deinit { try? closeFile(descriptor) }
}
