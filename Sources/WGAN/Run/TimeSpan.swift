// How long something takes, as a person says it: 45m, 1h30m.

import Configuration
import SystemSupport

package struct TimeSpan: ParameterValue, Comparable {
  package let seconds: Int

  package static var words: String { "a time with its unit, such as 90s, 45m or 1h30m (30min and 0.5h are taken, too)" }

  package init(seconds: Int) { self.seconds = seconds }

  private static let units: [(letter: Character, seconds: Int, word: String, names: Set<Substring>)] = [
    ("h", 3600, "hour", ["h", "hr", "hrs", "hour", "hours"]),
    ("m", 60, "minute", ["m", "min", "mins", "minute", "minutes"]),
    ("s", 1, "second", ["s", "sec", "secs", "second", "seconds"]),
  ]

  /// All words for units, in lower case.
  package static var unitNames: Set<String> { Set(units.flatMap(\.names).map(String.init)) }

  /// Hours, minutes and seconds in this order, each at most once, with or without spaces: "1h30m", "90s", "8 min",
  /// "0.5h". To the nearest second.
  package init?(text: String) {
    var seconds = 0.0
    var rest = text.lowercased()[...]
    var units = Self.units[...]
    func skipSpaces() { rest = rest.drop { $0 == " " } }
    skipSpaces()
    repeat {
      let digits = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
      rest = rest.dropFirst(digits.count)
      skipSpaces()
      let name = rest.prefix { $0.isLetter }
      rest = rest.dropFirst(name.count)
      skipSpaces()
      // Swift reads "5." and ".5" as numbers, too: so may people mean them.
      guard let count = Double(digits), let place = units.firstIndex(where: { $0.names.contains(name) }) else {
        return nil
      }
      seconds += count * Double(units[place].seconds)
      units = units[(place + 1)...]
    } while !rest.isEmpty
    // Longer ones are no times for people, and a Double has no whole seconds any more.
    guard seconds < 1e15 else { return nil }
    self.seconds = Int(seconds.rounded())
  }

  private var parts: [(count: Int, letter: Character, word: String)] {
    var rest = seconds
    var parts: [(count: Int, letter: Character, word: String)] = []
    for unit in Self.units {
      if rest >= unit.seconds { parts.append((rest / unit.seconds, unit.letter, unit.word)) }
      rest %= unit.seconds
    }
    return parts.isEmpty ? [(0, "s", "second")] : parts
  }

  /// "1h30m"
  package var text: String { parts.map { "\($0.count)\($0.letter)" }.joined() }

  /// "1 hour 30 minutes"
  package var words: String {
    parts.map { counted($0.count, $0.word) }.joined(separator: " ")
  }

  /// Whether it is one of its unit: "1 hour is", "2 hours are".
  package var isOne: Bool { parts.count == 1 && parts[0].count == 1 }

  package init(bits: UInt64) { self.init(seconds: Int(bits: bits)) }
  package var bits: UInt64 { seconds.bits }

  package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.seconds < b.seconds }
}
