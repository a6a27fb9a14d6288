// JPEG by libjpeg-turbo's TurboJPEG API: it reports by status codes, so no longjmp ever crosses a Swift frame.

import CTurboJPEG

enum JPEG {
  /// The declared size, as stored (not turned).
  static func size(_ bytes: [UInt8]) throws(PictureError) -> (width: Int, height: Int) {
    let decoder = try Decompressor()
    return try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      let header = try decoder.header(file)
      return (header.width, header.height)
    }
  }

  /// Decodes and scales; the result isn't turned yet.
  ///
  /// The codec itself scales by 1/2, 1/4 or 1/8 (smaller inverse DCTs: less work the smaller the picture), to the smallest
  /// size that isn't below the wanted one; area averaging does the rest.
  static func decode(
    _ bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits
  ) throws(PictureError) -> Picture {
    let decoder = try Decompressor()
    let decoded = try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      let header = try decoder.header(file)
      try limits.check(width: header.width, height: header.height)
      var (width, height) = (header.width, header.height)
      if let shortSide {
        try limits.checkScaled(width: width, height: height, shortSide: shortSide)
        let scale = [8, 4, 2].first { min(ceilDivide(width, $0), ceilDivide(height, $0)) >= shortSide } ?? 1
        (width, height) = (ceilDivide(width, scale), ceilDivide(height, scale))
      }
      return try decoder.decode(file, width: width, height: height, isCMYK: header.isCMYK, channels: channels)
    }
    return shortSide.map(decoded.resized(shortSide:)) ?? decoded
  }

  /// What the first EXIF segment says; upright where there is none.
  static func orientation(_ bytes: [UInt8]) -> Orientation {
    var at = 2  // past the start-of-image marker
    while at + 4 <= bytes.count {
      // Anything but 0xFF before a marker is junk, which decoders skip; 0xFF may be repeated.
      guard bytes[at] == 0xFF, bytes[at + 1] != 0xFF else {
        at += 1
        continue
      }
      let marker = bytes[at + 1]
      switch marker {
      case 0x00, 0x01, 0xD0...0xD8:  // no length follows
        at += 2
      case 0xD9, 0xDA:  // the end, or the pixels: EXIF comes before
        return .upright
      default:
        let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
        let end = min(at + 2 + max(length, 2), bytes.count)
        let content = bytes[at + 4..<max(end, at + 4)]
        if marker == 0xE1, content.starts(with: exifName) {
          return Orientation(tiff: content.dropFirst(exifName.count))
        }
        at = end
      }
    }
    return .upright
  }

  private static let exifName: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif" and two zeros
}

/// One TurboJPEG handle. Making one takes about a microsecond, so each picture has its own and threads share nothing.
private struct Decompressor: ~Copyable {
  private let handle: tjhandle

  init() throws(PictureError) {
    guard let handle = tjInitDecompress() else {
      throw PictureError(.unreadable, "no memory for the JPEG decoder")
    }
    self.handle = handle
  }

  deinit { tjDestroy(handle) }

  func header(
    _ file: UnsafeBufferPointer<UInt8>
  ) throws(PictureError) -> (width: Int, height: Int, isCMYK: Bool) {
    var (width, height, subsampling, colours): (CInt, CInt, CInt, CInt) = (0, 0, -1, -1)
    let status = tjDecompressHeader3(
      handle, file.baseAddress, CUnsignedLong(file.count), &width, &height, &subsampling, &colours)
    // The call also fails for chroma samplings without a name in this API and for mere warnings; the decoder doesn't need
    // the one and tells the others again. Only what it can't do without counts here.
    guard width >= 1, height >= 1, colours >= 0 else {
      throw status == 0 ? PictureError(.corrupt, "is a JPEG without a picture in it") : lastError()
    }
    let isCMYK = colours == CInt(TJCS_CMYK.rawValue) || colours == CInt(TJCS_YCCK.rawValue)
    return (Int(width), Int(height), isCMYK)
  }

  /// Decodes at a size that is the full one times 1, 1/2, 1/4 or 1/8, rounded up.
  func decode(
    _ file: UnsafeBufferPointer<UInt8>, width: Int, height: Int, isCMYK: Bool, channels: Int
  ) throws(PictureError) -> Picture {
    let format = isCMYK ? TJPF_CMYK : channels == 1 ? TJPF_GRAY : TJPF_RGB
    let samples = isCMYK ? 4 : channels
    // The first warning ends the work on a bad file; a harmless one costs a second try.
    var flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
    while true {
      var status: CInt = 0
      let pixels = [UInt8](unsafeUninitializedCapacity: width * height * samples) { buffer, filled in
        status = tjDecompress2(
          handle, file.baseAddress, CUnsignedLong(file.count), buffer.baseAddress, CInt(width), 0, CInt(height),
          CInt(format.rawValue), flags)
        let isWritten = status == 0 || (flags & TJFLAG_STOPONWARNING == 0 && isHarmlessWarning)
        filled = isWritten ? buffer.count : 0
      }
      if pixels.isEmpty {
        guard flags & TJFLAG_STOPONWARNING != 0, isHarmlessWarning else { throw lastError() }
        flags &= ~TJFLAG_STOPONWARNING
        continue
      }
      if isCMYK {
        return pictureFromInvertedCMYK(pixels, width: width, height: height).converted(channels: channels)
      }
      return Picture(width: width, height: height, channels: channels, pixels: pixels)
    }
  }

  /// The last call met something odd in a header that doesn't touch the pixels. Any other warning means pixels made up by
  /// the decoder: the lower half of a file cut short would be plain grey.
  private var isHarmlessWarning: Bool {
    guard tjGetErrorCode(handle) == CInt(TJERR_WARNING.rawValue) else { return false }
    let text = message
    return ["Warning: unknown JFIF revision", "Unknown Adobe color transform", "Invalid SOS parameters for sequential"]
      .contains { text.hasPrefix($0) }
  }

  private var message: String { String(cString: tjGetErrorStr2(handle)) }

  private func lastError() -> PictureError {
    let text = message
    return text.contains("nsupported")
      ? PictureError(.unsupported, "is a JPEG of a kind that can't be decoded (\(text)); save it as a baseline JPEG")
      : PictureError(.corrupt, "is a JPEG that is cut short or damaged (\(text))")
  }
}

/// sRGB from the CMYK that JPEG files hold: Adobe's, inverted (255 is no ink). Red is C K / 255, and so on: inks as ideal
/// filters, no profile, as PIL converts them.
private func pictureFromInvertedCMYK(_ inks: [UInt8], width: Int, height: Int) -> Picture {
  let count = width * height
  let pixels = [UInt8](unsafeUninitializedCapacity: count * 3) { target, filled in
    inks.withUnsafeBufferPointer { source in
      for i in 0..<count {
        let black = source[4 * i + 3]
        for c in 0..<3 { target[3 * i + c] = product255(source[4 * i + c], black) }
      }
    }
    filled = count * 3
  }
  return Picture(width: width, height: height, channels: 3, pixels: pixels)
}

/// a b / 255, rounded to nearest.
@inline(__always)
private func product255(_ a: UInt8, _ b: UInt8) -> UInt8 { divide255(UInt32(a) &* UInt32(b)) }

/// n / 255 rounded to nearest, for n up to 255 * 255, without a division.
@inline(__always)
func divide255(_ n: UInt32) -> UInt8 {
  let t = n &+ 128
  return UInt8(truncatingIfNeeded: (t &+ t >> 8) >> 8)
}

private func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
