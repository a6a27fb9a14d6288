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

  /// Looks whether a folder may get pictures 0 ..< `count`: it never has those of two outputs. What is drawn again is
  /// the same bytes, so a picture that is there tells what it's of: the first and the last are looked at.
  ///
  /// - Parameters:
  ///   - replacing: pictures of something else may be written over; not those behind the last one, which nobody has
  ///     named.
  ///   - draw: the picture of that number; nil where there is none.
  /// - Returns: the numbers of pictures of something else, which go first: work that ends early leaves no mixture.
  /// - Throws: `Failure(.cannotCreate)`; what `draw` throws.
  static func check(
    _ folder: String, count: Int, replacing: Bool, draw: (_ number: Int) throws -> Picture?
  ) throws -> [Int] {
    let numbers = try numbers(in: folder)
    guard let first = numbers.first, let last = numbers.last else { return [] }
    let other = try Set([first, last]).sorted().first { number in
      let there = try readFile(path(number, in: folder))
      guard let drawn = try draw(number) else { return true }
      return try PNGEncoder.encode(drawn) != there
    }
    guard let other else { return [] }
    let help =
      last < count ? "give another folder, or --force to write over them" : "give another folder, or remove them"
    guard replacing else {
      throw Failure(
        .cannotCreate, "\(folder): has pictures of something else (\(zeroPadded(other)).png is one): \(help)")
    }
    if last >= count {
      throw Failure(
        .cannotCreate,
        "\(folder): has other pictures up to \(zeroPadded(last)).png, and \(count) are written: the rest would stay "
          + "among them; \(help)")
    }
    return numbers
  }

  static func remove(_ numbers: [Int], in folder: String) {
    for number in numbers { removeFile(path(number, in: folder)) }
  }
}
