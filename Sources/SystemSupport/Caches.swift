// The caches that work is cut to fit.

/// Bytes of a core's first- and second-level caches for data, its share of those that it shares; 0 where the system
/// doesn't tell.
package func dataCacheBytes() -> (first: Int, second: Int) {
  let told = toldCacheBytes()
  func share(_ level: Int) -> Int {
    let cache = CacheInTable(level: level)
    return cache.bytes / cache.processors
  }
  return (told.first > 0 ? told.first : share(1), told.second > 0 ? told.second : share(2))
}

/// What Linux's table has on the data cache of a level, as the first processor sees it.
package struct CacheInTable: Sendable {
  /// 0: nothing.
  package private(set) var bytes = 0
  /// How many processors use it.
  package private(set) var processors = 1

  /// - Parameter read: a file's text; nil where it isn't there.
  package init(level: Int, read: (_ path: String) -> String? = systemText) {
    for index in 0..<8 {
      func value(_ name: String) -> String? {
        read("/sys/devices/system/cpu/cpu0/cache/index\(index)/\(name)").map { $0.filter { !$0.isWhitespace } }
      }
      guard value("level") == "\(level)", value("type") != "Instruction", let size = value("size") else { continue }
      // "48K", "2M"
      let shift = ["K": 10, "M": 20][size.suffix(1)] ?? 0
      bytes = max(0, Int(shift > 0 ? size.dropLast() : size[...]) ?? 0) << shift
      processors = Self.count(value("shared_cpu_list") ?? "")
      return
    }
  }

  /// "0-3,8" -> 5.
  private static func count(_ list: String) -> Int {
    let counts = list.split(separator: ",").map { part in
      let ends = part.split(separator: "-").map { Int($0) ?? 0 }
      return (ends.last ?? 0) - (ends.first ?? 0) + 1
    }
    return max(1, counts.reduce(0, +))
  }
}
