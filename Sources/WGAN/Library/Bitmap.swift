// A picture as a program hands it over and gets it back.

import Configuration
import Images

/// A picture: rows of 8-bit samples.
///
/// The sample of channel `c` at column `x` and row `y` is `pixels[(y * width + x) * channels + c]`: row-major, channels
/// interleaved, the origin at the top left. Three channels are sRGB's red, green and blue, one is grey.
public struct Bitmap: Sendable, Equatable {
  let picture: Picture

  /// Columns, at least 1.
  public var width: Int { picture.width }
  /// Rows, at least 1.
  public var height: Int { picture.height }
  /// 1 (grey) or 3 (red, green, blue).
  public var channels: Int { picture.channels }
  /// The samples, `[height][width][channels]`.
  public var pixels: [UInt8] { picture.pixels }

  /// Makes a picture of samples `[height][width][channels]`.
  ///
  /// - Throws: ``WGANError`` of kind `invalidPictures` unless both sides are at least 1, `channels` is 1 or 3, and
  ///   there are `width * height * channels` samples.
  /// - Complexity: O(1); the array isn't copied.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) throws(WGANError) {
    guard width >= 1, height >= 1 else {
      throw WGANError(.invalidPictures, "a picture of \(width)x\(height) pixels: both sides must be at least 1")
    }
    guard channels == 1 || channels == 3 else {
      throw WGANError(.invalidPictures, "a picture of \(channels) channels: there must be 1 (grey) or 3 (colour)")
    }
    let (area, first) = width.multipliedReportingOverflow(by: height)
    let (count, second) = area.multipliedReportingOverflow(by: channels)
    guard !first, !second, pixels.count == count else {
      let needed = first || second ? "more than fit in memory" : "\(count)"
      throw WGANError(
        .invalidPictures,
        "a picture of \(width)x\(height) pixels and \(channels) channels has \(needed) bytes, \(pixels.count) were "
          + "given")
    }
    picture = Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  init(_ picture: Picture) { self.picture = picture }

  /// The picture scaled so that its short side has `shortSide` pixels, as `wgan train` scales what it reads: each pixel
  /// is the mean of the area that it covers.
  ///
  /// - Throws: ``WGANError`` of kind `invalidArgument` unless both sides of the result are from 1 to 65,535.
  /// - Complexity: O(pixels of the larger of the two).
  public func scaled(toShortSide shortSide: Int) throws(WGANError) -> Bitmap {
    let limit = Self.sideLimit
    let (long, short) = (max(width, height), min(width, height))
    guard 1...limit ~= shortSide, long <= limit, shortSide * long / short <= limit else {
      throw WGANError(
        .invalidArgument,
        "a picture of \(width)x\(height) can't be scaled to a short side of \(shortSide): a side has from 1 to "
          + "\(limit) pixels")
    }
    return Bitmap(picture.resized(shortSide: shortSide))
  }

  /// The picture with 1 or 3 channels: grey is Rec. 601's luma, colour of grey is three times the grey.
  ///
  /// - Throws: ``WGANError`` of kind `invalidArgument` for another number of channels.
  /// - Complexity: O(pixels); O(1) where it has them already.
  public func converted(toChannels channels: Int) throws(WGANError) -> Bitmap {
    try Self.check(channels: channels)
    return Bitmap(picture.converted(channels: channels))
  }

  // MARK: - Files

  /// Reads a JPEG or PNG file as `wgan train` reads it: upright, transparent parts over white, scaled so that the short
  /// side has `shortSide` pixels.
  ///
  /// - Parameters:
  ///   - path: The file's; its name plays no part in what it is taken for.
  ///   - channels: 1 (grey) or 3 (colour), whatever the file has.
  ///   - shortSide: Pixels of the short side, 1 to 65,535.
  ///   - fit: Another one than `crop` gives a square of that side.
  /// - Throws: ``WGANError`` of kind `fileNotFound`, `inputOutput` or `invalidFile`; of kind `invalidArgument` for
  ///   other channels or another short side.
  /// - Complexity: O(pixels in the file).
  public init(contentsOf path: String, channels: Int, shortSide: Int, fit: Fit = .crop) throws(WGANError) {
    try Self.check(channels: channels)
    guard 1...Self.sideLimit ~= shortSide else {
      throw WGANError(.invalidArgument, "a short side of \(shortSide): a side has from 1 to \(Self.sideLimit) pixels")
    }
    picture = try withPublicErrors {
      try PictureDecoder.decode(path: path, channels: channels, shortSide: shortSide, fit: PictureFit(fit))
    }
  }

  /// Writes the picture as a PNG file. What was there before is replaced once the new file is whole and on disk.
  ///
  /// - Parameter path: The file's.
  /// - Throws: ``WGANError`` of kind `cannotCreateFile`.
  /// - Complexity: O(pixels).
  public func writePNG(to path: String) throws(WGANError) {
    try withPublicErrors { try PNGEncoder.write(picture, to: path) }
  }

  private static let sideLimit = 65_535

  private static func check(channels: Int) throws(WGANError) {
    guard channels == 1 || channels == 3 else {
      throw WGANError(.invalidArgument, "\(channels) channels: there must be 1 (grey) or 3 (colour)")
    }
  }
}
