// Animated PNGs: pictures of one size, one after the other, for ever. (PNG, third edition, "Animation information".)
// Browsers play them, and what doesn't shows the first picture.
//
//     a PNG    signature, IHDR,                          IDAT ...,               IEND
//     joined   signature, IHDR, acTL (how many frames), fcTL (how long), IDAT ...,   the first picture's
//                                                       fcTL, fdAT ...,              each other one's, the same data
//              IEND
//
// fcTL and fdAT are numbered together.

import SystemSupport

/// The bytes, frame by frame.
package struct AnimatedPNGEncoder {
  private let frames: Int
  private var done = 0
  /// The next fcTL's or fdAT's.
  private var number: UInt32 = 0
  private var header: [UInt8] = []

  /// - Parameter frames: how many will be added.
  package init(frames: Int) { self.frames = frames }

  /// - Parameter milliseconds: how long the picture is seen, 65,535 at most.
  /// - Returns: what comes next in the file.
  /// - Precondition: the picture has the size and channels of those before; there are no more than were declared.
  package mutating func add(_ picture: Picture, milliseconds: UInt16) throws(PictureError) -> [UInt8] {
    precondition(done < frames, "no more frames than were declared")
    let png = try PNGEncoder.encode(picture)
    var bytes: [UInt8] = []
    if done == 0 {
      // The header, and what colours are meant.
      bytes += png.prefix(8)
      for chunk in PNGChunks(png).prefix(while: { $0.type != "IDAT" }) {
        if chunk.type == "IHDR" { header = Array(chunk.content) }
        bytes += PNGChunks.chunk(chunk.type, Array(chunk.content))
      }
      bytes += PNGChunks.chunk("acTL", bigEndian(UInt32(frames)) + bigEndian(UInt32(0)))
    }
    // Size and place; how long, in thousandths; what becomes of it.
    var control = nextNumber()
    for number in [UInt32(picture.width), UInt32(picture.height), 0, 0] { control += bigEndian(number) }
    for number in [milliseconds, 1000] { control += bigEndian(number) }
    control += [0, 0]
    bytes += PNGChunks.chunk("fcTL", control)
    for chunk in PNGChunks(png) {
      if chunk.type == "IHDR" { precondition(chunk.content.elementsEqual(header), "all frames are of one form") }
      if chunk.type != "IDAT" { continue }
      bytes +=
        done == 0
        ? PNGChunks.chunk("IDAT", Array(chunk.content)) : PNGChunks.chunk("fdAT", nextNumber() + chunk.content)
    }
    done += 1
    return bytes
  }

  /// What comes last.
  package func end() -> [UInt8] {
    precondition(done == frames, "as many frames as were declared")
    return PNGChunks.chunk("IEND", [])
  }

  private mutating func nextNumber() -> [UInt8] {
    defer { number += 1 }
    return bigEndian(number)
  }
}

/// A file that is written frame by frame and appears whole or not at all.
package struct AnimatedPNGWriter: ~Copyable {
  private let file: AtomicFile
  private let path: String
  private var encoder: AnimatedPNGEncoder
  private var bytes = 0

  /// - Parameter frames: how many will be added.
  /// - Throws: `cannotWrite`.
  package init(to path: String, frames: Int) throws(PictureError) {
    do {
      file = try AtomicFile(at: path)
    } catch {
      throw PictureError(writing: path, error)
    }
    self.path = path
    encoder = AnimatedPNGEncoder(frames: frames)
  }

  /// As `AnimatedPNGEncoder.add`.
  package mutating func add(_ picture: Picture, milliseconds: UInt16) throws(PictureError) {
    let some: [UInt8]
    do { some = try encoder.add(picture, milliseconds: milliseconds) } catch { throw error.at(path) }
    try write(some)
  }

  /// Gives the file its name.
  /// - Returns: its bytes.
  package consuming func finish() throws(PictureError) -> Int {
    try write(encoder.end())
    let (path, bytes) = (path, bytes)
    do {
      try file.commit()
    } catch {
      throw PictureError(writing: path, error)
    }
    return bytes
  }

  private mutating func write(_ some: [UInt8]) throws(PictureError) {
    bytes += some.count
    do {
      try file.write(some)
    } catch {
      throw PictureError(writing: path, error)
    }
  }
}

/// The chunks of a PNG that this program has encoded.
struct PNGChunks: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var place = 8

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> (type: String, content: ArraySlice<UInt8>)? {
    guard place + 12 <= bytes.count else { return nil }
    let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - place - 12 else { return nil }
    defer { place += 12 + length }
    let type = String(decoding: bytes[place + 4..<place + 8], as: UTF8.self)
    return (type, bytes[place + 8..<place + 8 + length])
  }

  /// A whole one: length, type, content, checksum.
  static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
    let checked = Array(type.utf8) + content
    return bigEndian(UInt32(content.count)) + checked + bigEndian(CRC32.of(checked))
  }
}

private func bigEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.bigEndian, Array.init)
}
