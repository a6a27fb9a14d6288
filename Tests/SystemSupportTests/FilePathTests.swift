import SystemSupport
import Testing

/// Protects: paths are bytes. What looks equal isn't, and a mark after a "/" doesn't hide it.
@Suite struct FilePathTests {
  @Test(arguments: [
    ("a/b/c", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"), ("a/b/", "a", "b"), ("a/b///", "a", "b"), ("/", "/", ""),
    ("", ".", ""), ("a/\u{301}b", "a", "\u{301}b"), ("/\u{301}/\u{308}", "/\u{301}", "\u{308}"),
    ("a/\u{200D}", "a", "\u{200D}"),
  ]) func pathsSplit(path: String, folder: String, name: String) {
    let parts = splitPath(path)
    // As bytes: strings that look equal are.
    #expect(Array(parts.folder.utf8) == Array(folder.utf8))
    #expect(Array(parts.name.utf8) == Array(name.utf8))
    #expect(FilePath(path).folder == FilePath(folder) && FilePath(path).name == FilePath(name))
  }

  @Test func pathsJoin() {
    #expect(joinPath("a", "b") == "a/b" && joinPath("a/", "b") == "a/b" && joinPath("/", "b") == "/b")
    #expect(Array(joinPath("a", "\u{301}b").utf8) == Array("a/\u{301}b".utf8))
    #expect(Array(joinPath("a/\u{301}", "b").utf8) == Array("a/\u{301}/b".utf8))
    #expect(absolutePath("/\u{301}a") == "/\u{301}a")
    #expect(absolutePath("a").hasSuffix("/a") && FilePath(absolutePath("a")).isAbsolute)
    let here = splitPath(absolutePath("a")).folder
    #expect(absolutePath(".") == here && absolutePath("./") == here && absolutePath("./a/./b") == joinPath(here, "a/b"))
    #expect(absolutePath("../a") == joinPath(here, "../a"))
  }

  @Test func whatLooksEqualIsTwo() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed)
    #expect(FilePath(composed) != FilePath(decomposed))
    #expect(Set([FilePath(composed), FilePath(decomposed)]).count == 2)
    #expect(FilePath(decomposed) < FilePath(composed) && !(FilePath(composed) < FilePath(composed)))
  }

  @Test func partsAreFoundByBytes() {
    #expect(FilePath("//a/\u{301}b//c/").components == ["a", "\u{301}b", "c"])
    #expect(FilePath(".\u{301}x").hasPrefix(".") && FilePath("x.\u{301}").hasSuffix(".\u{301}"))
    #expect(!FilePath("partial").hasSuffix(".partial") && FilePath(".partial").hasSuffix(".partial"))
  }

  @Test func whatIsntTextIsShownAndKept() {
    let path = FilePath(bytes: [0x61, 0xFF, 0x2F, 0x80])
    #expect(path.text == nil && path.description == "a\u{FFFD}/\u{FFFD}")
    #expect(path.folder.bytes == [0x61, 0xFF] && path.name.bytes == [0x80])
    #expect(path.withCString { FilePath(cString: $0) } == path)
    #expect(FilePath("e\u{301}").text.map { Array($0.utf8) } == Array("e\u{301}".utf8))
  }

  /// C would take the part before it for the path.
  @Test func aZeroByteIsInNoFilesName() {
    #expect(!fileExists("/\0tmp") && fileExists("/"))
    #expect(throws: SystemError(code: ENOENT)) { try fileStatus("/\0") }
  }
}
