// How much work a JPEG is, told from its headers: a file of some hundred bytes may declare 134 million pixels and pass
// over them again and again.

/// A frame's header, and which of its components each scan passes over.
struct JPEGFrame {
  private struct Component {
    let identifier: UInt8
    /// Blocks of 8 x 8 samples, those that only fill up the last group included.
    var blocks = 0
    let across: Int
    let down: Int
    /// For each coefficient of a progressive picture the lowest bit that a scan has brought; nil: none has.
    var lowestBits = [UInt8?](repeating: nil, count: 64)
  }

  private let isProgressive: Bool
  private let isArithmetic: Bool
  private var components: [Component] = []
  private var firstScanHasAll = true
  private(set) var scans = 0
  /// Blocks that all scans pass over, each time counted.
  private(set) var visitedBlocks = 0

  /// Nil where there is no frame that a decoder would take.
  init?(_ bytes: [UInt8]) {
    var segments = JPEGSegments(bytes)
    var found: JPEGSegments.Segment?
    while found == nil, let segment = segments.next(), !segment.isScan {
      if segment.isFrame { found = segment }
    }
    guard let found else { return nil }
    let content = bytes[found.content]
    let start = content.startIndex
    guard content.count >= 6 else { return nil }
    isProgressive = [0xC2, 0xC6, 0xCA, 0xCE].contains(found.marker)
    isArithmetic = found.marker >= 0xC8
    let height = Int(content[start + 1]) << 8 | Int(content[start + 2])
    let width = Int(content[start + 3]) << 8 | Int(content[start + 4])
    let count = Int(content[start + 5])
    guard 1...4 ~= count, content.count >= 6 + 3 * count else { return nil }
    for i in 0..<count {
      let at = start + 6 + 3 * i
      let (across, down) = (Int(content[at + 1] >> 4), Int(content[at + 1] & 15))
      guard 1...4 ~= across, 1...4 ~= down else { return nil }
      components.append(Component(identifier: content[at], across: across, down: down))
    }
    let (mostAcross, mostDown) = (components.map(\.across).reduce(1, max), components.map(\.down).reduce(1, max))
    let groups = ((width + 8 * mostAcross - 1) / (8 * mostAcross)) * ((height + 8 * mostDown - 1) / (8 * mostDown))
    for i in components.indices { components[i].blocks = groups * components[i].across * components[i].down }
    // The only scan of a picture needn't be walked over.
    while scans == 0 || hasSeveralScans, let segment = segments.next() {
      if segment.isScan { add(scan: bytes[segment.content]) }
    }
  }

  private mutating func add(scan content: ArraySlice<UInt8>) {
    scans += 1
    let start = content.startIndex
    guard let count = content.first.map(Int.init), 1...4 ~= count, content.count >= 4 + 2 * count else { return }
    if scans == 1 { firstScanHasAll = count == components.count }
    let (low, high) = (Int(content[start + 1 + 2 * count]), Int(content[start + 2 + 2 * count]))
    let bit = isProgressive ? content[start + 3 + 2 * count] & 15 : 0
    for i in 0..<count {
      let identifier = content[start + 1 + 2 * i]
      guard let which = components.firstIndex(where: { $0.identifier == identifier }) else { continue }
      visitedBlocks += components[which].blocks
      let range = isProgressive ? low...max(low, min(high, 63)) : 0...63
      for k in range where k < 64 { components[which].lowestBits[k] = bit }
    }
  }

  /// Then all coefficients are kept until the last scan is read.
  var hasSeveralScans: Bool { isProgressive || !firstScanHasAll }

  /// What the decoder keeps of coefficients.
  var coefficientBytes: Int { hasSeveralScans ? components.reduce(0) { $0 + $1.blocks } * 64 * 2 : 0 }

  var componentCount: Int { components.count }

  /// Whether a decoder that has come to the end of the file without an error has had every pixel: it notices missing
  /// bits of a scan, and this knows that no scan is missing. (Arithmetic decoders notice nothing.)
  var tellsMissingPixels: Bool {
    !isArithmetic && scans > 0
      && components.allSatisfy { isProgressive ? $0.lowestBits.allSatisfy { $0 == 0 } : $0.lowestBits[0] != nil }
  }
}
