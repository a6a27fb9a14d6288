// PNG out: 8-bit grey or sRGB, not interlaced. libpng's simplified API catches libpng's longjmp itself and reports by
// status, so none crosses a Swift frame.

import CPNG

package enum PNGEncoder {
  /// A whole PNG file's bytes. The same picture gives the same bytes.
  ///
  /// - Throws: `cannotWrite` where libpng refuses, which it does for want of memory and sides of over a million only.
  package static func encode(_ picture: Picture) throws(PictureError) -> [UInt8] {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    image.format = png_uint_32(picture.channels == 3 ? PNG_FORMAT_FLAG_COLOR : 0)
    guard let width = png_uint_32(exactly: picture.width), let height = png_uint_32(exactly: picture.height) else {
      throw PictureError(.cannotWrite, "a PNG can't be \(picture.width) x \(picture.height) pixels")
    }
    (image.width, image.height) = (width, height)
    defer { png_image_free(&image) }

    // zlib's bound on data that don't shrink (with one filter byte a row), 12 bytes around each 8 KiB of them, and room
    // for the other chunks.
    let raw = picture.pixels.count + picture.height
    let bound = raw + raw / 8 + raw / 64 + 12 * (raw / 8192 + 1) + 1024
    var status: CInt = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: bound) { buffer, filled in
      var size = png_alloc_size_t(bound)
      status = picture.pixels.withUnsafeBytes {
        png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, $0.baseAddress, 0, nil)
      }
      filled = status != 0 ? Int(size) : 0
    }
    guard status != 0 else { throw PictureError(.cannotWrite, "can't be made a PNG (\(image.text))") }
    return bytes
  }

  /// Writes the file whole or not at all: what was there before stays until the new one is on the disk.
  package static func write(_ picture: Picture, to path: String) throws(PictureError) {
    do {
      try PictureFile.write(try encode(picture), to: path)
    } catch {
      throw error.at(path)
    }
  }
}

extension png_image {
  /// libpng's word on the last call.
  fileprivate var text: String {
    withUnsafeBytes(of: message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
