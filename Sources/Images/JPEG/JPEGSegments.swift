// The marker segments before a JPEG's pixels, for what the codec doesn't tell: EXIF, and oddities that only make it
// warn.

/// Walks the segments up to and with the first start of scan. Hostile lengths end the walk; they never leave the file.
struct JPEGSegments: Sequence, IteratorProtocol {
  struct Segment {
    let marker: UInt8
    /// Where in the file, without the length.
    let content: Range<Int>
  }

  private let bytes: [UInt8]
  private var at = 2  // past the start-of-image marker

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> Segment? {
    while at + 4 <= bytes.count {
      // Anything but 0xFF before a marker is junk, which decoders skip; 0xFF may be repeated.
      guard bytes[at] == 0xFF, bytes[at + 1] != 0xFF else {
        at += 1
        continue
      }
      let marker = bytes[at + 1]
      switch marker {
      case 0x00, 0x01, 0xD0...0xD8:  // no length follows
        at += 2
      case 0xD9:  // the end
        return nil
      default:
        let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
        guard length >= 2, at + 2 + length <= bytes.count else { return nil }
        let content = at + 4..<at + 2 + length
        at = marker == 0xDA ? bytes.count : content.upperBound
        return Segment(marker: marker, content: content)
      }
    }
    return nil
  }
}
