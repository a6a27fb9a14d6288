// Whole files in and out: reading never blocks on a pipe and never takes more than it was allowed; writing never leaves a
// half-written file under the wanted name.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

enum PictureFile {
  /// The first `prefix` bytes of a regular file, or all of it.
  ///
  /// - Throws: `notFound`, `unreadable` or, for a file of more than `maximumBytes`, `tooLarge`; with the path.
  static func read(
    _ path: String, prefix: Int = .max, maximumBytes: Int
  ) throws(PictureError) -> (bytes: [UInt8], isWhole: Bool) {
    // Without O_NONBLOCK, opening a named pipe waits for its writer.
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      switch code {
      case ENOENT, ENOTDIR: throw PictureError(.notFound, "there is no such file", path: path)
      case EACCES, EPERM: throw PictureError(.unreadable, "no permission to read it", path: path)
      default: throw PictureError(.unreadable, "can't be opened: \(message(code))", path: path)
      }
    }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw PictureError(.unreadable, "can't be read: \(message(errno))", path: path)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw PictureError(.unreadable, "is a folder, not a picture", path: path)
    default: throw PictureError(.unreadable, "isn't a regular file", path: path)
    }
    let size = Int(status.st_size)
    guard size <= maximumBytes else {
      throw PictureError(
        .tooLarge, "has \(size) bytes; pictures of more than \(maximumBytes) bytes aren't read", path: path)
    }

    let wanted = min(size, prefix)
    var failure: CInt = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      while filled < wanted, let base = buffer.baseAddress {
        #if canImport(Darwin)
          let count = Darwin.read(descriptor, base + filled, wanted - filled)
        #elseif canImport(Musl)
          let count = Musl.read(descriptor, base + filled, wanted - filled)
        #else
          let count = Glibc.read(descriptor, base + filled, wanted - filled)
        #endif
        if count > 0 {
          filled += count
        } else if count == 0 {
          break  // The file shrank since it was measured.
        } else if errno != EINTR {
          failure = errno
          break
        }
      }
    }
    guard failure == 0 else {
      throw PictureError(.unreadable, "can't be read: \(message(failure))", path: path)
    }
    return (bytes, wanted == size)
  }

  /// Writes a whole file or nothing: into a temporary name in the same folder, synced, then renamed over `path`.
  ///
  /// - Throws: `cannotWrite`, with the path; a file that was there before is untouched then.
  static func write(_ bytes: [UInt8], to path: String) throws(PictureError) {
    let folder: String
    if let slash = path.lastIndex(of: "/") {
      folder = String(path[...slash])
    } else {
      folder = "./"
    }
    let temporary = folder + ".writing-\(getpid())-\(String(UInt64.random(in: .min ... .max), radix: 36)).tmp"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      let code = errno
      let reason = code == ENOENT ? "its folder doesn't exist" : message(code)
      throw PictureError(.cannotWrite, "can't be written: \(reason)", path: path)
    }
    var failure: CInt = 0
    bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count, let base = buffer.baseAddress {
        #if canImport(Darwin)
          let count = Darwin.write(descriptor, base + done, buffer.count - done)
        #elseif canImport(Musl)
          let count = Musl.write(descriptor, base + done, buffer.count - done)
        #else
          let count = Glibc.write(descriptor, base + done, buffer.count - done)
        #endif
        if count >= 0 {
          done += count
        } else if errno != EINTR {
          failure = errno
          return
        }
      }
    }
    if failure == 0, fsync(descriptor) != 0 { failure = errno }
    if close(descriptor) != 0, failure == 0 { failure = errno }
    if failure == 0, rename(temporary, path) != 0 { failure = errno }
    guard failure == 0 else {
      unlink(temporary)
      throw PictureError(.cannotWrite, "can't be written: \(message(failure))", path: path)
    }
    // The new name is on the disk once its folder is. Some file systems can't sync a folder: then it is on its way.
    let directory = open(folder, O_RDONLY | O_CLOEXEC)
    if directory >= 0 {
      fsync(directory)
      close(directory)
    }
  }

  private static func message(_ code: CInt) -> String { String(cString: strerror(code)) }
}
