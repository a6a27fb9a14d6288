import SystemSupport
import TestSupport
import Testing

/// Protects: only "another one has it" keeps a process out, and no other error passes for a claim.
@Suite struct FileLockTests {
  @Test func oneHasIt() throws {
    try inTemporaryFolder { folder in
      let (first, second) = (try openFile(folder, O_RDONLY), try openFile(folder, O_RDONLY))
      #expect(try FileLock.claim(first) == .claimed)
      #expect(try FileLock.claim(first) == .claimed)
      #expect(try FileLock.claim(second) == .held)
      try closeFile(first)
      #expect(try FileLock.claim(second) == .claimed)
      try closeFile(second)
      #expect(throws: SystemError(code: EBADF)) { try FileLock.claim(-1) }
    }
  }

  @Test func whoWaitsGetsItInTheEnd() throws {
    try inTemporaryFolder { folder in
      let (first, second) = (try openFile(folder, O_RDONLY), try openFile(folder, O_RDONLY))
      #expect(try FileLock.claim(first) == .claimed)
      let claim = Monitor<FileLock.Claim?>(nil)
      let waiter = WorkerThread {
        let result = try? FileLock.claim(second, waiting: true)
        claim.withLock { $0 = result }
      }
      usleep(20_000)
      #expect(claim.withLock { $0 } == nil)
      try closeFile(first)
      waiter?.join()
      #expect(claim.withLock { $0 } == .claimed)
      try closeFile(second)
    }
  }

  @Test(arguments: [ENOLCK, ENOTSUP, EOPNOTSUPP, EINVAL, ENOSYS]) func aFileSystemWithoutLocks(code: Int32) throws {
    let error = SystemError(code: code)
    #expect(try FileLock.verdict(on: error) == .unsupported(error))
  }

  @Test(arguments: [EBADF, EIO, EACCES, ENOMEM]) func whateverElseIsAnError(code: Int32) {
    #expect(throws: SystemError(code: code)) { try FileLock.verdict(on: SystemError(code: code)) }
  }
}
