// A picture's file, in the words of this module's errors.

import SystemSupport

package enum PictureFile {
  /// The bytes of a regular file.
  ///
  /// - Throws: `notFound` or `unreadable`, with the path.
  static func size(_ path: some FilePathConvertible) throws(PictureError) -> Int {
    do throws(Failure) {
      return try InputFile(at: path).size
    } catch {
      throw PictureError(error.kind == .missing ? .notFound : .unreadable, error, "\(path)")
    }
  }

  /// The first `prefix` bytes of a regular file, or all of it. Anything else, a named pipe say, is an error and never
  /// waits.
  ///
  /// - Throws: `notFound`, `unreadable` or, for a file of more than `maximumBytes`, `tooLarge`; with the path.
  package static func read(
    _ path: some FilePathConvertible, prefix: Int = .max, maximumBytes: Int
  ) throws(PictureError) -> (bytes: [UInt8], isWhole: Bool) {
    do throws(Failure) {
      let file = try InputFile(at: path)
      if file.size <= maximumBytes {
        let count = min(file.size, prefix)
        var failure: Failure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
          do throws(Failure) {
            try file.read(
              at: 0, into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
            filled = count
          } catch {
            failure = error
          }
        }
        if let failure { throw failure }
        return (bytes, count == file.size)
      }
    } catch {
      throw PictureError(error.kind == .missing ? .notFound : .unreadable, error, "\(path)")
    }
    let reason = "has more than \(maximumBytes) bytes, the most that is read of a picture"
    throw PictureError(.tooLarge, reason, path: "\(path)")
  }

  /// Writes a whole file, or leaves what was there.
  ///
  /// - Throws: `cannotWrite` or `writeFailed`, with the path.
  static func write(_ bytes: [UInt8], to path: String) throws(PictureError) {
    do {
      try writeFile(bytes, to: path)
    } catch {
      throw PictureError(writing: path, error)
    }
  }
}

extension PictureError {
  /// What a file's writing failed with.
  init(writing path: String, _ error: Failure) {
    self.init(error.kind == .inputOutput ? .writeFailed : .cannotWrite, error, path)
  }

  init(_ kind: Kind, _ error: Failure, _ path: String) {
    // Byte by byte: a name may end with half of what a character is made of.
    let (name, line) = ("\(path): ".utf8, error.description.utf8)
    let reason = line.starts(with: name) ? line.dropFirst(name.count) : line[...]
    self.init(kind, String(decoding: reason, as: UTF8.self), path: path)
  }
}
