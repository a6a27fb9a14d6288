// How pictures are put on a sheet: the frame of a film, or the one picture of a grid.

import Images
import SystemSupport

package struct Sheet: Sendable {
  /// Pictures in a row.
  package var columns: Int
  /// Pixels around and between them.
  package var gap: Int
  /// Each picture is so many times as wide and high.
  package var upscale: Int

  package init(columns: Int = 8, gap: Int = 2, upscale: Int = 1) {
    (self.columns, self.gap, self.upscale) = (columns, gap, upscale)
  }

  /// One picture is itself, without a gap.
  package func compose(_ pictures: [Picture], alone: Bool = false) -> Picture {
    let large = pictures.map { $0.enlarged(by: upscale) }
    if alone, large.count == 1, let only = large.first { return only }
    return Gallery.compose(large, columns: columns, spacing: gap)
  }

  /// Whether a sheet of `count` pictures can be made.
  /// - Parameter advice: what makes a smaller one.
  /// - Throws: `Failure`.
  func check(count: Int, size: Int, channels: Int, advice: String) throws(Failure) {
    let (width, height) = pixels(count: count, size: size)
    guard width * height <= 1 << 30 else {
      throw Failure(.usage, "a sheet of \(width) x \(height) pixels: 2^30 are the most; \(advice)")
    }
    // The pictures, the sheet, and the file's bytes.
    try requireMemory(
      3 * width * height * channels, for: "a sheet of \(width) x \(height) pixels", advice: advice)
  }

  /// A sheet's width and height.
  func pixels(count: Int, size: Int) -> (width: Int, height: Int) {
    func side(_ cells: Int) -> Int { cells * (size * upscale + gap) + gap }
    return (side(min(columns, count)), side((count + columns - 1) / columns))
  }
}
