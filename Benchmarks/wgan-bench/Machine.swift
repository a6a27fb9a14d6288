// The machine that figures were measured on.

import Compute
import SystemSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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

  package static func current() -> Machine {
    return Machine(
      processor: processorName() ?? "unknown processor", cores: Device.coreCount,
      instructionSets: Device.supported.map(\.rawValue),
      cacheBytes: Caches(level1: cache(1), level2: cache(2), level3: cache(3)),
      memoryBytes: ProcessInfo.processInfo.physicalMemory,
      system: ProcessInfo.processInfo.operatingSystemVersionString,
      date: Date().ISO8601Format())
  }

  /// One line for a person.
  var summary: String {
    func kibibytes(_ bytes: Int) -> String { bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB" }
    let caches = [("L1", cacheBytes.level1), ("L2", cacheBytes.level2), ("L3", cacheBytes.level3)]
      .filter { $0.1 > 0 }.map { "\($0.0) \(kibibytes($0.1))" }
    return ([processor, "\(cores) cores"] + caches + [instructionSets.joined(separator: " ")])
      .joined(separator: ", ")
  }

  /// Bytes of the data cache of a level; 0: unknown. Not from `sysconf` where Linux has a table: it adds up all
  /// third-level caches of an AMD socket although a core only reaches its own.
  private static func cache(_ level: Int) -> Int {
    let bytes = CacheInTable(level: level).bytes
    if bytes > 0 { return bytes }
    return switch level {
    case 1: dataCacheBytes().first
    case 2: dataCacheBytes().second
    default: 0
    }
  }

  private static func processorName() -> String? {
    if let name = processorBrand() { return name }
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    func value(_ key: String) -> String? {
      text.split(separator: "\n").first { $0.hasPrefix(key) }?.split(separator: ":").last
        .map(trimmed)
    }
    guard let name = value("model name") else {
      // arm64 has numbers alone.
      guard let maker = value("CPU implementer"), let part = value("CPU part") else { return nil }
      return "arm64 (implementer \(maker), part \(part))"
    }
    // Hypervisors shorten names ("AMD EPYC"): family and model say which one it is.
    guard let family = value("cpu family"), let model = value("model\t") else { return name }
    return "\(name) (family \(family) model \(model))"
  }

  /// Without white space at its ends.
  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
