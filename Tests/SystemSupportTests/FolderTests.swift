import Foundation
import Synchronization
import SystemSupport
import TestSupport
import Testing

@Suite struct FolderTests {
  /// Protects: a new folder is still there after a power cut, and so is the one above it that was made for it.
  @Test func parentsOfNewFoldersAreSynced() throws {
    try inTemporaryFolder { folder in
      var synced: [FilePath] = []
      try makeFolder(joinPath(folder, "a/b/c"), sync: { synced.append($0) })
      #expect(synced == [FilePath(folder), "\(folder)/a", "\(folder)/a/b"])
      #expect(isFolder(joinPath(folder, "a/b/c")))
      try makeFolder(joinPath(folder, "a/b/c"), sync: { _ in Issue.record("there was nothing to make") })
      #expect(throws: Failure.self) {
        try makeFolder(joinPath(folder, "a/b/\u{0}"), sync: { _ in Issue.record("nothing was made") })
      }
    }
  }

  @Test func threadsThatMakeOneFolderAllHaveIt() throws {
    try inTemporaryFolder { folder in
      let failures = Mutex(0)
      onThreads(8) {
        do { try makeFolder(joinPath(folder, "a/b/c/d/e")) } catch { failures.withLock { $0 += 1 } }
      }
      #expect(failures.withLock { $0 } == 0 && isFolder(joinPath(folder, "a/b/c/d/e")))
    }
  }

  @Test func whereNoFolderCanBeMadeIsOneClearError() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      try writeFile([], to: path)
      for (bad, says) in [(path, "is there and isn't a folder"), (joinPath(path, "b"), "Not a directory")] {
        let error = #expect(throws: Failure.self) { try makeFolder(bad) }
        #expect(error?.kind == .cannotCreate)
        #expect(error?.description.hasPrefix(bad + ": ") == true && error?.description.hasSuffix(says) == true)
      }
    }
  }

  @Test func namesAreListedInTheOrderOfTheirBytes() throws {
    try inTemporaryFolder { folder in
      for name in ["b", "B", "a\u{301}", "\u{E1}", ".h", "a"] { try writeFile([], to: joinPath(folder, name)) }
      #expect(try folderEntries(folder) == [".h", "B", "a", "a\u{301}", "b", "\u{E1}"])
      #expect(throws: SystemError(code: ENOENT)) { try folderEntries(joinPath(folder, "none")) }
      #expect(throws: SystemError(code: ENOTDIR)) { try folderEntries(joinPath(folder, "a")) }
    }
  }
}
