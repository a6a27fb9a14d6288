// What a compiled net needs to run: its steps, its parameters, and a place for every tensor, known before the first
// step.

import Compute

/// A net compiled for a batch size.
package struct ExecutionPlan: Sendable {
  package enum Purpose: Sendable {
    /// Forward and backward: what backward reads is kept.
    case training
    /// The same, and a tangent pass after backward: all that both wrote is kept for it. For nets without norms.
    case trainingWithTangents
    /// Forward alone.
    case sampling

    /// There are gradients.
    var isTraining: Bool { self != .sampling }

    /// The passes of a layer that are run.
    var passes: [LayerPass] {
      switch self {
      case .training, .trainingWithTangents: [.forward, .backwardData, .backwardWeights]
      case .sampling: [.forward]
      }
    }
  }

  package let network: Network
  package let batch: Int
  package let purpose: Purpose
  package let steps: [FusedStep]
  package let parameters: ParameterTable
  package let memory: MemoryPlan

  /// What the first step reads.
  package let inputLayout: ActivationLayout
  /// The tensors of each step.
  let tensors: [StepTensors]
  /// Of pictures, in training.
  let inputGradient: Tensor?

  /// Around every picture that goes into a net or comes out of one, whatever the net: what a convolution's first layer
  /// needs.
  static let pictureHalo = 1

  /// - Parameters:
  ///   - precision: what its convolutions multiply, where they can; the device supports it.
  ///   - device: what the net will run on: its tiles, caches and threads decide the sizes of scratch.
  /// - Throws: for a net that can't be run, a line that names the layer.
  package init(
    _ network: Network, batch: Int, purpose: Purpose, algorithm: AlgorithmChoice = .auto,
    precision: Precision = .float32, on device: Device
  ) throws(NetworkError) {
    precondition(batch > 0)
    let steps = try network.fused(
      LayerSettings(batch: batch, algorithm: algorithm, precision: precision, device: device))
    if purpose == .trainingWithTangents, let norm = steps.lazy.compactMap(\.norm).first {
      throw NetworkError(
        description: "\(network.name): \(norm.name): a norm ties the batch's pictures together, a tangent pass doesn't")
    }
    var planner = TensorPlanner(network, steps, batch: batch, purpose: purpose, threads: device.threads)
    tensors = steps.indices.map { planner.tensors(ofStep: $0) }
    inputGradient = planner.inputGradient()
    inputLayout = planner.inputLayout
    memory = MemoryPlan(planner.buffers)
    parameters = ParameterTable(steps)
    self.network = network
    self.batch = batch
    self.purpose = purpose
    self.steps = steps
  }

  /// Forward, one picture.
  package var multiplyAdds: Int { steps.reduce(0) { $0 + $1.layer.multiplyAdds(batch: 1) } }

  /// Bytes that an executor of this plan allocates, all told: arena, parameters, prepared weights, and for training
  /// gradients (the optimizer's state is its owner's).
  package var plannedBytes: Int {
    let slabs = parameters.parameterSlabCount * (purpose.isTraining ? 2 : 1) + parameters.bufferSlabCount
    return (memory.arenaCount + preparedPlaces.count + slabs) * MemoryLayout<Float>.stride
  }

  /// Where each step's weights lie as its passes want them prepared, and Floats of all of them.
  var preparedPlaces: (steps: [[LayerPass: Range<Int>]], count: Int) {
    var end = 0
    let places = steps.map { step in
      var ofStep: [LayerPass: Range<Int>] = [:]
      for pass in purpose.passes {
        ofStep[pass] = end..<end + step.layer.preparedCount(pass)
        end = ofStep[pass]?.upperBound ?? end
      }
      return ofStep
    }
    return (places, end)
  }
}
