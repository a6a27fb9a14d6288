// Text as one word of a command line, for lines that a person copies.

/// `text` as a shell reads it back: as it is where it needs nothing, else in single quotes.
package func shellWord(_ text: String) -> String {
  let plain =
    !text.isEmpty
    && text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", ".", "-", "_", "+", ",", ":", "@", "%", "=": true
      default: scalar.value > 0x7f
      }
    }
  if plain { return text }
  return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
}
