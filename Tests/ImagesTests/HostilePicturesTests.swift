// Pictures that are small and ask for much, and odd ones that others read.

import Foundation
import Randomness
import SystemSupport
import TestSupport
import Testing

import Images

/// A JPEG without a pixel: sequential, by arithmetic coding, of three components, and so many scans of one of them.
private func arithmeticJPEG(side: Int, scans: Int) -> [UInt8] {
  let sides = [UInt8(side >> 8), UInt8(side & 255), UInt8(side >> 8), UInt8(side & 255)]
  var bytes: [UInt8] = [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
  bytes += [0xFF, 0xC9, 0, 17, 8] + sides + [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]
  for scan in 0..<scans { bytes += [0xFF, 0xDA, 0, 8, 1, UInt8(scan % 3 + 1), 0, 0, 63, 0, 0, 0, 0, 0] }
  return bytes + [0xFF, 0xD9]
}

@Suite struct HostilePicturesTests {
  private func error(_ bytes: [UInt8], shortSide: Int? = 64) -> PictureError? {
    do throws(PictureError) {
      _ = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: shortSide)
      return nil
    } catch {
      return error
    }
  }

  // MARK: Work

  /// Protects against a kilobyte that takes a minute or a gigabyte. The work that is refused isn't begun: this test
  /// would take minutes.
  @Test("scans without end are refused, whatever the process", .timeLimit(.minutes(1)))
  func scans() {
    for scans in [3, 30, 200] {
      let error = error(arithmeticJPEG(side: 11_585, scans: scans))
      #expect(error?.kind == .tooLarge && error?.reason.contains("MiB to decode") == true)
    }
    // Within the memory, and too much work: 500 scans of 93,000 blocks.
    let error = error(arithmeticJPEG(side: 2440, scans: 500))
    #expect(error?.kind == .tooLarge && error?.reason.contains("500 scans") == true)
    // A picture of a few scans is read.
    #expect(self.error(arithmeticJPEG(side: 500, scans: 3)) == nil)
  }

  @Test("the markers in a scan's own segments and behind the end aren't scans")
  func markersElsewhere() throws {
    let bytes = try Fixture.bytes("progressive.jpg")
    let scans = [UInt8](repeatElement([0xFF, 0xDA], count: 2000).joined())
    let comment = [0xFF, 0xFE, UInt8((scans.count + 2) >> 8), UInt8((scans.count + 2) & 255)] + scans
    let odd = bytes[..<2] + comment + bytes[2...] + scans
    let limits = DecodeLimits(maximumPixels: 2 * 45 * 31)
    let plain = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil, limits: limits)
    #expect(try PictureDecoder.decode(bytes: Array(odd), channels: 3, shortSide: nil, limits: limits) == plain)
  }

  // MARK: Memory

  @Test("a large PNG is scaled as its rows come")
  func largePNG() throws {
    let bytes = try Fixture.bytes("palette-1-large.png")
    let most = DecodeLimits(maximumMemory: 16 << 20)
    let picture = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: 64, limits: most)
    #expect((picture.width, picture.height) == (64, 64))
    // Colour 1 2 3, half transparent, over white.
    #expect(picture.pixels.prefix(3).elementsEqual([128, 128, 129]))
    #expect(picture.pixels.indices.allSatisfy { picture.pixels[$0] == picture.pixels[$0 % 3] })
    // Interlaced, its samples would all have to be there at once.
    var interlaced = bytes
    interlaced[28] = 1
    #expect(error(withRightChecksums(interlaced))?.reason.contains("isn't interlaced") == true)
  }

  @Test("rows scaled as they come give the picture that is scaled whole", arguments: 0..<200)
  func rowScaler(_ index: Int) {
    var random = RandomStream.test(index)
    let (width, height) = (1 + random.below(60), 1 + random.below(300))
    let channels = random.below(2) * 2 + 1
    let size = (width: 1 + random.below(90), height: 1 + random.below(index % 2 == 0 ? 20 : 400))
    let picture = random.picture(width, height, channels)
    var scaler = RowScaler(width: width, height: height, channels: channels, to: size)
    for y in 0..<height {
      scaler.addRow { row in
        for i in 0..<width * channels { row[i] = picture.pixels[y * width * channels + i] }
      }
    }
    #expect(scaler.picture() == picture.resized(width: size.width, height: size.height))
  }

  @Test("many threads with large pictures keep within the budget, and get their pictures")
  func budget() throws {
    let bytes = jpeg(.gradient(1500, 1500, 3))
    try inTemporaryFolder { folder in
      try Data(bytes).write(to: URL(filePath: folder + "/a.jpg"))
      let expected = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: 1000)
      DispatchQueue.concurrentPerform(iterations: 64) { _ in
        #expect((try? PictureDecoder.decode(path: folder + "/a.jpg", channels: 3, shortSide: 1000)) == expected)
        #expect(PictureDecoder.budget.inUse <= PictureDecoder.budget.bytes)
      }
    }
  }

  // MARK: Odd files that others read

  @Test("junk between a JPEG's header segments is skipped")
  func junk() throws {
    let bytes = try Fixture.bytes("ycc-444.jpg")
    let plain = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil)
    let table = try #require(bytes.indices.dropLast().first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDB })
    for junk: [UInt8] in [[0], [1, 2, 3], [0xFF, 0], [0xFF, 0xD0], [UInt8](repeating: 9, count: 5000)] {
      let odd = Array(bytes[..<table] + junk + bytes[table...])
      #expect(try PictureDecoder.decode(bytes: odd, channels: 3, shortSide: nil) == plain)
      // It hides no damage.
      #expect(error(Array(odd[..<(odd.count - 100)]))?.kind == .corrupt)
    }
  }

  @Test("a JPEG without its end marker is read, with a remark")
  func noEnd() throws {
    for name in ["ycc-420.jpg", "progressive.jpg"] {
      let bytes = try Fixture.bytes(name)
      try inTemporaryFolder { folder in
        let path = folder + "/a.jpg"
        try Data(bytes).write(to: URL(filePath: path))
        let whole = try PictureDecoder.read(path: path, channels: 3, shortSide: 20)
        #expect(whole.remarks.isEmpty)
        try Data(bytes.dropLast(2)).write(to: URL(filePath: path))
        let cut = try PictureDecoder.read(path: path, channels: 3, shortSide: 20)
        #expect(cut.picture == whole.picture && cut.remarks == [.noEnd] && cut.checksum != whole.checksum)
      }
    }
  }

  // MARK: Orientation

  private let turn: [UInt8] = [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0]

  private func xmp(_ value: String) -> [UInt8] {
    Array("<x:xmpmeta xmlns:tiff='http://ns.adobe.com/tiff/1.0/'><rdf:Description \(value)</x:xmpmeta>".utf8)
  }

  /// As zlib packs what it can't make smaller.
  private func stored(_ bytes: [UInt8]) -> [UInt8] {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    let count = [UInt8(bytes.count & 255), UInt8(bytes.count >> 8)]
    let sum = withUnsafeBytes(of: (b << 16 | a).bigEndian) { Array($0) }
    return [0x78, 0x01, 1] + count + count.map { ~$0 } + bytes + sum
  }

  private var rawProfile: [UInt8] {
    let bytes = Array("Exif\0\0".utf8) + turn
    let digits = bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    return Array("\nexif\n      \(digits.count / 2)\n\(digits.prefix(36))\n\(digits.dropFirst(36))\n".utf8)
  }

  @Test("a PNG says in many places how it's turned, before its pixels and behind them")
  func orientation() throws {
    let picture = Picture.gradient(30, 20, 3)
    let bytes = try PNGEncoder.encode(picture)
    let turned = picture.turned(.quarterTurn)
    let name = Array("Raw profile type exif\0".utf8)
    let xmpName = Array("XML:com.adobe.xmp\0".utf8)
    let chunks = [
      chunk("eXIf", turn),
      chunk("tEXt", name + rawProfile),
      chunk("zTXt", name + [0] + stored(rawProfile)),
      chunk("iTXt", xmpName + [0, 0, 0, 0] + xmp("tiff:Orientation=\"6\"/>")),
      chunk("iTXt", xmpName + [1, 0, 0, 0] + stored(xmp("><tiff:Orientation>6</tiff:Orientation>"))),
      // EXIF counts before XMP, wherever it is.
      chunk("iTXt", xmpName + [0, 0, 0, 0] + xmp("tiff:Orientation=\"3\"/>")) + chunk("eXIf", turn),
    ]
    for chunk in chunks {
      for place in [33, bytes.count - 12] {
        let file = Array(bytes[..<place] + chunk + bytes[place...])
        #expect(try PictureDecoder.decode(bytes: file, channels: 3, shortSide: nil) == turned)
        #expect(try PictureDecoder.information(bytes: file).width == 20)
      }
    }
    let none = [
      chunk("tEXt", Array("Comment\0".utf8) + rawProfile), chunk("zTXt", name + [0, 1, 2, 3]),
      chunk("iTXt", xmpName + [0, 0, 0, 0] + xmp("tiff:Orientation=\"9\"/>")),
    ]
    for chunk in none {
      let file = Array(bytes[..<33] + chunk + bytes[33...])
      #expect(try PictureDecoder.decode(bytes: file, channels: 3, shortSide: nil) == picture)
    }
  }

  @Test("the first bytes of a large PNG don't say how it's turned")
  func orientationFarBehind() throws {
    var random = RandomStream.test(0)
    let picture = random.picture(200, 150, 3)
    let bytes = try PNGEncoder.encode(picture)
    #expect(bytes.count > 1 << 16)
    try inTemporaryFolder { folder in
      let file = bytes.dropLast(12) + chunk("eXIf", turn) + bytes.suffix(12)
      try Data(file).write(to: URL(filePath: folder + "/a.png"))
      #expect(try PictureDecoder.information(path: folder + "/a.png").width == 150)
    }
  }

  @Test("a JPEG's XMP packet turns it where its EXIF says nothing")
  func xmpInJPEG() throws {
    let bytes = jpeg(.gradient(30, 20, 3))
    let plain = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil)
    let content = Array("http://ns.adobe.com/xap/1.0/\0".utf8) + xmp("tiff:Orientation=\"6\"/>")
    let segment = [0xFF, 0xE1, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
    let file = Array(bytes[..<2] + segment + bytes[2...])
    #expect(try PictureDecoder.decode(bytes: file, channels: 3, shortSide: nil) == plain.turned(.quarterTurn))
  }

  // MARK: Colours

  @Test("gAMA counts only where nothing says better what the colours are")
  func colours() throws {
    let picture = Picture.gradient(30, 20, 3)
    let plain = try PNGEncoder.encode(picture)
    // Ours have a gAMA chunk that is sRGB's, and an sRGB one: both go.
    var bytes = Array(plain[..<33])
    var at = 33
    while at + 12 <= plain.count {
      let end = at + 12 + plain[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      let type = String(decoding: plain[at + 4..<at + 8], as: UTF8.self)
      if !["gAMA", "sRGB"].contains(type) { bytes += plain[at..<end] }
      at = end
    }
    func decoded(_ chunks: [UInt8]) throws -> (isPlain: Bool, remarks: Set<PictureRemark>) {
      let output = try PictureDecoder.codecOutput(
        bytes: bytes[..<33] + chunks + bytes[33...], channels: 3, shortSide: nil)
      return (output.finished() == picture, output.remarks)
    }
    let linear = chunk("gAMA", [0, 1, 0x86, 0xA0])
    #expect(try decoded([]) == (true, []))
    #expect(try decoded(linear) == (false, []))
    #expect(try decoded(linear + chunk("iCCP", Array("P3\0\0".utf8) + stored([1, 2, 3]))) == (true, []))
    #expect(try decoded(linear + chunk("cICP", [1, 13, 0, 1])) == (true, []))
    #expect(try decoded(linear + chunk("cICP", [9, 16, 0, 1])) == (true, [.otherColours]))
    #expect(try decoded(chunk("cICP", [12, 13, 0, 1])) == (true, [.otherColours]))
  }
}
