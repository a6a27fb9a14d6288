// Where a net's tensors lie and how long each is needed. Step i of n runs forward at time i, in training backward at
// time 2n - 1 - i, and in a tangent pass, where there is one, at time 2n + i:
//
//     time                0      1     ...   n - 1      n     ...  2n - 2   2n - 1     2n   ...   3n - 1
//     runs forward     step 0  step 1  ...  step n - 1
//     runs backward                                step n - 1 ...  step 1   step 0
//     runs its tangents                                                             step 0  ...  step n - 1
//
//     what                      written                    read last
//     output                    forward                    forward of the step above; in training backward; tangents
//     norm's input, statistics  forward                    forward; in training backward
//     output gradient           backward of the step above backward; tangents
//     layer gradient            backward                   backward
//     tangent                   tangents                   tangents of the step above
//     scratchpads               a pass                     the same pass
//
// The net's output is its caller's to read until the end, and the input gradient from there on. MemoryPlan.swift lets
// those that are never alive together share memory.

import Compute

/// A tensor's place: one of the memory plan's buffers.
struct Tensor {
  let buffer: Int
  let layout: ActivationLayout
}

/// The tensors of a step. Buffers without a layout are indices of the memory plan's.
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
  /// What the step's drivers need beside its tensors, forward and backward.
  var forwardScratchpad: Int?
  var backwardScratchpad: Int?
  var tangentScratchpad: Int?
}

/// When steps run.
private struct Timeline {
  let count: Int
  let purpose: ExecutionPlan.Purpose

  func forward(_ i: Int) -> Int { i }
  func backward(_ i: Int) -> Int { 2 * count - 1 - i }
  func tangent(_ i: Int) -> Int { 2 * count + i }
  /// The last time that something of step i is read that was written forward, and isn't read by the step above.
  func lastUse(_ i: Int) -> Int {
    switch purpose {
    case .sampling: forward(i)
    case .training: backward(i)
    case .trainingWithTangents: tangent(i)
    }
  }
  /// The last time that the gradient of step i's output is read.
  func lastUseOfGradient(_ i: Int) -> Int { purpose == .trainingWithTangents ? tangent(i) : backward(i) }
  var end: Int { purpose == .sampling ? forward(count - 1) : lastUse(purpose == .training ? 0 : count - 1) }
}

/// Gives each tensor of a net a buffer: how large it is, and from when to when it is needed.
struct TensorPlanner {
  private let network: Network
  private let steps: [FusedStep]
  private let batch: Int
  private let purpose: ExecutionPlan.Purpose
  private let threads: Int
  private let timeline: Timeline
  private(set) var buffers: [MemoryPlan.Buffer] = []

  init(_ network: Network, _ steps: [FusedStep], batch: Int, purpose: ExecutionPlan.Purpose, threads: Int) {
    self.network = network
    self.steps = steps
    self.batch = batch
    self.purpose = purpose
    self.threads = threads
    timeline = Timeline(count: steps.count, purpose: purpose)
  }

  mutating func tensors(ofStep i: Int) -> StepTensors {
    var tensors = StepTensors(output: output(i))
    if purpose.isTraining {
      tensors.outputGradient = outputGradient(i)
      tensors.layerGradient = layerGradient(i)
    }
    if purpose == .trainingWithTangents {
      if i < steps.count - 1 {
        tensors.tangent = tensor(
          "tangent", ofStep: i, tensors.output.layout, timeline.tangent(i)...timeline.tangent(i + 1))
      }
      tensors.tangentScratchpad = scratchpad(
        i, "tangent scratchpad", [.forward, .backwardWeights], at: timeline.tangent(i))
    }
    if let norm = steps[i].norm {
      let times = timeline.forward(i)...timeline.lastUse(i)
      tensors.normInput = tensor("norm input", ofStep: i, steps[i].output.layout(halo: 0), times)
      tensors.normWorkspace = add("norm statistics", ofStep: i, count: norm.primitive.workspaceCount, times)
    }
    tensors.forwardScratchpad = scratchpad(i, "forward scratchpad", [.forward], at: timeline.forward(i))
    if purpose.isTraining {
      tensors.backwardScratchpad = scratchpad(
        i, "backward scratchpad", [.backwardData, .backwardWeights], at: timeline.backward(i))
    }
    return tensors
  }

  /// Read by the step above, forward and for its weights' gradients, and by this one's own backward pass where an
  /// activation or tanh made it.
  private mutating func output(_ i: Int) -> Tensor {
    let shape = steps[i].output
    guard i < steps.count - 1 else {
      return tensor("output", ofStep: i, shape.layout(halo: halo(outside: shape)), timeline.forward(i)...timeline.end)
    }
    let lastUse = purpose.isTraining ? timeline.lastUse(i) : timeline.forward(i + 1)
    let layout = shape.layout(halo: steps[i + 1].layer.sourceHalo)
    return tensor("output", ofStep: i, layout, timeline.forward(i)...lastUse)
  }

  /// Of the last step the executor writes it itself, from a score's gradient; that of pictures is the caller's.
  private mutating func outputGradient(_ i: Int) -> Tensor? {
    let isLast = i == steps.count - 1
    if isLast && network.output != .scores { return nil }
    let first = timeline.backward(isLast ? i : i + 1)
    return tensor(
      "output gradient", ofStep: i, steps[i].output.layout(halo: steps[i].layer.gradientHalo),
      first...timeline.lastUseOfGradient(i))
  }

  private mutating func layerGradient(_ i: Int) -> Tensor? {
    guard steps[i].tanh else { return nil }
    let time = timeline.backward(i)
    return tensor(
      "layer gradient", ofStep: i, steps[i].output.layout(halo: steps[i].layer.gradientHalo), time...time)
  }

  private mutating func scratchpad(_ i: Int, _ name: String, _ passes: [LayerPass], at time: Int) -> Int? {
    let count = max(
      steps[i].norm?.primitive.scratchpadCount(batch: batch) ?? 0,
      steps[i].layer.scratchpadCount(passes, threads: threads))
    return count > 0 ? add(name, ofStep: i, count: count, time...time) : nil
  }

  // MARK: - The net's ends

  var inputLayout: ActivationLayout {
    let shape = network.input.shape
    return shape.layout(halo: halo(outside: shape, least: steps[0].layer.sourceHalo))
  }

  mutating func inputGradient() -> Tensor? {
    guard purpose.isTraining, case .pictures = network.input else { return nil }
    let time = timeline.backward(0)
    return tensor("input gradient", ofStep: nil, network.input.shape.layout(halo: 0), time...time)
  }

  /// Around a tensor that goes into a net or comes out.
  private func halo(outside shape: ActivationShape, least: Int = 0) -> Int {
    if case .pictures = shape { ExecutionPlan.pictureHalo } else { least }
  }

  // MARK: - Buffers

  /// - Parameter i: the step that it belongs to; nil: the net.
  private mutating func add(_ name: String, ofStep i: Int?, count: Int, _ times: ClosedRange<Int>) -> Int {
    buffers.append(
      .init(
        name: (i.map { steps[$0].name + "." } ?? "") + name, count: count, first: times.lowerBound,
        last: times.upperBound))
    return buffers.count - 1
  }

  private mutating func tensor(
    _ name: String, ofStep i: Int?, _ layout: ActivationLayout, _ times: ClosedRange<Int>
  ) -> Tensor {
    Tensor(buffer: add(name, ofStep: i, count: layout.count(batch: batch), times), layout: layout)
  }
}
