// PNG by libpng's simplified API: it catches libpng's longjmp itself and reports by status, so none crosses a Swift frame.

import CPNG

enum PNG {
  /// The declared size, from the IHDR chunk, which is always the first.
  static func size(_ bytes: [UInt8]) throws(PictureError) -> (width: Int, height: Int) {
    guard bytes.count >= 33, bytes[12..<16].elementsEqual("IHDR".utf8) else {
      throw PictureError(.corrupt, "is a PNG that is cut short or damaged (no header)")
    }
    let width = bigEndian(bytes, at: 16)
    let height = bigEndian(bytes, at: 20)
    guard width >= 1, height >= 1 else {
      throw PictureError(.corrupt, "is a PNG that is damaged (it declares \(width) x \(height) pixels)")
    }
    return (width, height)
  }

  /// Decodes and scales; the result isn't turned yet.
  static func decode(
    _ bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits
  ) throws(PictureError) -> Picture {
    let (width, height) = try size(bytes)
    try limits.check(width: width, height: height)
    if let shortSide { try limits.checkScaled(width: width, height: height, shortSide: shortSide) }
    let stored = try samples(bytes, width: width, height: height)
    let opaque = Picture(
      width: width, height: height, channels: stored.hasColour ? 3 : 1,
      pixels: stored.hasAlpha ? overWhite(stored.samples, colours: stored.hasColour ? 3 : 1) : stored.samples)
    // Luma goes through scaling before it becomes three channels, colour becomes luma before: less to scale.
    let fewer = channels < opaque.channels ? opaque.converted(channels: channels) : opaque
    return (shortSide.map(fewer.resized(shortSide:)) ?? fewer).converted(channels: channels)
  }

  /// What an eXIf chunk before the pixels says; upright where there is none.
  static func orientation(_ bytes: [UInt8]) -> Orientation {
    var at = 8  // past the signature
    while at + 12 <= bytes.count {
      let length = bigEndian(bytes, at: at)
      let type = bytes[at + 4..<at + 8]
      guard length <= bytes.count - at - 12, !type.elementsEqual("IDAT".utf8) else { break }
      if type.elementsEqual("eXIf".utf8) { return Orientation(tiff: bytes[at + 8..<at + 8 + length]) }
      at += 12 + length
    }
    return .upright
  }

  private static func bigEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
  }

  /// All samples as 8-bit sRGB values: (luma or RGB) and alpha, where the file has any (a channel, or a transparent colour
  /// or palette entry), not premultiplied.
  private static func samples(
    _ bytes: [UInt8], width: Int, height: Int
  ) throws(PictureError) -> (samples: [UInt8], hasColour: Bool, hasAlpha: Bool) {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    return try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      guard png_image_begin_read_from_memory(&image, file.baseAddress, file.count) != 0 else {
        throw damage(image)
      }
      guard Int(image.width) == width, Int(image.height) == height else {
        throw PictureError(.corrupt, "is a PNG that is damaged (two headers)")
      }
      // Deep samples without a gamma chunk are sRGB like shallow ones; libpng would take them for linear light.
      image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
      let hasColour = image.format & png_uint_32(PNG_FORMAT_FLAG_COLOR) != 0
      let hasAlpha = image.format & png_uint_32(PNG_FORMAT_FLAG_ALPHA) != 0
      // Without alpha in the wanted format, libpng would mix with the background in linear light.
      image.format = png_uint_32((hasColour ? PNG_FORMAT_FLAG_COLOR : 0) | (hasAlpha ? PNG_FORMAT_FLAG_ALPHA : 0))
      let count = width * height * ((hasColour ? 3 : 1) + (hasAlpha ? 1 : 0))
      let samples = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let status = png_image_finish_read(&image, nil, buffer.baseAddress, 0, nil)
        filled = status != 0 ? count : 0
      }
      guard samples.count == count else { throw damage(image) }
      return (samples, hasColour, hasAlpha)
    }
  }

  private static func damage(_ image: png_image) -> PictureError {
    PictureError(.corrupt, "is a PNG that is cut short or damaged (\(image.text))")
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

extension png_image {
  /// libpng's word on the last call.
  var text: String {
    withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
