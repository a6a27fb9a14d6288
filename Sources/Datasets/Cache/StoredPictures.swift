// The pictures of a file of them, read one at a time.

import SystemSupport

/// An open, checked picture file, read-only.
package final class StoredPictures: Sendable {
  let index: PictureIndex
  private let file: OpenFile

  /// - Precondition: `index` was read from `file`, or `file` was written from it.
  package init(_ file: OpenFile, _ index: PictureIndex) { (self.file, self.index) = (file, index) }

  /// Calls `body` with picture `i`, `height` rows of `width * channels` bytes.
  ///
  /// - Parameter scratch: room for the picture, kept from one to the next.
  /// - Throws: where the file isn't any more what it was when it was opened.
  func withPixels<Result>(
    _ i: Int, _ scratch: inout [UInt8],
    _ body: (_ pixels: UnsafeRawBufferPointer, _ entry: PictureIndex.Entry) -> Result
  ) throws(Failure) -> Result {
    let entry = index.entries[i]
    let count = index.pixelBytes(of: entry)
    if scratch.count < count { scratch = [UInt8](repeating: 0, count: count) }
    let result: Result? = scratch.withUnsafeMutableBytes { room in
      let place = UnsafeMutableRawBufferPointer(rebasing: room[..<count])
      guard (try? readBytes(into: place, from: file.descriptor, at: Int(entry.offset))) == count,
        ContentChecksum.of(UnsafeRawBufferPointer(place)) == entry.checksum
      else { return nil }
      return body(UnsafeRawBufferPointer(place), entry)
    }
    guard let result else {
      throw Failure(
        .inputOutput,
        "the prepared picture of \(index.name(i)) can't be read any more: the file in the cache was cut, overwritten "
          + "or damaged while it was in use; start again, and it's prepared anew")
    }
    return result
  }

  /// Which of some pictures aren't what was written; not all of them where somebody has asked to stop.
  package func damaged(
    of numbers: [UInt32], threads: Int, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) -> Set<UInt32> {
    let found = Monitor(Set<UInt32>())
    let queue = WorkQueue(count: numbers.count, chunk: 256)
    onThreads(min(threads, numbers.count / 256 + 1)) {
      var scratch: [UInt8] = []
      while !isCancelled(), let mine = queue.take() {
        for number in numbers[mine] where (try? withPixels(Int(number), &scratch) { _, _ in }) == nil {
          found.withLock { _ = $0.insert(number) }
        }
      }
    }
    return found.withLock { $0 }
  }
}
