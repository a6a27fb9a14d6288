import SystemSupport
import Testing

/// Protects whoever looks at a terminal: no text gives it an order.
@Suite struct ShownTextTests {
  @Test func ordersAreShown() {
    #expect("\u{1B}[2Ja\u{9B}b\u{202E}c\u{2066}d\u{7F}e\rf".shown == "?[2Ja?b?c?d?e?f")
    #expect("a\nb\tc\u{2028}d".shown == "a\nb\tc?d" && "a\nb\tc\u{2028}d".shownOnOneLine == "a?b?c?d")
    // A CR and a LF are one character to Swift.
    #expect("a\r\nb".shown == "a?\nb" && "a\r\nb".shownOnOneLine == "a??b")
  }

  @Test func charactersStay() {
    for text in ["", "caf\u{E9} cafe\u{301}", "日本語", "א", "👩‍👩‍👧", "█▌ ±"] {
      #expect(Array(text.shownOnOneLine.utf8) == Array(text.utf8))
    }
  }

  @Test func noOrderIsLeft() {
    for value in UInt32(0)...0x2100 {
      guard let scalar = UnicodeScalar(value) else { continue }
      let isShown = String(Character(scalar)).shownOnOneLine == "?" && value != 0x3F
      let bidi: Set<UInt32> = Set([0x61C, 0x200E, 0x200F]).union(0x202A...0x202E).union(0x2066...0x2069)
      let control = value < 32 || 0x7F...0x9F ~= value || [0x2028, 0x2029].contains(value)
      #expect(isShown == (control || bidi.contains(value)), "\(value)")
    }
  }

  @Test func longNamesAreShortenedInTheMiddle() {
    let name = String(repeating: "a", count: 50_000) + String(repeating: "b", count: 50_000)
    #expect(
      name.shortenedInTheMiddle == String(repeating: "a", count: 50) + "…" + String(repeating: "b", count: 49))
    for name in ["", "training.size", String(repeating: "é", count: 100)] { #expect(name.shortenedInTheMiddle == name) }
  }
}
