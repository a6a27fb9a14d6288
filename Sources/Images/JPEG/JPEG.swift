// JPEG by libjpeg-turbo's TurboJPEG API: it reports by status codes, so no longjmp ever crosses a Swift frame.

import CTurboJPEG

package enum JPEG {
  /// What stands before the pixels: the size as stored (not turned) and, from an EXIF segment, the orientation.
  static func header(_ bytes: [UInt8]) throws(PictureError) -> (width: Int, height: Int, orientation: Orientation) {
    let decoder = try Decompressor()
    let header = try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in try decoder.header(file) }
    return (header.width, header.height, orientation(bytes))
  }

  /// The codec itself scales by 1/2, 1/4 or 1/8 (smaller inverse DCTs: less work the smaller the picture), as far as
  /// that doesn't go below the wanted size; area averaging does the rest.
  static func decode(
    _ bytes: [UInt8], channels: Int, scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> CodecOutput {
    let decoder = try Decompressor()
    do {
      return try decoder.decode(bytes, channels: channels, scale: scale, limits: limits)
    } catch {
      guard decoder.onlyWarned, let mended = mended(bytes) else { throw error }
      var output = try decoder.decode(mended.bytes, channels: channels, scale: scale, limits: limits)
      if mended.hadNoEnd { output.remarks.insert(.noEnd) }
      return output
    }
  }

  /// Bytes that decoding takes beside the file's: pixels as the codec scales them, the result's, coefficients.
  static func memory(
    _ bytes: [UInt8], channels: Int, scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> MemoryNeed {
    let header = try header(bytes)
    try limits.check(width: header.width, height: header.height)
    let (wanted, reduction) = try size(header.width, header.height, scale, limits)
    let frame = JPEGFrame(bytes)
    let samples = frame?.componentCount == 4 ? 4 + channels : channels
    let pixels = (header.width / reduction + 1) * (header.height / reduction + 1)
    let result = wanted.width * wanted.height * channels
    let coefficients = frame?.coefficientBytes ?? 0
    if scale == nil { return MemoryNeed(result: result, rest: coefficients + pixels * (samples - channels)) }
    return MemoryNeed(result: result, rest: coefficients + pixels * samples)
  }

  /// The size to scale to, and what part of that the codec does.
  fileprivate static func size(
    _ width: Int, _ height: Int, _ scale: PictureScale?, _ limits: DecodeLimits
  ) throws(PictureError) -> (wanted: (width: Int, height: Int), reduction: Int) {
    guard let scale else { return ((width, height), 1) }
    let wanted = try limits.scaledSize(width: width, height: height, scale)
    return (wanted, [8, 4, 2].first { width >= wanted.width * $0 && height >= wanted.height * $0 } ?? 1)
  }

  /// What the first EXIF segment says, or else the XMP one; upright where there is none.
  package static func orientation(_ bytes: [UInt8]) -> Orientation {
    var fromXMP: Orientation?
    for segment in JPEGSegments.header(bytes) where segment.marker == 0xE1 {
      let content = bytes[segment.content]
      if content.starts(with: exifName) {
        if let orientation = Orientation.find(tiff: content.dropFirst(exifName.count)) { return orientation }
      } else if content.starts(with: xmpName) {
        fromXMP = fromXMP ?? Orientation.find(xmp: content)
      }
    }
    return fromXMP ?? .upright
  }

  /// The file without the oddities that make the decoder warn though every pixel is there; nil if it has none of them.
  ///
  /// The decoder tells its first warning only, so a harmless one can't be overlooked: it might hide a grave one.
  private static func mended(_ bytes: [UInt8]) -> (bytes: [UInt8], hadNoEnd: Bool)? {
    // Segment by segment: what lies between them is junk, which other decoders skip.
    var mended: [UInt8] = [0xFF, 0xD8]
    var isSequential = false
    for segment in JPEGSegments.header(bytes) {
      mended += [0xFF, segment.marker] + bytes[segment.content.lowerBound - 2..<segment.content.lowerBound]
      let start = mended.count
      mended += bytes[segment.content]
      let content = mended[start...]
      if segment.marker == 0xE0, content.starts(with: Array("JFIF\0".utf8)), content.count >= 7 {
        mended[start + 5] = 1  // JFIF's major version
      } else if segment.marker == 0xC0 || segment.marker == 0xC1 {
        isSequential = true
      } else if segment.isScan {
        if isSequential, content.count >= 4 {
          // The scan's spectral range and precision, without meaning (and fixed) in a sequential file.
          mended.replaceSubrange(content.endIndex - 3..<content.endIndex, with: [0, 63, 0])
        }
        let pixels = mended.count
        mended += bytes[segment.content.upperBound...]
        let hadNoEnd = mendEnd(&mended, from: pixels)
        return mended == bytes ? nil : (mended, hadNoEnd)
      }
    }
    return nil
  }

  /// Mends what is behind the last pixel. True where there was no end-of-image marker and now is one.
  private static func mendEnd(_ bytes: inout [UInt8], from pixels: Int) -> Bool {
    if let end = bytes.indices.dropFirst(pixels).dropLast().last(where: { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xD9 })
    {
      // Zeros between the last pixel and the marker, as some cameras pad.
      if let last = bytes[pixels..<end].lastIndex(where: { $0 != 0 }) { bytes.removeSubrange(last + 1..<end) }
      return false
    }
    guard JPEGFrame(bytes)?.tellsMissingPixels == true else { return false }
    bytes += [0xFF, 0xD9]
    return true
  }

  private static let xmpName = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
  private static let exifName: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif" and two zeros
}

/// One TurboJPEG handle. Making one takes a few microseconds, so each picture has its own and threads share nothing.
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
    // The call also fails for chroma samplings without a name in this API and for mere warnings; the decoder doesn't
    // need the one and tells the others again. Only what it can't do without counts here.
    guard width >= 1, height >= 1, colours >= 0 else {
      throw status == 0 ? PictureError(.corrupt, "is a JPEG without a picture in it") : lastError
    }
    let isCMYK = colours == CInt(TJCS_CMYK.rawValue) || colours == CInt(TJCS_YCCK.rawValue)
    return (Int(width), Int(height), isCMYK)
  }

  func decode(
    _ bytes: [UInt8], channels: Int, scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> CodecOutput {
    try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      let header = try header(file)
      let original = (width: header.width, height: header.height)
      try limits.check(width: original.width, height: original.height)
      try checkWork(bytes, limits)
      let (wanted, reduction) = try JPEG.size(original.width, original.height, scale, limits)
      let width = (original.width + reduction - 1) / reduction
      let height = (original.height + reduction - 1) / reduction
      let format = header.isCMYK ? TJPF_CMYK : channels == 1 ? TJPF_GRAY : TJPF_RGB
      let count = width * height * (header.isCMYK ? 4 : channels)
      // A warning means pixels made up by the decoder: the lower half of a file cut short would be plain grey.
      let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS
      let samples = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let status = tjDecompress2(
          handle, file.baseAddress, CUnsignedLong(file.count), buffer.baseAddress, CInt(width), 0, CInt(height),
          CInt(format.rawValue), flags)
        filled = status == 0 ? count : 0
      }
      guard samples.count == count else { throw lastError }
      let decoded =
        header.isCMYK
        ? pictureFromInvertedCMYK(samples, width: width, height: height).converted(channels: channels)
        : Picture(width: width, height: height, channels: channels, pixels: samples)
      return CodecOutput(
        picture: decoded, original: original, reduction: reduction, size: wanted,
        orientation: JPEG.orientation(bytes), channels: channels)
    }
  }

  /// A file of several scans passes over its pixels once a scan, and a scan that changes nothing takes next to no
  /// bytes: many of them over a large picture would keep the decoder busy for minutes. Encoders visit each block some
  /// five times; the limit is eight times all blocks of the largest picture whose coefficients the memory holds.
  private func checkWork(_ bytes: [UInt8], _ limits: DecodeLimits) throws(PictureError) {
    guard let frame = JPEGFrame(bytes), frame.hasSeveralScans else { return }
    guard frame.visitedBlocks <= limits.maximumPixels / 8 else {
      throw PictureError(
        .tooLarge,
        "is a JPEG whose \(frame.scans) scans pass over \(frame.visitedBlocks) blocks; the limit is "
          + "\(limits.maximumPixels / 8): save it as a baseline JPEG")
    }
  }

  /// The last failure was a warning, not an error.
  var onlyWarned: Bool { tjGetErrorCode(handle) == CInt(TJERR_WARNING.rawValue) }

  private var lastError: PictureError {
    let text = String(cString: tjGetErrorStr2(handle))
    return text.contains("nsupported")
      ? PictureError(.unsupported, "is a JPEG of a kind that can't be decoded (\(text)); save it as a baseline JPEG")
      : PictureError(.corrupt, "is a JPEG that is cut short or damaged (\(text))")
  }
}

/// sRGB from the CMYK that JPEG files hold: Adobe's, inverted (255 is no ink). Red is C K / 255, and so on: inks as
/// ideal filters, no profile, as PIL converts them.
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
