// A file read and written at any place, from any thread.

import SystemSupport

/// A file descriptor, closed at the end.
final class OpenFile: Sendable {
  let descriptor: CInt

  init(_ descriptor: CInt) { self.descriptor = descriptor }

  /// Nil, and errno, if it can't be opened.
  convenience init?(path: String, flags: CInt, mode: mode_t = 0o644) {
    let descriptor = open(path, flags | O_CLOEXEC, mode)
    if descriptor < 0 { return nil }
    self.init(descriptor)
  }

  deinit { close(descriptor) }

  var size: Int? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : nil
  }

  /// `count` bytes from `offset`, or nil if the file doesn't have them.
  func read(count: Int, at offset: Int) -> [UInt8]? {
    var done = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while done < count, let base = buffer.baseAddress {
        let n = pread(descriptor, base + done, count - done, off_t(offset + done))
        if n < 0 && errno == EINTR { continue }
        if n <= 0 { break }
        done += n
      }
      initialized = done
    }
    return done == count ? bytes : nil
  }

  /// Writes all of `bytes` at `offset`. False, and errno, if that fails.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    var done = 0
    while done < bytes.count {
      let n = pwrite(descriptor, base + done, bytes.count - done, off_t(offset + done))
      if n < 0 && errno == EINTR { continue }
      if n <= 0 { return false }
      done += n
    }
    return true
  }
}

/// What errno says.
func lastSystemError() -> String { String(cString: strerror(errno)) }
