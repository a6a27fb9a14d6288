// A run's galleries as a film: how it learned. All of a gallery, or some of its pictures: a face through time.

import Configuration
import Images
import SystemSupport

package struct Timelapse {
  /// Pictures of a gallery that are shown, row and column counted from 0; empty: all of it.
  package var cells: [(row: Int, column: Int)] = []
  /// 3: every third gallery, and the last.
  package var every = 1
  /// A frame's side as a share of the gallery's, or of the sheet of cells.
  package var scale = 1.0
  package var sheet = Sheet()
  /// Frames a second.
  package var rate = 8.0

  package init() {}

  /// How a run draws its galleries.
  static let gallerySide = 8

  /// - Parameter run: its folder.
  /// - Throws: `Failure`.
  package func film(ofRun run: String) throws -> Film {
    let paths = RunPaths(run)
    let configuration = try paths.configuration().training
    let all = try paths.galleries()
    guard let newest = all.last else {
      throw Failure(
        .missing,
        "\(run): has no gallery yet; a run draws one every --sample-every generator steps: wait, or go on with "
          + toolCommand("train \(shellFlag("--out", run)) --resume"))
    }
    let galleries = stride(from: 0, to: all.count - 1, by: every).map { all[$0] } + [newest]
    if !cells.isEmpty {
      try sheet.check(
        count: cells.count, size: configuration.size, channels: configuration.channels,
        advice: "give fewer of --cell, or a smaller --upscale or --gap")
    }
    let (usual, last) = (Film.milliseconds(rate: rate), galleries.count - 1)
    // One looks at the end longer.
    return Film(count: galleries.count, chunk: 1, milliseconds: { $0 == last ? max(2000, usual) : usual }) { range in
      try galleries[range].map { try frame(of: $0.path, configuration) }
    }
  }

  private func frame(of path: String, _ configuration: TrainingConfiguration) throws -> Picture {
    let gallery = try PictureDecoder.decode(path: path, channels: configuration.channels, shortSide: nil)
    let side = Gallery.side(cells: Self.gallerySide, size: configuration.size)
    guard gallery.width == side, gallery.height == side else {
      throw Failure(
        .badData,
        "\(path): isn't one of the run's galleries: it has \(gallery.width) x \(gallery.height) pixels, they have "
          + "\(side) x \(side); move it elsewhere")
    }
    let pictures = cells.map { Gallery.cell(row: $0.row, column: $0.column, of: gallery, size: configuration.size) }
    let frame = pictures.isEmpty ? gallery.enlarged(by: sheet.upscale) : sheet.compose(pictures, alone: true)
    if scale == 1 { return frame }
    return frame.resized(shortSide: max(1, Int((Double(min(frame.width, frame.height)) * scale).rounded())))
  }
}
