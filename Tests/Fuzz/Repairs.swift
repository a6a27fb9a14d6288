// Checksums made right, so that what is behind them is fuzzed too: no mutation finds one by chance.

import Datasets
import Images

/// A PNG whose every chunk has the checksum of its content.
func withRightPNGChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var at = 8
  while at + 12 <= bytes.count {
    let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    let end = at + 8 + length
    if end + 4 > bytes.count { break }
    bytes.put(CRC32.of(Array(bytes[at + 4..<end])).bigEndian, at: end)
    at = end + 4
  }
  return bytes
}

/// A cache file whose header and index have theirs (the places are PictureIndex.swift's).
func withRightCacheChecksums(_ bytes: [UInt8]) -> [UInt8] {
  guard bytes.count >= 80 else { return bytes }
  var bytes = bytes
  let start = bytes[32..<40].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
  if start <= UInt64(bytes.count) { bytes.put(Checksum.of(bytes[Int(start)...]).littleEndian, at: 64) }
  bytes.put(Checksum.of(bytes[..<72]).littleEndian, at: 72)
  return bytes
}

extension [UInt8] {
  fileprivate mutating func put(_ value: some FixedWidthInteger, at place: Int) {
    Swift.withUnsafeBytes(of: value) { replaceSubrange(place..<place + $0.count, with: $0) }
  }
}
