// PNG in. libpng is called from C (CPNGReader), which catches its longjmp and reports by status.

import CPNGReader

package enum PNG {
  /// What the chunks before the pixels say: the size as stored (not turned) and, from an eXIf chunk, the orientation.
  package static func header(_ bytes: [UInt8]) throws(PictureError) -> (
    width: Int, height: Int, orientation: Orientation
  ) {
    guard bytes.count >= 33, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw PictureError(.corrupt, "is a PNG that is cut short or damaged (it has no header)")
    }
    let width = bigEndian(bytes, at: 16)
    let height = bigEndian(bytes, at: 20)
    guard width >= 1, height >= 1 else {
      throw PictureError(.corrupt, "is a PNG that is damaged (it declares \(width) x \(height) pixels)")
    }
    var orientation = Orientation.upright
    var at = 8  // past the signature
    while at + 12 <= bytes.count {
      let length = bigEndian(bytes, at: at)
      let type = bytes[at + 4..<at + 8]
      if type.elementsEqual("IDAT".utf8) { return (width, height, orientation) }
      guard length <= bytes.count - at - 12 else { break }
      if type.elementsEqual("eXIf".utf8) { orientation = Orientation(tiff: bytes[at + 8..<at + 8 + length]) }
      at += 12 + length
    }
    throw PictureError(.corrupt, "is a PNG that is cut short or damaged (it ends before the pixels)")
  }

  static func decode(
    _ bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits
  ) throws(PictureError) -> CodecOutput {
    let (width, height, orientation) = try header(bytes)
    try limits.check(width: width, height: height)
    var size = (width: width, height: height)
    if let shortSide { size = try limits.scaledSize(width: width, height: height, shortSide: shortSide) }
    let stored = try samples(bytes, width: width, height: height)
    let colours = stored.channels < 3 ? 1 : 3
    let opaque = Picture(
      width: width, height: height, channels: colours,
      pixels: stored.channels > colours ? overWhite(stored.samples, colours: colours) : stored.samples)
    // Luma goes through scaling before it becomes three channels, colour becomes luma before: less to scale.
    let fewer = channels < opaque.channels ? opaque.converted(channels: channels) : opaque
    return CodecOutput(
      picture: fewer, original: (width, height), size: size, orientation: orientation, channels: channels)
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// All samples as 8-bit sRGB values: 1 (luma), 2 (luma, alpha), 3 (RGB) or 4 (RGB, alpha) to a pixel, not
  /// premultiplied.
  private static func samples(
    _ bytes: [UInt8], width: Int, height: Int
  ) throws(PictureError) -> (samples: [UInt8], channels: Int) {
    try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      var header = CPNGHeader()
      var status: CInt = 0
      guard let reader = cpng_open(file.baseAddress, file.count, &header, &status) else {
        throw PictureError(.unreadable, "no memory for the PNG decoder")
      }
      defer { cpng_close(reader) }
      let channels = Int(header.channels)
      if status == 0, Int(header.width) == width, Int(header.height) == height, (1...4).contains(channels) {
        let count = width * height * channels
        let samples = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
          status = buffer.baseAddress.map { cpng_read(reader, $0) } ?? 1
          filled = status == 0 ? count : 0
        }
        if status == 0 { return (samples, channels) }
      }
      let text = String(cString: cpng_message(reader))
      throw PictureError(.corrupt, "is a PNG that is cut short or damaged (\(text))")
    }
  }

  /// c a + 255 (1 - a), on the sRGB values.
  private static func overWhite(_ samples: [UInt8], colours: Int) -> [UInt8] {
    let count = samples.count / (colours + 1)
    return [UInt8](unsafeUninitializedCapacity: count * colours) { target, filled in
      samples.withUnsafeBufferPointer { source in
        for i in 0..<count {
          let alpha = UInt32(source[i * (colours + 1) + colours])
          let white = 255 &* (255 &- alpha)
          for c in 0..<colours {
            target[i * colours + c] = divide255(UInt32(source[i * (colours + 1) + c]) &* alpha &+ white)
          }
        }
      }
      filled = count * colours
    }
  }
}
