// What a compiled net needs to run: its steps, its parameters, its tensors and the calls of its passes, known before
// the first step. Where the tensors lie is an ArenaPlan's matter.

import Compute

/// A net compiled for a batch size.
package struct ExecutionPlan: Sendable {
  package enum Purpose: Sendable {
    /// Forward and backward.
    case training
    /// The same, and a tangent pass after backward. For nets without norms.
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

    /// The passes that can be run.
    fileprivate func executionPasses(inputGradient: Bool) -> [ExecutionPass] {
      if self == .sampling { return [.forward] }
      let backward = (inputGradient ? [false, true] : [false]).flatMap { input in
        [false, true].map { ExecutionPass.backward(parameters: $0, input: input) }
      }
      return [.forward] + backward + (self == .trainingWithTangents ? [.tangent] : [])
    }
  }

  package let network: Network
  package let batch: Int
  package let purpose: Purpose
  package let steps: [FusedStep]
  package let parameters: ParameterTable
  /// What it needs a place for in an arena.
  package let buffers: [NetBuffer]

  /// What the first step reads.
  package let inputLayout: ActivationLayout
  /// The tensors of each step.
  let tensors: [StepTensors]
  /// Of pictures, in training.
  let inputGradient: Tensor?
  /// The buffer of the parameters' gradients, in training.
  let gradients: Int?
  private let calls: [ExecutionPass: [PlannedCall]]

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
    parameters = ParameterTable(steps)
    gradients = planner.gradients(parameters)
    buffers = planner.buffers
    let calls = CallPlanner(steps: steps, tensors: tensors, inputGradient: inputGradient, gradients: gradients)
    self.calls = Dictionary(
      uniqueKeysWithValues: purpose.executionPasses(inputGradient: inputGradient != nil)
        .map { ($0, calls.calls(of: $0)) })
    self.network = network
    self.batch = batch
    self.purpose = purpose
    self.steps = steps
  }

  /// Forward, one picture.
  package var multiplyAdds: Int { steps.reduce(0) { $0 + $1.layer.multiplyAdds(batch: 1) } }

  /// The calls of a pass, in their order.
  ///
  /// - Precondition: the net is planned for it.
  func calls(of pass: ExecutionPass) -> [PlannedCall] {
    guard let calls = calls[pass] else { preconditionFailure("\(network.name) isn't planned for \(pass)") }
    return calls
  }

  /// The buffers whose values are for the caller of a pass.
  var results: [Int] {
    [tensors.last?.output.buffer, inputGradient?.buffer, gradients].compactMap(\.self)
  }

  /// Bytes that an executor of this plan has for itself, beside the arena: parameters, running statistics, prepared
  /// weights. (The optimizer's state is its owner's.)
  package var parameterBytes: Int {
    (parameters.parameterSlabCount + parameters.bufferSlabCount + preparedPlaces.count) * MemoryLayout<Float>.stride
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
