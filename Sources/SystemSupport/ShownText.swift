// Text as a terminal may have it. Names of files, of presets and of tensors come from anywhere, and a terminal takes
// some characters for orders: escape codes move the cursor and rename the window, others turn the direction of reading
// so that a name looks like another one.

extension UnicodeScalar {
  /// Whether it's an order for a terminal, or for whoever lays out lines, and no character.
  var isOrder: Bool {
    switch value {
    // Arabic letter mark, left-to-right and right-to-left marks, embeddings, overrides and isolates.
    case 0x61C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
    }
  }
}

extension String {
  /// With "?" in the place of each order. Ends of line and tabs stay.
  package var shown: String { replacing { $0.isOrder && $0 != "\n" && $0 != "\t" } }

  /// The same, and one line.
  package var shownOnOneLine: String { replacing(\.isOrder) }

  /// Most scalars of a name that is shown.
  private static var longestName: Int { 100 }

  /// Its beginning and its end, where it's longer than any name that a person has given: for what a damaged file says.
  package var shortenedInTheMiddle: String {
    let (scalars, half) = (unicodeScalars, Self.longestName / 2)
    guard utf8.count > Self.longestName, scalars.count > Self.longestName else { return self }
    return String(scalars.prefix(half)) + "…" + String(scalars.suffix(half - 1))
  }

  private func replacing(_ isOrder: (UnicodeScalar) -> Bool) -> String {
    // Nearly all text has none.
    unicodeScalars.contains(where: isOrder)
      ? String(UnicodeScalarView(unicodeScalars.map { isOrder($0) ? "?" : $0 })) : self
  }
}
