// Reading a file: whole, or at any place.

/// A file's bytes.
/// - Parameter limit: refuse more than this many, before reading them.
package func readFile(_ path: some FilePathConvertible, limit: Int = 1 << 30) throws(Failure) -> [UInt8] {
  let file = try InputFile(at: path)
  if file.size > limit { throw Failure(.badData, path, "has \(file.size) bytes, at most \(limit) were expected") }
  return try file.bytes(0..<file.size)
}

/// The bytes of a file whose size says nothing, as the system's own tables are: up to `limit` of them.
package func readStream(_ path: some FilePathConvertible, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
  let descriptor = try openFile(path, O_RDONLY | O_NONBLOCK)
  defer { try? closeFile(descriptor) }
  var (bytes, count) = ([UInt8](repeating: 0, count: 1 << 14), 0)
  while count < limit {
    if count == bytes.count { bytes += [UInt8](repeating: 0, count: count) }
    let new = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(SystemError) -> Int in
      let rest = UnsafeMutableBufferPointer(rebasing: buffer[count...])
      return try systemCall { read(descriptor, rest.baseAddress, rest.count) }
    }
    if new == 0 { break }
    count += new
  }
  return Array(bytes[..<count])
}

/// A file open for reading at any place.
package struct InputFile: ~Copyable, Sendable {
  package let path: FilePath
  /// As it was when it was opened.
  package let status: stat
  private let descriptor: Int32

  /// - Parameter followingLinks: false: refuse a path whose last part is a symbolic link.
  package init(at path: some FilePathConvertible, followingLinks: Bool = true) throws(Failure) {
    let descriptor: Int32
    do {
      // Non-blocking: opening a named pipe must not hang the tool.
      descriptor = try openFile(path, O_RDONLY | O_NONBLOCK | (followingLinks ? 0 : O_NOFOLLOW))
    } catch {
      if error.code == ELOOP && !followingLinks { throw Failure(.inputOutput, path, "is a symbolic link") }
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
    self.status = status
  }

  package var size: Int { Int(status.st_size) }

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

  /// - Precondition: the range lies in the file.
  package func bytes(_ range: Range<Int>) throws(Failure) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= size)
    try requireMemory(range.count, for: path)
    var bytes = [UInt8](repeating: 0, count: range.count)
    try bytes.withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
      try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
    }
    return bytes
  }

  deinit { try? closeFile(descriptor) }
}
