// The memory planner: buffers with lifetimes into one arena.
// Source: greedy by size (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, section
// 5.2), as in XNNPACK's memory-planner.c: the largest buffers first, each at the lowest gap that no buffer alive at the
// same time covers.

/// Where each buffer of a net lies in its arena.
package struct MemoryPlan: Sendable {
  /// A buffer that is written first at time `first` and read last at time `last` (steps of the executor, counted from
  /// 0).
  package struct Buffer: Sendable, Hashable {
    package let name: String
    package let count: Int
    package let first: Int
    package let last: Int

    package init(name: String, count: Int, first: Int, last: Int) {
      precondition(count >= 0 && first <= last)
      self.name = name
      self.count = count
      self.first = first
      self.last = last
    }
  }

  package let buffers: [Buffer]
  /// The first Float of each buffer, a multiple of 16.
  package let offsets: [Int]
  /// Floats of the arena.
  package let arenaCount: Int

  /// What the buffers would take side by side.
  package var unsharedCount: Int { buffers.reduce(0) { $0 + Self.rounded($1.count) } }

  package init(_ buffers: [Buffer]) {
    var offsets = [Int](repeating: 0, count: buffers.count)
    var placed: [Int] = []
    var arena = 0
    let bySize = buffers.indices.sorted { (buffers[$0].count, $1) > (buffers[$1].count, $0) }
    for index in bySize {
      let buffer = buffers[index]
      let alive = placed.filter { buffers[$0].first <= buffer.last && buffer.first <= buffers[$0].last }
        .sorted { offsets[$0] < offsets[$1] }
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

  private static func rounded(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
