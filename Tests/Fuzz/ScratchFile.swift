// A file in memory for readers that take a path.

import SystemSupport

final class ScratchFile: Sendable {
  let path: String
  private let descriptor: CInt

  init() {
    descriptor = memfd_create("fuzz", 0)
    if descriptor < 0 { give(up: "no file in memory can be had") }
    path = "/proc/self/fd/\(descriptor)"
  }

  func write(_ bytes: [UInt8]) {
    guard ftruncate(descriptor, 0) == 0, (try? writeBytes(bytes, to: descriptor, at: 0)) != nil else {
      give(up: "the file in memory can't be written")
    }
  }
}
