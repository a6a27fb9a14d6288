import SystemSupport
import Testing

/// Protects: a command that a person copies means the path that was meant.
@Suite struct ShellWordTests {
  @Test(arguments: [
    ("runs/faces", "runs/faces"), ("my run", "'my run'"), ("it's", "'it'\\''s'"), ("", "''"), ("a;b", "'a;b'"),
    ("$HOME", "'$HOME'"), ("~/a", "'~/a'"), ("café", "café"), ("'", "''\\'''"),
  ])
  func words(text: String, word: String) { #expect(shellWord(text) == word) }
}
