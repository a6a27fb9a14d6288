// What memory this process may have, and what becomes of an allocation that fails.

/// The least of the limits that hold for this process, and who sets it.
package struct MemoryLimit: Sendable, Equatable {
  package var bytes: Int
  /// "this machine has"
  package var words: String

  package init(_ bytes: Int, _ words: String) { (self.bytes, self.words) = (bytes, words) }

  /// Of the machine, of the control group with those above it, and of `ulimit`. What a limit of `ulimit` counts already
  /// is taken off. Nil where nobody says.
  package static func ofProcess(
    machine: Int = memoryOfMachine(), groups: ControlGroups = .ofProcess, used: MemoryInUse = .ofProcess
  ) -> MemoryLimit? {
    var limits = [MemoryLimit(machine, "this machine has")]
    if let group = groups.memory { limits.append(MemoryLimit(group.bytes, "its control group (\(group.file)) has")) }
    if let space = softLimit(.addressSpace) {
      // The threads' stacks count.
      let stacks = usableProcessors() * 8 << 20
      limits.append(MemoryLimit(max(0, space - used.addressSpace - stacks), "ulimit -v leaves"))
    }
    if let data = softLimit(.data) { limits.append(MemoryLimit(max(0, data - used.data), "ulimit -d leaves")) }
    return limits.filter { $0.bytes > 0 || $0.words.hasPrefix("ulimit") }.min { $0.bytes < $1.bytes }
  }
}

/// Bytes of physical memory; 0 where the system doesn't say.
package func memoryOfMachine() -> Int {
  let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
  return overflow ? 0 : max(0, bytes)
}

/// What this process has mapped, as `ulimit` counts it.
package struct MemoryInUse: Sendable {
  package var addressSpace: Int
  package var data: Int

  package init(addressSpace: Int, data: Int) { (self.addressSpace, self.data) = (addressSpace, data) }

  /// Zeros where the system doesn't say.
  package static var ofProcess: MemoryInUse {
    let pages = (systemText("/proc/self/statm") ?? "").split(separator: " ").map { Int($0) ?? 0 }
    let page = max(1, sysconf(Int32(_SC_PAGESIZE)))
    guard pages.count > 5 else { return MemoryInUse(addressSpace: 0, data: 0) }
    return MemoryInUse(addressSpace: pages[0] * page, data: pages[5] * page)
  }
}

// MARK: - An allocation that fails

/// Asks the system whether it would give `bytes` more: before arrays and slabs of that size are made, whose failure
/// would end the process. Less than a megabyte isn't asked for.
///
/// - Parameter advice: what takes less, beside the end of other programs.
/// - Throws: `Failure(.outOfMemory)`.
package func requireMemory(
  _ bytes: Int, for purpose: some CustomStringConvertible, advice: String? = nil
) throws(Failure) {
  if bytes < 1 << 20 { return }
  let place = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
  guard let place, place != MAP_FAILED else { throw Failure(.outOfMemory, "\(purpose): \(noMemory(bytes, advice))") }
  munmap(place, bytes)
}

/// Memory for `count` values, aligned to so many bytes; `free` gives it back. Where there is none the process ends with
/// one line and the exit code of `.outOfMemory`, not with a trap: who can say so better asks `requireMemory` first.
package func allocate<Value>(_ type: Value.Type, count: Int, alignment: Int) -> UnsafeMutablePointer<Value> {
  let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Value>.stride)
  var memory: UnsafeMutableRawPointer?
  if overflow || posix_memalign(&memory, alignment, bytes) != 0 { memory = nil }
  guard let memory else {
    let line = "\(splitPath(CommandLine.arguments.first ?? "").name): \(noMemory(overflow ? .max : bytes, nil))\n"
    try? writeBytes(Array(line.utf8), to: STDERR_FILENO)
    exit(FailureKind.outOfMemory.exitCode)
  }
  return memory.bindMemory(to: type, capacity: max(count, 1))
}

private func noMemory(_ bytes: Int, _ advice: String?) -> String {
  "out of memory: the system hasn't \(bytes >> 20) MiB more; \(advice.map { "\($0), or " } ?? "")end other programs"
}
