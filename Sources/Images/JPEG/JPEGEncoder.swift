// JPEG out, by libjpeg-turbo: for what a person sends on. What is to be read again by a program is better a PNG.

import CTurboJPEG

package enum JPEGEncoder {
  /// Of 1 to 100. At 95, and with the colours as fine as the luma, faces of 64 pixels look as they are.
  package static let quality = 95

  /// Pixels of a side that the format can count, and the codec takes.
  private static let longestSide = 65_500

  /// A whole JPEG file's bytes. The same picture and library give the same bytes.
  ///
  /// - Throws: `cannotWrite` for a picture that is too large.
  package static func encode(_ picture: Picture) throws(PictureError) -> [UInt8] {
    guard max(picture.width, picture.height) <= longestSide else {
      throw PictureError(
        .cannotWrite,
        "a JPEG can't be \(picture.width) x \(picture.height) pixels, \(longestSide) a side is the most: make it a "
          + "PNG")
    }
    guard let handle = tjInitCompress() else { throw PictureError(.cannotWrite, "no memory for the JPEG encoder") }
    defer { tjDestroy(handle) }
    let sampling = CInt((picture.channels == 1 ? TJSAMP_GRAY : TJSAMP_444).rawValue)
    let format = CInt((picture.channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue)
    let (width, height) = (CInt(picture.width), CInt(picture.height))
    let capacity = Int(tjBufSize(width, height, sampling))
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
      var target = buffer.baseAddress
      var size = CUnsignedLong(capacity)
      let status = tjCompress2(
        handle, picture.pixels, width, 0, height, format, &target, &size, sampling, CInt(quality),
        TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT)
      filled = status == 0 ? Int(size) : 0
    }
    guard !bytes.isEmpty else {
      throw PictureError(.cannotWrite, "can't be made a JPEG (\(String(cString: tjGetErrorStr2(handle))))")
    }
    return bytes
  }
}
