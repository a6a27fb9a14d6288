import SystemSupport
import TestSupport
import Testing

@Suite struct PlatformTests {
  /// Protects: a C library of another name is one file's matter.
  @Test func oneFileAsksWhichLibraryItIs() throws {
    let files = try sources("Sources", "Benchmarks", "Examples", "Tests")
    #expect(files.count > 100)
    let question = #/canImport\((Glibc|Musl|Darwin)\)|^\s*import (Glibc|Musl|Darwin)\b/#.anchorsMatchLineEndings()
    #expect(files.filter { $0.text.contains(question) }.map(\.path) == ["Sources/SystemSupport/Platform.swift"])
  }

  @Test func whatTheProcessHasUsed() {
    let before = processCPUSeconds()
    var sum = 0.0
    while processCPUSeconds() < before + 0.02 { sum += 1 }
    #expect(sum > 0 && processCPUSeconds() < 1e6)
    // Of bytes: a test of its size has some megabytes, and no machine a petabyte.
    #expect((1 << 20..<1 << 50).contains(peakResidentBytes()))
    #expect(dataCacheBytes().first >= 0 && dataCacheBytes().second >= 0)
  }

  @Test func filesHaveATimeInNanoseconds() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a")
      try writeFile([1], to: path)
      let then = try fileStatus(path).modifiedNanoseconds
      // Between 2001 and 2255.
      #expect((1_000_000_000_000_000_000..<9_000_000_000_000_000_000).contains(then))
      var times = (timeval(tv_sec: 5, tv_usec: 0), timeval(tv_sec: 1234, tv_usec: 567))
      withUnsafePointer(to: &times) {
        $0.withMemoryRebound(to: timeval.self, capacity: 2) { _ = utimes(path, $0) }
      }
      #expect(try fileStatus(path).modifiedNanoseconds == 1_234_000_567_000)
    }
  }

  @Test func aThreadRunsAndEnds() {
    let done = Monitor(0)
    let threads = (0..<4).map { i in WorkerThread { done.withLock { $0 += i } } }
    for thread in threads { thread?.join() }
    #expect(done.withLock { $0 } == 6)
  }
}
