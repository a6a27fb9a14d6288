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

/// Bytes of a core's first- and second-level caches for data; 0 where the system doesn't tell.
package func dataCacheBytes() -> (first: Int, second: Int) {
  #if canImport(Glibc)
    (max(0, sysconf(Int32(_SC_LEVEL1_DCACHE_SIZE))), max(0, sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))))
  #else
    (0, 0)
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
  #if canImport(Glibc)
    var thread = pthread_t()
  #else
    var thread: pthread_t?
  #endif
  let status = pthread_create(
    &thread, nil,
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
