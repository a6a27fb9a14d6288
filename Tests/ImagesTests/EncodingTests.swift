// PNG files hold exactly the picture, and appear whole or not at all; a gallery puts every picture where it belongs.

import TestSupport
import Foundation
import Randomness
import Testing

import Images

@Suite struct EncodingTests {
  @Test("a PNG gives the same picture back", arguments: [1, 3])
  func roundTrip(_ channels: Int) throws {
    for (width, height) in [(1, 1), (1, 40), (40, 1), (33, 17), (700, 300)] {
      var random = RandomStream.test(width)
      let pictures = [
        random.picture(width, height, channels), Picture.gradient(width, height, channels),  // can't shrink, can
      ]
      for picture in pictures {
        let bytes = try PNGEncoder.encode(picture)
        #expect(try PictureDecoder.decode(bytes: bytes, channels: channels, shortSide: nil) == picture)
        #expect(try PNGEncoder.encode(picture) == bytes)
      }
    }
  }

  @Test("a file is replaced whole, and a failure leaves what was there and nothing else")
  func writing() throws {
    try inTemporaryFolder { folder in
      let path = folder + "/out.png"
      let (first, second) = (Picture.gradient(9, 8, 3), Picture.gradient(5, 6, 1))
      try PNGEncoder.write(first, to: path)
      try PNGEncoder.write(second, to: path)
      #expect(try PictureDecoder.decode(path: path, channels: 1, shortSide: nil) == second)

      for bad in [folder, folder + "/no/out.png", path + "/out.png", folder + "/" + String(repeating: "x", count: 300)]
      {
        do throws(PictureError) {
          try PNGEncoder.write(first, to: bad)
          Issue.record("\(bad) can't have been written")
        } catch {
          #expect(error.kind == .cannotWrite && error.path == bad)
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.png"])
      #expect(try PictureDecoder.decode(path: path, channels: 1, shortSide: nil) == second)
    }
  }

  @Test("a gallery's pictures stand in reading order with grey around them")
  func gallery() {
    let pictures = (0..<5).map {
      Picture(width: 2, height: 3, channels: 1, pixels: Array(repeating: UInt8($0), count: 6))
    }
    let sheet = Gallery.compose(pictures, columns: 3, spacing: 2)
    #expect((sheet.width, sheet.height, sheet.channels) == (3 * 4 + 2, 2 * 5 + 2, 1))
    for y in 0..<sheet.height {
      for x in 0..<sheet.width {
        let (column, row) = ((x - 2) / 4, (y - 2) / 5)
        let isInside = x >= 2 && y >= 2 && (x - 2) % 4 < 2 && (y - 2) % 5 < 3
        let number = row * 3 + column
        #expect(sheet[x, y, 0] == (isInside && number < 5 ? UInt8(number) : 128))
      }
    }
  }

  @Test("grey and smaller pictures fit into a gallery of colour")
  func mixedGallery() {
    let large = Picture.gradient(6, 6, 3)
    let small = Picture(width: 2, height: 2, channels: 1, pixels: [7, 7, 7, 7])
    let sheet = Gallery.compose([large, small], columns: 9, spacing: 0)
    #expect((sheet.width, sheet.height, sheet.channels) == (12, 6, 3))
    #expect(sheet.cropped(x: 0, y: 0, width: 6, height: 6) == large)
    #expect(sheet.cropped(x: 8, y: 2, width: 2, height: 2) == small.converted(channels: 3))
    #expect(sheet[7, 2, 0] == 128)
  }
}
