// The tensors of a net and how large each is. How long they are needed is a matter of the passes that run
// (Lifetimes.swift), where they lie of all nets that share an arena (ArenaPlan.swift).
//
//     what                      written                     read
//     output                    forward, or by its norm     forward of the step above; the passes back through both
//     norm's input, statistics  forward                     the norm, forward and back
//     output gradient           backward of the step above  backward; tangents
//     layer gradient            backward                    backward
//     tangent                   tangents                    tangents of the step above
//     scratchpads               a call                      the same call
//
// The net's output, the gradient of its input and its parameters' gradients are its results, its caller's to read.

import Compute

/// A tensor's place: one of the net's buffers.
struct Tensor {
  let buffer: Int
  let layout: ActivationLayout
}

/// The tensors of a step. Buffers without a layout are indices of the net's.
struct StepTensors {
  /// The step's output; its halo is what the next step's passes need (of a picture that leaves the net: `pictureHalo`).
  var output: Tensor
  /// The gradient of the output, which a norm turns into that of the layer's output in place. Nil of pictures that
  /// leave the net: the caller has it.
  var outputGradient: Tensor?
  /// The gradient of the layer's output where tanh followed it.
  var layerGradient: Tensor?
  /// What a tangent pass has in the place of the output, laid out as it. Nil of the last step.
  var tangent: Tensor?
  /// The layer's output where a norm reads it.
  var normInput: Tensor?
  /// The norm's statistics, kept for backward.
  var normWorkspace: Int?
  /// What the drivers need beside the tensors. A tangent pass uses those of the passes that it repeats.
  var forwardScratchpad: Int?
  var normScratchpad: Int?
  var dataScratchpad: Int?
  var weightsScratchpad: Int?

  /// What the layer's backward passes read, where it isn't the caller's.
  var gradient: Tensor? { layerGradient ?? outputGradient }
}

/// A part of an arena, for one kind of value.
package struct NetBuffer: Sendable, Hashable {
  /// "pyramid.0.conv.output"
  package let name: String
  /// Floats.
  package let count: Int
}

/// Gives each tensor of a net a buffer.
struct TensorPlanner {
  private let network: Network
  private let steps: [FusedStep]
  private let batch: Int
  private let purpose: ExecutionPlan.Purpose
  private let threads: Int
  private(set) var buffers: [NetBuffer] = []

  init(_ network: Network, _ steps: [FusedStep], batch: Int, purpose: ExecutionPlan.Purpose, threads: Int) {
    self.network = network
    self.steps = steps
    self.batch = batch
    self.purpose = purpose
    self.threads = threads
  }

  mutating func tensors(ofStep i: Int) -> StepTensors {
    var tensors = StepTensors(output: tensor("output", ofStep: i, outputLayout(i)))
    if let norm = steps[i].norm {
      tensors.normInput = tensor("norm input", ofStep: i, steps[i].output.layout(halo: 0))
      tensors.normWorkspace = add("norm statistics", ofStep: i, count: norm.primitive.workspaceCount)
      tensors.normScratchpad = add(
        "norm scratchpad", ofStep: i, count: norm.primitive.scratchpadCount(batch: batch))
    }
    tensors.forwardScratchpad = scratchpad(i, .forward)
    guard purpose.isTraining else { return tensors }
    let isLast = i == steps.count - 1
    let gradientLayout = steps[i].output.layout(halo: steps[i].layer.gradientHalo)
    // Of the last step the executor writes it itself, from a score's gradient; that of pictures is the caller's.
    if !isLast || network.output == .scores {
      tensors.outputGradient = tensor("output gradient", ofStep: i, gradientLayout)
    }
    if steps[i].tanh { tensors.layerGradient = tensor("layer gradient", ofStep: i, gradientLayout) }
    if purpose == .trainingWithTangents && !isLast {
      tensors.tangent = tensor("tangent", ofStep: i, tensors.output.layout)
    }
    tensors.dataScratchpad = scratchpad(i, .backwardData)
    tensors.weightsScratchpad = scratchpad(i, .backwardWeights)
    return tensors
  }

  private func outputLayout(_ i: Int) -> ActivationLayout {
    let shape = steps[i].output
    let halo = i < steps.count - 1 ? steps[i + 1].layer.sourceHalo : halo(outside: shape)
    return shape.layout(halo: halo)
  }

  private mutating func scratchpad(_ i: Int, _ pass: LayerPass) -> Int? {
    let count = steps[i].layer.scratchpadCount([pass], threads: threads)
    return count > 0 ? add("\(pass.rawValue) scratchpad", ofStep: i, count: count) : nil
  }

  // MARK: - The net's ends

  var inputLayout: ActivationLayout {
    let shape = network.input.shape
    return shape.layout(halo: halo(outside: shape, least: steps[0].layer.sourceHalo))
  }

  mutating func inputGradient() -> Tensor? {
    guard purpose.isTraining, case .pictures = network.input else { return nil }
    return tensor("input gradient", ofStep: nil, network.input.shape.layout(halo: 0))
  }

  /// Laid out as the parameters.
  mutating func gradients(_ parameters: ParameterTable) -> Int? {
    purpose.isTraining ? add("parameters' gradients", ofStep: nil, count: parameters.parameterSlabCount) : nil
  }

  /// Around a tensor that goes into a net or comes out.
  private func halo(outside shape: ActivationShape, least: Int = 0) -> Int {
    if case .pictures = shape { ExecutionPlan.pictureHalo } else { least }
  }

  // MARK: - Buffers

  /// - Parameter i: the step that it belongs to; nil: the net.
  private mutating func add(_ name: String, ofStep i: Int?, count: Int) -> Int {
    buffers.append(NetBuffer(name: (i.map { steps[$0].name + "." } ?? "") + name, count: count))
    return buffers.count - 1
  }

  private mutating func tensor(_ name: String, ofStep i: Int?, _ layout: ActivationLayout) -> Tensor {
    Tensor(buffer: add(name, ofStep: i, count: layout.count(batch: batch)), layout: layout)
  }
}
