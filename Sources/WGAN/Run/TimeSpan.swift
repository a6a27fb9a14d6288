// How long something takes, as a person says it: 45m, 1h30m.

import Configuration

package struct TimeSpan: ParameterValue, Comparable {
  package let seconds: Int

  package static var words: String { "a time such as 90s, 45m or 1h30m" }

  package init(seconds: Int) { self.seconds = seconds }

  private static let units: [(letter: Character, seconds: Int, word: String)] = [
    ("h", 3600, "hour"), ("m", 60, "minute"), ("s", 1, "second"),
  ]

  /// Hours, minutes and seconds in this order, each at most once: "1h30m", "90s".
  package init?(text: String) {
    var seconds = 0
    var rest = text[...]
    for unit in Self.units {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let count = Int(digits), rest.dropFirst(digits.count).first == unit.letter else { continue }
      let (part, tooLong) = count.multipliedReportingOverflow(by: unit.seconds)
      let (sum, overflow) = seconds.addingReportingOverflow(part)
      if tooLong || overflow { return nil }
      seconds = sum
      rest = rest.dropFirst(digits.count + 1)
    }
    if text.isEmpty || !rest.isEmpty { return nil }
    self.seconds = seconds
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
    parts.map { "\($0.count) \($0.word)\($0.count == 1 ? "" : "s")" }.joined(separator: " ")
  }

  /// Whether it is one of its unit: "1 hour is", "2 hours are".
  package var isOne: Bool { parts.count == 1 && parts[0].count == 1 }

  package init(bits: UInt64) { self.init(seconds: Int(bits: bits)) }
  package var bits: UInt64 { seconds.bits }

  package static func < (a: TimeSpan, b: TimeSpan) -> Bool { a.seconds < b.seconds }
}
