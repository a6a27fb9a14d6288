// Protocol buffers as they are written: a message is its fields, one after the other, each with its number and kind
// before it. (developers.google.com/protocol-buffers/docs/encoding; the messages of ONNX and TensorBoard need no more
// than this.)

package struct ProtobufMessage {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  package mutating func add(_ field: Int, _ value: Int) {
    addKey(field, wireType: 0)
    addVarint(UInt64(bitPattern: Int64(value)))
  }

  package mutating func add(_ field: Int, _ value: Float) {
    addKey(field, wireType: 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func add(_ field: Int, _ value: Double) {
    addKey(field, wireType: 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  package mutating func add(_ field: Int, _ value: [UInt8]) {
    addKey(field, wireType: 2)
    addVarint(UInt64(value.count))
    bytes += value
  }

  package mutating func add(_ field: Int, _ value: String) { add(field, Array(value.utf8)) }

  package mutating func add(_ field: Int, _ value: ProtobufMessage) { add(field, value.bytes) }

  /// As floats in a field of bytes.
  package mutating func add(_ field: Int, raw values: [Float]) {
    addKey(field, wireType: 2)
    addVarint(UInt64(4 * values.count))
    bytes.reserveCapacity(bytes.count + 4 * values.count)
    for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
  }

  private mutating func addKey(_ field: Int, wireType: Int) { addVarint(UInt64(field << 3 | wireType)) }

  /// 7 bits a byte, the lowest first; the top bit says that more follow.
  private mutating func addVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
