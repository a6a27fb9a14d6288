// The processes that mpirun started, over MPI.

import CRanks
import SystemSupport

/// Made once. Only what is launched by mpirun (of Open MPI, MPICH, or whatever sets their variables) is a group.
package final class MPIRanks: RankGroup {
  package let rank: Int
  package let count: Int
  /// "Open MPI v4.1.4"
  package let library: String
  private let room = Monitor<[Float]>([])

  /// The group that this process belongs to; nil where nobody launched it as one of several.
  ///
  /// - Throws: `Failure(.usage)` where it is one of several and MPI isn't built in: each would think it's alone.
  package static func ofProcess(_ environment: [String: String]) throws(Failure) -> MPIRanks? {
    let counts = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_SIZE"].compactMap { environment[$0].flatMap { Int($0) } }
    guard let count = counts.first, count > 1 else { return nil }
    guard cranks_has_mpi() else {
      throw Failure(
        .usage, "started as one of \(count) ranks, but built without MPI: build it with 'make mpi', or start it alone")
    }
    let error = cranks_begin()
    if error != 0 { throw Failure(.inputOutput, "MPI doesn't begin: \(describe(error))") }
    return MPIRanks()
  }

  private init() {
    (rank, count) = (Int(cranks_rank()), Int(cranks_count()))
    library = text { cranks_library($0, $1) }
  }

  package func gather(_ bytes: UnsafeRawBufferPointer) -> Gathered {
    var counts = [Int32](repeating: 0, count: count)
    check(cranks_gather_counts(Int32(bytes.count), &counts))
    var parts: [Range<Int>] = []
    for count in counts {
      let start = parts.last?.upperBound ?? 0
      parts.append(start..<start + Int(count))
    }
    let places = parts.map { Int32($0.lowerBound) }
    let all = [UInt8](unsafeUninitializedCapacity: parts.last?.upperBound ?? 0) { buffer, filled in
      check(cranks_gather(bytes.baseAddress, counts, places, buffer.baseAddress))
      filled = buffer.count
    }
    return Gathered(bytes: all, parts: parts)
  }

  package func sum(_ values: UnsafeMutableBufferPointer<Float>) {
    let needed = values.count + count
    room.withLock { room in
      if room.count < needed { room = [Float](repeating: 0, count: needed) }
      check(cranks_sum(values.baseAddress, Int32(values.count), &room))
    }
  }

  /// Together with all others: nothing is called after it.
  package func end() { cranks_end() }

  package func abort(code: Int32) -> Never {
    cranks_abort(code)
    exit(code)
  }

  /// MPI can't say more than that the others aren't there any more: there is no going on.
  private func check(_ error: Int32) {
    if error == 0 { return }
    try? writeBytes(Array("wgan: rank \(rank) lost the others: \(Self.describe(error))\n".utf8), to: STDERR_FILENO)
    abort(code: FailureKind.inputOutput.exitCode)
  }

  private static func describe(_ error: Int32) -> String { text { cranks_describe(error, $0, $1) } }
}

/// What C writes into room for it.
private func text(_ write: (UnsafeMutablePointer<CChar>, Int32) -> Void) -> String {
  let room = 512
  let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
    buffer.withMemoryRebound(to: CChar.self) { buffer in
      guard let start = buffer.baseAddress else { return }
      buffer.initialize(repeating: 0)
      write(start, Int32(room))
    }
    filled = room
  }
  return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
