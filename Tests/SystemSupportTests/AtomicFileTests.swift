import TestSupport
import SystemSupport
import Foundation
import Testing

@Suite struct AtomicFileTests {
  @Test func aFileAppearsOnCommitOnly() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      let file = try AtomicFile(at: path)
      try file.write("one ")
      #expect(!fileExists(path))
      try file.write("two")
      try file.commit()
      #expect(try readFile(path) == Array("one two".utf8))
      #expect(try folderNames(folder) == ["a.txt"])
    }
  }

  struct Broken: Error {}

  @Test func anErrorOnTheWayLeavesTheOldFileAndNoRest() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      try writeFile(Array("old".utf8), to: path)
      #expect(throws: Broken.self) {
        let file = try AtomicFile(at: path)
        try file.write("new")
        throw Broken()
      }
      #expect(try readFile(path) == Array("old".utf8))
      #expect(try folderNames(folder) == ["a.txt"])
    }
  }

  @Test func whereNothingCanBeMadeIsOneClearError() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      try writeFile([], to: path)
      for bad in [joinPath(path, "b.txt"), joinPath(folder, "no/b.txt"), folder] {
        let error = #expect(throws: Failure.self) { try writeFile([1], to: bad) }
        #expect(error?.kind == .cannotCreate)
        #expect(error?.description.hasPrefix(bad) == true)
      }
      #expect(#expect(throws: Failure.self) { try makeFolder(path) }?.kind == .cannotCreate)
      #expect(#expect(throws: Failure.self) { try readFile(joinPath(folder, "b")) }?.kind == .missing)
      #expect(#expect(throws: Failure.self) { try readFile(folder) }?.kind == .inputOutput)
      #expect(#expect(throws: Failure.self) { try folderNames(joinPath(folder, "b")) }?.kind == .missing)
    }
  }

  @Test(arguments: [
    ("a/b/c", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"), ("a/b/", "a", "b"), ("/", "/", ""),
  ]) func pathsSplit(path: String, folder: String, name: String) {
    #expect(splitPath(path).folder == folder)
    #expect(splitPath(path).name == name)
  }
}
