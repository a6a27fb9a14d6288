// A file in memory for readers that take a path.

import SystemSupport

final class ScratchFile: Sendable {
  let path: String
  private let descriptor: CInt

  /// The file has no name of its own any more, so nothing is left of it, however the process ends.
  init() {
    let name = "/dev/shm/wgan-fuzz-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    guard let descriptor = try? openFile(FilePath(name), O_RDWR | O_CREAT | O_EXCL, mode: 0o600) else {
      give(up: "\(name): can't be made")
    }
    unlink(name)
    self.descriptor = descriptor
    path = "/proc/self/fd/\(descriptor)"
  }

  func write(_ bytes: [UInt8]) {
    guard ftruncate(descriptor, 0) == 0, (try? writeBytes(bytes, to: descriptor, at: 0)) != nil else {
      give(up: "the file in memory can't be written")
    }
  }
}
