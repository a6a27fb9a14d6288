// What libFuzzer calls with each input. Scripts/fuzz builds and runs it: `make fuzz`.
//
//     wgan-fuzz --target=NAME [libFuzzer's flags] [folders of inputs, or files to replay]
//
// An input is a file's content. It may be refused, in any words; it must not crash, contradict what the target says of
// it (Targets.swift), nor take more than a second of this thread's processor time: a loaded machine's clock says
// nothing. libFuzzer's own limits (-timeout, -rss_limit_mb) catch what hangs and what takes too much memory.

import SystemSupport

private let processorSeconds = 1.0

/// Set once, before the first input.
nonisolated(unsafe) private var target = Target.lists

@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafePointer<UnsafePointer<CChar>>>
) -> CInt {
  let flag = "--target="
  let names = Target.allCases.map(\.rawValue).joined(separator: ", ")
  let given = (0..<Int(count.pointee)).map { String(cString: arguments.pointee[$0]) }.first { $0.hasPrefix(flag) }
  guard let found = given.flatMap({ Target(rawValue: String($0.dropFirst(flag.count))) }) else {
    give(up: "give \(flag) and one of \(names)")
  }
  target = found
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  let began = threadSeconds()
  target.run(bytes)
  let seconds = threadSeconds() - began
  if seconds > processorSeconds { give(up: "took \(seconds) s of processor time") }
  return 0
}

private func threadSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// What must hold of every input.
func expect(_ holds: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
  if !holds() { give(up: what()) }
}

/// Ends the process as a crash does, so that libFuzzer saves the input.
func give(up reason: String) -> Never {
  try? writeBytes(Array("fuzz: \(reason)\n".utf8), to: STDERR_FILENO)
  abort()
}
