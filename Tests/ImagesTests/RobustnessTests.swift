// No file, whatever is in it, crashes or hangs the decoder, and a bad one is called bad.

import TestSupport
import CTurboJPEG
import Foundation
import Randomness
import Testing

import Images

@Suite struct RobustnessTests {
  private func kind(_ bytes: [UInt8], shortSide: Int? = nil, limits: DecodeLimits = .default) -> PictureError.Kind? {
    do {
      _ = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: shortSide, limits: limits)
      return nil
    } catch {
      return error.kind
    }
  }

  private func kind(path: String) -> PictureError.Kind? {
    do {
      _ = try PictureDecoder.decode(path: path, channels: 3, shortSide: 8)
      return nil
    } catch {
      #expect(error.path == path && error.description.hasPrefix(path + ": "))
      return error.kind
    }
  }

  // MARK: Damage

  @Test(
    "a JPEG cut short anywhere is an error, but where no pixel is missing",
    arguments: ["ycc-420.jpg", "progressive.jpg", "arithmetic.jpg", "cmyk.jpg", "restarts.jpg", "orientation-6.jpg"])
  func truncatedJPEG(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let whole = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil)
    var read = 0
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      if let picture = try? PictureDecoder.decode(bytes: cut, channels: 3, shortSide: nil) {
        // The end marker alone is missing, and perhaps a byte that only filled up the last one.
        #expect(picture == whole && count >= bytes.count - 3, "\(count) of \(bytes.count) bytes")
        read += 1
      } else {
        #expect(kind(cut) == (count < 3 ? .notAPicture : .corrupt), "\(count) of \(bytes.count) bytes")
      }
      _ = kind(cut, shortSide: 5)
      _ = try? PictureDecoder.information(bytes: cut)
    }
    // An arithmetic decoder doesn't notice what is missing.
    #expect((read >= 2) == (name != "arithmetic.jpg"))
  }

  @Test("a PNG cut short before the end of its pixels is an error", arguments: ["rgb-8.png", "rgba-8-adam7.png"])
  func truncatedPNG(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let end = bytes.count - 12  // what follows is the end chunk alone
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(
        kind(cut) == (count < 8 ? .notAPicture : count < end ? .corrupt : nil), "\(count) of \(bytes.count) bytes")
      _ = try? PictureDecoder.information(bytes: cut)
    }
  }

  @Test("a cut through the middle is an error at every scale", arguments: [nil, 8, 16, 32, 64, 200])
  func truncatedAtEveryScale(_ shortSide: Int?) {
    let bytes = jpeg(.gradient(160, 140, 3), subsampling: TJSAMP_420)
    #expect(kind(bytes, shortSide: shortSide) == nil)
    #expect(kind(Array(bytes[..<(bytes.count / 2)]), shortSide: shortSide) == .corrupt)
  }

  @Test("flipped bytes never crash, whatever they give", arguments: Fixture.rows.map(\.file))
  func flippedBytes(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    let limits = DecodeLimits(maximumPixels: 1 << 20)
    for round in 0..<80 {
      var random = RandomStream.test(round)
      var damaged = bytes
      for _ in 0...random.below(4) {
        // Half of the hits go to the headers, where sizes and tables are.
        let at = random.below(random.below(2) == 0 ? min(120, bytes.count) : bytes.count)
        damaged[at] = UInt8(truncatingIfNeeded: random.nextWord())
      }
      if round % 2 == 0, PictureFormat(damaged) == .png { damaged = withRightChecksums(damaged) }
      for shortSide in [nil, 7] {
        if let picture = try? PictureDecoder.decode(
          bytes: damaged, channels: round % 3 == 0 ? 1 : 3, shortSide: shortSide, limits: limits)
        {
          #expect(picture.pixels.count == picture.width * picture.height * picture.channels)
        }
      }
      _ = try? PictureDecoder.information(bytes: damaged)
    }
  }

  @Test("a damaged PNG isn't shown: its checksums tell")
  func checksums() throws {
    var bytes = try Fixture.bytes("rgb-8.png")
    bytes[bytes.count - 40] ^= 1
    #expect(kind(bytes) == .corrupt)
  }

  @Test("bytes after the end don't matter", arguments: ["ycc-420.jpg", "rgb-8.png"])
  func trailingBytes(_ name: String) throws {
    let bytes = try Fixture.bytes(name)
    var random = RandomStream.test(0)
    let tail = random.picture(100, 10, 1).pixels
    let plain = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil)
    #expect(try PictureDecoder.decode(bytes: bytes + tail, channels: 3, shortSide: nil) == plain)
  }

  @Test("an odd version, a scan's meaningless numbers and padding are no damage, and don't hide any")
  func harmlessWarnings() throws {
    let bytes = try Fixture.bytes("ycc-444.jpg")
    let plain = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: nil)
    #expect(bytes[6..<10].elementsEqual("JFIF".utf8))
    let scan = try #require(bytes.indices.first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })

    var oddVersion = bytes
    oddVersion[11] = 9
    var oddScan = bytes
    oddScan[scan + 3 + 2 * 3 + 3] = 0  // the end of the spectral range: 63 in a sequential file
    let padded = bytes.dropLast(2) + [0, 0, 0, 0, 0] + bytes.suffix(2)
    for odd in [oddVersion, oddScan, Array(padded)] {
      #expect(odd != bytes)
      #expect(try PictureDecoder.decode(bytes: odd, channels: 3, shortSide: nil) == plain)
      #expect(kind(Array(odd[..<(odd.count / 2)])) == .corrupt)
    }
    #expect(kind(bytes.dropLast(2) + [1, 2, 3, 4, 5] + bytes.suffix(2)) == .corrupt)
  }

  @Test("other formats and no format at all are told apart")
  func otherFormats() {
    #expect(kind([]) == .notAPicture)
    #expect(kind(Array("hello, world".utf8)) == .notAPicture)
    #expect(kind(Array("GIF89a".utf8)) == .unsupported)
    #expect(kind(Array("RIFF....WEBPVP8 ".utf8)) == .unsupported)
    #expect(kind([0xFF, 0xD8, 0xFF]) == .corrupt)
    #expect(kind([0xFF, 0xD8, 0xFF, 0xD9]) == .corrupt)
  }

  // MARK: Sizes

  /// A JPEG of some pixels that declares other ones.
  private func jpegDeclaring(_ width: Int, _ height: Int) -> [UInt8] {
    var bytes = jpeg(.gradient(16, 16, 3))
    for at in 0..<bytes.count - 9 where bytes[at] == 0xFF && bytes[at + 1] == 0xC0 {
      bytes.replaceSubrange(
        at + 5..<at + 9, with: [height >> 8, height & 255, width >> 8, width & 255].map(UInt8.init))
      break
    }
    return bytes
  }

  private func pngDeclaring(_ width: UInt32, _ height: UInt32) throws -> [UInt8] {
    var bytes = try PNGEncoder.encode(.gradient(16, 16, 3))
    for (at, value) in [(16, width), (20, height)] {
      withUnsafeBytes(of: value.bigEndian) { bytes.replaceSubrange(at..<at + 4, with: $0) }
    }
    return withRightChecksums(bytes)
  }

  @Test("a gigantic declared size is refused from the header")
  func giants() throws {
    #expect(kind(jpegDeclaring(65_500, 65_500)) == .tooLarge)
    #expect(kind(jpegDeclaring(65_500, 65_500), shortSide: 64) == .tooLarge)
    #expect(kind(try pngDeclaring(.max >> 1, .max >> 1)) == .tooLarge)
    #expect(kind(try pngDeclaring(.max, .max)) == .tooLarge)
    #expect(kind(try pngDeclaring(100_000, 1)) == .tooLarge)
    #expect(kind(try pngDeclaring(0, 5)) == .corrupt)
    // Within the limits, but the pixels aren't there: an error, soon.
    #expect(kind(jpegDeclaring(10_000, 10_000), shortSide: 64) == .corrupt)
    #expect(kind(try pngDeclaring(10_000, 10_000), shortSide: 64) == .corrupt)
  }

  @Test("endless passes over a progressive picture are refused")
  func passes() throws {
    let bytes = try Fixture.bytes("progressive.jpg")
    let pixels = 45 * 31
    #expect(kind(bytes, limits: DecodeLimits(maximumPixels: 2 * pixels)) == nil)
    let scan = try #require(bytes.indices.dropLast().last { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA })
    let last = bytes[scan..<bytes.count - 2]
    let endless = bytes[..<scan] + Array(repeatElement(last, count: 40).joined()) + bytes.suffix(2)
    #expect(kind(Array(endless), limits: DecodeLimits(maximumPixels: 2 * pixels)) == .tooLarge)
  }

  @Test("the limits are the caller's")
  func limits() throws {
    let files = [jpeg(.gradient(40, 30, 3)), try PNGEncoder.encode(.gradient(40, 30, 3))]
    for bytes in files {
      #expect(kind(bytes, limits: DecodeLimits(maximumPixels: 1200)) == nil)
      #expect(kind(bytes, limits: DecodeLimits(maximumPixels: 1199)) == .tooLarge)
      #expect(kind(bytes, limits: DecodeLimits(maximumWidth: 39)) == .tooLarge)
      #expect(kind(bytes, limits: DecodeLimits(maximumHeight: 29)) == .tooLarge)
      #expect(kind(bytes, limits: DecodeLimits(maximumFileBytes: bytes.count - 1)) == .tooLarge)
      #expect(kind(bytes, shortSide: 60, limits: DecodeLimits(maximumPixels: 4799)) == .tooLarge)
      #expect(kind(bytes, shortSide: .max) == .tooLarge)
    }
  }

  @Test("thin pictures scale, and those too thin to scale are refused")
  func thin() throws {
    let line = Picture(width: 1, height: 3000, channels: 3, pixels: Array(repeating: 77, count: 9000))
    for bytes in [jpeg(line), try PNGEncoder.encode(line)] {
      let picture = try PictureDecoder.decode(bytes: bytes, channels: 3, shortSide: 4)
      #expect((picture.width, picture.height) == (4, 12_000))
      #expect(picture.pixels.allSatisfy { abs(Int($0) - 77) <= 1 })
      #expect(kind(bytes, shortSide: 64) == .tooLarge)
    }
    let dot = Picture(width: 1, height: 1, channels: 1, pixels: [200])
    #expect(try PictureDecoder.decode(bytes: jpeg(dot), channels: 3, shortSide: 64).pixels.allSatisfy { $0 == 200 })
  }

  // MARK: Files that are none

  @Test(
    "what isn't a readable regular file is an error that names it, and a pipe doesn't hang", .timeLimit(.minutes(1)))
  func oddFiles() throws {
    try inTemporaryFolder { folder in
      #expect(kind(path: folder + "/missing.jpg") == .notFound)
      #expect(kind(path: folder) == .unreadable)
      #expect(mkfifo(folder + "/pipe.jpg", 0o600) == 0)
      #expect(kind(path: folder + "/pipe.jpg") == .unreadable)
      #expect(kind(path: "/dev/zero") == .unreadable)
      try Data().write(to: URL(filePath: folder + "/empty.jpg"))
      #expect(kind(path: folder + "/empty.jpg") == .notAPicture)
      #expect(kind(path: folder + "/empty.jpg/x.jpg") == .notFound)
      if getuid() != 0 {
        try Data().write(to: URL(filePath: folder + "/secret.jpg"))
        #expect(chmod(folder + "/secret.jpg", 0) == 0)
        #expect(kind(path: folder + "/secret.jpg") == .unreadable)
      }
      try Data(Fixture.bytes("rgb-8.png")).write(to: URL(filePath: folder + "/lies.jpg"))
      #expect(kind(path: folder + "/lies.jpg") == nil)
    }
  }

  @Test("a header longer than the first read is found all the same")
  func longHeaders() throws {
    let plain = jpeg(.gradient(20, 30, 3))
    let comment = [0xFF, 0xFE, 0xFF, 0xFF] + [UInt8](repeating: 32, count: 65_533)
    // The orientation comes after a chunk that nobody knows (whose checksum doesn't matter to the header).
    let turned = try Fixture.bytes("orientation-6.png")
    let unknown = [0, 1, 0x11, 0x70] + Array("junK".utf8) + [UInt8](repeating: 7, count: 70_000 + 4)
    try inTemporaryFolder { folder in
      try Data(plain[..<2] + comment + comment + plain[2...]).write(to: URL(filePath: folder + "/long.jpg"))
      try Data(turned[..<33] + unknown + turned[33...]).write(to: URL(filePath: folder + "/long.png"))
      let information = try PictureDecoder.information(path: folder + "/long.jpg")
      #expect(information == PictureInformation(format: .jpeg, width: 20, height: 30))
      #expect(
        try PictureDecoder.information(path: folder + "/long.png") == PictureDecoder.information(bytes: turned))
    }
  }

  // MARK: Threads

  @Test("many threads decode at once and get the same pictures")
  func threads() throws {
    let files = try Fixture.rows.map { try Fixture.bytes($0.file) }
    let expected = try files.map { try PictureDecoder.decode(bytes: $0, channels: 3, shortSide: 20) }
    DispatchQueue.concurrentPerform(iterations: 8 * files.count) { i in
      let picture = try? PictureDecoder.decode(bytes: files[i % files.count], channels: 3, shortSide: 20)
      #expect(picture == expected[i % files.count])
    }
  }
}
