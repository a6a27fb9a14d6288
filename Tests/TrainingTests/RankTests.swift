import Compute
import Configuration
import Ranks
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import Training

/// Protects: ranks that share batches train the nets that one process would, all of them the same ones.
@Suite struct RankTests {
  /// Sizes that no number of ranks divides.
  static func configuration(_ objective: ObjectiveKind, kind: NetKind = .dcgan) -> TrainingConfiguration {
    var configuration = TrainerTests.configuration
    (configuration.objective, configuration.criticNorm) = (objective, objective == .wgan)
    (configuration.criticNet, configuration.generatorNet) = (kind, kind)
    (configuration.batchSize, configuration.learningRate, configuration.ema) = (7, 1e-3, 0.5)
    return configuration
  }

  struct Outcome: Sendable {
    var losses: [CriticLosses] = []
    var generatorLosses: [Float] = []
    var evaluation: CriticLosses = .none
    var tensors = TensorSet([])
    /// Behind the first critic step, whose forward passes no rounding of a sum over ranks has reached.
    var firstStatistics = TensorSet([])
  }

  /// Critic and generator steps, every fourth critic step on a short batch, of one process or of a rank.
  static func train(
    _ configuration: TrainingConfiguration, steps: Int, ranks: (any RankGroup)? = nil, sharesNorms: Bool = true
  ) throws -> Outcome {
    let trainer = try Trainer(
      configuration, on: Device(threads: 1).joined(to: ranks, sharesNorms: sharesNorms))
    let bytes = configuration.size * configuration.size * configuration.channels
    var outcome = Outcome()
    func shared<Result>(_ count: Int, seed: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
      let pixels = (0..<count * bytes).map { UInt8(truncatingIfNeeded: ($0 &+ seed &* 31) &* 37 ^ $0 >> 7) }
      let own = trainer.plan.share.own(of: count)
      return pixels[own.lowerBound * bytes..<own.upperBound * bytes].withUnsafeBufferPointer(body)
    }
    for step in 0..<steps {
      // Of three ranks one has no picture of this batch.
      let count = step % 4 == 3 ? 2 : configuration.batchSize
      outcome.losses.append(shared(count, seed: step) { trainer.criticStep(pixels: $0, count: count) })
      if step == 0 { outcome.firstStatistics = TensorSet(trainer.tensors().filter { $0.name.contains(".running_") }) }
      if step % 2 == 1 { outcome.generatorLosses.append(trainer.generatorStep()) }
    }
    outcome.evaluation = shared(5, seed: 99) { trainer.evaluate(pixels: $0, count: 5, batch: 0) }
    outcome.tensors = trainer.tensors()
    return outcome
  }

  @Test(arguments: ObjectiveKind.allCases, [NetKind.dcgan, .mlp])
  func ranksTrainWhatOneProcessWould(objective: ObjectiveKind, kind: NetKind) throws {
    let configuration = Self.configuration(objective, kind: kind)
    let alone = try Self.train(configuration, steps: 20)
    for count in [2, 3] {
      let ranks = try ThreadRanks.run(count) { try Self.train(configuration, steps: 20, ranks: $0) }
      try #require(ranks.count == count)
      for rank in ranks.dropFirst() {
        #expect(rank.tensors == ranks[0].tensors, "\(count) ranks have other parameters")
        #expect(rank.losses == ranks[0].losses && rank.generatorLosses == ranks[0].generatorLosses)
        #expect(rank.evaluation == ranks[0].evaluation)
      }
      #expect(ranks[0].firstStatistics == alone.firstStatistics, "the whole batch's statistics, to the bit")
      for (one, other) in zip(alone.losses, ranks[0].losses) {
        expectNear(one.real, other.real)
        expectNear(one.fake, other.fake)
        expectNear(one.loss, other.loss)
        #expect(one.measured.keys == other.measured.keys)
        for (name, value) in one.measured { expectNear(value, other.measured[name] ?? .nan) }
      }
      for (one, other) in zip(alone.generatorLosses, ranks[0].generatorLosses) { expectNear(one, other) }
      expectNear(alone.evaluation.loss, ranks[0].evaluation.loss)
    }
  }

  /// Each rank's own norms are another training, and still one pair of nets.
  @Test func localNormsLeaveTheRanksTheSame() throws {
    let configuration = Self.configuration(.wgan)
    let ranks = try ThreadRanks.run(3) { try Self.train(configuration, steps: 8, ranks: $0, sharesNorms: false) }
    let shared = try ThreadRanks.run(3) { try Self.train(configuration, steps: 8, ranks: $0) }
    #expect(ranks.count == 3 && ranks.allSatisfy { $0.tensors == ranks[0].tensors })
    #expect(ranks[0].firstStatistics != shared[0].firstStatistics)
  }

  /// A picture of a batch is the same rank's in every batch, and each is somebody's.
  @Test(arguments: 1...5, [5, 7, 64]) func sharesAreTheBatch(ranks: Int, batch: Int) {
    let shares = (0..<ranks).map { RankShare(rank: $0, ranks: ranks, batch: batch) }
    for count in 0...batch {
      #expect(shares.flatMap { Array($0.own(of: count)) } == Array(0..<count))
      for share in shares {
        #expect(share.own(of: count).count <= share.capacity)
        #expect(share.own(of: count).allSatisfy(share.own(of: batch).contains))
      }
    }
  }

  /// Where a piece of work fails on one rank, none waits for it.
  @Test func ranksFailTogether() throws {
    let texts = try ThreadRanks.run(3) { rank in
      do {
        try rank.together { if rank.rank == 1 { throw Failure(.badData, "a: is broken") } }
        return "went well"
      } catch let failure as Failure {
        return "\(failure.kind) \(failure)"
      }
    }
    #expect(texts == ["badData rank 1: a: is broken", "badData a: is broken", "badData rank 1: a: is broken"])
  }

  private func expectNear(_ one: Float, _ other: Float, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(abs(one - other) <= 2e-4 * max(1, abs(one)), sourceLocation: sourceLocation)
  }
}
