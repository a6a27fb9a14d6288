// Pictures to be judged: square, all of one size, wherever they are.

/// Pictures that are asked for by number, from any thread.
package struct PictureSet: Sendable {
  package let count: Int
  /// Of a side, in pixels.
  package let size: Int
  package let channels: Int
  private let picture: @Sendable (Int) -> [UInt8]

  /// - Parameter picture: the bytes [y][x][channel] of a picture.
  package init(count: Int, size: Int, channels: Int, _ picture: @escaping @Sendable (Int) -> [UInt8]) {
    (self.count, self.size, self.channels, self.picture) = (count, size, channels, picture)
  }

  /// - Precondition: each is `size` x `size` x `channels` bytes.
  package init(_ pictures: [[UInt8]], size: Int, channels: Int) {
    self.init(count: pictures.count, size: size, channels: channels) { pictures[$0] }
  }

  package subscript(index: Int) -> [UInt8] {
    precondition(0 <= index && index < count)
    let bytes = picture(index)
    precondition(bytes.count == size * size * channels)
    return bytes
  }

  /// Some of them, by themselves.
  package subscript(range: Range<Int>) -> PictureSet {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    return PictureSet(count: range.count, size: size, channels: channels) { [picture] in
      picture(range.lowerBound + $0)
    }
  }
}
