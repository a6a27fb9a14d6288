// Many pictures on one sheet.

package enum Gallery {
  /// The pictures in reading order, `columns` to a row, `spacing` pixels of neutral grey around and between them. Every
  /// cell is as large as the widest and the highest picture; smaller ones sit in the middle of theirs. The sheet has 3
  /// channels if any picture has.
  ///
  /// - Precondition: there is at least one picture; `columns` is at least 1, `spacing` at least 0.
  package static func compose(_ pictures: [Picture], columns: Int, spacing: Int = 2) -> Picture {
    precondition(!pictures.isEmpty && columns >= 1 && spacing >= 0, "a gallery has pictures and columns")
    let columns = min(columns, pictures.count)
    let rows = (pictures.count + columns - 1) / columns
    let channels = pictures.map(\.channels).reduce(1, max)
    let cellWidth = pictures.map(\.width).reduce(1, max)
    let cellHeight = pictures.map(\.height).reduce(1, max)
    let width = place(of: columns, side: cellWidth, spacing)
    let height = place(of: rows, side: cellHeight, spacing)
    var sheet = ground(width: width, height: height, channels: channels)
    for (i, picture) in pictures.enumerated() {
      let x = place(of: i % columns, side: cellWidth, spacing) + (cellWidth - picture.width) / 2
      let y = place(of: i / columns, side: cellHeight, spacing) + (cellHeight - picture.height) / 2
      sheet.put(picture, x: x, y: y)
    }
    return sheet
  }

  /// An empty sheet.
  package static func ground(width: Int, height: Int, channels: Int) -> Picture {
    Picture(
      width: width, height: height, channels: channels,
      pixels: [UInt8](repeating: background, count: width * height * channels))
  }

  /// The first pixel of a column of cells, or of a row.
  private static func place(of index: Int, side: Int, _ spacing: Int) -> Int { spacing + index * (side + spacing) }

  /// Pixels of a side of a sheet that is as many cells long as it's wide, of pictures of `size` x `size`.
  package static func side(cells: Int, size: Int, spacing: Int = 2) -> Int {
    place(of: cells, side: size, spacing)
  }

  /// A picture out of a sheet of pictures of `size` x `size`.
  /// - Precondition: the sheet is of such pictures, and has that row and column.
  package static func cell(row: Int, column: Int, of sheet: Picture, size: Int, spacing: Int = 2) -> Picture {
    sheet.cropped(
      x: place(of: column, side: size, spacing), y: place(of: row, side: size, spacing), width: size, height: size)
  }

  private static let background: UInt8 = 128
}

extension Picture {
  /// Puts another picture over this one, its top left corner at (x, y).
  /// - Precondition: it lies inside.
  package mutating func put(_ other: Picture, x: Int, y: Int) {
    let other = other.converted(channels: channels)
    let rowSamples = other.width * channels
    for row in 0..<other.height {
      let (to, from) = (offset(x, y + row), row * rowSamples)
      pixels.replaceSubrange(to..<to + rowSamples, with: other.pixels[from..<from + rowSamples])
    }
  }
}
