// How a picture that isn't square comes to fill one: scaled until its short side fits and cropped later, scaled until
// all of it fits and padded, or stretched.

package enum PictureFit: String, Sendable, CaseIterable {
  /// The short side fits; what is longer stays, and is cropped by whoever takes a square of it.
  case crop
  /// The long side fits; what is missing beside the short one is filled.
  case pad
  /// Both sides fit; the picture is distorted.
  case stretch
}

/// What a picture is scaled to.
struct PictureScale: Sendable {
  /// Of the square that it's to fill.
  var side: Int
  var fit: PictureFit

  init(_ side: Int, _ fit: PictureFit = .crop) { (self.side, self.fit) = (side, fit) }

  /// Of a picture of that size, scaled; nil if that overflows.
  func size(width: Int, height: Int) -> (width: Int, height: Int)? {
    switch fit {
    case .crop: return scaledSize(width: width, height: height, shortSide: side)
    case .stretch: return (side, side)
    case .pad:
      let (long, short) = (max(width, height), min(width, height))
      let (product, overflow) = side.multipliedReportingOverflow(by: short)
      if overflow { return nil }
      let scaled = max(1, (product + long / 2) / long)
      return width <= height ? (scaled, side) : (side, scaled)
    }
  }
}

extension Picture {
  /// In the middle of a square of `side`, the rest of which has the colour that is usual on the picture's border.
  ///
  /// - Precondition: both sides are `side` at most.
  package func padded(toSide side: Int) -> Picture {
    if width == side && height == side { return self }
    precondition(width <= side && height <= side, "the picture fits into the square")
    let colour = borderColour
    var pixels = [UInt8]()
    pixels.reserveCapacity(side * side * channels)
    for _ in 0..<side * side { pixels += colour }
    let (left, top) = ((side - width) / 2, (side - height) / 2)
    for row in 0..<height {
      let (from, to) = (offset(0, row), ((top + row) * side + left) * channels)
      pixels.replaceSubrange(to..<to + width * channels, with: self.pixels[from..<from + width * channels])
    }
    return Picture(width: side, height: side, channels: channels, pixels: pixels)
  }

  /// The median of the outermost pixels, each channel by itself: of a plain background its colour, whatever reaches
  /// into it from the middle.
  private var borderColour: [UInt8] {
    (0..<channels).map { channel in
      var samples: [UInt8] = []
      for x in 0..<width { samples += [self[x, 0, channel], self[x, height - 1, channel]] }
      for y in 0..<height { samples += [self[0, y, channel], self[width - 1, y, channel]] }
      samples.sort()
      return samples[samples.count / 2]
    }
  }
}
