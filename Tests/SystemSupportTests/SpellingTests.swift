import SystemSupport
import Testing

/// Protects: a slip of the keys finds the word that was meant, and another word finds none.
@Suite struct SpellingTests {
  static let commands = ["train", "watch", "generate", "walk", "timelapse", "evaluate", "export", "inspect", "data"]

  @Test(arguments: [
    ("trian", "train"), ("tran", "train"), ("trains", "train"), ("Train", "train"), ("genrate", "generate"),
    ("gen", "generate"), ("evalaute", "evaluate"), ("wlak", "walk"), ("time", "timelapse"), ("inspct", "inspect"),
    ("dat", "data"),
  ]) func slips(word: String, meant: String) {
    #expect(nearest(word, among: Self.commands) == meant)
  }

  @Test(arguments: ["paint", "", "t", "help", "convert", "interpolate", "quite-another-and-very-long-word"])
  func others(word: String) {
    #expect(nearest(word, among: Self.commands) == nil)
  }

  /// The word itself is nearest, whatever else there is; and the order of candidates decides between equals.
  @Test func theWordItself() {
    for word in Self.commands { #expect(nearest(word, among: Self.commands) == word) }
    #expect(nearest("cat", among: ["bat", "hat"]) == "bat" && nearest("x", among: []) == nil)
  }
}
