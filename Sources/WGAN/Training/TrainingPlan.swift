// What a configuration will need, known before anything is allocated: for `wgan inspect`, and to refuse in a line what
// would otherwise end as an allocation that fails.

import Configuration
import SystemSupport
import Compute
import Graph

/// Both nets of a configuration, compiled and not yet in memory.
package struct TrainingPlan {
  package let configuration: TrainingConfiguration
  package let critic: ExecutionPlan
  package let generator: ExecutionPlan

  /// - Precondition: the configuration is valid.
  package init(_ configuration: TrainingConfiguration, on processor: Processor) throws(NetworkError) {
    self.configuration = configuration
    critic = try ExecutionPlan(
      configuration.critic, batch: configuration.batchSize, purpose: .training, algorithm: configuration.algorithm,
      on: processor)
    generator = try ExecutionPlan(
      configuration.generator, batch: configuration.batchSize, purpose: .training, algorithm: configuration.algorithm,
      on: processor)
  }

  /// The optimizer's state of one net.
  package func optimizerBytes(_ net: ExecutionPlan) -> Int {
    4 * net.parameters.parameterCount * (configuration.optimizer == .adam ? 2 : 1)
  }

  /// All that training keeps in memory but the pictures.
  package var bytes: Int {
    [critic, generator].reduce(0) { $0 + $1.plannedBytes + optimizerBytes($1) }
  }

  /// - Throws: where the machine hasn't the memory, naming the flags that mend it.
  package func checkMemory(available: Int = Self.memoryOfMachine) throws(ConfigurationError) {
    if available > 0, bytes > available {
      let needed = Double(bytes) / 0x1p30
      let has = Double(available) / 0x1p30
      throw ConfigurationError(
        "--batch-size",
        "\(configuration.batchSize) with --size \(configuration.size) and --features "
          + "\(max(configuration.criticFeatures, configuration.generatorFeatures)) needs "
          + "\((needed * 10).rounded() / 10) GiB of memory, this machine has \((has * 10).rounded() / 10): lower one of them"
      )
    }
  }

  /// Bytes of physical memory; 0 where the system doesn't say.
  package static var memoryOfMachine: Int {
    let (bytes, overflow) = sysconf(Int32(_SC_PHYS_PAGES)).multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
    return overflow ? 0 : max(0, bytes)
  }
}
