// What a configuration will need, known before anything is allocated: for `wgan inspect`, and to refuse in a line what
// would otherwise end as an allocation that fails. Multiply-adds and memory are counted here and nowhere else.

import Compute
import Configuration
import Graph
import SystemSupport

/// Both nets of a configuration, compiled for the passes that its objective runs, and not yet in memory.
package struct TrainingPlan {
  package let configuration: TrainingConfiguration
  package let objective: any Objective
  package let critic: ExecutionPlan
  package let generator: ExecutionPlan

  /// - Precondition: the configuration is valid.
  package init(_ configuration: TrainingConfiguration, on device: Device) throws(NetworkError) {
    let objective = configuration.makeObjective()
    func plan(_ role: NetRole, batch: Int) throws(NetworkError) -> ExecutionPlan {
      let purpose = (objective.criticPasses + objective.generatorPasses).purpose(of: role)
      return try ExecutionPlan(
        configuration.network(role), batch: batch, purpose: purpose ?? .sampling, algorithm: configuration.algorithm,
        on: device)
    }
    self.configuration = configuration
    self.objective = objective
    critic = try plan(.critic, batch: objective.criticBatch(configuration.batchSize))
    generator = try plan(.generator, batch: configuration.batchSize)
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

  /// All that training keeps in memory but the pictures.
  package var bytes: Int {
    NetRole.allCases.reduce(averageBytes) { $0 + plan($1).plannedBytes + optimizerBytes($1) }
  }

  /// - Throws: where the machine hasn't the memory, naming the flags that mend it.
  package func checkMemory(available: Int = memoryOfMachine()) throws(ConfigurationError) {
    if available > 0, bytes > available {
      let needed = Double(bytes) / 0x1p30
      let has = Double(available) / 0x1p30
      let features = max(configuration.criticFeatures, configuration.generatorFeatures)
      throw ConfigurationError(
        TrainingParameters.declared.batchSize.name,
        """
        \(configuration.batchSize) with \(\.size, configuration.size) and \(\.features, features) needs \
        \((needed * 10).rounded() / 10) GiB of memory, this machine has \((has * 10).rounded() / 10): lower one of them
        """)
    }
  }
}
