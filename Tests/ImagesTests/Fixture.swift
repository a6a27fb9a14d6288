// What the tests share: the committed files, a JPEG encoder, drawings, and how far two pictures are apart.

import CTurboJPEG
import Foundation
import Images
import Randomness
import Testing

enum Fixture {
  static func path(_ name: String) -> String {
    Bundle.module.bundleURL.appending(path: "Fixtures").appending(path: name).path
  }

  static func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path(name)))) }

  /// One line of `fixtures.csv`: a file, the file with its expected pixels, the largest difference that is allowed.
  struct Row: CustomTestStringConvertible, Sendable {
    let file: String
    let expected: String
    let tolerance: Int
    var testDescription: String { file }
  }

  static let rows: [Row] = {
    let text = (try? String(contentsOfFile: path("fixtures.csv"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: ",").map(String.init)
      return fields.count == 3 ? Int(fields[2]).map { Row(file: fields[0], expected: fields[1], tolerance: $0) } : nil
    }
  }()
}

extension RandomStream {
  static func test(_ index: Int) -> RandomStream { RandomStream(seed: 1, purpose: .test, index: index) }

  mutating func picture(_ width: Int, _ height: Int, _ channels: Int) -> Picture {
    Picture(
      width: width, height: height, channels: channels,
      pixels: (0..<width * height * channels).map { _ in UInt8(truncatingIfNeeded: nextWord()) })
  }
}

extension Picture {
  /// A smooth picture without symmetry, which JPEG keeps well.
  static func gradient(_ width: Int, _ height: Int, _ channels: Int) -> Picture {
    var pixels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let values = [
          x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), (x + 2 * y) * 255 / (width + 2 * height),
        ]
        for c in 0..<channels { pixels.append(UInt8(values[c])) }
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  /// The largest difference of two samples; nil for different shapes.
  func largestDifference(to other: Picture) -> Int? {
    guard width == other.width, height == other.height, channels == other.channels else { return nil }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max()
  }

  var mean: Double { Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) }
}

func jpeg(_ picture: Picture, quality: Int = 95, subsampling: TJSAMP = TJSAMP_444, flags: CInt = 0) -> [UInt8] {
  let handle = tjInitCompress()
  defer { tjDestroy(handle) }
  var data: UnsafeMutablePointer<UInt8>?
  var size: CUnsignedLong = 0
  let status = tjCompress2(
    handle, picture.pixels, CInt(picture.width), 0, CInt(picture.height),
    CInt((picture.channels == 3 ? TJPF_RGB : TJPF_GRAY).rawValue), &data, &size,
    CInt((picture.channels == 3 ? subsampling : TJSAMP_GRAY).rawValue), CInt(quality), flags)
  precondition(status == 0, String(cString: tjGetErrorStr2(handle)))
  defer { tjFree(data) }
  return [UInt8](UnsafeBufferPointer(start: data, count: Int(size)))
}

/// A PNG with the checksum of every chunk made right again, so that damage gets past them.
func withRightChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var bytes = bytes
  var at = 8
  while at + 12 <= bytes.count {
    let length = bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - at - 12 else { break }
    let end = at + 8 + length
    var check = UInt32.max
    for byte in bytes[at + 4..<end] {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check >> 1 ^ (check & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    withUnsafeBytes(of: (~check).bigEndian) { bytes.replaceSubrange(end..<end + 4, with: $0) }
    at = end + 4
  }
  return bytes
}

/// A PNG's chunk, with its checksum.
func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
  let count = withUnsafeBytes(of: UInt32(content.count).bigEndian) { Array($0) }
  // The function above wants a file: a signature, then chunks.
  let signature = [UInt8](repeating: 0, count: 8)
  return Array(withRightChecksums(signature + count + Array(type.utf8) + content + [0, 0, 0, 0]).dropFirst(8))
}
