// A checksum of much content, some ten bytes a nanosecond: for finding damage and change, not for defence.

/// The bytes are words of 64 bits, dealt out to four sums, which are put together at the end. A change of any one word
/// changes it for certain.
package enum ContentChecksum {
  package static func of(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { of($0) } }

  package static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var sums = Sums()
    let whole = bytes.count / 32 * 32
    for at in stride(from: 0, to: whole, by: 32) { sums.add(bytes, at) }
    var tail = [UInt8](bytes[whole...])
    tail += [UInt8](repeating: 0, count: 32 - tail.count)
    tail.withUnsafeBytes { sums.add($0, 0) }
    return sums.together(bytes.count)
  }

  private struct Sums {
    var (a, b, c, d): (UInt64, UInt64, UInt64, UInt64) = (1, 2, 3, 4)

    @inline(__always)
    mutating func add(_ bytes: UnsafeRawBufferPointer, _ at: Int) {
      func word(_ i: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at + 8 * i, as: UInt64.self))
      }
      a = Self.step(a, word(0))
      b = Self.step(b, word(1))
      c = Self.step(c, word(2))
      d = Self.step(d, word(3))
    }

    func together(_ count: Int) -> UInt64 {
      let hash = [a, b, c, d].reduce(UInt64(truncatingIfNeeded: count)) { Self.step($0, $1) }
      return hash ^ hash >> 32
    }

    /// Two words that differ, or two sums, give results that differ. (A multiplication carries upwards only: the
    /// rotation brings the high bits back.)
    @inline(__always)
    private static func step(_ sum: UInt64, _ word: UInt64) -> UInt64 {
      let product = (sum ^ word) &* 0x9e37_79b9_7f4a_7c15
      return product << 29 | product >> 35
    }
  }
}
