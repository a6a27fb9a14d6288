// The built-in data set: faces drawn by our own code, so that the tool can be tried, tested and timed without any file.
// FaceTraits says what a face is like, FacePainter draws it.

import Images
import Randomness

package enum SyntheticFaces {
  /// Raised whenever the drawing changes, so that pictures cached by an older version aren't used.
  package static let version = 3

  /// Face number `index` of the endless series `seed`: a pure function of its arguments, `size` x `size` pixels.
  ///
  /// The same face at another size is the same drawing with another pixel grid, anti-aliased for that grid.
  /// - Precondition: `size` > 0, `channels` is 1 (luminance) or 3 (RGB), 0 <= `index` < 2^56.
  package static func picture(seed: UInt64, index: Int, size: Int, channels: Int = 3) -> Picture {
    precondition(size > 0 && (channels == 1 || channels == 3))
    let traits = FaceTraits(seed: seed, index: index)
    var canvas = Canvas(size: size)
    FacePainter(traits).paint(on: &canvas)
    return canvas.picture().converted(channels: channels)
  }
}
