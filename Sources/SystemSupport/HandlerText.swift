// Text for a signal's handler, which may neither allocate nor lock: built on the stack, written in one call.

/// A line of at most 512 bytes; what is longer is cut.
package struct HandlerText: ~Copyable {
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private var count = 0

  private init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

  /// Writes to standard error what `build` appends.
  package static func write(_ build: (inout HandlerText) -> Void) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 512) { buffer in
      var text = HandlerText(buffer)
      build(&text)
      writeInHandler(UnsafeRawBufferPointer(start: buffer.baseAddress, count: text.count))
    }
  }

  package mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { bytes in for byte in bytes { append(byte) } }
  }

  /// A number from 0 on.
  package mutating func append(_ number: Int) {
    var scale = 1
    while scale <= number / 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / scale % 10))
      scale /= 10
    }
  }

  private mutating func append(_ byte: UInt8) {
    if count == buffer.count { return }
    buffer[count] = byte
    count += 1
  }
}
