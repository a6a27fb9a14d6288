// Bytes read in their order, none past the end; and what is wrong with a file's format.

/// What breaks a format, without the file's name: whoever opened the file puts that before it.
package struct FormatProblem: Error, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A name out of a file, as an error line shows it: in quotation marks, short, and on that line.
package func shown(_ name: some StringProtocol) -> String {
  let shown = name.unicodeScalars.prefix(100).map { scalar in
    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .lineSeparator ? "?" : scalar
  }
  return "\"" + String(String.UnicodeScalarView(shown)) + (name.unicodeScalars.count > 100 ? "…" : "") + "\""
}

/// A place in an array of bytes.
struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position: Int
  /// What the bytes are, for errors.
  private let what: String

  init(_ bytes: [UInt8], at position: Int = 0, of what: String) {
    self.bytes = bytes
    self.position = position
    self.what = what
  }

  var isAtEnd: Bool { position >= bytes.count }

  mutating func take(_ count: Int) throws(FormatProblem) -> ArraySlice<UInt8> {
    guard count >= 0, position >= 0, position <= bytes.count, count <= bytes.count - position else {
      throw FormatProblem("\(what) ends early, at byte \(bytes.count)")
    }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A little-endian number.
  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) throws(FormatProblem) -> Number {
    try take(MemoryLayout<Number>.size).reversed().reduce(0) { $0 << 8 | Number($1) }
  }

  mutating func byte() throws(FormatProblem) -> UInt8 { try number(UInt8.self) }

  /// A length or a place that must be a possible Int.
  mutating func count<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) throws(FormatProblem) -> Int {
    guard let count = Int(exactly: try number(Number.self)) else {
      throw FormatProblem("\(what) has a number too large")
    }
    return count
  }

  mutating func text(_ count: Int) throws(FormatProblem) -> String {
    let slice = try take(count)
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw FormatProblem("\(what) has text that isn't UTF-8")
    }
    return text
  }

  /// Up to the next newline, which is skipped.
  mutating func line() throws(FormatProblem) -> String {
    guard let end = bytes[min(position, bytes.count)...].firstIndex(of: UInt8(ascii: "\n")) else {
      throw FormatProblem("\(what) ends early, at byte \(bytes.count)")
    }
    let text = try text(end - position)
    position = end + 1
    return text
  }
}
