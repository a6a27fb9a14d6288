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

  /// The step that a cell says; nil where it is none.
  package static func step(_ cell: String) -> Int? { Int(cell).flatMap { $0 > 0 ? $0 : nil } }
}
