import Foundation
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import WGAN

/// Protects: event files are what TensorBoard's own writers make, byte for byte, and a run's have each step once.
@Suite struct EventTests {
  /// RFC 3720, B.4.
  @Test func theChecksumIsTheRFCs() {
    #expect(CRC32C.of([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.of([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.of((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    #expect(CRC32C.of((0..<32).map { UInt8(31 - $0) }) == 0x113f_db5c)
  }

  private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8(hexDigit: $0) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  /// What TensorBoard 2.21's RecordWriter and protocol buffers write of the same events.
  @Test func recordsAreTensorBoards() {
    #expect(EventRecord.fileVersion(wallTime: 1.5) == bytes(EventBytes.version))
    #expect(EventRecord.sessionStart(step: 501, wallTime: 2.25) == bytes(EventBytes.start))
    #expect(
      EventRecord.scalars([("losses/d_loss", -0.5), ("distances/swd", 3)], step: 300, wallTime: 1_764_176_000.125)
        == bytes(EventBytes.scalars))
    #expect(
      EventRecord.image("samples", png: [1, 2, 3], width: 70, height: 7, channels: 3, step: 7, wallTime: 1)
        == bytes(EventBytes.image))
  }
}

extension UInt8 {
  fileprivate init(hexDigit: UInt8) { self = hexDigit < 0x3a ? hexDigit - 0x30 : hexDigit - 0x57 }
}

private enum EventBytes {
  static let version =
    "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c"
  static let start =
    "100000000000000095fbfe1809000000000000024010f5033a0208011f79eda7"
  static let scalars =
    "3a000000000000001295eae20900000820cc49da4110ac022a2c0a140a0d6c6f737365732f645f6c6f737315000000bf0a14"
    + "0a0d64697374616e6365732f73776415000040403d0d2158"
  static let image =
    "2500000000000000eabc36f309000000000000f03f10072a180a160a0773616d706c6573220b080710461803220301020306"
    + "7f25b3"
}
