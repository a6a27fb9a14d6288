import SystemSupport
import TensorFiles
import TestSupport
import Testing

/// Protects: an array that NumPy has saved is read as it is, and nothing else is taken for one.
@Suite struct NumPyFileTests {
  /// As numpy.save writes it.
  static func file(
    _ header: String, version: UInt8 = 1, signature: [UInt8] = NumPyFile.signature, values: [Float]
  ) -> [UInt8] {
    let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    let length = version == 1 ? UInt16(118).littleEndianBytes : UInt32(118).littleEndianBytes
    return signature + [version, 0] + length + Array(padded.utf8) + values.flatMap { $0.bitPattern.littleEndianBytes }
  }

  static func header(_ shape: String, type: String = "'<f4'", order: String = "False") -> String {
    "{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }"
  }

  func read(_ bytes: [UInt8]) throws -> NamedTensor {
    try inTemporaryFolder { folder in
      try writeFile(bytes, to: folder / "z.npy")
      return try NumPyFile.read(folder / "z.npy")
    }
  }

  /// By us, and by NumPy, which wants what its own files have: numbers from a multiple of 64 on.
  @Test(arguments: [[2, 3], [6], [1, 6, 1, 1], [0, 5]]) func whatIsWrittenIsRead(shape: [Int]) throws {
    let values = (0..<shape.reduce(1, *)).map { Float($0) * 0.1 - 0.2 }
    let bytes = NumPyFile.bytes(shape: shape, values)
    let tensor = try read(bytes)
    #expect(tensor.shape == shape && tensor.values == values)
    #expect((bytes.count - 4 * values.count) % 64 == 0)
  }

  @Test(arguments: [1, 2, 3] as [UInt8]) func arraysAreRead(version: UInt8) throws {
    let values = (0..<6).map { Float($0) * 0.1 - 0.2 }
    for (shape, extents) in [("(2, 3)", [2, 3]), ("(6,)", [6]), ("(1, 6, 1, 1)", [1, 6, 1, 1])] {
      let tensor = try read(Self.file(Self.header(shape), version: version, values: values))
      #expect(tensor == NamedTensor(name: "z.npy", shape: extents, values: values))
    }
    #expect(try read(Self.file(Self.header("()"), values: [7])).values == [7])
    #expect(try read(Self.file(Self.header("(0, 3)"), values: [])).shape == [0, 3])
  }

  @Test func othersAreRefused() throws {
    let six = [Float](repeating: 1, count: 6)
    let good = Self.file(Self.header("(2, 3)"), values: six)
    let cases: [([UInt8], String)] = [
      (Self.file(Self.header("(2, 3)", type: "'<f8'"), values: six), "float32"),
      (Self.file(Self.header("(2, 3)", type: "'>f4'"), values: six), "float32"),
      (Self.file(Self.header("(2, 3)", order: "True"), values: six), "ascontiguousarray"),
      (Self.file(Self.header("(2,)", type: "[('a', '<f4'), ('b', '<f4')]"), values: six), "fields"),
      (Self.file(Self.header("(2, 4)"), values: six), "ends early"),
      (Self.file(Self.header("(9223372036854775807, 3)"), values: six), "ends early"),
      (Self.file(Self.header("(99999999999999999999)"), values: six), "ends early"),
      (Self.file("{'descr': '<f4'", values: six), "damaged"), (Self.file("", values: six), "damaged"),
      (Self.file("'shape'", values: six), "damaged"), (Self.file(Self.header("2, 3"), values: six), "damaged"),
      (Self.file(Self.header("(2, 3)"), version: 4, values: six), "version 4"),
      (Self.file(Self.header("(2, 3)"), signature: Array("NUMPY!".utf8), values: six), "isn't a .npy"),
    ]
    for (bytes, words) in cases {
      let error = #expect(throws: Failure.self) { try read(bytes) }
      #expect(error?.kind == .badData && error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
    // Cut anywhere, it's damaged.
    for count in 0..<good.count {
      let error = #expect(throws: Failure.self) { try read(Array(good[..<count])) }
      #expect(error?.kind == .badData)
    }
  }
}
