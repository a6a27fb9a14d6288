// PNG files hold exactly the picture, and appear whole or not at all; a gallery puts every picture where it belongs.

import TestSupport
import Foundation
import Randomness
import SystemSupport
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

  // MARK: - JPEG

  @Test("a JPEG looks like the picture, with fine colours", arguments: [1, 3])
  func jpeg(_ channels: Int) throws {
    for (width, height) in [(1, 1), (17, 9), (64, 64), (300, 40)] {
      let picture = Picture.gradient(width, height, channels)
      let bytes = try JPEGEncoder.encode(picture)
      #expect(PictureFormat(bytes) == .jpeg)
      let again = try PictureDecoder.decode(bytes: bytes, channels: channels, shortSide: nil)
      #expect((again.width, again.height) == (width, height))
      let worst = zip(again.pixels, picture.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(worst <= 12, "\(width) x \(height): \(worst)")
    }
    // One red pixel among blue ones keeps its colour: it has no neighbours to share it with.
    var picture = Picture(
      width: 8, height: 8, channels: 3, pixels: (0..<64).flatMap { _ in [20, 20, 200] as [UInt8] })
    for (channel, value) in [220, 20, 20].enumerated() { picture[3, 3, channel] = UInt8(value) }
    let again = try PictureDecoder.decode(bytes: JPEGEncoder.encode(picture), channels: 3, shortSide: nil)
    #expect(again[3, 3, 0] > 180 && again[3, 3, 2] < 70)
    let wide = Picture(width: 65_501, height: 1, channels: 1, pixels: [UInt8](repeating: 0, count: 65_501))
    let error = #expect(throws: PictureError.self) { try JPEGEncoder.encode(wide) }
    #expect(error?.kind == .cannotWrite && error?.reason.contains("make it a PNG") == true)
  }

  @Test("a file's name says what is written")
  func formats() throws {
    for (name, format) in [
      ("a.png", .png), ("b.JPG", .jpeg), ("c/d.jpeg", .jpeg), ("e", nil), ("f.d/e", nil), (".png", nil),
      ("g.gif", nil),
      ("h.png.gif", nil), ("-", nil),
    ] as [(String, PictureFormat?)] {
      #expect(PictureFormat(ofFile: name) == format, "\(name)")
    }
    try inTemporaryFolder { folder in
      for format in PictureFormat.allCases {
        try format.write(.gradient(9, 8, 3), to: folder / "picture")
        #expect(try PictureDecoder.information(path: folder / "picture").format == format)
      }
    }
  }

  @Test("each pixel becomes a square")
  func enlarging() {
    for channels in [1, 3] {
      let picture = Picture.gradient(5, 3, channels)
      let large = picture.enlarged(by: 3)
      #expect((large.width, large.height, large.channels) == (15, 9, channels) && picture.enlarged(by: 1) == picture)
      for y in 0..<9 {
        for x in 0..<15 {
          for c in 0..<channels { #expect(large[x, y, c] == picture[x / 3, y / 3, c]) }
        }
      }
    }
  }

  // MARK: - Animated PNG

  /// The chunks of a file, with their checksums as a decoder would compute them.
  func chunks(_ bytes: [UInt8]) -> [(type: String, content: [UInt8], sum: UInt32)] {
    var (chunks, place) = ([(type: String, content: [UInt8], sum: UInt32)](), 8)
    func number(_ at: Int) -> UInt32 { bytes[at..<at + 4].reduce(0) { $0 << 8 | UInt32($1) } }
    while place + 12 <= bytes.count {
      let end = place + 8 + Int(number(place))
      chunks.append(
        (String(decoding: bytes[place + 4..<place + 8], as: UTF8.self), Array(bytes[place + 8..<end]), number(end)))
      place = end + 4
    }
    #expect(place == bytes.count)
    return chunks
  }

  /// As the PNG specification's annex D computes it, bit by bit.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }
    return ~sum
  }

  /// Each frame's data, put into a PNG of its own, is the picture; numbers and times are right; and what knows no
  /// animation shows the first.
  @Test("an animated PNG's frames are the pictures", arguments: [1, 3])
  func animation(_ channels: Int) throws {
    try inTemporaryFolder { folder in
      let path = folder / "film.png"
      var random = RandomStream.test(7)
      // One of several IDATs, too.
      let pictures: [Picture] = [
        random.picture(120, 90, channels), .gradient(120, 90, channels), random.picture(120, 90, channels),
      ]
      var writer = try AnimatedPNGWriter(to: path, frames: 3)
      for (i, picture) in pictures.enumerated() { try writer.add(picture, milliseconds: UInt16(40 + i)) }
      #expect(!fileExists(path))
      let bytes = try writer.finish()
      let file = try readFile(path)
      #expect(file.count == bytes)
      #expect(try PictureDecoder.decode(bytes: file, channels: channels, shortSide: nil) == pictures[0])
      let chunks = chunks(file)
      #expect(chunks.allSatisfy { $0.sum == Self.checksum(Array($0.type.utf8) + $0.content) })
      #expect(chunks.first { $0.type == "acTL" }?.content == [0, 0, 0, 3, 0, 0, 0, 0])
      let controls = chunks.filter { $0.type == "fcTL" }
      // Width and height, at 0 and 0; for so many 1000ths of a second.
      let place: [UInt8] = [0, 0, 0, 120, 0, 0, 0, 90, 0, 0, 0, 0, 0, 0, 0, 0]
      for (i, control) in controls.enumerated() {
        let time: [UInt8] = [0, UInt8(40 + i), 3, 232, 0, 0]
        #expect(Array(control.content[4...]) == place + time)
      }
      #expect(controls.count == 3)
      let numbered = chunks.filter { $0.type == "fcTL" || $0.type == "fdAT" }
      for (i, chunk) in numbered.enumerated() { #expect(chunk.content[3] == UInt8(i)) }
      for (i, picture) in pictures.enumerated() {
        let start = try #require(chunks.firstIndex { $0.type == "fcTL" && $0.content[21] == 40 + UInt8(i) })
        let data = chunks[(start + 1)...].prefix { $0.type == "IDAT" || $0.type == "fdAT" }
        let png = try PNGEncoder.encode(picture)
        let expected = self.chunks(png).filter { $0.type == "IDAT" }.flatMap(\.content)
        let found = data.flatMap { chunk in chunk.content.dropFirst(chunk.type == "fdAT" ? 4 : 0) }
        #expect(found == expected)
      }
      #expect(chunks.last?.type == "IEND")
    }
  }

  @Test("an animation that isn't finished leaves what was there")
  func animationCutShort() throws {
    try inTemporaryFolder { folder in
      try writeFile([1, 2], to: folder / "film.png")
      do {
        var writer = try AnimatedPNGWriter(to: folder / "film.png", frames: 2)
        try writer.add(.gradient(4, 4, 3), milliseconds: 50)
      }
      #expect(try readFile(folder / "film.png") == [1, 2] && folderNames(folder) == ["film.png"])
      let error = #expect(throws: PictureError.self) {
        _ = try AnimatedPNGWriter(to: folder / "no/film.png", frames: 2)
      }
      #expect(error?.kind == .cannotWrite && error?.path == folder / "no/film.png")
    }
  }

  // MARK: - Galleries

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
