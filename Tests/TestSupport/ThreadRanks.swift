// Ranks that are threads of this process: what ranks do together is tested without MPI.

import Ranks
import SystemSupport

/// One of several threads' ranks. Its calls meet those of the others as they would over MPI.
package final class ThreadRanks: RankGroup {
  package let rank: Int
  package let count: Int
  private let table: Monitor<Table>

  private struct Table {
    /// What each rank has brought to the meeting, and how many have taken the result.
    var brought: [Int: [UInt8]] = [:]
    var taken = 0
  }

  private init(rank: Int, count: Int, table: Monitor<Table>) {
    (self.rank, self.count, self.table) = (rank, count, table)
  }

  /// Calls `body` on a thread for each rank; their results, in the ranks' order.
  package static func run<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ThreadRanks) throws -> Result
  ) throws -> [Result] {
    let table = Monitor(Table())
    let results = Monitor<[Int: Swift.Result<Result, any Error>]>([:])
    let threads = (0..<count).map { rank in
      WorkerThread {
        let result = Swift.Result { try body(ThreadRanks(rank: rank, count: count, table: table)) }
        results.withLock { $0[rank] = result }
      }
    }
    for thread in threads { thread?.join() }
    let all = results.withLock { $0 }
    return try (0..<count).compactMap { try all[$0]?.get() }
  }

  package func gather(_ bytes: UnsafeRawBufferPointer) -> Gathered {
    let own = Array(bytes)
    // Not before the last meeting is over.
    let _: Bool = table.wait { table in
      guard table.brought[rank] == nil, table.taken == 0 else { return nil }
      table.brought[rank] = own
      return true
    }
    let all: [[UInt8]] = table.wait { table in
      guard table.brought.count == count else { return nil }
      let all = (0..<count).compactMap { table.brought[$0] }
      table.taken += 1
      if table.taken == count { table = Table() }
      return all
    }
    var parts: [Range<Int>] = []
    for bytes in all {
      let start = parts.last?.upperBound ?? 0
      parts.append(start..<start + bytes.count)
    }
    return Gathered(bytes: Array(all.joined()), parts: parts)
  }

  package func abort(code: Int32) -> Never { fatalError("a rank ends all with code \(code)") }

  package func sum(_ values: UnsafeMutableBufferPointer<Float>) {
    let all = gather(Array(values))
    for i in values.indices {
      values[i] = (1..<count).reduce(all[i]) { $0 + all[$1 * values.count + i] }
    }
  }
}
