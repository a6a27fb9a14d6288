// Helpers of the Datasets tests: folders that go away again, pictures that can be told apart.

import Foundation
import Images
import Randomness
import Testing

import Datasets

/// A folder of its own for one test, removed at the end.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "wgan-datasets-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let whole = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (whole as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: whole))
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

  /// A PNG of one shade, so that a test can tell which picture it got: its red channel is `shade`.
  func writePicture(_ name: String, shade: Int, width: Int = 20, height: Int = 16) throws {
    var pixels: [UInt8] = []
    for i in 0..<width * height {
      pixels += [UInt8(shade), UInt8(truncatingIfNeeded: i / width * 7), UInt8(truncatingIfNeeded: i % width * 5)]
    }
    try write(name, try PNGEncoder.encode(Picture(width: width, height: height, channels: 3, pixels: pixels)))
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

  func names(_ folder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + folder).sorted()
  }
}

/// A text chunk: room in a PNG.
enum PNGChunk {
  /// - Parameter typed: type and content.
  static func make(_ typed: [UInt8]) -> [UInt8] {
    var check = UInt32.max
    for byte in typed {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check >> 1 ^ (check & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    func four(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    return four(UInt32(typed.count - 4)) + typed + four(~check)
  }
}
