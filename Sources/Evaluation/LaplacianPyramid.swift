// The Laplacian pyramid (Burt and Adelson, "The Laplacian pyramid as a compact image code", IEEE Transactions on
// Communications 31, 1983): a picture as what each halving of its size takes away, and what is left at the end. With
// the borders of Karras et al.'s code, which are those of OpenCV's pyrDown and pyrUp.

/// A plane of Floats, [y][x][channel].
package struct FloatPicture: Sendable, Equatable {
  package let size: Int
  package let channels: Int
  package var values: [Float]

  package init(size: Int, channels: Int, values: [Float]) {
    precondition(values.count == size * size * channels)
    (self.size, self.channels, self.values) = (size, channels, values)
  }
}

package enum LaplacianPyramid {
  /// The smallest level's side.
  package static let smallest = 16

  /// The sides of a pyramid's levels, the picture's own first.
  package static func sizes(of size: Int) -> [Int] {
    var sizes = [size]
    while sizes[sizes.count - 1] % 2 == 0, sizes[sizes.count - 1] / 2 >= smallest {
      sizes.append(sizes[sizes.count - 1] / 2)
    }
    return sizes
  }

  /// Level `level` of a picture's pyramid of `levels`: what halving takes from it, or at the end what is left.
  package static func level(_ level: Int, of levels: Int, _ picture: FloatPicture) -> FloatPicture {
    precondition(0 <= level && level < levels)
    var picture = picture
    for _ in 0..<level { picture = halved(picture) }
    if level == levels - 1 { return picture }
    let coarse = doubled(halved(picture))
    for i in picture.values.indices { picture.values[i] -= coarse.values[i] }
    return picture
  }

  /// Smoothed by 1, 4, 6, 4, 1 (sixteenths) along both axes, every second pixel taken. Beyond the border it is mirrored
  /// at the border's pixel.
  package static func halved(_ picture: FloatPicture) -> FloatPicture {
    let (size, half) = (picture.size, picture.size / 2)
    precondition(size % 2 == 0 && half >= 2)
    func inside(_ place: Int) -> Int { place < 0 ? -place : place >= size ? 2 * (size - 1) - place : place }
    return separable(picture, to: half) { to in
      zip(-2...2, [1, 4, 6, 4, 1]).map { (inside(2 * to + $0), Float($1) / 16) }
    }
  }

  /// Twice as large: the same filter over the pixels with zeros between them, times 2 along each axis.
  package static func doubled(_ picture: FloatPicture) -> FloatPicture {
    let size = picture.size
    // The mirror is at the larger picture's border: a zero on the far side, so there the last pixel is met twice.
    func inside(_ place: Int) -> Int { place < 0 ? -place : min(place, size - 1) }
    return separable(picture, to: 2 * size) { to in
      let from = to / 2
      if to % 2 == 1 { return [(from, 0.5), (inside(from + 1), 0.5)] }
      return [(inside(from - 1), 0.125), (from, 0.75), (inside(from + 1), 0.125)]
    }
  }

  /// Each output the sum of some inputs of its line, as `taps` says: first down, then across.
  private static func separable(
    _ picture: FloatPicture, to target: Int, _ taps: (_ to: Int) -> [(from: Int, weight: Float)]
  ) -> FloatPicture {
    let (size, channels) = (picture.size, picture.channels)
    let (row, targetRow) = (size * channels, target * channels)
    let lines = (0..<target).map(taps)
    var rows = [Float](repeating: 0, count: target * row)
    var result = [Float](repeating: 0, count: target * targetRow)
    picture.values.withUnsafeBufferPointer { source in
      rows.withUnsafeMutableBufferPointer { rows in
        for y in 0..<target {
          for (from, weight) in lines[y] {
            for i in 0..<row { rows[y * row + i] += weight * source[from * row + i] }
          }
        }
      }
    }
    rows.withUnsafeBufferPointer { rows in
      result.withUnsafeMutableBufferPointer { result in
        for x in 0..<target {
          for (from, weight) in lines[x] {
            let (start, to) = (from * channels, x * channels)
            for y in 0..<target {
              for c in 0..<channels { result[y * targetRow + to + c] += weight * rows[y * row + start + c] }
            }
          }
        }
      }
    }
    return FloatPicture(size: target, channels: channels, values: result)
  }
}
