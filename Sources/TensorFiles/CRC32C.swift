// CRC-32C (Castagnoli, RFC 3720, appendix B.4): finds damage, not forgery. Eight bytes at a time by tables.

import SystemSupport

package enum CRC32C {
  /// Table k has what a byte does to the checksum k bytes further on.
  private static let tables: [UInt32] = {
    var tables = [UInt32](repeating: 0, count: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0x82f6_3b78 : 0) }
      tables[byte] = value
    }
    for place in 256..<tables.count {
      let before = tables[place - 256]
      tables[place] = before >> 8 ^ tables[Int(before & 0xff)]
    }
    return tables
  }()

  package static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }

  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    tables.withUnsafeBufferPointer { tables in
      var checksum = UInt32.max
      var place = 0
      while place + 8 <= bytes.count {
        var word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ UInt64(checksum)
        checksum = 0
        for table in stride(from: 7, through: 0, by: -1) {
          checksum ^= tables[table << 8 | Int(word & 0xff)]
          word >>= 8
        }
        place += 8
      }
      for byte in bytes[place...] { checksum = checksum >> 8 ^ tables[Int((checksum ^ UInt32(byte)) & 0xff)] }
      return ~checksum
    }
  }
}

/// What a safetensors file says of its tensors' bytes: in its metadata, a text of eight hexadecimal digits for each,
/// under "crc32c." and the tensor's name. Files of others, and those of before, have none.
enum TensorChecksums {
  static let prefix = "crc32c."

  static func text(of bytes: UnsafeRawBufferPointer) -> String {
    let digits = String(CRC32C.of(bytes), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }

  /// - Parameter found: the checksum's text; asked for where the file says one.
  /// - Throws: `Failure(.badData)` that names the tensor.
  static func check(
    _ found: () -> String, of name: String, is expected: String?, path: some CustomStringConvertible
  ) throws(Failure) {
    guard let expected else { return }
    let found = found()
    if found == expected { return }
    throw Failure(
      .badData, "\(path): tensor \(shown(name)) is damaged: its checksum is \(found), the file says \(shown(expected))")
  }
}
