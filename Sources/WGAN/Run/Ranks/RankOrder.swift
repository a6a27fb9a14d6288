// How the ranks of a run work together: rank 0 has the run, its folder and the talk; the others wait for its orders and
// do their part of each. While they train, all make the same steps, and meet in each (Trainer).
//
//     rank 0                         the others
//     prepares the pictures
//     .prepare           ->          prepare them, too, and compare
//     .measure           ->          measure steps together            (where the length is a time)
//     .train, and the state ->       train together, to the end or to a divergence
//     .compare           ->          whether all have come to the same parameters
//     .train ... (from an earlier state) or .end or .fail

import Ranks
import SystemSupport

enum RankOrder: Codable {
  /// The data set is to be opened, and must be the one that rank 0 has.
  case prepare(RunConfiguration, RankPictures, sharesNorms: Bool)
  case measure
  /// From this state, whose tensors follow.
  case train(RunConfiguration, CheckpointState)
  /// All ranks' state must have this checksum.
  case compare(UInt64)
  case end
  /// Rank 0 has failed, with such an error, and has told it.
  case fail(exitCode: Int32)
}

/// What tells data sets apart.
struct RankPictures: Codable, Equatable {
  var training: Int
  var heldOut: Int
  var fingerprint: UInt64
  var contentFingerprint: UInt64
}

extension RankGroup {
  /// Rank 0's order, to all; the others give nil.
  func order(_ order: RankOrder?) throws -> RankOrder {
    let bytes = broadcast(try order.map { try RunJSON.encode($0) } ?? [])
    return try RunJSON.decode(RankOrder.self, from: bytes, source: "an order of rank 0")
  }
}

// MARK: - Whether all are the same program

/// What a process says of itself before anything else. All ranks must be the same program with the same flags: each
/// works out by itself what comes next.
package struct RankGreeting {
  /// Of the program's file; "" where the system doesn't say which it is.
  private let program: String
  /// As a shell reads them.
  private let flags: String

  /// This process.
  package init() throws(Failure) {
    if let path = executablePath() {
      program = String(ContentChecksum.of(try readFile(path)), radix: 16)
    } else {
      program = ""
    }
    flags = CommandLine.arguments.dropFirst().map(shellWord).joined(separator: " ")
  }

  /// - Throws: `Failure(.badData)`, the same on every rank, where one isn't like rank 0.
  package func check(_ ranks: some RankGroup) throws(Failure) {
    for (own, what, isShown) in [
      (wganVersion, "another version of wgan", true), (program, "another build of wgan", false),
      (flags, "other flags", true),
    ] {
      let all = ranks.gather(own)
      guard let rank = all.firstIndex(where: { $0 != all[0] }) else { continue }
      let shown = isShown ? " ('\(all[rank])', there '\(all[0])')" : ""
      throw Failure(.badData, "rank \(rank) has \(what) than rank 0\(shown): start all ranks with the same")
    }
  }
}
