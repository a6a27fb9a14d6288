import Synchronization
import SystemSupport
import TestSupport
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

  /// Renaming over a pipe or device would take it away: what is written goes in.
  @Test(.timeLimit(.minutes(1))) func whatIsNoFileStays() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "pipe")
      #expect(mkfifo(path, 0o600) == 0)
      // Without a reader it would wait for ever.
      let failure = #expect(throws: Failure.self) { try writeFile(Array("new".utf8), to: path) }
      #expect(failure?.kind == .cannotCreate && failure?.description.contains("nobody reads") == true)
      let reader = try openFile(path, O_RDONLY | O_NONBLOCK)
      try writeFile(Array("new".utf8), to: path)
      var bytes = [UInt8](repeating: 0, count: 9)
      #expect(read(reader, &bytes, 9) == 3 && bytes.starts(with: Array("new".utf8)))
      try closeFile(reader)
      #expect(try fileStatus(path).isPipe)
      #expect(try folderNames(folder) == ["pipe"])

      let link = joinPath(folder, "null")
      #expect(symlink("/dev/null", link) == 0)
      for path in [link, "/dev/null"] {
        try writeFile(Array("new".utf8), to: path)
        #expect(try fileStatus(path).isStream && !fileStatus(path).isPipe)
      }
      if isLinux {
        let full = #expect(throws: Failure.self) { try writeFile(Array("new".utf8), to: "/dev/full") }
        #expect(full?.kind == .inputOutput)
      }
    }
  }

  /// A descriptor's name is the descriptor: what was written to it before stays.
  @Test func aDescriptorIsWrittenOn() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      let descriptor = try openFile(path, O_WRONLY | O_CREAT)
      try writeBytes(Array("one ".utf8), to: descriptor)
      for folder in ["/dev/fd", isLinux ? "/proc/self/fd" : "/dev/fd"] {
        try writeFile(Array("two ".utf8), to: "\(folder)/\(descriptor)")
      }
      try writeBytes(Array("three".utf8), to: descriptor)
      try closeFile(descriptor)
      #expect(try readFile(path) == Array("one two two three".utf8))
      #expect(throws: Failure.self) { try writeFile([1], to: "/dev/fd/\(descriptor + 500)") }
      #expect(throws: Failure.self) { try writeFile([1], to: "/dev/fd/x") }
    }
  }

  @Test func aLinkLeadsToTheFile() throws {
    try inTemporaryFolder { folder in
      try makeFolder(joinPath(folder, "there"))
      let (target, link) = (joinPath(folder, "there/a.txt"), joinPath(folder, "link"))
      try writeFile(Array("old".utf8), to: target)
      #expect(symlink(target, link) == 0)
      try writeFile(Array("new".utf8), to: link)
      #expect(try readFile(target) == Array("new".utf8))
      #expect(try fileStatus(link, followingLinks: false).isSymbolicLink)
      // Where it leads to nothing yet, the file is made there; also by a link to a link, and from another folder.
      removeFile(target)
      let (second, third) = (joinPath(folder, "second"), joinPath(folder, "there/third"))
      #expect(symlink("link", second) == 0 && symlink("../second", third) == 0)
      for link in [link, second, third] {
        try writeFile(Array("own".utf8), to: link)
        #expect(try readFile(target) == Array("own".utf8))
        #expect(try fileStatus(link, followingLinks: false).isSymbolicLink)
        removeFile(target)
      }
      let loop = joinPath(folder, "loop")
      #expect(symlink("loop", loop) == 0)
      #expect(#expect(throws: Failure.self) { try writeFile([1], to: loop) }?.kind == .cannotCreate)
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

  /// Threads that write one path at once: what has its name is one thread's file, whole, and no other's is left over.
  @Test func manyWritersOfOnePathLeaveOneWholeFile() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a.txt")
      let failures = Mutex<[String]>([])
      let writers = Atomic(0)
      for round in 0..<50 {
        onThreads(8) {
          let writer = writers.add(1, ordering: .relaxed).oldValue % 8
          do {
            let file = try AtomicFile(at: path)
            for _ in 0..<20 { try file.write([UInt8](repeating: UInt8(writer), count: 1000 + writer)) }
            try file.commit()
          } catch {
            failures.withLock { $0.append("\(error)") }
          }
        }
        let bytes = try readFile(path)
        let writer = Int(bytes.first ?? 0)
        #expect(bytes.allSatisfy { $0 == UInt8(writer) } && bytes.count == 20 * (1000 + writer), "round \(round)")
        #expect(try folderNames(folder) == ["a.txt"])
      }
      #expect(failures.withLock { $0.first } == nil)
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
      #expect(#expect(throws: Failure.self) { try readFile(joinPath(folder, "b")) }?.kind == .missing)
      #expect(#expect(throws: Failure.self) { try readFile(folder) }?.kind == .inputOutput)
      #expect(#expect(throws: Failure.self) { try folderNames(joinPath(folder, "b")) }?.kind == .missing)
    }
  }

  /// What is left of a process that was killed has a name that `TemporaryName` knows, and never the file's own.
  @Test(arguments: [
    "a.txt", "caf\u{E9}.png", String(repeating: "x", count: 240), String(repeating: "\u{20AC}", count: 80),
  ])
  func unfinishedFilesAreKnownByTheirNames(name: String) throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, name)
      let first = try AtomicFile(at: path)
      let second = try AtomicFile(at: path)
      let names = try folderEntries(folder)
      #expect(names.count == 2 && names.allSatisfy { TemporaryName.matches($0) && $0.text != nil })
      #expect(!TemporaryName.matches(FilePath(path).name))
      try first.commit()
      try second.commit()
      #expect(try folderEntries(folder) == [FilePath(path).name])
    }
  }
}
