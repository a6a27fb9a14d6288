// Which way up a camera held the picture: what EXIF or XMP say of it, found by parsers that trust nothing they read.

/// The eight ways a stored picture may have to be turned and mirrored to stand upright; raw values as EXIF numbers
/// them.
package enum Orientation: Int, CaseIterable, Sendable {
  case upright = 1
  case mirrored = 2
  case halfTurn = 3
  case mirroredHalfTurn = 4
  case transposed = 5
  case quarterTurn = 6
  case transverse = 7
  case threeQuarterTurn = 8

  /// The upright picture's rows are the stored one's columns.
  package var swapsAxes: Bool { rawValue >= 5 }
  /// The stored picture is read from right to left.
  var readsFromRight: Bool { [2, 3, 7, 8].contains(rawValue) }
  /// The stored picture is read from the bottom up.
  var readsFromBottom: Bool { [3, 4, 6, 7].contains(rawValue) }
}

extension Picture {
  /// The picture turned upright, as a viewer shows it.
  package func turned(_ orientation: Orientation) -> Picture {
    if orientation == .upright { return self }
    let (newWidth, newHeight) = orientation.swapsAxes ? (height, width) : (width, height)
    // One step to the right or down in the stored picture, in samples; then the same in the upright one.
    let storedX = orientation.readsFromRight ? -channels : channels
    let storedY = orientation.readsFromBottom ? -channels * width : channels * width
    let (stepX, stepY) = orientation.swapsAxes ? (storedY, storedX) : (storedX, storedY)
    let start = offset(orientation.readsFromRight ? width - 1 : 0, orientation.readsFromBottom ? height - 1 : 0)
    let turned = [UInt8](unsafeUninitializedCapacity: pixels.count) { target, filled in
      pixels.withUnsafeBufferPointer { source in
        var to = 0
        for y in 0..<newHeight {
          var from = start + y * stepY
          for _ in 0..<newWidth {
            for c in 0..<channels { target[to + c] = source[from + c] }
            to += channels
            from += stepX
          }
        }
      }
      filled = pixels.count
    }
    return Picture(width: newWidth, height: newHeight, channels: channels, pixels: turned)
  }
}

extension Orientation {
  /// The orientation in a TIFF block, which is what an EXIF segment holds after its name: tag 0x0112 in the first
  /// directory. Upright where there is none, or where the block makes no sense: a picture isn't lost over its metadata.
  package init(tiff: ArraySlice<UInt8>) {
    self = Self.find(tiff: tiff) ?? .upright
  }

  /// The same; nil where the block says nothing of it.
  static func find(tiff: ArraySlice<UInt8>) -> Orientation? {
    guard let reader = TIFFReader(tiff), reader.number(at: 2, bytes: 2) == 42,
      let directory = reader.number(at: 4, bytes: 4),
      let count = reader.number(at: directory, bytes: 2)
    else { return nil }
    for entry in 0..<count {  // At most 65,535, however short the block.
      let at = directory + 2 + 12 * entry
      guard let tag = reader.number(at: at, bytes: 2) else { return nil }
      if tag == 0x0112 {
        // A single BYTE, SHORT or LONG: SHORT by the standard, the others by sloppy writers.
        guard let type = reader.number(at: at + 2, bytes: 2), reader.number(at: at + 4, bytes: 4) == 1,
          let width = [1: 1, 3: 2, 4: 4][type]
        else { return nil }
        return reader.number(at: at + 8, bytes: width).flatMap(Orientation.init(rawValue:))
      }
    }
    return nil
  }
}

extension Orientation {
  /// What an XMP packet says: `tiff:Orientation="6"`, or the same as an element. Nil where it says nothing of it.
  static func find(xmp: ArraySlice<UInt8>) -> Orientation? {
    let name = Array("tiff:Orientation".utf8)
    var rest = xmp
    while let start = rest.firstIndex(of: name[0]) {
      rest = rest[start...]
      if rest.starts(with: name) {
        let value = rest.dropFirst(name.count)
        for opening in ["=\"", "='", ">"] where value.starts(with: opening.utf8) {
          if let digit = value.dropFirst(opening.utf8.count).first {
            return Orientation(rawValue: Int(digit) - Int(UInt8(ascii: "0")))
          }
        }
      }
      rest = rest.dropFirst()
    }
    return nil
  }

  /// What ImageMagick writes as PNG text: a line break, the profile's name, its length, lines of hexadecimal digits.
  static func find(rawProfile text: [UInt8]) -> Orientation? {
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropFirst(3)
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in lines.joined() {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue.flatMap(UInt8.init(exactly:)) else { continue }
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    let name = Array("Exif\0\0".utf8)
    return find(tiff: bytes.starts(with: name) ? bytes.dropFirst(name.count) : bytes[...])
  }
}

/// Reads numbers of either byte order out of a TIFF block; nil past its end.
private struct TIFFReader {
  private let block: ArraySlice<UInt8>
  private let isLittleEndian: Bool

  /// Nil for a block that doesn't begin with a byte order.
  init?(_ block: ArraySlice<UInt8>) {
    if block.starts(with: [0x49, 0x49]) {
      isLittleEndian = true
    } else if block.starts(with: [0x4D, 0x4D]) {
      isLittleEndian = false
    } else {
      return nil
    }
    self.block = block
  }

  /// An unsigned number of 1, 2 or 4 bytes. Offsets come from the file: at most a little over 2^32, so no sum
  /// overflows.
  func number(at offset: Int, bytes count: Int) -> Int? {
    guard offset >= 0, offset <= block.count - count else { return nil }
    let start = block.startIndex + offset
    let digits = block[start..<start + count]
    return (isLittleEndian ? Array(digits.reversed()) : Array(digits)).reduce(0) { $0 << 8 | Int($1) }
  }
}
