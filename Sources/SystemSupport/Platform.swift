// The system's C library, under whatever name it has here, and what differs between those. Who imports SystemSupport
// has it; no other file asks which one it is.

#if canImport(Glibc)
  @_exported import Glibc
#elseif canImport(Musl)
  @_exported import Musl
#elseif canImport(Darwin)
  @_exported import Darwin
#endif

/// Processor time of this process so far, all threads, in seconds.
package func processCPUSeconds() -> Double {
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
  let usage = ownUsage()
  return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The most memory that this process has had so far.
package func peakResidentBytes() -> Int {
  #if canImport(Darwin)
    Int(ownUsage().ru_maxrss)
  #else
    Int(ownUsage().ru_maxrss) << 10
  #endif
}

private func ownUsage() -> rusage {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  #else
    getrusage(RUSAGE_SELF, &usage)
  #endif
  return usage
}

extension stat {
  /// When the content was last changed: nanoseconds since 1970.
  package var modifiedNanoseconds: Int64 {
    #if canImport(Darwin)
      let time = st_mtimespec
    #else
      let time = st_mtim
    #endif
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

/// The file that this process runs; nil where the system doesn't say.
package func executablePath() -> String? {
  #if canImport(Darwin)
    var size: UInt32 = 1 << 12
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, filled in
      let isThere = buffer.withMemoryRebound(to: CChar.self) { _NSGetExecutablePath($0.baseAddress, &size) == 0 }
      filled = isThere ? buffer.firstIndex(of: 0) ?? 0 : 0
    }
    return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
  #else
    return fileExists("/proc/self/exe") ? "/proc/self/exe" : nil
  #endif
}

/// Seconds since 1970, by the machine's clock.
package func wallClockSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The kind of socket that TCP is, as `socket` takes it.
package var streamSocket: Int32 {
  #if canImport(Glibc)
    Int32(SOCK_STREAM.rawValue)
  #else
    SOCK_STREAM
  #endif
}

/// What `ulimit` limits.
package enum ResourceLimit {
  case addressSpace
  case data
}

/// The soft limit in bytes; nil where there is none.
package func softLimit(_ resource: ResourceLimit) -> Int? {
  var limit = rlimit()
  let limited = resource == .addressSpace ? RLIMIT_AS : RLIMIT_DATA
  #if canImport(Glibc)
    let number = __rlimit_resource_t(limited.rawValue)
  #else
    let number = limited
  #endif
  if getrlimit(number, &limit) != 0 || limit.rlim_cur >= 1 << 60 { return nil }
  return Int(limit.rlim_cur)
}

/// What the C library or the kernel says of a core's caches for data, in bytes; 0 where it says nothing.
func toldCacheBytes() -> (first: Int, second: Int) {
  #if canImport(Glibc)
    return (max(0, sysconf(Int32(_SC_LEVEL1_DCACHE_SIZE))), max(0, sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))))
  #elseif canImport(Darwin)
    // Of the fast cores ("performance level 0"), several of which share a second level. Older systems know no levels.
    let first = systemNumber("hw.perflevel0.l1dcachesize") ?? systemNumber("hw.l1dcachesize") ?? 0
    let sharers = systemNumber("hw.perflevel0.cpusperl2") ?? 1
    let second = systemNumber("hw.perflevel0.l2cachesize").map { $0 / max(1, sharers) }
    return (first, second ?? systemNumber("hw.l2cachesize") ?? 0)
  #else
    return (0, 0)
  #endif
}

/// How many processors there are to run threads of equal speed on: of a Mac's, the fast ones.
func processorsOfMachine() -> Int {
  #if canImport(Darwin)
    if let fast = systemNumber("hw.perflevel0.logicalcpu") { return max(1, fast) }
  #endif
  return max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
}

/// What the processor calls itself, where that isn't for /proc to say.
package func processorBrand() -> String? {
  #if canImport(Darwin)
    var count = 0
    guard sysctlbyname("machdep.cpu.brand_string", nil, &count, nil, 0) == 0, count > 1 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    guard sysctlbyname("machdep.cpu.brand_string", &bytes, &count, nil, 0) == 0 else { return nil }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  #else
    return nil
  #endif
}

#if canImport(Darwin)
  /// A number of the kernel's table (sysctl(3)); nil where it has no such name. Some are of 4 bytes, some of 8.
  private func systemNumber(_ name: String) -> Int? {
    var number: Int64 = 0
    var count = MemoryLayout<Int64>.size
    guard sysctlbyname(name, &number, &count, nil, 0) == 0 else { return nil }
    // Both are little-endian machines, so 4 bytes are the low ones.
    return Int(number)
  }
#endif

/// The calls that bring a file's bytes to the disk, the surest first: which a file system has is its own matter.
var syncCalls: [(_ descriptor: Int32) -> Int32] {
  #if canImport(Darwin)
    // A Mac's fsync leaves them in the drive's memory, which a power cut empties (fsync(2), fcntl(2)).
    return [{ fcntl($0, F_FULLFSYNC) }, { fsync($0) }]
  #else
    return [{ fsync($0) }]
  #endif
}

/// Starts a POSIX thread that calls `body` and ends with it. Nil if the system has none left to give.
func startThread(_ body: @escaping @Sendable () -> Void) -> pthread_t? {
  final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  // Its argument is an optional in some libraries, and isn't in others.
  func run(_ argument: UnsafeMutableRawPointer?) {
    if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
  }
  let box = Unmanaged.passRetained(Box(body))
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  #if canImport(Glibc)
    var thread = pthread_t()
  #else
    var thread: pthread_t?
    // As Linux gives it: a Mac gives half a megabyte, Musl less.
    pthread_attr_setstacksize(&attributes, 8 << 20)
  #endif
  let status = pthread_create(
    &thread, &attributes,
    {
      run($0)
      return nil
    }, box.toOpaque())
  if status != 0 {
    box.release()
    return nil
  }
  return thread
}
