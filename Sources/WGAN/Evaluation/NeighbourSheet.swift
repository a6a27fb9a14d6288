// "Does it copy?", as a picture: pictures in a row, and below each the nearest one that the generator may have learned
// by heart. Each row says above it what it is.

import Evaluation
import Images

struct NeighbourSheet {
  /// Pictures in a row.
  static let columns = 12

  /// One picture above its nearest one, again and again.
  struct Pairs {
    /// "samples"
    var words: String
    var pictures: PictureSet
    var nearest: [NearestPicture?]
  }

  let known: PictureSet
  /// What these are: "training pictures".
  let knownWords: String

  /// Of each set four rows: its first pictures and their nearest ones, then those that are nearest of all and theirs.
  func compose(_ sets: [Pairs]) -> Picture {
    let parts = sets.flatMap { set in
      let (pictures, nearest) = (set.pictures, set.nearest)
      let all = nearest.indices.filter { nearest[$0] != nil }
      let distance = { nearest[$0]?.distance ?? .infinity }
      let closest = all.sorted { (distance($0), $0) < (distance($1), $1) }
      return [("first \(set.words)", all), ("\(set.words) nearest of all", closest)].flatMap { words, numbers in
        let shown = numbers.prefix(Self.columns)
        return [
          Row(words: words, cells: shown.map { Self.picture(pictures[$0], pictures) }, isPartsFirst: true),
          Row(words: "nearest \(knownWords)", cells: shown.map { neighbour(nearest[$0]) }, isPartsFirst: false),
        ]
      }
    }
    return Self.sheet(of: parts, textScale: max(1, known.size / 32))
  }

  private struct Row {
    var words: String
    var cells: [Picture]
    var isPartsFirst: Bool
  }

  /// Row below row, its words above it, and more room between two pairs than within one.
  private static func sheet(of rows: [Row], textScale: Int) -> Picture {
    let strips = rows.map { Gallery.compose($0.cells, columns: $0.cells.count) }
    let texts = rows.map { Picture.sizeOfText($0.words, scale: textScale) }
    let margin = 2 * textScale
    let gaps = rows.enumerated().map { $1.isPartsFirst && $0 > 0 ? 8 * textScale : margin }
    let width = max(strips.map(\.width).max() ?? 1, 2 * margin + (texts.map(\.width).max() ?? 0))
    let height = zip(zip(strips, texts), gaps).reduce(margin) { $0 + $1.1 + $1.0.1.height + margin + $1.0.0.height }
    var sheet = Gallery.ground(width: width, height: height, channels: strips.map(\.channels).max() ?? 1)
    var y = 0
    for (i, strip) in strips.enumerated() {
      y += gaps[i]
      sheet.write(rows[i].words, x: margin, y: y, scale: textScale)
      y += texts[i].height + margin
      sheet.put(strip, x: 0, y: y)
      y += strip.height
    }
    return sheet
  }

  private func neighbour(_ nearest: NearestPicture?) -> Picture {
    guard let nearest else { preconditionFailure("a cell has a neighbour") }
    let picture = Self.picture(known[nearest.index], known)
    if !nearest.isMirrored { return picture }
    var mirrored = picture
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        for c in 0..<picture.channels { mirrored[x, y, c] = picture[picture.width - 1 - x, y, c] }
      }
    }
    return mirrored
  }

  private static func picture(_ bytes: [UInt8], _ set: PictureSet) -> Picture {
    Picture(width: set.size, height: set.size, channels: set.channels, pixels: bytes)
  }
}
