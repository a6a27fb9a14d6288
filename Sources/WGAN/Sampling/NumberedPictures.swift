// A folder of pictures that are numbered: 000000.png and so on.

import Images
import SystemSupport

enum NumberedPictures {
  static func path(_ number: Int, in folder: String) -> String { joinPath(folder, zeroPadded(number) + ".png") }

  /// The numbers of those in a folder, in order.
  static func numbers(in folder: String) throws(Failure) -> [Int] {
    try folderNames(folder).compactMap { name in
      guard name.hasSuffix(".png"), let number = Int(name.dropLast(4)), 0..<1 << 40 ~= number else { return nil }
      return zeroPadded(number) + ".png" == name ? number : nil
    }.sorted()
  }

  /// Refuses a folder with numbered pictures of something else, which would be lost or, worse, be left among ours. What
  /// is drawn again is the same bytes, so a picture that is there tells what it's of: the first and the last are looked
  /// at.
  ///
  /// - Parameter draw: the picture of that number; nil where there is none.
  /// - Throws: `Failure(.cannotCreate)`; what `draw` throws.
  static func check(_ folder: String, draw: (_ number: Int) throws -> Picture?) throws {
    let numbers = try numbers(in: folder)
    guard let first = numbers.first, let last = numbers.last else { return }
    for number in Set([first, last]).sorted() {
      let there = try readFile(path(number, in: folder))
      guard let drawn = try draw(number), try PNGEncoder.encode(drawn) == there else {
        throw Failure(
          .cannotCreate,
          "\(folder): has pictures of something else (\(zeroPadded(number)).png is one): give another "
            + "folder, or --force to write over them")
      }
    }
  }
}
