// "Does it copy?", as a picture: pictures in a row, and below each the nearest one that the generator may have learned
// by heart.

import Evaluation
import Images

struct NeighbourSheet {
  /// Pictures in a row.
  static let columns = 12

  let known: PictureSet

  /// Of each set four rows: its first pictures and their nearest ones, then those that are nearest of all and theirs.
  func compose(_ sets: [(pictures: PictureSet, nearest: [NearestPicture?])]) -> Picture {
    var cells: [Picture] = []
    for (pictures, nearest) in sets {
      let all = nearest.indices.filter { nearest[$0] != nil }
      let distance = { nearest[$0]?.distance ?? .infinity }
      let closest = all.sorted { (distance($0), $0) < (distance($1), $1) }
      for row in [all.prefix(Self.columns), closest.prefix(Self.columns)] {
        cells += row.map { Self.picture(pictures[$0], pictures) }
        cells += row.map { neighbour(nearest[$0]) }
      }
    }
    return Gallery.compose(cells, columns: min(Self.columns, cells.count / (4 * sets.count)))
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
