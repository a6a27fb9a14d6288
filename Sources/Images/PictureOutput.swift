// Pictures out: as what, by the file's name; larger, pixel by pixel.

import SystemSupport

extension PictureFormat {
  /// What a file of this name is written as. Nil for another extension, and for none.
  package init?(ofFile path: some FilePathConvertible) {
    switch path.filePath.fileExtension {
    case "png": self = .png
    case "jpg", "jpeg": self = .jpeg
    default: return nil
    }
  }

  /// A whole file's bytes.
  package func encode(_ picture: Picture) throws(PictureError) -> [UInt8] {
    switch self {
    case .png: try PNGEncoder.encode(picture)
    case .jpeg: try JPEGEncoder.encode(picture)
    }
  }

  /// Writes the file whole or not at all: what was there before stays until the new one is on the disk.
  package func write(_ picture: Picture, to path: String) throws(PictureError) {
    do {
      try PictureFile.write(try encode(picture), to: path)
    } catch {
      throw error.at(path)
    }
  }
}

extension Picture {
  /// `factor` times as wide and high: each pixel becomes a square of its own colour.
  package func enlarged(by factor: Int) -> Picture {
    precondition(factor >= 1, "a picture isn't made smaller here")
    if factor == 1 { return self }
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count * factor * factor)
    for y in 0..<height {
      let start = result.count
      for x in 0..<width {
        let pixel = pixels[offset(x, y)..<offset(x, y) + channels]
        for _ in 0..<factor { result += pixel }
      }
      let row = result[start...]
      for _ in 1..<factor { result += row }
    }
    return Picture(width: width * factor, height: height * factor, channels: channels, pixels: result)
  }
}
