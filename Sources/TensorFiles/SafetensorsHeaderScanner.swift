// Reads the JSON of a safetensors header: exactly the form the format allows, nothing nested deeper, no name twice.

/// A scanner over the header's bytes. No recursion, so no input can exhaust the stack.
struct SafetensorsHeaderScanner {
  private static let types: [String: ElementType] = [
    "F32": .float32, "F16": .float16, "BF16": .bfloat16, "F64": .float64, "I64": .int64,
  ]

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func header() throws -> (metadata: [String: String], entries: [SafetensorsFile.Entry]) {
    var metadata: [String: String] = [:]
    var entries: [SafetensorsFile.Entry] = []
    try object { (scanner, name) in
      if name == "__metadata__" {
        try scanner.object { (scanner, key) in metadata[key] = try scanner.string() }
      } else {
        entries.append(try scanner.entry(name))
      }
    }
    skipSpaces()
    if position != bytes.count { throw problem("something after the closing brace") }
    return (metadata, entries)
  }

  private mutating func entry(_ name: String) throws -> SafetensorsFile.Entry {
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object { (scanner, key) in
      switch key {
      case "dtype": dtype = try scanner.string()
      case "shape": shape = try scanner.integers()
      case "data_offsets": offsets = try scanner.integers()
      default: throw FormatProblem("\(shown(name)) has an unknown key \(shown(key))")
      }
    }
    guard let dtype, let shape, let offsets else {
      throw FormatProblem("\(shown(name)) lacks dtype, shape or data_offsets")
    }
    guard let type = Self.types[dtype] else {
      let known = Self.types.keys.sorted().joined(separator: ", ")
      throw FormatProblem("\(shown(name)) has dtype \(shown(dtype)), only \(known) are read")
    }
    guard shape.count <= TorchFile.dimensionLimit else {
      throw FormatProblem("\(shown(name)) has \(shape.count) dimensions, at most \(TorchFile.dimensionLimit) are read")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw FormatProblem("\(shown(name)) has wrong data_offsets")
    }
    return SafetensorsFile.Entry(name: name, shape: shape, type: type, offsets: offsets[0]..<offsets[1])
  }

  // MARK: The pieces of JSON

  /// `{"key": <read by member>, …}`, no key twice.
  private mutating func object(_ member: (inout Self, String) throws -> Void) throws {
    try expect("{")
    var keys: Set<String> = []
    if accept("}") { return }
    repeat {
      let key = try string()
      guard keys.insert(key).inserted else { throw FormatProblem("\(shown(key)) is there twice") }
      try expect(":")
      try member(&self, key)
    } while accept(",")
    try expect("}")
  }

  private mutating func integers() throws -> [Int] {
    try expect("[")
    if accept("]") { return [] }
    var values: [Int] = []
    repeat { values.append(try integer()) } while accept(",")
    try expect("]")
    return values
  }

  /// A whole number from 0 on.
  private mutating func integer() throws -> Int {
    skipSpaces()
    let start = position
    var value = 0
    while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = tens.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
      if overflow || overflow2 { throw problem("a number too large") }
      value = sum
      position += 1
    }
    let leadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
    if position == start || leadingZero { throw problem("a whole number expected") }
    return value
  }

  private mutating func string() throws -> String {
    try expect("\"")
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: result, as: UTF8.self) else { throw problem("text that isn't UTF-8") }
        return text
      case UInt8(ascii: "\\"): result += try escape()
      case 0..<0x20: throw problem("a control character in a text")
      default: result.append(byte)
      }
    }
    throw problem("a text without end")
  }

  /// What follows a backslash, as UTF-8.
  private mutating func escape() throws -> [UInt8] {
    guard position < bytes.count else { throw problem("a text without end") }
    position += 1
    switch bytes[position - 1] {
    case UInt8(ascii: "\""): return [UInt8(ascii: "\"")]
    case UInt8(ascii: "\\"): return [UInt8(ascii: "\\")]
    case UInt8(ascii: "/"): return [UInt8(ascii: "/")]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if 0xd800..<0xdc00 ~= code {
        guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
          bytes[position + 1] == UInt8(ascii: "u")
        else { throw problem("half a surrogate pair") }
        position += 2
        let low = try codeUnit()
        guard 0xdc00..<0xe000 ~= low else { throw problem("half a surrogate pair") }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw problem("half a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw problem("an unknown escape")
    }
  }

  private mutating func codeUnit() throws -> UInt32 {
    guard position + 4 <= bytes.count else { throw problem("a text without end") }
    var code: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw problem("four hexadecimal digits expected")
      }
      code = code << 4 | UInt32(digit)
    }
    position += 4
    return code
  }

  private mutating func skipSpaces() {
    while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpaces()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    if !accept(character) { throw problem("'\(character)' expected") }
  }

  private func problem(_ what: String) -> FormatProblem { FormatProblem("\(what) at byte \(position) of the header") }
}
