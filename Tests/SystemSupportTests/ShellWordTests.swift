import Foundation
import SystemSupport
import Testing

/// Protects: a command that a person copies means the path that was meant.
@Suite struct ShellWordTests {
  @Test(arguments: [
    ("runs/faces", "runs/faces"), ("my run", "'my run'"), ("it's", "'it'\\''s'"), ("", "''"), ("a;b", "'a;b'"),
    ("$HOME", "'$HOME'"), ("~/a", "'~/a'"), ("café", "café"), ("'", "''\\'''"),
  ])
  func words(text: String, word: String) { #expect(shellWord(text) == word) }

  @Test func aValueThatLooksLikeAFlagIsTied() {
    #expect(shellFlag("--out", "runs/x") == "--out runs/x" && shellFlag("--out", "my run") == "--out 'my run'")
    #expect(shellFlag("--out", "-x") == "--out=-x" && shellFlag("--out", "-x y") == "--out='-x y'")
  }

  /// A command to paste has the name that the tool was called by; a program that uses the library has another one.
  @Test func commandsHaveTheNameThatWasTyped() {
    #expect(toolName(of: "wgan") == "wgan" && toolName(of: ".build/release/wgan") == ".build/release/wgan")
    #expect(toolName(of: "/my tools/wgan") == "'/my tools/wgan'")
    #expect(toolName(of: "/usr/bin/other") == "wgan" && toolName(of: nil) == "wgan")
  }

  /// Nothing that was typed is lost, and what stands behind "--" stays there.
  @Test func aFlagMore() {
    let words = [".build/release/wgan", "train", "--resume", "--out", "a b", "--for", "2h"]
    let line = ".build/release/wgan train --resume --out 'a b' --for 2h"
    #expect(typedCommand(words, and: "--quiet") == line + " --quiet")
    #expect(typedCommand(words + ["--", "-x"], has: "--resume", and: "--quiet") == line + " --quiet -- -x")
    #expect(typedCommand(words + ["--", "--json"], has: "--json", and: "--quiet") == nil)
    for other in [["wgan", "data", "train"], ["tests", "train"], ["wgan"], []] {
      #expect(typedCommand(other, and: "--quiet") == nil)
    }
  }

  /// bash reads the very bytes, and what it reads them from can be shown as it is.
  @Test(
    .enabled(if: fileExists("/bin/bash")),
    arguments: [
      "a\u{1b}[2Jb", "line\nbreak", "a\r\nb", "tab\t'x'", "\u{7f}1", "\\n\n", "\u{202e}abc", "é\u{9b}", "'\u{301}",
      "a'\u{301}\n",
      "=ls", "!!\n", "日本語 x", "-x\u{85}", "$(ls)`ls`\"\u{1}",
    ]) func bashReadsTheSameBytes(text: String) throws
  {
    let word = shellWord(text)
    #expect(Array(word.shownOnOneLine.utf8) == Array(word.utf8), "\(word)")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", "printf %s \(word)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let read = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(Array(read) == Array(text.utf8), "\(word)")
  }
}
