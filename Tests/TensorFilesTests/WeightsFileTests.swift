import SystemSupport
import TensorFiles
import TestSupport
import Testing

/// Protects: a file of weights is told by its first bytes, and every number format is read.
@Suite struct WeightsFileTests {
  /// The length of a safetensors header may begin as a zip or a pickle does.
  @Test func headersOfEveryLength() throws {
    for length in [0x280, 0x4b50, 0x0201] {
      let header = "{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}"
      let text = header + String(repeating: " ", count: length - header.utf8.count)
      try inTemporaryFolder { folder in
        try writeFile(UInt64(length).littleEndianBytes + Array(text.utf8) + [0, 0x3c], to: joinPath(folder, "a"))
        let file = try WeightsFile(at: joinPath(folder, "a"))
        #expect(try file.read(file.tensors[0], as: "b") == NamedTensor(name: "b", shape: [1], values: [1]))
      }
    }
  }

  @Test func everyNumberFormat() throws {
    #if !os(macOS) || arch(arm64)
      let bits = (0...UInt16.max).map(\.self)
      let halves = ElementType.float16.values(bits.flatMap(\.littleEndianBytes))
      for (bits, value) in zip(bits, halves) {
        let answer = Float(Float16(bitPattern: bits))
        #expect(value.bitPattern == answer.bitPattern || value.isNaN && answer.isNaN)
      }
    #endif
    #expect(ElementType.bfloat16.values([0x80, 0x3f, 0x80, 0xff]) == [1, -.infinity])
    #expect(ElementType.float64.values((-1.5).bitPattern.littleEndianBytes) == [-1.5])
    #expect(ElementType.int64.values(Int64(-3).littleEndianBytes) == [-3])
    #expect(ElementType.float32.values(Float(0.1).bitPattern.littleEndianBytes) == [0.1])
  }
}
