// What a PNG's chunks say, all of them: what turns a picture may stand behind its pixels.

import CPNGReader

/// A PNG's size, form, colours and orientation, read without a pixel.
package struct PNGHeader {
  /// As stored, not turned.
  package private(set) var width: Int
  package private(set) var height: Int
  package private(set) var orientation = Orientation.upright
  let isInterlaced: Bool
  /// A gAMA chunk counts only where no chunk says better what the colours are.
  private(set) var gammaCounts = true
  private(set) var remarks: Set<PictureRemark> = []
  private let colourType: UInt8
  private var hasTransparency = false

  /// Samples of a pixel as the reader gives it.
  package var channels: Int { (colourType & 2 == 0 ? 1 : 3) + (hasTransparency || colourType & 4 != 0 ? 1 : 0) }

  package init(_ bytes: [UInt8]) throws(PictureError) {
    guard bytes.count >= 33, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw PictureError(.corrupt, "is a PNG that is cut short or damaged (it has no header)")
    }
    width = Self.bigEndian(bytes, at: 16)
    height = Self.bigEndian(bytes, at: 20)
    guard width >= 1, height >= 1 else {
      throw PictureError(.corrupt, "is a PNG that is damaged (it declares \(width) x \(height) pixels)")
    }
    colourType = bytes[25]
    isInterlaced = bytes[28] != 0
    var said = Said()
    var hasPixels = false
    var at = 8  // past the signature
    while at + 12 <= bytes.count {
      let length = Self.bigEndian(bytes, at: at)
      let type = bytes[at + 4..<at + 8]
      if type.elementsEqual("IDAT".utf8) { hasPixels = true }
      guard length <= bytes.count - at - 12 else { break }
      let end = at + 12 + length
      if type.elementsEqual("IEND".utf8) { break }
      said.add(type, bytes[at..<end])
      if !hasPixels { addColours(type, bytes[at + 8..<end - 4]) }
      at = end
    }
    if !hasPixels { throw PictureError(.corrupt, "is a PNG that is cut short or damaged (it ends before the pixels)") }
    orientation = said.orientation ?? .upright
  }

  private mutating func addColours(_ type: ArraySlice<UInt8>, _ content: ArraySlice<UInt8>) {
    switch String(decoding: type, as: UTF8.self) {
    case "tRNS": hasTransparency = true
    case "iCCP": gammaCounts = false
    case "cICP":
      gammaCounts = false
      // The primaries of BT.709, and a transfer function that is sRGB's or as good as.
      if let primaries = content.first, let transfer = content.dropFirst().first,
        primaries != 1 || ![1, 6, 13, 14, 15].contains(transfer)
      {
        remarks.insert(.otherColours)
      }
    default: break
    }
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }
}

// MARK: - Orientation

/// What the chunks say of the orientation. EXIF counts before XMP, as elsewhere.
private struct Said {
  private var exif: Orientation?
  private var xmp: Orientation?
  private var texts = 0

  var orientation: Orientation? { exif ?? xmp }

  /// - Parameter chunk: from its length to its checksum.
  mutating func add(_ type: ArraySlice<UInt8>, _ chunk: ArraySlice<UInt8>) {
    let content = chunk.dropFirst(8).dropLast(4)
    if type.elementsEqual("eXIf".utf8) {
      exif = Orientation.find(tiff: content) ?? exif
      return
    }
    guard ["tEXt", "zTXt", "iTXt"].contains(where: { type.elementsEqual($0.utf8) }) else { return }
    func isCalled(_ name: String) -> Bool { content.starts(with: Array(name.utf8) + [0]) }
    if isCalled("Raw profile type exif") || isCalled("Raw profile type APP1") {
      exif = exif ?? Orientation.find(rawProfile: text(of: chunk))
    } else if isCalled("XML:com.adobe.xmp") || isCalled("Raw profile type xmp") {
      xmp = xmp ?? Orientation.find(xmp: text(of: chunk)[...])
    }
  }

  /// Texts that are unpacked of one picture: a file may have many.
  private static let mostTexts = 4
  private static let mostBytes = 1 << 20

  /// libpng unpacks it, out of a picture that has nothing but this chunk.
  private mutating func text(of chunk: ArraySlice<UInt8>) -> [UInt8] {
    texts += 1
    if texts > Self.mostTexts || chunk.count > Self.mostBytes { return [] }
    let picture = Self.start + chunk + Self.pixels
    return [UInt8](unsafeUninitializedCapacity: Self.mostBytes) { target, filled in
      filled = picture.withUnsafeBufferPointer { cpng_text($0.baseAddress, $0.count, target.baseAddress, target.count) }
    }
  }

  /// The signature and the header of a grey pixel.
  private static let start: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1]
    + [8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55]
  /// Where the pixel would begin.
  private static let pixels: [UInt8] = [0, 0, 0, 0, 0x49, 0x44, 0x41, 0x54]
}
