import SystemSupport
import Testing

/// Protects: a container's limits are this process's, whichever version of control groups says them.
@Suite struct ControlGroupsTests {
  func groups(_ membership: String, _ files: [String: String]) -> ControlGroups {
    ControlGroups(membership: membership) { files[$0] }
  }

  @Test func versionTwo() {
    let found = groups(
      "0::/user/a\n",
      [
        "/sys/fs/cgroup/user/a/memory.max": "max\n", "/sys/fs/cgroup/user/a/memory.high": "2000\n",
        "/sys/fs/cgroup/user/memory.max": "3000\n", "/sys/fs/cgroup/user/a/cpu.max": "max 100000\n",
        "/sys/fs/cgroup/user/cpu.max": "150000 100000\n",
      ])
    #expect(found.memory?.bytes == 2000 && found.memory?.file == "memory.high")
    #expect(found.processors == 1.5)
  }

  /// A container that sees its own group as the root is told another path.
  @Test func theRootHoldsWhereThePathIsUnknown() {
    let found = groups(
      "0::/docker/77", ["/sys/fs/cgroup/memory.max": "4096", "/sys/fs/cgroup/cpu.max": "50000 100000"])
    #expect(found.memory?.bytes == 4096 && found.processors == 0.5)
  }

  @Test func versionOne() {
    let found = groups(
      "4:memory:/x\n2:cpu,cpuacct:/y\n1:name=systemd:/\n0::/\n",
      [
        "/sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1048576\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/sys/fs/cgroup/cpu/y/cpu.cfs_quota_us": "300000\n", "/sys/fs/cgroup/cpu/y/cpu.cfs_period_us": "100000\n",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      ])
    #expect(found.memory?.bytes == 1_048_576 && found.processors == 3)
  }

  @Test func noLimitIsNone() {
    let found = groups(
      "0::/\nnonsense\n", ["/sys/fs/cgroup/memory.max": "max", "/sys/fs/cgroup/cpu.max": "max 100000"])
    #expect(found.memory == nil && found.processors == nil)
    #expect(groups("", [:]).memory == nil)
  }

  @Test func threadsFollowTheMaskAndTheQuota() {
    let none = groups("", [:])
    var some = none
    #expect(usableProcessors(mask: 6, groups: none) == 6)
    some.processors = 1.5
    #expect(usableProcessors(mask: 6, groups: some) == 2 && usableProcessors(mask: 1, groups: some) == 1)
    some.processors = 0.1
    #expect(usableProcessors(mask: 6, groups: some) == 1)
    #expect((1...1024).contains(usableProcessors()))
  }
}

/// Protects: the least of all limits counts, and what can't be had is an error.
@Suite struct MemoryTests {
  @Test func theLeastLimitCounts() {
    var groups = ControlGroups(membership: "") { _ in nil }
    let used = MemoryInUse(addressSpace: 0, data: 0)
    #expect(MemoryLimit.ofProcess(machine: 5 << 30, groups: groups, used: used)?.words.contains("machine") == true)
    groups.memory = (1 << 30, "memory.max")
    let limit = MemoryLimit.ofProcess(machine: 5 << 30, groups: groups, used: used)
    #expect(limit?.bytes == 1 << 30 && limit?.words.contains("memory.max") == true)
    #expect(MemoryLimit.ofProcess(machine: 1000, groups: groups, used: used)?.bytes == 1000)
  }

  @Test func whatCannotBeHadIsAnError() throws {
    try requireMemory(1 << 22, for: "a test")
    let error = #expect(throws: Failure.self) { try requireMemory(1 << 60, for: "a test") }
    #expect(error?.kind == .outOfMemory && error?.description.hasPrefix("a test: out of memory") == true)
  }

  @Test func whatIsAllocatedIsAligned() {
    for count in [0, 1, 100, 100_000] {
      let place = allocate(Float.self, count: count, alignment: 64)
      #expect(UInt(bitPattern: place) % 64 == 0)
      free(place)
    }
  }
}
