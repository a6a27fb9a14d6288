// The memory planner: buffers with lifetimes into one arena.
// Source: greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, section
// 5.2), as in XNNPACK's memory-planner.c: the largest buffers first, each at the lowest gap that no buffer alive at the
// same time covers.

/// Where each of some buffers lies in an arena.
package struct MemoryPlan: Sendable {
  package struct Buffer: Sendable, Hashable {
    package let name: String
    package let count: Int
    /// When it is alive, in order and apart. Never: it has no place.
    package let times: [ClosedRange<Int>]

    package init(name: String, count: Int, times: [ClosedRange<Int>]) {
      precondition(count >= 0 && zip(times, times.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
      self.name = name
      self.count = count
      self.times = times
    }

    package func isAlive(with other: Buffer) -> Bool {
      times.contains { mine in other.times.contains { mine.overlaps($0) } }
    }
  }

  package let buffers: [Buffer]
  /// The first Float of each buffer, a multiple of 16.
  package let offsets: [Int]
  /// Floats of the arena.
  package let arenaCount: Int

  /// What the buffers would take side by side.
  package var unsharedCount: Int { buffers.reduce(0) { $0 + ($1.times.isEmpty ? 0 : Self.rounded($1.count)) } }

  package init(_ buffers: [Buffer]) {
    var offsets = [Int](repeating: 0, count: buffers.count)
    var placed: [Int] = []
    var arena = 0
    let bySize = buffers.indices.filter { !buffers[$0].times.isEmpty }
      .sorted { (buffers[$0].count, $1) > (buffers[$1].count, $0) }
    for index in bySize {
      let buffer = buffers[index]
      let alive = placed.filter { buffers[$0].isAlive(with: buffer) }.sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in alive {
        if offset + Self.rounded(buffer.count) <= offsets[other] { break }
        offset = max(offset, offsets[other] + Self.rounded(buffers[other].count))
      }
      offsets[index] = offset
      arena = max(arena, offset + Self.rounded(buffer.count))
      placed.append(index)
    }
    self.buffers = buffers
    self.offsets = offsets
    arenaCount = arena
  }

  /// The Floats of a buffer.
  package func range(_ buffer: Int) -> Range<Int> { offsets[buffer]..<offsets[buffer] + buffers[buffer].count }

  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
