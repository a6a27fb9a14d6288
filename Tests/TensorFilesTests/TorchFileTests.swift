import TestSupport
import TensorFiles
import SystemSupport
import Foundation
import Randomness
import Testing

/// Protects: what torch.save writes is read as PyTorch reads it; nothing in such a file is ever called; and no file,
/// whatever is in it, crashes the reader or makes it take memory that the file doesn't have.
@Suite struct TorchFileTests {
  func fixture(_ name: String, _ type: String = "pth") throws -> String {
    try #require(Bundle.module.path(forResource: name, ofType: type, inDirectory: "TorchFiles"))
  }

  func read(at path: String) throws -> [NamedTensor] {
    let file = try WeightsFile(at: path)
    var result: [NamedTensor] = []
    for tensor in file.tensors { result.append(try file.read(tensor, as: tensor.name)) }
    return result
  }

  @discardableResult
  func read(_ bytes: [UInt8]) throws -> [NamedTensor] {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "net.pth")
      _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
      return try read(at: path)
    }
  }

  /// One line, of a file that isn't what it should be, with these words.
  func expectRefused(_ bytes: [UInt8], _ words: String, location: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: Failure.self, sourceLocation: location) { try read(bytes) }
    let line = error?.description ?? ""
    #expect(error?.kind == .badData && !line.contains("\n") && line.utf8.count < 600, sourceLocation: location)
    #expect(line.contains(words), "\(words) in \(line)", sourceLocation: location)
  }

  // MARK: What PyTorch writes

  @Test(arguments: [2, 3, 4, 5]) func everyFormOfATensor(protocol number: Int) throws {
    let tensors = try read(at: try fixture("forms-\(number)"))
    let answers = try SafetensorsFile(at: try fixture("forms", "safetensors")).tensors()
    #expect(answers.count == 16)
    #expect(Set(tensors.map(\.name)) == Set(answers.map(\.name)))
    for answer in answers { #expect(tensors.first { $0.name == answer.name } == answer) }
  }

  @Test(arguments: [
    ("legacy", "torch.save(torch.load("), ("module", "\"torch.nn.modules.linear.Linear\""), ("call", "system\""),
  ]) func whatIsMoreThanTensorsIsRefusedByName(name: String, words: String) throws {
    expectRefused(try readFile(try fixture(name)), words)
    #expect(!fileExists("called"))
  }

  @Test func archivesMadeByHand() throws {
    let numbers = (0..<16).flatMap { Float($0).bitPattern.littleEndianBytes }
    var archive = TorchArchive(tensor: [2, 3], strides: [1, 4], offset: 2)
    archive.entries[2].bytes = numbers
    let answer = [NamedTensor(name: "w", shape: [2, 3], values: [2, 6, 10, 3, 7, 11])]
    #expect(try read(archive.bytes) == answer)
    archive.isZip64 = true
    #expect(try read(archive.bytes) == answer)
    // A key set twice has the later value.
    let twice = Pickle.dictionary([
      ("w", Pickle.tensor([1], strides: [1], count: 16)), ("w", Pickle.tensor([1], strides: [1], offset: 5, count: 16)),
    ])
    #expect(try read(TorchArchive(pickle: twice, storages: ["0": numbers]).bytes).map(\.values) == [[5]])
  }

  // MARK: What no one should write

  @Test func everyTruncationIsRefused() throws {
    for name in ["forms-2", "forms-5"] {
      let whole = try readFile(try fixture(name))
      for length in 0..<whole.count {
        #expect(throws: Failure.self, "\(length) bytes of \(name)") { try read(Array(whole.prefix(length))) }
      }
    }
  }

  /// Any bytes are read or refused: no trap, no hang.
  @Test(arguments: ["forms-2", "forms-4", "forms-5", "legacy"]) func damageNeverTraps(name: String) throws {
    let whole = try readFile(try fixture(name))
    // The pickle's own bytes, where damage does most.
    let end = (whole.indices.first { whole[$0...].starts(with: Array("data/0".utf8)) } ?? whole.count)
    var random = RandomStream(seed: 1, purpose: .test)
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "net.pth")
      for round in 0..<3000 {
        var bytes = whole
        for _ in 0...random.below(4) {
          let place = random.below(round % 2 == 0 ? end : bytes.count)
          if random.below(2) == 0 {
            bytes[place] = UInt8(random.below(256))
          } else {
            bytes[place] ^= 1 << UInt8(random.below(8))
          }
        }
        try? FileManager.default.removeItem(atPath: path)
        _ = FileManager.default.createFile(atPath: path, contents: Data(bytes))
        do {
          for tensor in try read(at: path) { #expect(tensor.values.count == tensor.shape.reduce(1, *)) }
        } catch is Failure {}
      }
    }
  }

  @Test(arguments: [
    // Past the end, in one step or by a sum or product that overflows.
    ([17], [1], 0, 16, "past the end"), ([2], [16], 0, 16, "past the end"), ([1], [1], 16, 16, "past the end"),
    ([2], [Int.max], 1, 16, "fit"), ([Int.max, Int.max], [0, 0], 0, 16, "fit"),
    ([2, 2], [Int.max, Int.max], 0, 16, "fit"),
    ([1], [1], Int.max, 16, "past the end"), ([1 << 62, 4], [0, 0], 0, 16, "fit"),
    // Negative.
    ([-1], [1], 0, 16, "possible"), ([4], [-1], 3, 16, "possible"), ([1], [1], -1, 16, "possible"),
    ([1], [1], 0, -1, "storage"),
    // A storage that says it has more than is there.
    ([1], [1], 0, 17, "storage"), ([1], [1], 0, Int.max, "storage"),
    // A few numbers that pose as many.
    ([1 << 40], [0], 0, 16, "more numbers than its storage"), ([17], [0], 0, 16, "more numbers than its storage"),
    ([1, 2], [1], 0, 16, "possible"),
    ([Int](repeating: 1, count: 17), [Int](repeating: 1, count: 17), 0, 16, "possible"),
  ]) func impossibleTensors(shape: [Int], strides: [Int], offset: Int, count: Int, words: String) {
    expectRefused(TorchArchive(tensor: shape, strides: strides, offset: offset, count: count).bytes, words)
  }

  @Test func storagesThatAreNotThere() {
    expectRefused(TorchArchive(tensor: [1], strides: [1], key: "1").bytes, "isn't in the file")
    expectRefused(TorchArchive(tensor: [1], strides: [1], key: "../data.pkl").bytes, "isn't in the file")
    expectRefused(TorchArchive(tensor: [1], strides: [1], storage: "IntStorage").bytes, "\"torch.IntStorage\"")
    expectRefused(TorchArchive(tensor: [1], strides: [1], count: 16, storage: "DoubleStorage").bytes, "storage")
  }

  @Test func picklesThatWantMoreThanContainers() {
    let dictionary = Array("}".utf8)
    for (pickle, words) in [
      (Pickle.name("os", "system") + Pickle.mark + Pickle.text("true") + Pickle.tuple + Pickle.call, "\"os.system\""),
      (Pickle.name("builtins", "eval"), "\"builtins.eval\""),
      (Pickle.name("a\u{7}b", String(repeating: "x", count: 500)), "\"a?b.xxx"),
      (Pickle.text("os\nx") + Pickle.text("system") + [0x93], "\"os?x.system\""),
      (dictionary + dictionary + [0x93], "isn't a text"),
      (Pickle.name("torch", "FloatStorage") + Array(")R".utf8), "unknown way"),
      (Pickle.name("collections", "OrderedDict") + Pickle.integers([1]) + Pickle.call, "unknown way"),
      (Pickle.name("torch._utils", "_rebuild_tensor_v2") + Array(")R".utf8), "unknown way"),
      (dictionary + Array(")R".utf8), "isn't a function"),
      // NEWOBJ, INST, OBJ, EXT1, and opcodes that aren't any.
      ([0x81], "0x81"), (Array("i".utf8), "0x69"), (Array("o".utf8), "0x6f"), ([0x82], "0x82"), ([0xff], "0xff"),
      // More than there is on the stack, through a mark, or in the memo.
      ([], "stack"), (Array("0".utf8), "stack"), (Array("t".utf8), "stack"), (Array("N(0".utf8), "stack"),
      (Array("N(".utf8) + [0x85], "stack"), (Array("h".utf8) + [7], "refers to"),
      (Array("N((".utf8) + Array("00".utf8), "stack"),
      // Items of no container, half an item.
      (Array("NNa".utf8), "isn't a list"), (Array("NNNs".utf8), "isn't a dictionary"),
      (Array("}(Nu".utf8), "isn't a dictionary"), (Array("NNb".utf8), "isn't a tensor"),
      // No dictionary at the top.
      (Array("N".utf8), "no dictionary"), (Array("]".utf8), "no dictionary"),
      // Lengths past the end, numbers too large.
      (Array("X".utf8) + [255, 255, 255, 255], "ends early"), ([0x8d] + [UInt8](repeating: 255, count: 8), "too large"),
      ([0x8d, 255, 255, 255, 255, 255, 255, 255, 127], "ends early"),
      ([0x8a, 9] + [UInt8](repeating: 1, count: 9), "too large"),
      ([0x8b, 255, 255, 255, 255], "too large"), (Array("X".utf8) + [1, 0, 0, 0, 0xff], "UTF-8"),
      (Array("cos".utf8), "ends early"),
    ] as [([UInt8], String)] {
      expectRefused(TorchArchive(pickle: pickle).bytes, words)
    }
    var other = TorchArchive(pickle: dictionary)
    other.entries[0].bytes[1] = 6
    expectRefused(other.bytes, "protocol")
    other.entries[0].bytes[0] = UInt8(ascii: "}")
    expectRefused(other.bytes, "protocol")
  }

  /// A value may hold itself, or be nested a million deep: neither recursion nor a copy.
  @Test func nestingWithoutEnd() throws {
    // d = {}; d["d"] = d
    let itself = Array("}".utf8) + Array("q\u{0}".utf8) + Pickle.text("d") + Array("h\u{0}s".utf8)
    expectRefused(TorchArchive(pickle: itself).bytes, "nested too deep")
    // Each level twice in the next: 2^60 values, were it walked.
    var doubled = Array("}q\u{0}".utf8)
    for _ in 0..<60 {
      doubled +=
        Array("0}".utf8) + Pickle.text("a") + Array("h\u{0}s".utf8) + Pickle.text("b") + Array("h\u{0}sq\u{0}".utf8)
    }
    expectRefused(TorchArchive(pickle: doubled).bytes, "nested too deep")
    let deep = Array("}".utf8) + Pickle.text("a") + Array(")".utf8) + [UInt8](repeating: 0x85, count: 100_000)
    expectRefused(TorchArchive(pickle: deep + Array("s".utf8)).bytes, "nested too deep")
    // So many values at all.
    for many in [[0x85], Array("N".utf8), Array("(".utf8), Array("]".utf8), Array("2".utf8), [0x94]] as [[UInt8]] {
      let pickle = Array("}".utf8) + [[UInt8]](repeating: many, count: 1 << 18).flatMap(\.self)
      expectRefused(TorchArchive(pickle: pickle).bytes, "values")
    }
    expectRefused(TorchArchive(pickle: [UInt8](repeating: UInt8(ascii: "N"), count: 5 << 20)).bytes, "at most")
  }

  /// What one value makes long, others may refer to: it's counted each time.
  @Test(.timeLimit(.minutes(1))) func fewValuesThatAreLookedAtOften() throws {
    // A dictionary of keys that no tensor has, and another that has it often: 4 billion looks.
    let barren = Array("}(".utf8) + [UInt8](repeating: UInt8(ascii: "N"), count: 2 * 60_000) + Array("uq\u{0}0".utf8)
    let often = [[UInt8]](repeating: Array("K\u{1}h\u{0}".utf8), count: 60_000).flatMap(\.self)
    expectRefused(TorchArchive(pickle: barren + Array("}(".utf8) + often + Array("u".utf8)).bytes, "too many")
    // A shape of 100,000 extents, and 20,000 tensors of it: 32 GB.
    let tensor = Pickle.tensor([1], strides: [1], count: 16)
    let shape = Pickle.mark + [[UInt8]](repeating: [0x4b, 1], count: 100_000).flatMap(\.self) + Array("tq\u{1}0".utf8)
    let parts =
      Pickle.mark + Pickle.text("storage") + Pickle.name("torch", "FloatStorage") + Pickle.text("0")
      + Pickle.text("cpu") + Pickle.integer(16) + Array("tQq\u{2}0".utf8)
    let rebuilt =
      Pickle.name("torch._utils", "_rebuild_tensor_v2") + Array("(h\u{2}K\u{0}h\u{1}h\u{1}tR".utf8)
    let many = [[UInt8]](repeating: rebuilt, count: 20_000).flatMap(\.self)
    expectRefused(TorchArchive(pickle: shape + parts + Pickle.mark + many + tensor).bytes, "dimensions")
  }

  @Test func archivesThatAreNotPyTorchs() {
    let good = TorchArchive(tensor: [1], strides: [1])
    var archive = good
    archive.method = 8
    expectRefused(archive.bytes, "compressed")
    archive = good
    archive.flags = 1
    expectRefused(archive.bytes, "encrypted")
    archive = good
    archive.entries.append(archive.entries[2])
    expectRefused(archive.bytes, "twice")
    archive = good
    archive.entries[1].bytes = Array("big".utf8)
    expectRefused(archive.bytes, "little-endian")
    archive = good
    archive.entries.removeFirst()
    expectRefused(archive.bytes, "data.pkl")
    archive.entries = []
    expectRefused(archive.bytes, "data.pkl")
  }

  /// Two names for the same bytes, an entry over the directory, places and sizes outside the file.
  @Test(arguments: [false, true]) func entriesThatOverlapOrLieOutside(isZip64: Bool) throws {
    var archive = TorchArchive(tensor: [1], strides: [1])
    archive.isZip64 = isZip64
    let bytes = archive.bytes
    let records = bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4b, 1, 2]) }
    #expect(records.count == 3)
    // In the last record: its size and its place, in fields of 4 or 8 bytes.
    let (size, place) =
      isZip64
      ? (records[2] + 46 + "net/data/0".utf8.count + 4, records[2] + 46 + "net/data/0".utf8.count + 20)
      : (records[2] + 20, records[2] + 42)
    for (at, values) in [(place, [0, 1, bytes.count, 1 << 31]), (size, [65, 4096, 1 << 31])] {
      for value in values {
        var changed = bytes
        for width in [0, at == size ? (isZip64 ? 8 : 4) : 0] {
          let field = isZip64 ? UInt64(value).littleEndianBytes : UInt32(value).littleEndianBytes
          changed.replaceSubrange(at + width..<at + width + field.count, with: field)
        }
        #expect(throws: Failure.self, "\(value) at \(at)") { try read(changed) }
      }
    }
    if isZip64 {
      for value in [UInt64.max, UInt64(Int64.max), 1 << 40] {
        for field in [place, size] {
          var changed = bytes
          changed.replaceSubrange(field..<field + 8, with: value.littleEndianBytes)
          #expect(throws: Failure.self) { try read(changed) }
        }
      }
    }
  }
}
