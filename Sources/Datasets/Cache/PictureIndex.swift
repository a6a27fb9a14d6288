// The file that holds a data set's scaled pictures: its layout, and how it's checked.
//
//     offset  bytes
//          0      8  "WGANPICS"
//          8      4  version of this layout
//         12      4  size: the pictures' short side
//         16      4  channels
//         20      4  0
//         24      8  number of entries
//         32      8  where the index starts; pixels lie between the header and the index
//         40      8  the index's length
//         48      8  the length of the names in the index
//         56      8  the whole file's length
//         64      8  checksum of the index
//         72      8  checksum of the 72 bytes above
//
// The index is: the entries (56 bytes each, see `Entry`), the names (bytes, one after the other), the identity (what
// the file was made from). All integers are little-endian, pixels are rows from the top with interleaved channels.
//
// A file is written once under a temporary name and renamed when it's whole; no program of ours changes it afterwards.
// An open one therefore stays as it is when the file is deleted or replaced. Somebody may cut or overwrite it in place,
// by hand or by a broken disk: so it's read and not mapped (a mapping of a file that was cut ends the process), and
// each picture has a checksum. The index is read into memory and checked: each offset is known to be inside the file
// before it's used.

import SystemSupport

/// What pictures a file holds, and where.
package struct PictureIndex {
  struct Entry: Equatable {
    /// Of the pixels, from the file's start.
    var offset: UInt64
    /// The source's size in bytes and its modification time in nanoseconds since 1970, when it was decoded.
    var sourceBytes: Int64
    var sourceModified: Int64
    /// `ContentChecksum` of the source's bytes, and of the pixels.
    var sourceChecksum: UInt64
    var checksum: UInt64
    /// In pixels; the smaller one is the data set's size.
    var width: UInt32
    var height: UInt32
    /// Of the name within the names.
    var nameOffset: UInt32
    var nameBytes: UInt32

    static let encodedBytes = 56
  }

  static let magic = Array("WGANPICS".utf8)
  static let version: UInt32 = 2
  static let headerBytes = 80
  /// A long picture's long side is cut to this many times its short side, so that no file can fill the disk.
  static let greatestAspect = 4

  /// What the pictures were made from: two data sets never share one.
  var identity: FilePath
  var size: Int
  var channels: Int
  private(set) var entries: [Entry] = []
  private var names: [UInt8] = []

  init(identity: FilePath, size: Int, channels: Int) {
    self.identity = identity
    self.size = size
    self.channels = channels
  }

  package var count: Int { entries.count }

  package func name(_ i: Int) -> FilePath {
    let start = Int(entries[i].nameOffset)
    return FilePath(bytes: names[start..<start + Int(entries[i].nameBytes)])
  }

  func pixelBytes(of entry: Entry) -> Int { Int(entry.width) * Int(entry.height) * channels }

  /// False if the names have outgrown their 4 GB.
  mutating func append(_ entry: Entry, name: FilePath) -> Bool {
    guard let offset = UInt32(exactly: names.count), let end = UInt32(exactly: names.count + name.bytes.count) else {
      return false
    }
    var entry = entry
    entry.nameOffset = offset
    entry.nameBytes = end - offset
    entries.append(entry)
    names += name.bytes
    return true
  }

  // MARK: - Bytes

  /// The header and the index of a file whose pixels end at `pixelsEnd`.
  func encoded(pixelsEnd: Int) -> (header: [UInt8], index: [UInt8]) {
    var index: [UInt8] = []
    index.reserveCapacity(entries.count * Entry.encodedBytes + names.count + identity.bytes.count)
    for entry in entries {
      index.append(integer: entry.offset)
      index.append(integer: entry.sourceBytes)
      index.append(integer: entry.sourceModified)
      index.append(integer: entry.sourceChecksum)
      index.append(integer: entry.checksum)
      index.append(integer: entry.width)
      index.append(integer: entry.height)
      index.append(integer: entry.nameOffset)
      index.append(integer: entry.nameBytes)
    }
    index += names
    index += identity.bytes

    var header = Self.magic
    header.append(integer: Self.version)
    header.append(integer: UInt32(size))
    header.append(integer: UInt32(channels))
    header.append(integer: UInt32(0))
    header.append(integer: UInt64(entries.count))
    header.append(integer: UInt64(pixelsEnd))
    header.append(integer: UInt64(index.count))
    header.append(integer: UInt64(names.count))
    header.append(integer: UInt64(pixelsEnd + index.count))
    header.append(integer: Checksum.of(index))
    header.append(integer: Checksum.of(header))
    return (header, index)
  }

  /// The index of `file`, or nil unless the file is whole, sound and made from `identity` at this size.
  package init?(readFrom file: OpenFile, identity: FilePath, size: Int, channels: Int) {
    guard let fileBytes = try? file.size(), let header = file.read(count: Self.headerBytes, at: 0) else { return nil }
    func word(_ offset: Int) -> Int { header.integer(UInt64.self, at: offset).flatMap(Int.init(exactly:)) ?? -1 }
    guard header.prefix(8).elementsEqual(Self.magic),
      header.integer(UInt32.self, at: 8) == Self.version,
      header.integer(UInt64.self, at: 72) == Checksum.of(header.prefix(72)),
      header.integer(UInt32.self, at: 12) == UInt32(exactly: size),
      header.integer(UInt32.self, at: 16) == UInt32(exactly: channels)
    else { return nil }

    let (count, pixelsEnd, indexBytes, nameBytes) = (word(24), word(32), word(40), word(48))
    let identityBytes = identity.bytes.count
    guard word(56) == fileBytes, pixelsEnd >= Self.headerBytes, pixelsEnd <= fileBytes,
      indexBytes == fileBytes - pixelsEnd, count >= 0, count <= indexBytes / Entry.encodedBytes,
      nameBytes >= 0, nameBytes == indexBytes - identityBytes - count * Entry.encodedBytes,
      let index = file.read(count: indexBytes, at: pixelsEnd),
      header.integer(UInt64.self, at: 64) == Checksum.of(index),
      index.suffix(identityBytes).elementsEqual(identity.bytes)
    else { return nil }

    self.init(identity: identity, size: size, channels: channels)
    let namesStart = count * Entry.encodedBytes
    names = Array(index[namesStart..<namesStart + nameBytes])
    entries.reserveCapacity(count)
    for i in 0..<count {
      let at = i * Entry.encodedBytes
      guard let offset = index.integer(UInt64.self, at: at),
        let sourceBytes = index.integer(Int64.self, at: at + 8),
        let sourceModified = index.integer(Int64.self, at: at + 16),
        let sourceChecksum = index.integer(UInt64.self, at: at + 24),
        let checksum = index.integer(UInt64.self, at: at + 32),
        let width = index.integer(UInt32.self, at: at + 40), let height = index.integer(UInt32.self, at: at + 44),
        let nameOffset = index.integer(UInt32.self, at: at + 48),
        let nameLength = index.integer(UInt32.self, at: at + 52),
        min(width, height) == size, max(width, height) <= size * Self.greatestAspect,
        offset >= Self.headerBytes, offset <= pixelsEnd,
        Int(width) * Int(height) * channels <= pixelsEnd - Int(offset),
        Int(nameOffset) + Int(nameLength) <= nameBytes
      else { return nil }
      entries.append(
        Entry(
          offset: offset, sourceBytes: sourceBytes, sourceModified: sourceModified, sourceChecksum: sourceChecksum,
          checksum: checksum, width: width, height: height, nameOffset: nameOffset, nameBytes: nameLength))
    }
  }
}

// MARK: - Integers

extension [UInt8] {
  fileprivate mutating func append(integer: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: integer.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, at offset: Int) -> Integer? {
    guard offset >= 0, offset + MemoryLayout<Integer>.size <= count else { return nil }
    return withUnsafeBytes { Integer(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Integer.self)) }
  }
}
