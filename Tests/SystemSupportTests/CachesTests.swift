import SystemSupport
import Testing

/// Protects: blocks fit the caches also where the C library says nothing of them, as on arm64.
@Suite struct CachesTests {
  private func cache(_ level: Int, _ caches: [[String: String]]) -> CacheInTable {
    CacheInTable(level: level) { path in
      let parts = path.split(separator: "/").suffix(2)
      guard let index = parts.first.flatMap({ Int($0.dropFirst("index".count)) }), caches.indices.contains(index)
      else { return nil }
      return parts.last.flatMap { caches[index][String($0)] }
    }
  }

  @Test func ofALevelAndForData() {
    let caches = [
      ["level": "1\n", "type": "Data\n", "size": "64K\n", "shared_cpu_list": "0\n"],
      ["level": "1\n", "type": "Instruction\n", "size": "32K\n", "shared_cpu_list": "0\n"],
      ["level": "2\n", "type": "Unified\n", "size": "12M\n", "shared_cpu_list": "0-3,8\n"],
      ["level": "3\n", "type": "Unified\n", "size": "8192\n"],
    ]
    #expect(cache(1, caches).bytes == 64 << 10 && cache(1, caches).processors == 1)
    #expect(cache(1, Array(caches[1...])).bytes == 0)
    #expect(cache(2, caches).bytes == 12 << 20 && cache(2, caches).processors == 5)
    #expect(cache(3, caches).bytes == 8192 && cache(3, caches).processors == 1)
  }

  @Test func nothingWhereNothingIsSaid() {
    for caches in [[], [["level": "2"]], [["level": "2", "size": "much", "shared_cpu_list": "-,a"]]] {
      #expect(cache(2, caches).bytes == 0 && cache(2, caches).processors >= 1)
    }
  }
}
