// The number formats that files of weights use. Whatever a file has, a net's parameters are Float.

package enum ElementType: Sendable, Equatable {
  case float32, float16, bfloat16, float64, int64

  /// Bytes of one number.
  package var size: Int {
    switch self {
    case .float16, .bfloat16: 2
    case .float32: 4
    case .float64, .int64: 8
    }
  }

  /// The numbers in little-endian bytes; those that Float can't hold are rounded to it.
  package func values(_ bytes: [UInt8]) -> [Float] {
    bytes.withUnsafeBytes { raw in
      (0..<raw.count / size).map { i in
        func bits<Bits: FixedWidthInteger>(_: Bits.Type) -> Bits {
          Bits(littleEndian: raw.loadUnaligned(fromByteOffset: i * size, as: Bits.self))
        }
        return switch self {
        case .float32: Float(bitPattern: bits(UInt32.self))
        case .float16: Self.float(half: bits(UInt16.self))
        case .bfloat16: Float(bitPattern: UInt32(bits(UInt16.self)) << 16)
        case .float64: Float(Double(bitPattern: bits(UInt64.self)))
        case .int64: Float(bits(Int64.self))
        }
      }
    }
  }

  /// IEEE binary16, by hand: not every platform of Swift has Float16.
  private static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1f)
    let fraction = UInt32(bits & 0x3ff)
    switch exponent {
    case 0:
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 127 - 15) << 23 | fraction << 13)
    }
  }
}
