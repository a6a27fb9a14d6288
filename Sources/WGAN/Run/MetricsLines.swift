// metrics.csv as lines and rows: what MetricsTable.swift reads back at once, and who watches a run as it grows.

import SystemSupport
import Training

/// A file's lines, one at a time: a damaged file may have a billion. They end in LF, CRLF or CR: an editor may have
/// changed that. Half a line at the end, which is what a killed process left, isn't one.
package struct MetricsLines {
  private let bytes: [UInt8]
  /// Where the next line begins; after the last one, where the half line does.
  package private(set) var place = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether there is more than the lines.
  package var endsInHalf: Bool { bytes.last.map { !Self.isEnd($0) } ?? true }

  private static func isEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

  package mutating func next() -> ArraySlice<UInt8>? {
    guard let end = bytes[place...].firstIndex(where: Self.isEnd) else { return nil }
    defer { place = end + (bytes[end...].starts(with: "\r\n".utf8) ? 2 : 1) }
    return bytes[place..<end]
  }
}

/// A line of metrics.csv.
package enum MetricsRow {
  package static func fields(_ line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The cells of a row, one for each of the file's columns, each empty or a number; nil where the line isn't one.
  package static func cells(_ line: ArraySlice<UInt8>, of columns: Int) -> [String]? {
    if line.isEmpty { return nil }
    let fields = fields(line)
    return fields.count == columns && fields.allSatisfy { $0.isEmpty || Double($0) != nil } ? fields : nil
  }

  /// The same as numbers, nil where a cell is empty: what a million rows are read by.
  package static func numbers(_ line: ArraySlice<UInt8>, of columns: Int) -> [Double?]? {
    if line.isEmpty { return nil }
    var numbers: [Double?] = []
    numbers.reserveCapacity(columns)
    var start = line.startIndex
    for end in line.startIndex...line.endIndex where end == line.endIndex || line[end] == UInt8(ascii: ",") {
      if start == end {
        numbers.append(nil)
      } else {
        guard numbers.count < columns, let value = number(line[start..<end]) else { return nil }
        numbers.append(value)
      }
      start = end + 1
    }
    return numbers.count == columns ? numbers : nil
  }

  /// As `Double(text)` reads it. Digits with a point and an exponent, as numbers usually are, without its detours:
  /// fewer than 2^53 of a power of ten up to 22 is one exact division or multiplication (Clinger, "How to read floating
  /// point numbers accurately", 1990).
  static func number(_ bytes: ArraySlice<UInt8>) -> Double? {
    var (mantissa, exponent, digits) = (UInt64(0), 0, 0)
    var place = bytes.startIndex
    func next() -> UInt8 { place < bytes.endIndex ? bytes[place] : 0 }
    let isNegative = next() == UInt8(ascii: "-")
    if isNegative { place += 1 }
    var isBehindPoint = false
    while true {
      let byte = next()
      if UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
        (mantissa, digits) = (mantissa &* 10 &+ UInt64(byte - UInt8(ascii: "0")), digits + 1)
        if isBehindPoint { exponent -= 1 }
      } else if byte == UInt8(ascii: "."), !isBehindPoint, digits > 0 {
        isBehindPoint = true
      } else {
        break
      }
      place += 1
    }
    if digits > 0, next() == UInt8(ascii: "e"), let power = Int(String(decoding: bytes[(place + 1)...], as: UTF8.self)),
      -400...400 ~= power
    {
      (exponent, place) = (exponent + power, bytes.endIndex)
    }
    guard place == bytes.endIndex, 1...18 ~= digits, bytes.last != UInt8(ascii: "."), mantissa < 1 << 53,
      abs(exponent) < powers.count
    else { return Double(String(decoding: bytes, as: UTF8.self)) }
    let value = exponent < 0 ? Double(mantissa) / powers[-exponent] : Double(mantissa) * powers[exponent]
    return isNegative ? -value : value
  }

  /// Of ten, up to the last one that a Double holds exactly.
  private static let powers = (0...22).map { (0..<$0).reduce(1.0) { power, _ in power * 10 } }

  /// The step that a cell says; nil where it is none.
  package static func step(_ cell: String) -> Int? { Int(cell).flatMap { $0 > 0 ? $0 : nil } }
}
