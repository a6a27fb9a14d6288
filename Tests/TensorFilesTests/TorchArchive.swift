import Foundation

/// Files as torch.save makes them, by hand: what PyTorch would never write can be written too.
struct TorchArchive {
  var entries: [(name: String, bytes: [UInt8])]
  /// 8: deflate, as far as the directory says so.
  var method: UInt16 = 0
  var flags: UInt16 = 0
  /// Places and sizes in fields of 64 bits.
  var isZip64 = false

  /// - Parameter pickle: what follows the protocol's opcode.
  init(pickle: [UInt8], storages: [String: [UInt8]] = ["0": [UInt8](repeating: 0, count: 64)]) {
    entries = [("net/data.pkl", [0x80, 2] + pickle + Array(".".utf8)), ("net/byteorder", Array("little".utf8))]
    entries += storages.sorted { $0.key < $1.key }.map { ("net/data/\($0.key)", $0.value) }
  }

  /// A file with one tensor, "w".
  init(
    tensor shape: [Int], strides: [Int], offset: Int = 0, count: Int = 16, key: String = "0",
    storage: String = "FloatStorage"
  ) {
    self.init(
      pickle: Pickle.dictionary([
        ("w", Pickle.tensor(shape, strides: strides, offset: offset, count: count, key: key, storage: storage))
      ]))
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let name = Array(entry.name.utf8)
      let common = flags.littleEndianBytes + method.littleEndianBytes + [UInt8](repeating: 0, count: 8)
      let size = UInt32(entry.bytes.count).littleEndianBytes
      let none = UInt32.max.littleEndianBytes
      var extra: [UInt8] = []
      if isZip64 {
        extra = UInt16(1).littleEndianBytes + UInt16(24).littleEndianBytes
        for value in [entry.bytes.count, entry.bytes.count, file.count] { extra += UInt64(value).littleEndianBytes }
      }
      directory += [0x50, 0x4b, 1, 2, 45, 0, 45, 0] + common + (isZip64 ? none + none : size + size)
      directory += UInt16(name.count).littleEndianBytes + UInt16(extra.count).littleEndianBytes
      directory += [UInt8](repeating: 0, count: 10) + (isZip64 ? none : UInt32(file.count).littleEndianBytes)
      directory += name + extra
      file += [0x50, 0x4b, 3, 4, 45, 0] + common + size + size + UInt16(name.count).littleEndianBytes + [0, 0]
      file += name + entry.bytes
    }
    let (start, size) = (file.count, directory.count)
    file += directory
    if isZip64 {
      let end = file.count
      file += [0x50, 0x4b, 6, 6] + UInt64(44).littleEndianBytes + [45, 0, 45, 0] + [UInt8](repeating: 0, count: 8)
      for value in [entries.count, entries.count, size, start] { file += UInt64(value).littleEndianBytes }
      file += [0x50, 0x4b, 6, 7, 0, 0, 0, 0] + UInt64(end).littleEndianBytes + [1, 0, 0, 0]
    }
    file += [0x50, 0x4b, 5, 6, 0, 0, 0, 0]
    let count = isZip64 ? UInt16.max : UInt16(entries.count)
    file += count.littleEndianBytes + count.littleEndianBytes
    for value in [size, start] { file += (isZip64 ? UInt32.max : UInt32(value)).littleEndianBytes }
    return file + [0, 0]
  }
}

/// Pieces of a pickle.
enum Pickle {
  static let mark = Array("(".utf8)
  static let tuple = Array("t".utf8)
  static let call = Array("R".utf8)

  static func text(_ text: String) -> [UInt8] {
    Array("X".utf8) + UInt32(text.utf8.count).littleEndianBytes + Array(text.utf8)
  }

  static func integer(_ value: Int) -> [UInt8] { [0x8a, 8] + UInt64(bitPattern: Int64(value)).littleEndianBytes }

  static func name(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func integers(_ values: [Int]) -> [UInt8] { mark + values.flatMap(integer) + tuple }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + items.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
  }

  static func tensor(
    _ shape: [Int], strides: [Int], offset: Int = 0, count: Int, key: String = "0", storage: String = "FloatStorage"
  ) -> [UInt8] {
    name("torch._utils", "_rebuild_tensor_v2") + mark + mark + text("storage") + name("torch", storage) + text(key)
      + text("cpu") + integer(count) + tuple + Array("Q".utf8) + integer(offset) + integers(shape) + integers(strides)
      + [0x89] + name("collections", "OrderedDict") + Array(")R".utf8) + tuple + call
  }
}

extension FixedWidthInteger {
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian, Array.init) }
}
