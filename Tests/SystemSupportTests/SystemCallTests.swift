import SystemSupport
import Testing

/// Protects: an error says why the call failed, whatever has run since.
@Suite struct SystemCallTests {
  @Test func theCauseIsTheCallsOwn() {
    #expect(throws: SystemError(code: EBADF)) { try systemCall { fcntl(-1, F_GETFD) } }
    #expect(throws: SystemError(code: ENOENT)) { try openFile("/nowhere/at/all", O_RDONLY) }
    #expect(throws: SystemError(code: EBADF)) { try closeFile(-1) }
    #expect(throws: SystemError(code: ENOENT)) { try realPath("/nowhere") }
    // Longer than what a path's copy for C has on the stack: memory is given back after the call.
    #expect(throws: SystemError(code: ENAMETOOLONG)) { try fileStatus(String(repeating: "a/", count: 5000)) }
    #expect(SystemError(code: ENOENT).description == "No such file or directory")
  }

  @Test func aSignalIsNoFailure() throws {
    var interruptions = 3
    let result = try systemCall {
      if interruptions == 0 { return 7 }
      interruptions -= 1
      errno = EINTR
      return -1
    }
    #expect(result == 7 && interruptions == 0)
  }

  @Test func theEndOfAListIsNoFailure() throws {
    let end: UnsafeMutableRawPointer? = try systemPointerUntilEnd { nil }
    #expect(end == nil)
    #expect(throws: SystemError(code: EBADF)) {
      try systemPointerUntilEnd { () -> UnsafeMutableRawPointer? in
        _ = fcntl(-1, F_GETFD)
        return nil
      }
    }
  }

  /// The rule that makes these mistakes impossible: who needs errno goes through SystemCall.swift.
  @Test func errnoIsReadInOnePlace() throws {
    let files = try sources("Sources", "Benchmarks", "Examples")
    #expect(files.count > 100)
    let readers = files.filter { $0.text.contains(#/\berrno\b/#) }.map(\.path)
    #expect(readers == ["Sources/SystemSupport/SystemCall.swift"])
  }
}
