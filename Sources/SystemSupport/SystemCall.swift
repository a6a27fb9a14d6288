// Calls of the C library that say why they failed. errno is read in this file alone, at once after the call: whatever
// runs in between, closing a file or giving memory back, may write over it.

/// Why a call failed: what errno was at that moment.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
  package let code: Int32

  package init(code: Int32) { self.code = code }

  package var description: String { String(cString: strerror(code)) }
}

/// A call that returns -1 where it fails. One that a signal has interrupted is made again.
@discardableResult
package func systemCall<Code: SignedInteger>(_ call: () -> Code) throws(SystemError) -> Code {
  while true {
    let result = call()
    if result != -1 { return result }
    let code = errno
    if code != EINTR { throw SystemError(code: code) }
  }
}

/// The same of a call on a path.
@discardableResult
package func systemCall<Code: SignedInteger>(
  _ path: some FilePathConvertible, _ call: (_ path: UnsafePointer<CChar>) -> Code
) throws(SystemError) -> Code {
  try path.filePath.withCString { path in
    Result { () throws(SystemError) in try systemCall { call(path) } }
  }.get()
}

/// A call that returns no pointer where it fails.
package func systemPointer<Pointer>(_ call: () -> Pointer?) throws(SystemError) -> Pointer {
  if let pointer = call() { return pointer }
  throw SystemError(code: errno)
}

/// The same of a call on a path.
package func systemPointer<Pointer>(
  _ path: some FilePathConvertible, _ call: (_ path: UnsafePointer<CChar>) -> Pointer?
) throws(SystemError) -> Pointer {
  try path.filePath.withCString { path in
    Result { () throws(SystemError) in try systemPointer { call(path) } }
  }.get()
}

/// A call that returns no pointer where it fails, and none at the end of what it lists either; then errno is as it was.
package func systemPointerUntilEnd<Pointer>(_ call: () -> Pointer?) throws(SystemError) -> Pointer? {
  errno = 0
  if let pointer = call() { return pointer }
  let code = errno
  if code != 0 { throw SystemError(code: code) }
  return nil
}

// MARK: - In a signal's handler

/// Writes to standard error from a handler: nothing where that would wait, and whoever was interrupted between a call
/// and its errno finds the errno that was.
package func writeInHandler(_ bytes: UnsafeRawBufferPointer) {
  let code = errno
  var place = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
  if poll(&place, 1, 0) == 1 { _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
  errno = code
}

// MARK: - Open files

/// A descriptor of the file at `path`. Programs that this one starts don't get it.
package func openFile(
  _ path: some FilePathConvertible, _ flags: Int32, mode: mode_t = 0o644
) throws(SystemError) -> Int32 {
  try systemCall(path) { open($0, flags | O_CLOEXEC, mode) }
}

/// Not made again where a signal has interrupted it: the descriptor is free by then and may be another file's.
package func closeFile(_ descriptor: Int32) throws(SystemError) {
  if close(descriptor) == 0 { return }
  let code = errno
  if code != EINTR { throw SystemError(code: code) }
}

/// Brings what was written to the disk. Some file systems can't (EINVAL, ENOTSUP, ENOTTY); that isn't the caller's
/// failure.
package func syncFile(_ descriptor: Int32) throws(SystemError) {
  for call in syncCalls {
    do {
      try systemCall { call(descriptor) }
      return
    } catch {
      if ![EINVAL, ENOTSUP, ENOTTY].contains(error.code) { throw error }
    }
  }
}

/// Fills `buffer` with the bytes from `offset` on.
/// - Returns: how many there were: fewer than asked for at the end of the file.
package func readBytes(
  into buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int
) throws(SystemError) -> Int {
  var done = 0
  while done < buffer.count {
    let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
    let count = try systemCall { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
    if count == 0 { break }
    done += count
  }
  return done
}

/// Writes all of `bytes`, however many calls that takes.
/// - Parameter offset: nil: where the file's last write or read has ended.
package func writeBytes(
  _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int? = nil
) throws(SystemError) {
  var done = 0
  while done < bytes.count {
    let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
    done += try systemCall {
      if let offset { return pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
      return write(descriptor, rest.baseAddress, rest.count)
    }
  }
}

/// The same of an array.
package func writeBytes(_ bytes: [UInt8], to descriptor: Int32, at offset: Int? = nil) throws(SystemError) {
  try bytes.withUnsafeBufferPointer { (bytes) throws(SystemError) in
    try writeBytes(UnsafeRawBufferPointer(bytes), to: descriptor, at: offset)
  }
}
