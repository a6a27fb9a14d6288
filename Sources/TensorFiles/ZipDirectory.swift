// The directory of a zip archive whose entries are stored as they are (PyTorch's files): names, and where the bytes
// lie.
//
//     local header, bytes | local header, bytes | … | central directory | [zip64 end, its locator] | end record
//
// Only stored entries are read, so nothing is ever inflated. Entries that overlap, in the file or with the directory,
// are refused. Checksums aren't looked at: PyTorch can write files without, and reads them so.

import SystemSupport

struct ZipDirectory {
  /// A directory longer than this, or with more entries, is refused.
  static let sizeLimit = 8 << 20
  static let entryLimit = 1 << 16

  /// The bytes of each entry.
  private(set) var entries: [String: Range<Int>] = [:]

  /// - Throws: `FormatProblem`, `Failure`.
  init(of file: borrowing InputFile) throws {
    let directory = try Self.place(in: file)
    let bytes = try file.bytes(directory.bytes)
    var reader = ByteReader(bytes, of: "the zip's directory")
    var places: [Range<Int>] = []
    for _ in 0..<directory.count {
      let record = try Self.record(&reader)
      guard record.header <= directory.bytes.lowerBound - 30 else { throw FormatProblem("a zip entry lies outside") }
      var local = ByteReader(try file.bytes(record.header..<record.header + 30), of: "a zip entry's header")
      guard try local.number(UInt32.self) == 0x0403_4b50 else { throw FormatProblem("a zip entry has no header") }
      _ = try local.take(22)
      let start = record.header + 30 + Int(try local.number(UInt16.self)) + Int(try local.number(UInt16.self))
      guard start <= directory.bytes.lowerBound, record.size <= directory.bytes.lowerBound - start else {
        throw FormatProblem("zip entry \(shown(record.name)) is longer than the file")
      }
      places.append(record.header..<start + record.size)
      guard entries.updateValue(start..<start + record.size, forKey: record.name) == nil else {
        throw FormatProblem("zip entry \(shown(record.name)) is there twice")
      }
    }
    places.sort { $0.lowerBound < $1.lowerBound }
    for (place, next) in zip(places, places.dropFirst()) where place.upperBound > next.lowerBound {
      throw FormatProblem("two zip entries overlap")
    }
  }

  /// Where the central directory is, by the records at the file's end.
  private static func place(in file: borrowing InputFile) throws -> (bytes: Range<Int>, count: Int) {
    // The end record, and a comment behind it.
    let tailStart = max(0, file.size - (22 + 0xffff))
    let tail = try file.bytes(tailStart..<file.size)
    var end: Int?
    for start in stride(from: tail.count - 22, through: 0, by: -1)
    where tail[start..<start + 4].elementsEqual([0x50, 0x4b, 5, 6]) {
      if start + 22 + Int(tail[start + 20]) + Int(tail[start + 21]) << 8 == tail.count {
        end = start
        break
      }
    }
    guard let end else { throw FormatProblem("a zip without its end: the file was cut off") }
    var reader = ByteReader(tail, at: end + 10, of: "the zip's end")
    var count = try reader.count(UInt16.self)
    var size = try reader.count(UInt32.self)
    var start = try reader.count(UInt32.self)
    var limit = tailStart + end
    if count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff {
      var locator = ByteReader(tail, at: end - 20, of: "the zip64 locator")
      guard try locator.number(UInt32.self) == 0x0706_4b50 else { throw FormatProblem("a zip64 without its locator") }
      _ = try locator.take(4)
      let place = try locator.count(UInt64.self)
      guard place <= limit - 56 else { throw FormatProblem("a zip64 whose end lies outside") }
      var record = ByteReader(try file.bytes(place..<place + 56), of: "the zip64 end")
      guard try record.number(UInt32.self) == 0x0606_4b50 else { throw FormatProblem("a zip64 without its end") }
      _ = try record.take(28)
      count = try record.count(UInt64.self)
      size = try record.count(UInt64.self)
      start = try record.count(UInt64.self)
      limit = place
    }
    guard start <= limit, size <= limit - start else {
      throw FormatProblem("the zip's directory lies outside the file")
    }
    guard size <= sizeLimit, count <= entryLimit else {
      throw FormatProblem("a zip of \(count) entries, at most \(entryLimit) are read")
    }
    return (start..<start + size, count)
  }

  private static func record(_ reader: inout ByteReader) throws -> (name: String, header: Int, size: Int) {
    guard try reader.number(UInt32.self) == 0x0201_4b50 else { throw FormatProblem("the zip's directory is broken") }
    _ = try reader.take(4)
    let flags = try reader.number(UInt16.self)
    let method = try reader.number(UInt16.self)
    _ = try reader.take(8)
    var packedSize = try reader.count(UInt32.self)
    var size = try reader.count(UInt32.self)
    let nameLength = try reader.count(UInt16.self)
    let extraLength = try reader.count(UInt16.self)
    let commentLength = try reader.count(UInt16.self)
    _ = try reader.take(8)
    var header = try reader.count(UInt32.self)
    let name = try reader.text(nameLength)
    var extra = ByteReader(Array(try reader.take(extraLength)), of: "a zip entry's extra field")
    _ = try reader.take(commentLength)
    // Sizes that don't fit stand in a field of their own, those and only those.
    while !extra.isAtEnd, size == 0xffff_ffff || packedSize == 0xffff_ffff || header == 0xffff_ffff {
      let (kind, length) = (try extra.number(UInt16.self), try extra.count(UInt16.self))
      var field = ByteReader(Array(try extra.take(length)), of: "a zip64 field")
      guard kind == 1 else { continue }
      if size == 0xffff_ffff { size = try field.count(UInt64.self) }
      if packedSize == 0xffff_ffff { packedSize = try field.count(UInt64.self) }
      if header == 0xffff_ffff { header = try field.count(UInt64.self) }
      break
    }
    guard flags & 1 == 0 else { throw FormatProblem("zip entry \(shown(name)) is encrypted") }
    guard method == 0, packedSize == size else {
      throw FormatProblem("zip entry \(shown(name)) is compressed: only archives as torch.save writes them are read")
    }
    return (name, header, size)
  }
}
