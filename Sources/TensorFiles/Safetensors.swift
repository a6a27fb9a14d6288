// The safetensors format, as far as weights need it: named tensors in one file. Ours are F32 (and counts I64); F16,
// BF16 and F64 are read too.
//
// Ours say a checksum of each tensor in their metadata (CRC32C.swift), which reading compares.
//
//     8 bytes   length N of the header, little-endian
//     N bytes   JSON: {"__metadata__": {"key": "text", …},
//                      "name": {"dtype": "F32", "shape": […], "data_offsets": [a, b]}, …}
//     the rest  the tensors' bytes, little-endian; a and b count from here; no gaps, no overlaps
//
// Reading trusts nothing: every length is checked against the file before anything of that length is allocated.

import SystemSupport

package enum Safetensors {
  /// A header longer than this is refused: the nets' have a few kilobytes, and what is read of one may take some forty
  /// times its size in memory.
  static let headerLimit = 4 << 20

  /// Writes tensor after tensor; the file appears whole or not at all.
  /// - Parameter counts: whole numbers that stand among the tensors (PyTorch's `num_batches_tracked`).
  /// - Throws: `Failure`, also for a name that the format can't hold.
  package static func write(
    _ tensors: TensorSet, counts: [(name: String, value: Int64)] = [], metadata: [String: String], to path: String
  ) throws {
    let file = try AtomicFile(at: path)
    try file.write(header(of: tensors, counts: counts, metadata: metadata, path: path))
    for count in counts { try file.write(withUnsafeBytes(of: count.value.littleEndian, Array.init)) }
    for tensor in tensors {
      try tensor.values.withUnsafeBufferPointer { try file.write(UnsafeRawBufferPointer($0)) }
    }
    try file.commit()
  }

  private static func header(
    of tensors: TensorSet, counts: [(name: String, value: Int64)], metadata: [String: String], path: String
  ) throws -> [UInt8] {
    var items: [String] = []
    var metadata = metadata
    for tensor in tensors {
      metadata[TensorChecksums.prefix + tensor.name] = tensor.values.withUnsafeBytes { TensorChecksums.text(of: $0) }
    }
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
      items.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set<String> = ["__metadata__"]
    var offset = 0
    func add(_ name: String, _ type: String, _ shape: [Int], bytes: Int) throws(Failure) {
      guard names.insert(name).inserted else { throw Failure(.badData, "\(path): two tensors named \"\(name)\"") }
      items.append(
        "\(quoted(name)):{\"dtype\":\"\(type)\",\"shape\":[\(shape.map(String.init).joined(separator: ","))],"
          + "\"data_offsets\":[\(offset),\(offset + bytes)]}")
      offset += bytes
    }
    for count in counts { try add(count.name, "I64", [], bytes: 8) }
    for tensor in tensors {
      precondition(tensor.shape.reduce(1, *) == tensor.values.count, "the shape of \(tensor.name) isn't its values'")
      try add(tensor.name, "F32", tensor.shape, bytes: 4 * tensor.values.count)
    }
    var text = Array("{\(items.joined(separator: ","))}".utf8)
    // Spaces, so that the tensors start at a multiple of 8 bytes.
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1f}":
        let hex = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// A safetensors file's header, read and checked.
struct SafetensorsHeader {
  /// Without checksums.
  let metadata: [String: String]
  /// By the tensor's name, where the file says any.
  let checksums: [String: String]
  /// In the order of their bytes.
  let entries: [SafetensorsFile.Entry]
  /// Where the tensors' bytes begin.
  let dataStart: Int

  /// - Throws: `Failure`; `FormatProblem`.
  init(of file: borrowing InputFile) throws {
    func bad(_ what: String) -> FormatProblem { FormatProblem("not a whole safetensors file: \(what)") }
    guard file.size >= 8 else { throw bad("\(file.size) bytes, the header's length alone takes 8") }
    var length: UInt64 = 0
    try withUnsafeMutableBytes(of: &length) { try file.read(at: 0, into: $0) }
    length = UInt64(littleEndian: length)
    guard length >= 2, length <= UInt64(file.size - 8) else {
      throw bad("a header of \(length) bytes in a file of \(file.size)")
    }
    guard length <= UInt64(Safetensors.headerLimit) else {
      throw bad("a header of \(length) bytes, at most \(Safetensors.headerLimit) are read")
    }
    dataStart = 8 + Int(length)
    do {
      var scanner = SafetensorsHeaderScanner(try file.bytes(8..<dataStart))
      let contents = try scanner.header()
      let prefix = TensorChecksums.prefix
      metadata = contents.metadata.filter { !$0.key.hasPrefix(prefix) }
      var checksums: [String: String] = [:]
      for (key, value) in contents.metadata where key.hasPrefix(prefix) {
        checksums[String(key.dropFirst(prefix.count))] = value
      }
      self.checksums = checksums
      entries = try Self.checked(contents.entries, dataSize: file.size - dataStart)
    } catch let problem as FormatProblem {
      throw bad(problem.description)
    }
  }

  private static func checked(_ entries: [SafetensorsFile.Entry], dataSize: Int) throws(FormatProblem)
    -> [SafetensorsFile.Entry]
  {
    let entries = entries.sorted {
      ($0.offsets.lowerBound, $0.offsets.upperBound) < ($1.offsets.lowerBound, $1.offsets.upperBound)
    }
    var end = 0
    for entry in entries {
      var bytes = entry.type.size
      for extent in entry.shape {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
        if overflow { throw FormatProblem("\(shown(entry.name)) has more elements than fit") }
        bytes = product
      }
      guard entry.offsets.upperBound <= dataSize else {
        throw FormatProblem(
          "\(shown(entry.name)) ends at byte \(entry.offsets.upperBound) of \(dataSize): the file was cut off")
      }
      guard entry.offsets.count == bytes else {
        throw FormatProblem(
          "\(shown(entry.name)) has \(entry.offsets.count) bytes, its shape \(entry.shape) needs \(bytes)")
      }
      guard entry.offsets.lowerBound == end else {
        throw FormatProblem("\(shown(entry.name)) overlaps its neighbour or leaves a gap")
      }
      end = entry.offsets.upperBound
    }
    guard end == dataSize else {
      throw FormatProblem("\(dataSize - end) bytes at the end belong to no tensor")
    }
    return entries
  }
}

/// A safetensors file; tensors are read when asked for.
package struct SafetensorsFile: ~Copyable {
  /// A tensor's place.
  package struct Entry: Sendable, Equatable {
    package var name: String
    package var shape: [Int]
    package var type: ElementType
    /// Bytes from the end of the header.
    package var offsets: Range<Int>
  }

  private let header: SafetensorsHeader
  private let file: InputFile

  package var metadata: [String: String] { header.metadata }
  /// In the order of their bytes.
  package var entries: [Entry] { header.entries }

  /// - Throws: `Failure`; `Failure(.badData)` for a file that breaks the format.
  package init(at path: String) throws {
    let file = try InputFile(at: path)
    do {
      header = try SafetensorsHeader(of: file)
    } catch let problem as FormatProblem {
      throw Failure(.badData, "\(path): \(problem)")
    }
    self.file = file
  }

  package func tensor(_ entry: Entry) throws -> NamedTensor {
    let start = header.dataStart + entry.offsets.lowerBound
    let checksum = header.checksums[entry.name]
    if entry.type != .float32 {
      let bytes = try file.bytes(start..<start + entry.offsets.count)
      try TensorChecksums.check(
        { bytes.withUnsafeBytes { TensorChecksums.text(of: $0) } }, of: entry.name, is: checksum, path: file.path)
      return NamedTensor(name: entry.name, shape: entry.shape, values: entry.type.values(bytes))
    }
    try requireMemory(entry.offsets.count, for: file.path)
    var values = [Float](repeating: 0, count: entry.offsets.count / 4)
    try values.withUnsafeMutableBytes { try file.read(at: start, into: $0) }
    try TensorChecksums.check(
      { values.withUnsafeBytes { TensorChecksums.text(of: $0) } }, of: entry.name, is: checksum, path: file.path)
    return NamedTensor(name: entry.name, shape: entry.shape, values: values)
  }

  /// All tensors of `groups`; nil: of every one.
  package func tensors(groups: [String]? = nil) throws -> TensorSet {
    var result = TensorSet([])
    for entry in entries where TensorSet.isName(entry.name, in: groups) { result.append(try tensor(entry)) }
    return result
  }
}
