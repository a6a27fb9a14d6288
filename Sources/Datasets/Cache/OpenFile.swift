// A file read and written at any place, from any thread.

import SystemSupport

/// A file descriptor, closed at the end.
package final class OpenFile: Sendable {
  let descriptor: CInt

  init(_ descriptor: CInt) { self.descriptor = descriptor }

  package convenience init(_ path: FilePath, _ flags: CInt, mode: mode_t = 0o644) throws(SystemError) {
    self.init(try openFile(path, flags, mode: mode))
  }

  deinit { try? closeFile(descriptor) }

  func status() throws(SystemError) -> stat {
    var status = stat()
    try systemCall { fstat(descriptor, &status) }
    return status
  }

  func size() throws(SystemError) -> Int { Int(try status().st_size) }

  /// `count` bytes from `offset`, or nil if the file doesn't have them.
  func read(count: Int, at offset: Int) -> [UInt8]? {
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      let place = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = (try? readBytes(into: place, from: descriptor, at: offset)) ?? 0
    }
    return bytes.count == count ? bytes : nil
  }

  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
    try writeBytes(bytes, to: descriptor, at: offset)
  }

  func write(_ bytes: [UInt8], at offset: Int) throws(SystemError) {
    try writeBytes(bytes, to: descriptor, at: offset)
  }
}
