// What a compiled net needs to run: its steps, its parameters, and a place for every tensor, known before the first
// step.

import Compute

/// A net compiled for a batch size.
package struct ExecutionPlan: Sendable {
  package enum Purpose: Sendable {
    /// Forward and backward: what backward reads is kept.
    case training
    /// Forward alone.
    case sampling
  }

  package let network: Network
  package let batch: Int
  package let purpose: Purpose
  package let steps: [FusedStep]
  /// The steps' convolutions, each pass with its method.
  package let primitives: [ConvolutionPrimitive]
  package let parameters: ParameterTable
  package let memory: MemoryPlan

  /// The tensors of one step: indices into the memory plan's buffers, with their layouts.
  struct Tensors {
    /// The step's output; its halo is what the next step's passes need (of a picture: `pictureHalo`).
    var output: Tensor?
    /// The norm's input.
    var normInput: Tensor?
    /// The norm's statistics, kept for backward.
    var normWorkspace: Int?
    /// What the step's drivers need beside its tensors, forward and backward.
    var forwardScratchpad: Int?
    var backwardScratchpad: Int?
    /// The gradient of the output, and then of the convolution's output.
    var outputGradient: Tensor?
    /// Of a picture: the gradient of the convolution's output, where tanh followed it.
    var convolutionGradient: Tensor?
  }
  struct Tensor {
    let buffer: Int
    let layout: ActivationLayout
  }
  let tensors: [Tensors]
  let inputGradient: Tensor?
  let scores: Int?

  /// Around every picture that goes into a net or comes out of one, whatever the net: what a convolution's first layer
  /// needs.
  static let pictureHalo = 1

  /// What the first step reads.
  package let inputLayout: ActivationLayout

  /// - Parameter processor: what the net will run on: its caches and threads decide the sizes of scratch.
  /// - Throws: a line that names the layer which can't follow those before it.
  package init(
    _ network: Network, batch: Int, purpose: Purpose, algorithm: AlgorithmChoice = .auto,
    on processor: Processor
  ) throws(NetworkError) {
    precondition(batch > 0)
    let steps = try network.fused()
    let primitives = steps.map { ConvolutionPrimitive($0.convolution, batch: batch, choice: algorithm, on: processor) }
    let end = purpose == .training ? 2 * steps.count - 1 : steps.count - 1
    var buffers: [MemoryPlan.Buffer] = []
    func add(_ name: String, _ count: Int, _ times: ClosedRange<Int>) -> Int {
      buffers.append(.init(name: name, count: count, first: times.lowerBound, last: min(times.upperBound, end)))
      return buffers.count - 1
    }
    func tensor(_ name: String, _ layout: ActivationLayout, _ times: ClosedRange<Int>) -> Tensor {
      Tensor(buffer: add(name, layout.count(batch: batch), times), layout: layout)
    }

    // Step i runs forward at time i and backward at time 2*steps.count - 1 - i.
    var tensors: [Tensors] = []
    for (i, step) in steps.enumerated() {
      var t = Tensors()
      let isLast = i == steps.count - 1
      let backward = 2 * steps.count - 1 - i
      func layout(halo: Int) -> ActivationLayout {
        ActivationLayout(
          step.writesPicture ? .interleaved : .blocked, channels: step.outputChannels, height: step.outputSize,
          width: step.outputSize, halo: halo)
      }
      if !step.writesScore {
        // Backward of step i + 1 reads the output for its weights, and this step's own where an activation or tanh made
        // it. A picture goes on to another net: it lives to the end.
        let halo = isLast ? Self.pictureHalo : steps[i + 1].inputHalo
        let lastUse = isLast ? end : purpose == .training ? backward : i + 1
        t.output = tensor(step.name + ".output", layout(halo: halo), i...lastUse)
        if purpose == .training {
          // A norm turns the one gradient into the other in place.
          let gradientTimes = max(0, backward - 1)...backward
          if !isLast {
            t.outputGradient = tensor(step.name + ".output gradient", layout(halo: step.gradientHalo), gradientTimes)
          }
          if step.tanh {
            t.convolutionGradient = tensor(
              step.name + ".convolution gradient", layout(halo: step.gradientHalo), backward...backward)
          }
        }
      }
      if let norm = step.norm {
        let lastUse = purpose == .training ? backward : i
        t.normInput = tensor(step.name + ".norm input", layout(halo: 0), i...lastUse)
        t.normWorkspace = add(step.name + ".norm statistics", norm.workspaceCount, i...lastUse)
      }
      // Each pass has its scratchpad at its own time alone, when others' tensors aren't there yet or any more.
      let passes = step.passes(purpose)
      func scratchpad(_ name: String, _ passes: ArraySlice<ConvolutionPass>, _ time: Int) -> Int? {
        let count = max(
          step.norm?.scratchpadCount(batch: batch) ?? 0,
          step.writesScore ? 0 : primitives[i].scratchpadCount(Array(passes), threads: processor.threads))
        return count > 0 ? add(step.name + "." + name + " scratchpad", count, time...time) : nil
      }
      t.forwardScratchpad = scratchpad("forward", passes.prefix(1), i)
      if purpose == .training { t.backwardScratchpad = scratchpad("backward", passes.dropFirst(), backward) }
      tensors.append(t)
    }

    let first = steps[0]
    let isPicture: Bool
    switch network.input {
    case .pictures: isPicture = true
    case .vectors: isPicture = false
    }
    inputLayout = ActivationLayout(
      isPicture ? .interleaved : .blocked, channels: first.inputChannels, height: first.inputSize,
      width: first.inputSize, halo: isPicture ? Self.pictureHalo : first.inputHalo)
    inputGradient =
      purpose == .training && isPicture
      ? tensor(
        "input gradient",
        ActivationLayout(
          .interleaved, channels: first.inputChannels, height: first.inputSize, width: first.inputSize, halo: 0),
        end...end) : nil
    scores = steps[steps.count - 1].writesScore ? add("scores and their gradients", 2 * batch, 0...end) : nil
    self.network = network
    self.batch = batch
    self.purpose = purpose
    self.steps = steps
    self.primitives = primitives
    self.tensors = tensors
    parameters = ParameterTable(steps)
    memory = MemoryPlan(buffers)
  }

  package var multiplyAdds: Int { steps.reduce(0) { $0 + $1.convolution.multiplyAdds(batch: 1) } }

  /// Bytes that an executor of this plan allocates, all told: arena, parameters, packed weights, and for training
  /// gradients (the optimizer's state is its owner's).
  package var plannedBytes: Int {
    let packed = preparedPlaces.values.reduce(0) { $0 + $1.count }
    let slabs = parameters.parameterSlabCount * (purpose == .training ? 2 : 1) + parameters.bufferSlabCount
    return (memory.arenaCount + packed + slabs) * MemoryLayout<Float>.stride
  }

  /// Where each step's weights lie as a pass wants them prepared.
  struct PreparedPlace: Hashable {
    let step: Int
    let pass: ConvolutionPass
  }
  var preparedPlaces: [PreparedPlace: Range<Int>] {
    var places: [PreparedPlace: Range<Int>] = [:]
    var end = 0
    for (i, step) in steps.enumerated() where !step.writesScore {
      for pass in step.passes(purpose) {
        let count = primitives[i].preparedCount(pass)
        places[PreparedPlace(step: i, pass: pass)] = end..<end + count
        end += count
      }
    }
    return places
  }
}

extension FusedStep {
  /// The passes of its convolution that a net made for `purpose` runs, its forward pass first.
  func passes(_ purpose: ExecutionPlan.Purpose) -> [ConvolutionPass] {
    let forward: ConvolutionPass = isTransposed ? .backwardData : .forward
    switch purpose {
    case .sampling: return [forward]
    case .training: return [forward, isTransposed ? .forward : .backwardData, .backwardWeights]
    }
  }
}
