// What a configuration will need, known before anything is allocated: for `wgan inspect`, and to refuse in a line what
// would otherwise end as an allocation that fails. Multiply-adds and memory are counted here and nowhere else.

import Compute
import Configuration
import Graph
import Ranks
import SystemSupport

/// Both nets of a configuration, compiled for the passes that its objective runs, and not yet in memory.
package struct TrainingPlan {
  package let configuration: TrainingConfiguration
  package let objective: any Objective
  /// This process's part of a batch.
  package let share: RankShare
  package let critic: ExecutionPlan
  package let generator: ExecutionPlan
  /// Both nets' tensors and gradients: what one step needs doesn't stay for the next one, and in a step the nets work
  /// in turn.
  package let arena: ArenaPlan

  /// - Precondition: the configuration is valid.
  ///
  /// - Throws: `NetworkError`; `ConfigurationError` for a precision that the device hasn't.
  package init(_ configuration: TrainingConfiguration, on device: Device) throws {
    try configuration.check(on: device)
    let objective = configuration.makeObjective()
    func plan(_ role: NetRole, batch: Int) throws(NetworkError) -> ExecutionPlan {
      let purpose = (objective.criticPasses + objective.generatorPasses).purpose(of: role)
      return try ExecutionPlan(
        configuration.network(role), batch: batch, purpose: purpose ?? .sampling, algorithm: configuration.algorithm,
        precision: configuration.precision, on: device)
    }
    self.configuration = configuration
    self.objective = objective
    share = RankShare(device.ranks, batch: configuration.batchSize)
    critic = try plan(.critic, batch: objective.criticBatch(share.capacity))
    generator = try plan(.generator, batch: share.capacity)
    arena = ArenaPlan(
      [critic, generator],
      sequences: [objective.criticPasses, objective.generatorPasses, Trainer.evaluationPasses].map { passes in
        passes.map { ($0.net.indexInArena, $0.kind) }
      })
  }

  private func plan(_ role: NetRole) -> ExecutionPlan {
    switch role {
    case .critic: critic
    case .generator: generator
    }
  }

  // MARK: - Work

  /// The multiply-adds of the convolutions and linear layers of one step on full batches.
  package var multiplyAddsPerStep: (critic: Int, generator: Int) {
    func count(_ passes: [NetPass]) -> Int {
      passes.reduce(0) { $0 + configuration.batchSize * $1.multiplyAdds(plan($1.net)) }
    }
    return (count(objective.criticPasses), count(objective.generatorPasses))
  }

  // MARK: - Memory

  /// The optimizer's state of one net.
  package func optimizerBytes(_ role: NetRole) -> Int {
    MemoryLayout<Float>.stride * plan(role).parameters.parameterCount
      * OptimizerState.slabCount(configuration.optimizer(of: role))
  }

  /// The averaged generator's; 0 where there is none.
  package var averageBytes: Int { AveragedGenerator.bytes(configuration, generator) }

  /// The steps' pictures and noise: as they come in, as the critic sees them, and what a penalty is taken at.
  package var inputBytes: Int {
    let batch = share.capacity
    let pictures = critic.inputLayout.count(batch: batch) * (PictureAugmentation(configuration) == nil ? 1 : 3)
    let penalised = critic.purpose == .trainingWithTangents ? critic.inputLayout.count(batch: critic.batch) : 0
    let noise = generator.inputLayout.count(batch: batch) + configuration.batchSize * configuration.latent
    return MemoryLayout<Float>.stride * (pictures + penalised + noise)
  }

  /// All that training keeps in memory but the data set.
  package var bytes: Int {
    NetRole.allCases.reduce(averageBytes + inputBytes + arena.bytes) {
      $0 + plan($1).parameterBytes + optimizerBytes($1)
    }
  }

  /// A copy of the state, as a checkpoint is written from.
  package var stateBytes: Int {
    NetRole.allCases.reduce(averageBytes) { bytes, role in
      let table = plan(role).parameters
      return bytes + MemoryLayout<Float>.stride * (table.parameterSlabCount + table.bufferSlabCount)
        + optimizerBytes(role)
    }
  }

  /// - Parameter others: bytes that whoever trains a plan needs besides.
  /// - Throws: `ConfigurationError` where they are more than this process may have, naming values that fit;
  ///   `Failure(.outOfMemory)` where the system hasn't them now.
  package func checkMemory(
    besides others: (TrainingPlan) throws -> Int = { _ in 0 }, limit: MemoryLimit? = .ofProcess(), on device: Device
  ) throws {
    let bytes = try bytes + others(self)
    if let limit, bytes > limit.bytes {
      let features = max(configuration.criticFeatures, configuration.generatorFeatures)
      throw ConfigurationError(
        TrainingParameters.declared.batchSize.name,
        """
        \(configuration.batchSize) with \(\.size, configuration.size) and \(\.features, features) needs \
        \(Self.words(bytes)) of memory, \(limit.words) \(Self.words(limit.bytes)): \
        \(advice(limit.bytes, others, on: device))
        """)
    }
    try requireMemory(bytes, for: "training", advice: Self.memoryAdvice)
  }

  /// What fits: smaller batches, else narrower nets, else smaller pictures, each by halves.
  private func advice(_ limit: Int, _ others: (TrainingPlan) throws -> Int, on device: Device) -> Sentence {
    func fits(_ smaller: TrainingConfiguration) -> Bool {
      guard let plan = try? TrainingPlan(smaller, on: device), let more = try? others(plan) else { return false }
      return plan.bytes + more <= limit
    }
    var smaller = configuration
    // Smaller batches than these learn something else.
    while smaller.batchSize / 2 >= 8 {
      smaller.batchSize /= 2
      if fits(smaller) { return "\(\.batchSize, smaller.batchSize) fits" }
    }
    while max(smaller.criticFeatures, smaller.generatorFeatures) > 16 {
      smaller.criticFeatures = max(1, smaller.criticFeatures / 2)
      smaller.generatorFeatures = max(1, smaller.generatorFeatures / 2)
      guard fits(smaller) else { continue }
      let (critic, generator) = (smaller.criticFeatures, smaller.generatorFeatures)
      return critic == generator
        ? "\(\.batchSize, smaller.batchSize) and \(\.features, critic) fit"
        : """
        \(\.batchSize, smaller.batchSize), \(\.criticFeatures, critic) and \(\.generatorFeatures, generator) fit
        """
    }
    return "give a smaller \(TrainingParameters.declared.size.name), or less of everything"
  }

  /// What makes training smaller.
  package static let memoryAdvice = "lower --batch-size, --size or --features"

  private static func words(_ bytes: Int) -> String {
    bytes < 1 << 30 ? "\(bytes >> 20) MiB" : "\((Double(bytes) / 0x1p30 * 10).rounded() / 10) GiB"
  }
}

extension NetRole {
  /// The net's place in `TrainingPlan.arena`.
  var indexInArena: Int {
    switch self {
    case .critic: 0
    case .generator: 1
    }
  }
}
