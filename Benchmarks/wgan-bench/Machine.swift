// The machine that figures were measured on.

import Compute
import Foundation

package struct Machine: Codable, Equatable, Sendable {
  package struct Caches: Codable, Equatable, Sendable {
    /// Bytes; of L1 and L2 what a core has, of L3 what it shares. 0: unknown.
    package var level1: Int
    package var level2: Int
    package var level3: Int
  }

  package var processor: String
  package var cores: Int
  package var instructionSets: [String]
  package var cacheBytes: Caches
  package var memoryBytes: UInt64
  package var system: String
  /// ISO 8601, UTC.
  package var date: String

  static func current() -> Machine {
    #if os(Linux)
      func cache(_ name: Int) -> Int { max(0, sysconf(Int32(name))) }
      let caches = Caches(
        level1: cache(Int(_SC_LEVEL1_DCACHE_SIZE)), level2: cache(Int(_SC_LEVEL2_CACHE_SIZE)),
        level3: cache(Int(_SC_LEVEL3_CACHE_SIZE)))
    #else
      let caches = Caches(level1: 0, level2: 0, level3: 0)
    #endif
    return Machine(
      processor: processorName() ?? "unknown processor", cores: Processor.coreCount,
      instructionSets: Processor.supported.map(\.rawValue), cacheBytes: caches,
      memoryBytes: ProcessInfo.processInfo.physicalMemory,
      system: ProcessInfo.processInfo.operatingSystemVersionString,
      date: ISO8601DateFormatter().string(from: Date()))
  }

  /// One line for a person.
  var summary: String {
    func kibibytes(_ bytes: Int) -> String { bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB" }
    let caches = [("L1", cacheBytes.level1), ("L2", cacheBytes.level2), ("L3", cacheBytes.level3)]
      .filter { $0.1 > 0 }.map { "\($0.0) \(kibibytes($0.1))" }
    return ([processor, "\(cores) cores"] + caches + [instructionSets.joined(separator: " ")])
      .joined(separator: ", ")
  }

  private static func processorName() -> String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    func value(_ key: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(key) }?.split(separator: ":").last
        .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    guard let name = value("model name") else { return nil }
    // Hypervisors shorten names ("AMD EPYC"): family and model say which one it is.
    guard let family = value("cpu family"), let model = value("model\t") else { return name }
    return "\(name) (family \(family) model \(model))"
  }
}
