// A JPEG's marker segments, for what the codec doesn't tell: EXIF, how much work its scans are, and oddities that only
// make it warn.

/// Walks the segments up to the end-of-image marker, over the scans' coded pixels. Hostile lengths end the walk; they
/// never leave the file. What libjpeg takes for a marker is one here, and nothing else.
struct JPEGSegments: Sequence, IteratorProtocol {
  struct Segment {
    let marker: UInt8
    /// Where in the file, without the length.
    let content: Range<Int>

    /// The start of a scan: coded pixels follow.
    var isScan: Bool { marker == 0xDA }
    /// A frame's header, of any process.
    var isFrame: Bool { 0xC0...0xCF ~= marker && ![0xC4, 0xC8, 0xCC].contains(marker) }
  }

  private let bytes: [UInt8]
  private var at = 2  // past the start-of-image marker

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The segments before the pixels, and the first start of a scan.
  static func header(_ bytes: [UInt8]) -> [Segment] {
    var segments: [Segment] = []
    for segment in JPEGSegments(bytes) {
      segments.append(segment)
      if segment.isScan { break }
    }
    return segments
  }

  mutating func next() -> Segment? {
    while at + 4 <= bytes.count {
      // Anything but 0xFF before a marker is junk or pixels; 0xFF may be repeated.
      guard bytes[at] == 0xFF, bytes[at + 1] != 0xFF else {
        at = bytes[(at + 1)...].firstIndex(of: 0xFF) ?? bytes.count
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
        at = content.upperBound
        return Segment(marker: marker, content: content)
      }
    }
    return nil
  }
}
