// A square out of a picture: where it is taken, and whether it is mirrored.

import Images
import Randomness

/// How a picture becomes square.
package enum CropMode: String, Sendable, CaseIterable {
  /// Another place each epoch.
  case random
  case center
  /// The upper part of a picture that is higher than wide, the middle of one that is wider than high.
  case top
  /// Likewise the lower part.
  case bottom
}

extension CropMode {
  /// For squares that are looked at more than once: the same, or at the centre where this one is random.
  package var still: CropMode { self == .random ? .center : self }

  /// Copies a square of `size` out of a picture, `height` rows of `width * channels` bytes, to `target`. Where a random
  /// one is, and whether it is mirrored, depends on `seed`, `epoch` and the picture's `index` alone.
  ///
  /// - Parameter mirror: every second square, by its own draw, has left and right exchanged.
  /// - Precondition: both sides are at least `size`; `target` has `size` rows of `size * channels` bytes.
  package func copySquare(
    of pixels: UnsafeRawBufferPointer, width: Int, height: Int, channels: Int, size: Int, mirror: Bool = false,
    seed: UInt64, epoch: Int, index: Int, to target: UnsafeMutableRawBufferPointer
  ) {
    let rowBytes = size * channels
    precondition(target.count == size * rowBytes)
    // As Picture.centreCropped.
    var x = Int((Double(width - size) / 2).rounded(.toNearestOrEven))
    var y = Int((Double(height - size) / 2).rounded(.toNearestOrEven))
    switch self {
    case .center: break
    case .top: y = 0
    case .bottom: y = height - size
    case .random:
      var random = RandomStream(seed: seed, purpose: .crop, step: epoch, index: index)
      x = random.below(width - size + 1)
      y = random.below(height - size + 1)
    }
    var isMirrored = false
    if mirror {
      var random = RandomStream(seed: seed, purpose: .mirror, step: epoch, index: index)
      isMirrored = random.below(2) == 1
    }
    for row in 0..<size {
      let start = ((y + row) * width + x) * channels
      let from = UnsafeRawBufferPointer(rebasing: pixels[start..<start + rowBytes])
      let to = UnsafeMutableRawBufferPointer(rebasing: target[row * rowBytes..<(row + 1) * rowBytes])
      if isMirrored {
        Self.copyMirrored(from, channels: channels, to: to)
      } else {
        to.copyMemory(from: from)
      }
    }
  }

  /// The same of a picture, never mirrored.
  package func square(of picture: Picture, size: Int, seed: UInt64, epoch: Int, index: Int) -> Picture {
    var pixels = [UInt8](repeating: 0, count: size * size * picture.channels)
    pixels.withUnsafeMutableBytes { target in
      picture.pixels.withUnsafeBytes {
        copySquare(
          of: $0, width: picture.width, height: picture.height, channels: picture.channels, size: size, seed: seed,
          epoch: epoch, index: index, to: target)
      }
    }
    return Picture(width: size, height: size, channels: picture.channels, pixels: pixels)
  }

  /// A row of pixels, the last one first.
  private static func copyMirrored(
    _ row: UnsafeRawBufferPointer, channels: Int, to target: UnsafeMutableRawBufferPointer
  ) {
    var from = row.count
    for to in stride(from: 0, to: row.count, by: channels) {
      from -= channels
      for c in 0..<channels { target[to + c] = row[from + c] }
    }
  }
}
