import TestSupport
import TensorFiles
import SystemSupport
import Foundation
import Randomness
import Testing

/// What a file of ours, or of anyone, may look like.
@Suite struct SafetensorsTests {
  let tensors: TensorSet = [
    NamedTensor(name: "generator.weight", shape: [2, 3], values: [1, -2, 3.5, .infinity, -0.0, 0x1p-149]),
    NamedTensor(name: "a \"quoted\\name\"\n\u{1F600}", shape: [], values: [7]),
    NamedTensor(name: "empty", shape: [0, 4], values: []),
  ]

  func bytes(header: String, data: Int = 0) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  func read(_ bytes: [UInt8]) throws -> TensorSet {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      try writeFile(bytes, to: path)
      return try SafetensorsFile(at: path).tensors()
    }
  }

  func written() throws -> [UInt8] {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      try Safetensors.write(tensors, metadata: ["k": "v \t\"", "step": "5"], to: path)
      return try readFile(path)
    }
  }

  /// What a header may make long is bounded: its own length, and a tensor's dimensions.
  @Test func headersHaveLimits() throws {
    func header(dimensions: Int) -> String {
      let shape = [String](repeating: "1", count: dimensions).joined(separator: ",")
      return "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[0,4]}}"
    }
    #expect(try read(bytes(header: header(dimensions: 16), data: 4)).map(\.shape.count) == [16])
    let tooMany = #expect(throws: Failure.self) { try read(bytes(header: header(dimensions: 17), data: 4)) }
    #expect(tooMany?.description.contains("\"a\" has 17 dimensions, at most 16 are read") == true)

    let small = header(dimensions: 1)
    func padded(to length: Int) -> [UInt8] {
      bytes(header: small + String(repeating: " ", count: length - small.utf8.count), data: 4)
    }
    #expect(try read(padded(to: 4 << 20)).map(\.values) == [[0]])
    let tooLong = #expect(throws: Failure.self) { try read(padded(to: (4 << 20) + 8)) }
    #expect(tooLong?.kind == .badData)
  }

  @Test func whatIsWrittenIsReadBack() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      try Safetensors.write(tensors, metadata: ["k": "v \t\"", "step": "5"], to: path)
      let file = try SafetensorsFile(at: path)
      #expect(file.metadata == ["k": "v \t\"", "step": "5"])
      let back = try file.tensors()
      #expect(Set(back.map(\.name)) == Set(tensors.map(\.name)))
      for tensor in tensors {
        let same = try #require(back.first { $0.name == tensor.name })
        #expect(same.shape == tensor.shape)
        #expect(same.values.map(\.bitPattern) == tensor.values.map(\.bitPattern))
      }
      #expect(try file.tensors(groups: ["generator"]).map(\.name) == ["generator.weight"])
    }
  }

  /// The vectors of RFC 3720, appendix B.4, and what everybody computes of "123456789".
  @Test func checksumsAreTheKnownOnes() {
    func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 { Array(bytes).withUnsafeBytes { CRC32C.of($0) } }
    #expect(checksum("123456789".utf8) == 0xe306_9283)
    #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(checksum((0..<32).map { UInt8($0) }) == 0x46dd_794e)
    #expect(checksum([]) == 0)
  }

  /// A bit of a tensor that has turned is found, and the tensor named, by both readers.
  @Test func damageIsFoundAndNamed() throws {
    let whole = try written()
    let values = whole.count - 4 * 7
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      for place in values..<whole.count {
        var bytes = whole
        bytes[place] ^= 1 << UInt8(place % 8)
        try writeFile(bytes, to: path)
        let name = place < values + 24 ? "\"generator.weight\"" : "quoted"
        let error = #expect(throws: Failure.self) { try SafetensorsFile(at: path).tensors() }
        #expect(error?.kind == .badData && error?.description.contains(name) == true, "\(error?.description ?? "")")
        #expect(throws: Failure.self) {
          let file = try WeightsFile(at: path)
          for tensor in file.tensors { _ = try file.read(tensor, as: "x") }
        }
      }
    }
  }

  @Test func twoTensorsOfOneNameAreRefused() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      #expect(throws: Failure.self) {
        try Safetensors.write(tensors, counts: [(tensors[0].name, 1)], metadata: [:], to: path)
      }
      let names = try folderNames(folder)
      #expect(names.isEmpty)
    }
  }

  /// The header's own rules, one broken at a time.
  @Test(arguments: [
    "", "{", "[]", "{}x", "{\"a\":1}", "{\"a\":{}}", "nonsense",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}",
    "{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
      + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
    "{\"__metadata__\":{\"a\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
    "{\"\\u00g0\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
  ]) func aBrokenHeaderIsOneClearError(header: String) throws {
    let error = #expect(throws: Failure.self) { try read(bytes(header: header, data: 8)) }
    #expect(error?.kind == .badData)
    #expect(error?.description.contains("\n") == false)
  }

  @Test func deepNestingIsRefusedWithoutRecursion() throws {
    let header = String(repeating: "{\"a\":", count: 100_000)
    #expect(throws: Failure.self) { try read(bytes(header: header, data: 8)) }
  }

  @Test func theSameHeadersUnbrokenAreRead() throws {
    let good = "{\"\\ud83d\\ude00\\u0041\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  "
    #expect(try read(bytes(header: good, data: 8)).map(\.name) == ["\u{1F600}A"])
    #expect(try read(bytes(header: "{}")).isEmpty)
  }

  @Test func aHeaderLongerThanTheFileIsRefusedBeforeItIsAllocated() throws {
    for length in [UInt64.max, 1 << 62, 1 << 40, 100, 0, 1] {
      let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + Array("{}".utf8)
      #expect(throws: Failure.self) { try read(bytes) }
    }
    #expect(throws: Failure.self) { try read([1, 2, 3]) }
    #expect(throws: Failure.self) { try read([]) }
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = try written()
    #expect(throws: Never.self) { try read(whole) }
    for length in 0..<whole.count {
      #expect(throws: Failure.self) { try read(Array(whole.prefix(length))) }
    }
    #expect(throws: Failure.self) { try read(whole + [0]) }
  }

  /// Any bytes are read or refused: no trap, no hang.
  @Test func randomDamageNeverTraps() throws {
    let whole = try written()
    var random = RandomStream(seed: 1, purpose: .test)
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "t.safetensors")
      for _ in 0..<2000 {
        var bytes = whole
        for _ in 0...random.below(4) {
          bytes[random.below(bytes.count)] = UInt8(random.below(256))
        }
        try? FileManager.default.removeItem(atPath: path)
        _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
        do {
          _ = try SafetensorsFile(at: path).tensors()
        } catch is Failure {}
      }
    }
  }
}
