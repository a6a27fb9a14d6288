// A picture file in memory.

import SystemSupport

/// A whole, checked picture file in memory, read-only.
final class MappedPictures: @unchecked Sendable {
  let index: PictureIndex
  private let base: UnsafeRawPointer
  private let length: Int

  /// - Precondition: `index` was read from `file`, or `file` was written from it.
  init(_ file: OpenFile, _ index: PictureIndex) throws(Failure) {
    do throws(SystemError) {
      let length = try file.size()
      let base = try systemPointer {
        let base = mmap(nil, length, PROT_READ, MAP_SHARED, file.descriptor, 0)
        return base == MAP_FAILED ? nil : base
      }
      self.index = index
      self.base = UnsafeRawPointer(base)
      self.length = length
    } catch {
      throw Failure(.inputOutput, "can't map the prepared pictures into memory: \(error)")
    }
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: base), length) }

  /// Picture `i`, `height` rows of `width * channels` bytes.
  func withPixels<Result>(_ i: Int, _ body: (_ pixels: UnsafeRawBufferPointer, _ entry: PictureIndex.Entry) -> Result)
    -> Result
  {
    let entry = index.entries[i]
    let bytes = Int(entry.width) * Int(entry.height) * index.channels
    return body(UnsafeRawBufferPointer(start: base + Int(entry.offset), count: bytes), entry)
  }
}
