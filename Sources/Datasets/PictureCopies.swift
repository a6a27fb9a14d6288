// Pictures that are others once more, pixel for pixel: under another name, or scaled from another size.

import Images
import SystemSupport

struct PictureCopies {
  /// What tells whether two are the same.
  struct Pixels: Hashable {
    var checksum: UInt64
    var width: UInt32
    var height: UInt32
  }

  /// For each picture the first one that is the same: itself, where there is none before it.
  let firsts: [Int]

  /// - Parameter pictures: nil: is like no other.
  init(_ pictures: [Pixels?]) {
    var seen: [Pixels: Int] = [:]
    firsts = pictures.enumerated().map { i, pixels in
      guard let pixels else { return i }
      if let first = seen[pixels] { return first }
      seen[pixels] = i
      return i
    }
  }

  /// A line; nil where there are none.
  func note(_ name: (_ number: Int) -> FilePath) -> String? {
    let copies = firsts.indices.filter { firsts[$0] != $0 }
    guard let copy = copies.first else { return nil }
    let pictures = counted(copies.count, "picture is a copy of another", "pictures are copies of others")
    return "\(pictures), pixel for pixel at this size (\(copies.count == 1 ? "" : "the first: ")\(name(copy)) of "
      + "\(name(firsts[copy]))): it is learned that much more"
  }
}

extension PictureCopies.Pixels {
  init(_ picture: Picture) {
    self.init(
      checksum: picture.pixels.withUnsafeBytes { ContentChecksum.of($0) }, width: UInt32(picture.width),
      height: UInt32(picture.height))
  }
}
