// Which pictures of a batch are a rank's.

/// A rank's part of every batch: neighbours, in the ranks' order. Picture i of a batch is the same rank's in every
/// batch, also in a short one: so what belongs to it (noise, a partner, random numbers) is where it is.
///
///     batch of 10, 3 ranks      0 0 0 1 1 1 2 2 2 2
///     a short one, of 4         0 0 0 1
package struct RankShare: Sendable, Equatable {
  package let rank: Int
  package let ranks: Int
  /// Pictures of a whole batch.
  package let batch: Int

  /// - Precondition: rank < ranks.
  package init(rank: Int, ranks: Int, batch: Int) {
    precondition(rank >= 0 && rank < ranks && batch >= 0)
    (self.rank, self.ranks, self.batch) = (rank, ranks, batch)
  }

  /// All of it, where there is one process.
  package init(_ group: (any RankGroup)?, batch: Int) {
    self.init(rank: group?.rank ?? 0, ranks: group?.count ?? 1, batch: batch)
  }

  /// This rank's of the first `count` pictures; empty where they end before.
  package func own(of count: Int) -> Range<Int> {
    min(batch * rank / ranks, count)..<min(batch * (rank + 1) / ranks, count)
  }

  /// The most that any rank has of a batch.
  package var capacity: Int { (batch + ranks - 1) / ranks }
}
