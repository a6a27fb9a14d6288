// The EXIF parser finds the orientation where it may stand and survives everything else.

import Randomness
import Testing

import Images

@Suite struct OrientationTests {
  /// A TIFF block with one entry of 12 bytes.
  private func block(_ entry: [UInt8], count: UInt8 = 1) -> [UInt8] {
    [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, count] + entry + [0, 0, 0, 0]
  }

  @Test("SHORT, and sloppily BYTE and LONG, values of 1 to 8 count; nothing else does")
  func values() {
    for value in UInt8(0)...255 {
      let expected = Orientation(rawValue: Int(value)) ?? .upright
      #expect(Orientation(tiff: block([1, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0])[...]) == expected)
      #expect(Orientation(tiff: block([1, 0x12, 0, 1, 0, 0, 0, 1, value, 0, 0, 0])[...]) == expected)
      #expect(Orientation(tiff: block([1, 0x12, 0, 4, 0, 0, 0, 1, 0, 0, 0, value])[...]) == expected)
    }
    #expect(Orientation(tiff: block([1, 0x12, 0, 2, 0, 0, 0, 1, 6, 0, 0, 0])[...]) == .upright)
    #expect(Orientation(tiff: block([1, 0x12, 0, 3, 0, 0, 0, 2, 0, 6, 0, 6])[...]) == .upright)
    #expect(Orientation(tiff: block([1, 0x13, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0])[...]) == .upright)
  }

  @Test("an offset or a count beyond the block ends the search")
  func hostile() {
    #expect(Orientation(tiff: []) == .upright)
    #expect(Orientation(tiff: [0x49, 0x49, 42, 0, 0xFF, 0xFF, 0xFF, 0xFF]) == .upright)
    #expect(Orientation(tiff: [0x49, 0x49, 42, 0, 0, 0, 0, 0]) == .upright)
    #expect(Orientation(tiff: block([0, 1, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0], count: 255)[...]) == .upright)
  }

  /// A PNG's signature and header.
  private let pngStart: [UInt8] =
    [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13] + Array("IHDR".utf8)
    + [0, 0, 0, 9, 0, 0, 0, 8, 8, 2, 0, 0, 0, 1, 2, 3, 4]

  @Test("random blocks never crash it, nor random segments the search for one", arguments: 0..<3000)
  func fuzz(_ index: Int) {
    var random = RandomStream.test(index)
    var bytes = block([1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0])
    for _ in 0...random.below(6) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.nextWord()) }
    bytes.removeLast(random.below(bytes.count))
    _ = Orientation(tiff: bytes[...])
    _ = JPEG.orientation([0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(random.below(60))] + Array("Exif\0\0".utf8) + bytes)
    let noise = (0..<random.below(40)).map { _ in random.below(3) == 0 ? 0xFF : UInt8(random.below(256)) }
    _ = JPEG.orientation([0xFF, 0xD8] + noise)
    _ = try? PNGHeader(pngStart + noise)
    _ = Orientation(tiff: noise[...])
  }

  @Test("turning is what the standard draws")
  func turning() {
    // a b c
    // d e f
    let picture = Picture(width: 3, height: 2, channels: 1, pixels: Array("abcdef".utf8))
    func turned(_ orientation: Orientation) -> String {
      let result = picture.turned(orientation)
      #expect(result.width == (orientation.swapsAxes ? 2 : 3))
      return String(decoding: result.pixels, as: UTF8.self)
    }
    #expect(
      Orientation.allCases.map(turned) == [
        "abcdef", "cbafed", "fedcba", "defabc", "adbecf", "daebfc", "fcebda", "cfbead",
      ])
  }
}
