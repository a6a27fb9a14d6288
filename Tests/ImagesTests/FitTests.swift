// How pictures fill a square.

import Images
import Randomness
import Testing

@Suite struct FitTests {
  /// A dark disc's worth of pixels in the middle of a border of one colour, some of it disturbed.
  private func picture(_ width: Int, _ height: Int) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let isBorder = x == 0 || y == 0 || x == width - 1 || y == height - 1
        pixels += isBorder && (x + y) % 4 != 0 ? [200, 100, 50] : [UInt8(x * 7 % 256), UInt8(y * 5 % 256), 9]
      }
    }
    return Picture(width: width, height: height, channels: 3, pixels: pixels)
  }

  private func decoded(_ picture: Picture, _ fit: PictureFit, channels: Int = 3) throws -> Picture {
    try PictureDecoder.decode(bytes: PNGEncoder.encode(picture), channels: channels, shortSide: 16, fit: fit)
  }

  @Test(arguments: [(40, 30), (30, 40), (16, 16), (7, 5), (1, 60), (100, 3)]) func whatEachFitIs(
    _ width: Int, _ height: Int
  ) throws {
    let picture = picture(width, height)
    #expect(try decoded(picture, .crop) == picture.resized(shortSide: 16))
    #expect(try decoded(picture, .stretch) == picture.resized(width: 16, height: 16))
    let padded = try decoded(picture, .pad)
    #expect(padded.width == 16 && padded.height == 16)
    // All of it is there, in the middle; what is beside it has one colour.
    let long = max(width, height)
    let (w, h) = (max(1, (16 * width + long / 2) / long), max(1, (16 * height + long / 2) / long))
    let whole = picture.resized(width: w, height: h)
    #expect(padded.cropped(x: (16 - w) / 2, y: (16 - h) / 2, width: w, height: h) == whole)
    var outside: Set<[UInt8]> = []
    for y in 0..<16 {
      for x in 0..<16
      where !((16 - w) / 2..<(16 - w) / 2 + w ~= x && (16 - h) / 2..<(16 - h) / 2 + h ~= y) {
        outside.insert((0..<3).map { padded[x, y, $0] })
      }
    }
    #expect(outside.count == (w == h ? 0 : 1))
    #expect(try decoded(picture, .pad, channels: 1).channels == 1)
  }

  /// The border's usual colour: a quarter of it may be anything.
  @Test func thePadHasTheBordersColour() {
    let padded = picture(16, 9).padded(toSide: 16)
    #expect([padded[0, 0, 0], padded[0, 0, 1], padded[0, 0, 2]] == [200, 100, 50])
  }

  @Test func otherFormatsAreCalledByTheirNames() {
    for (bytes, name) in [
      (Array("GIF89a".utf8), "GIF"), (Array("RIFF....WEBP".utf8), "WebP"), ([0x49, 0x49, 0x2A, 0], "TIFF"),
      (Array("\0\0\0 ftypavif".utf8), "AVIF"), (Array("\0\0\0 ftypheic".utf8), "HEIC"),
      (Array("BM".utf8) + [UInt8](repeating: 0, count: 30), "BMP"), ([0x50, 0x4B, 3, 4], "zip"),
      ([0x1F, 0x8B], "gzip"),
    ] {
      let reason = ForeignFormat.reason(bytes)
      #expect(reason.contains(name) && !reason.contains("neither"), "\(reason)")
    }
    #expect(ForeignFormat.reason([]) == "is empty")
    #expect(ForeignFormat.reason(Array("hello".utf8)) == "is neither a JPEG nor a PNG picture")
  }
}
