// A picture in memory: eight bits a sample, nothing shared, nothing borrowed.

/// An 8-bit picture of 1 channel (luma) or 3 (sRGB, in the order red, green, blue), row-major, interleaved, its origin
/// at the top left.
///
/// The sample of channel `c` at column `x` and row `y` is `pixels[(y * width + x) * channels + c]`.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public let channels: Int
  public var pixels: [UInt8]

  /// - Precondition: `width` and `height` are at least 1, `channels` is 1 or 3, and `pixels` holds
  ///   `width * height * channels` samples.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width >= 1 && height >= 1, "a picture has at least one pixel")
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels")
    precondition(pixels.count == width * height * channels, "the samples don't fill the picture")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
  }

  /// Where the sample (x, y, c) is in `pixels`.
  public func offset(_ x: Int, _ y: Int, _ c: Int = 0) -> Int { (y * width + x) * channels + c }

  public subscript(x: Int, y: Int, c: Int) -> UInt8 {
    get { pixels[offset(x, y, c)] }
    set { pixels[offset(x, y, c)] = newValue }
  }
}

// MARK: - Cropping

extension Picture {
  /// The part of `width` x `height` pixels whose top left corner is at (x, y).
  ///
  /// - Precondition: the part lies inside the picture and isn't empty.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Picture {
    precondition(
      x >= 0 && y >= 0 && width >= 1 && height >= 1 && width <= self.width - x && height <= self.height - y,
      "the crop lies inside the picture")
    if width == self.width && height == self.height { return self }
    var part: [UInt8] = []
    part.reserveCapacity(width * height * channels)
    for row in y..<y + height {
      let start = offset(x, row)
      part.append(contentsOf: pixels[start..<start + width * channels])
    }
    return Picture(width: width, height: height, channels: channels, pixels: part)
  }

  /// The square of `size` pixels in the middle. Where the margin is odd, it is halved as torchvision's `CenterCrop`
  /// does: to the nearest even number.
  ///
  /// - Precondition: both sides are at least `size`, and that is at least 1.
  public func centreCropped(size: Int) -> Picture {
    func margin(_ side: Int) -> Int { Int((Double(side - size) / 2).rounded(.toNearestOrEven)) }
    return cropped(x: margin(width), y: margin(height), width: size, height: size)
  }
}

// MARK: - Channels

extension Picture {
  /// The same picture with 1 or 3 channels. Luma is Rec. 601's, 0.299 R + 0.587 G + 0.114 B, of the sRGB values as they
  /// are, rounded: what a JPEG's luma channel holds, and what PIL's mode `L` is.
  public func converted(channels wanted: Int) -> Picture {
    precondition(wanted == 1 || wanted == 3, "a picture has 1 or 3 channels")
    if wanted == channels { return self }
    let count = width * height
    let samples = [UInt8](unsafeUninitializedCapacity: count * wanted) { target, filled in
      pixels.withUnsafeBufferPointer { source in
        if wanted == 1 {
          for i in 0..<count {
            target[i] = luma(source[3 * i], source[3 * i + 1], source[3 * i + 2])
          }
        } else {
          for i in 0..<count {
            let value = source[i]
            target[3 * i] = value
            target[3 * i + 1] = value
            target[3 * i + 2] = value
          }
        }
      }
      filled = count * wanted
    }
    return Picture(width: width, height: height, channels: wanted, pixels: samples)
  }
}

/// Rec. 601 luma in 16-bit fixed point; the weights' sum is exactly 65,536, so white stays 255.
@inline(__always)
func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
  let sum = UInt32(red) &* 19595 &+ UInt32(green) &* 38470 &+ UInt32(blue) &* 7471 &+ 0x8000
  return UInt8(truncatingIfNeeded: sum >> 16)
}
