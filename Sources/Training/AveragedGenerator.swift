// The averaged generator: what the pictures are drawn by, while the live one goes on learning. Averages of parameters
// jump less from step to step than the parameters, and draw better pictures. Source: Yazici et al., "The unusual
// effectiveness of averaging in GAN training" (ICLR 2019).

import Compute
import Configuration
import Graph

/// The averages of a generator's parameters and running statistics over its steps. Without the statistics its norms
/// would have those of another net.
struct AveragedGenerator {
  private let average: MovingAverage
  private let generator: Executor
  private let parameters: Slice
  private let buffers: Slice

  /// Begins as a copy; nil where the configuration has none.
  init?(_ configuration: TrainingConfiguration, of generator: Executor) {
    if configuration.ema == 0 { return nil }
    average = MovingAverage(beta: configuration.ema)
    self.generator = generator
    parameters = Slab(count: generator.parameters.count).all
    buffers = Slab(count: generator.buffers.count).all
    begin()
  }

  /// What it keeps in memory.
  static func bytes(_ configuration: TrainingConfiguration, _ plan: ExecutionPlan) -> Int {
    if configuration.ema == 0 { return 0 }
    return MemoryLayout<Float>.stride * (plan.parameters.parameterSlabCount + plan.parameters.bufferSlabCount)
  }

  /// Becomes a copy of the generator.
  func begin() {
    parameters.copy(from: generator.parameters)
    buffers.copy(from: generator.buffers)
  }

  /// After generator step number `step`, counted from 1.
  ///
  /// - Returns: whether it is finite.
  func update(step: Int, on device: Device) -> Bool {
    let parametersAreFinite = average.update(parameters, with: generator.parameters, number: step, on: device)
    return average.update(buffers, with: generator.buffers, number: step, on: device) && parametersAreFinite
  }

  /// Named as the generator's own.
  var places: TensorPlaces {
    var places = TensorPlaces()
    places.add(generator.plan.parameters.parameters, in: parameters, group: NetRole.averagedGeneratorGroup)
    places.add(generator.plan.parameters.buffers, in: buffers, group: NetRole.averagedGeneratorGroup)
    return places
  }
}

extension NetRole {
  /// The group of the averaged generator's tensors: "generator_ema.final.weight".
  package static let averagedGeneratorGroup = "generator_ema"
}

extension TrainingConfiguration {
  /// The group of the tensors that a net is used with once it is trained: the averaged generator's where there is one.
  ///
  /// - Parameter live: the net's own all the same.
  package func group(of role: NetRole, live: Bool = false) -> String {
    role == .generator && self.ema > 0 && !live ? NetRole.averagedGeneratorGroup : role.rawValue
  }
}
