import Compute
import Testing

/// Protects: memory that the system hasn't is one line and an exit code of its own, not a trap.
@Suite struct SlabTests {
  @Test(arguments: [1 << 50, 1 << 61]) func anAllocationThatFailsIsNoTrap(count: Int) async throws {
    let result = try await #require(processExitsWith: .exitCode(71), observing: [\.standardErrorContent]) { [count] in
      _ = Slab(count: count)
    }
    let line = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(line.contains("out of memory") && line.split(separator: "\n").count == 1, "\(line)")
  }
}
