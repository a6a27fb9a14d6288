// Pictures one after the other, as an animated PNG or as a folder of frames. Frames are made a few at a time, so a long
// film takes no more memory than a short one.

import Images
import SystemSupport

/// Frames of one size, made when they are asked for.
package struct Film {
  package let count: Int
  /// How many are made at once.
  let chunk: Int
  /// How long a frame is seen.
  let milliseconds: (_ frame: Int) -> UInt16
  /// The frames of a range.
  let frames: (Range<Int>) throws -> [Picture]

  package enum Output {
    case file(String)
    /// Numbered PNGs.
    /// - Parameter replacing: also where there are numbered pictures of something else, no more than frames.
    case folder(String, replacing: Bool)
  }

  /// How long a frame is seen at `rate` frames a second.
  static func milliseconds(rate: Double) -> UInt16 { UInt16(max(1, min(65_535, (1000 / rate).rounded()))) }

  /// Writes the film; a file appears whole or not at all.
  ///
  /// - Parameters:
  ///   - isCancelled: asked before each frame; then `Failure(.cancelled)` is thrown.
  ///   - tell: told in a line how large it will be, by a few of its frames, before it is written; and how large it is,
  ///     afterwards.
  /// - Throws: `Failure`, `PictureError`; what making a frame throws.
  package func write(to output: Output, isCancelled: () -> Bool, tell: (String) -> Void) throws {
    var others: [Int] = []
    if case .folder(let path, let replacing) = output {
      try makeFolder(path)
      others = try NumberedPictures.check(path, count: count, replacing: replacing) {
        $0 < count ? try frames($0..<$0 + 1).first : nil
      }
    }
    try tell(expectation())
    if case .folder(let path, _) = output { NumberedPictures.remove(others, in: path) }
    let bytes =
      switch output {
      case .file(let path): try write(animation: path, isCancelled)
      case .folder(let path, _): try write(folder: path, isCancelled)
      }
    tell("written: \(Self.words(bytes: bytes))")
  }

  /// The animated PNG's bytes: for few and small frames.
  package func encoded() throws -> [UInt8] {
    var encoder = AnimatedPNGEncoder(frames: count)
    var bytes: [UInt8] = []
    try forEach({ false }) { bytes += try encoder.add($1, milliseconds: milliseconds($0)) }
    return bytes + encoder.end()
  }

  /// "60 frames of 128x128 pixels, 3.0 s: about 1.6 MB"
  private func expectation() throws -> String {
    // Not the first ones alone: those of a run's beginning are noise.
    let some = Set([count / 6, count / 2, count * 5 / 6]).sorted()
    let pictures = try some.flatMap { try frames($0..<$0 + 1) }
    let bytes = try pictures.reduce(0) { try $0 + PNGEncoder.encode($1).count } / pictures.count * count
    let (width, height) = (pictures.first?.width ?? 0, pictures.first?.height ?? 0)
    let seconds = (0..<count).reduce(0) { $0 + Double(milliseconds($1)) } / 1000
    return "\(counted(count, "frame")) of \(width)x\(height) pixels, "
      + "\(String(printf: "%.1f", seconds)) s: about \(Self.words(bytes: bytes))"
  }

  /// "1.6 MB"
  private static func words(bytes: Int) -> String {
    bytes < 1_000_000
      ? "\(max(1, (bytes + 500) / 1000)) kB" : String(printf: "%.1f", Double(bytes) / 1e6) + " MB"
  }

  private func write(animation path: String, _ isCancelled: () -> Bool) throws -> Int {
    var writer = try AnimatedPNGWriter(to: path, frames: count)
    try forEach(isCancelled) { try writer.add($1, milliseconds: milliseconds($0)) }
    return try writer.finish()
  }

  private func write(folder: String, _ isCancelled: () -> Bool) throws -> Int {
    var bytes = 0
    try forEach(isCancelled) { number, frame in
      let png = try PNGEncoder.encode(frame)
      bytes += png.count
      try writeFile(png, to: NumberedPictures.path(number, in: folder))
    }
    return bytes
  }

  private func forEach(_ isCancelled: () -> Bool, _ body: (Int, Picture) throws -> Void) throws {
    for start in stride(from: 0, to: count, by: chunk) {
      let range = start..<min(start + chunk, count)
      for (number, frame) in zip(range, try frames(range)) {
        if isCancelled() { throw Failure(.cancelled, "stopped") }
        try body(number, frame)
      }
    }
  }
}

// MARK: - Walks

extension PictureGenerator {
  /// Walks side by side, all of them from one end of the film to the other.
  ///
  /// - Parameters:
  ///   - walks: one or more, of as many vectors each.
  ///   - truncation: of each vector.
  ///   - rate: frames a second.
  package func film(_ walks: [[LatentVector]], truncation: Float, sheet: Sheet, rate: Double) throws(Failure) -> Film {
    try sheet.check(
      count: walks.count, size: configuration.size, channels: configuration.channels,
      advice: "give fewer walks, or a smaller --upscale or --gap")
    let (width, height) = sheet.pixels(count: walks.count, size: configuration.size)
    let milliseconds = Film.milliseconds(rate: rate)
    let count = walks.map(\.count).min() ?? 0
    let chunk = max(1, min(16, (64 << 20) / (width * height * configuration.channels)))
    return Film(count: count, chunk: chunk, milliseconds: { _ in milliseconds }) { range in
      let latents = range.flatMap { frame in walks.map { $0[frame] } }
      let pictures = try pictures(.latents(latents, truncation: truncation))
      return stride(from: 0, to: pictures.count, by: walks.count).map {
        sheet.compose(Array(pictures[$0..<$0 + walks.count]), alone: true)
      }
    }
  }
}
