// What Linux's control groups allow this process: containers and services are kept within them. Version 2 and 1.

import CProcessor

/// The limits of a process's groups. Those of the groups above hold too, so of each the least counts.
package struct ControlGroups: Sendable {
  /// The most memory, and the file that says so.
  package var memory: (bytes: Int, file: String)?
  /// Processor time in a second, in seconds: 1.5 is one and a half processors.
  package var processors: Double?

  /// - Parameters:
  ///   - membership: what /proc/self/cgroup says.
  ///   - read: a file's text; nil where it isn't there.
  package init(membership: String, read: (_ path: String) -> String?) {
    for line in membership.split(separator: "\n") {
      // "4:memory:/a/b" of version 1, "0::/a/b" of version 2.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      let isVersion2 = parts[0] == "0" && controllers.isEmpty
      for folder in Self.folders(String(parts[2])) {
        if isVersion2 {
          for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] { readVersion2(mount + folder, read) }
        }
        if controllers.contains("memory") {
          add(memory: read("/sys/fs/cgroup/memory\(folder)/memory.limit_in_bytes"), "memory.limit_in_bytes")
        }
        if controllers.contains("cpu") {
          // Where two controllers are mounted together, a link has each one's name.
          let path = "/sys/fs/cgroup/cpu\(folder)/cpu.cfs_"
          add(quota: read(path + "quota_us"), period: read(path + "period_us"))
        }
      }
    }
  }

  package static let ofProcess = ControlGroups(membership: systemText("/proc/self/cgroup") ?? "", read: systemText)

  private mutating func readVersion2(_ folder: String, _ read: (_ path: String) -> String?) {
    for file in ["memory.max", "memory.high"] { add(memory: read("\(folder)/\(file)"), file) }
    let words = (read(folder + "/cpu.max") ?? "").split(whereSeparator: \.isWhitespace)
    if words.count == 2 { add(quota: String(words[0]), period: String(words[1])) }
  }

  /// "/a/b" -> "/a/b", "/a", "". A container sees its own group as the root, whatever its path outside.
  private static func folders(_ path: String) -> [String] {
    var parts = path.split(separator: "/")
    var folders: [String] = []
    while !parts.isEmpty {
      folders.append("/" + parts.joined(separator: "/"))
      parts.removeLast()
    }
    return folders + [""]
  }

  private mutating func add(memory text: String?, _ file: String) {
    // "max", and version 1's "9223372036854771712": none.
    guard let bytes = text.flatMap(Self.number), bytes < 1 << 60, bytes < memory?.bytes ?? .max else { return }
    memory = (bytes, file)
  }

  private mutating func add(quota: String?, period: String?) {
    guard let quota = quota.flatMap(Self.number), let period = period.flatMap(Self.number), quota > 0, period > 0
    else { return }
    processors = min(processors ?? .infinity, Double(quota) / Double(period))
  }

  private static func number(_ text: String) -> Int? { Int(text.filter { !$0.isWhitespace }) }
}

/// How many threads of this process can run at once: as many as its affinity mask has processors (where there is none,
/// the machine), and no more than the control group's time is enough for. At least 1.
package func usableProcessors(
  mask: Int = Int(cprocessor_affinity_count()), groups: ControlGroups = .ofProcess
) -> Int {
  let processors = Double(mask > 0 ? mask : processorsOfMachine())
  return max(1, Int(min(processors, (groups.processors ?? processors).rounded(.up))))
}

/// The text of a small file of /proc or /sys, whose size isn't known before it's read; nil where it can't be read.
package func systemText(_ path: String) -> String? {
  guard let descriptor = try? openFile(path, O_RDONLY) else { return nil }
  defer { try? closeFile(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 1 << 16)
  guard let count = try? bytes.withUnsafeMutableBytes({ try readBytes(into: $0, from: descriptor, at: 0) }) else {
    return nil
  }
  return String(decoding: bytes[..<count], as: UTF8.self)
}
