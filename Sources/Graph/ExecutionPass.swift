// A pass over a net as data: the calls of drivers that it makes, step by step, and which of the net's buffers each of
// them reads and writes. The executor makes these calls in this order, and how long a buffer is needed follows from
// them (Lifetimes.swift).

/// A pass over a net.
package enum ExecutionPass: Hashable, Sendable {
  case forward
  /// The first layer's gradient with respect to its input is made for `input` alone.
  case backward(parameters: Bool, input: Bool)
  /// `Executor.tangent`, behind a backward pass.
  case tangent
}

/// A driver call of a pass.
struct PlannedCall: Sendable {
  enum Kind: Sendable {
    /// The step's layer.
    case forward
    case norm
    /// What the net's last gradient starts from, where it makes scores. That of pictures is the caller's.
    case scoreGradient
    /// The gradient of the layer's output, from that of the step's output: a norm's backward pass, or tanh's.
    case layerGradient
    case backwardWeights
    case backwardData
    case tangent
    case tangentWeights
  }

  let kind: Kind
  /// The index of its step.
  let step: Int
  let use: BufferUse
  /// One of those that it writes.
  let scratchpad: Int?
}

/// Which buffers something reads and writes at a time. One that is changed in place is in both.
package struct BufferUse: Sendable {
  package let reads: [Int]
  package let writes: [Int]

  package init(reads: [Int], writes: [Int]) {
    self.reads = reads
    self.writes = writes
  }
}

/// Lists the calls of a net's passes.
struct CallPlanner {
  let steps: [FusedStep]
  let tensors: [StepTensors]
  let inputGradient: Tensor?
  /// The buffer of the parameters' gradients.
  let gradients: Int?

  func calls(of pass: ExecutionPass) -> [PlannedCall] {
    switch pass {
    case .forward: steps.indices.flatMap(forward)
    case .backward(let parameters, let input):
      steps.indices.reversed().flatMap { backward($0, parameters: parameters, input: input) }
    case .tangent: steps.indices.flatMap(tangent)
    }
  }

  private func forward(_ i: Int) -> [PlannedCall] {
    let t = tensors[i]
    let layer = call(
      .forward, i, reads: [i > 0 ? tensors[i - 1].output : nil], writes: [t.normInput ?? t.output],
      scratchpad: t.forwardScratchpad)
    guard let normInput = t.normInput else { return [layer] }
    return [
      layer,
      call(
        .norm, i, reads: [normInput], writes: [t.output], and: [t.normWorkspace], scratchpad: t.normScratchpad),
    ]
  }

  private func backward(_ i: Int, parameters: Bool, input: Bool) -> [PlannedCall] {
    let t = tensors[i]
    let source = i > 0 ? tensors[i - 1].output : nil
    let parameterGradients = parameters ? gradients : nil
    var calls: [PlannedCall] = []
    if i == steps.count - 1, let gradient = t.outputGradient {
      calls.append(call(.scoreGradient, i, reads: [], writes: [gradient]))
    }
    if steps[i].tanh {
      calls.append(call(.layerGradient, i, reads: [t.output, t.outputGradient], writes: [t.layerGradient]))
    } else if steps[i].norm != nil {
      // The norm changes the gradient in place. What it reads of its output is where the activation's corner was.
      let output = steps[i].normOutputSlope == 1 ? nil : t.output
      calls.append(
        call(
          .layerGradient, i, reads: [t.normInput, output, t.outputGradient], writes: [t.outputGradient],
          alsoReads: [t.normWorkspace], and: [parameterGradients], scratchpad: t.normScratchpad))
    }
    if parameters {
      calls.append(
        call(
          .backwardWeights, i, reads: [source, t.gradient], writes: [], and: [gradients],
          scratchpad: t.weightsScratchpad))
    }
    if i > 0 || input {
      // Of the source the pass reads where the corner of the activation below was, if the gradient is left to it.
      let gate = i > 0 && steps[i - 1].gateSlope != nil ? source : nil
      calls.append(
        call(
          .backwardData, i, reads: [gate, t.gradient], writes: [i > 0 ? tensors[i - 1].outputGradient : inputGradient],
          scratchpad: t.dataScratchpad))
    }
    return calls
  }

  private func tangent(_ i: Int) -> [PlannedCall] {
    let t = tensors[i]
    let source = i > 0 ? tensors[i - 1].tangent : nil
    let weights = call(
      .tangentWeights, i, reads: [source, t.outputGradient], writes: [], and: [gradients],
      scratchpad: t.weightsScratchpad)
    guard let tangent = t.tangent else { return [weights] }
    let gate = steps[i].gateSlope == nil ? nil : t.output
    return [
      call(.tangent, i, reads: [source, gate], writes: [tangent], scratchpad: t.forwardScratchpad), weights,
    ]
  }

  /// What isn't there has no part in it: of a net's ends the caller has it.
  private func call(
    _ kind: PlannedCall.Kind, _ i: Int, reads: [Tensor?], writes: [Tensor?], alsoReads: [Int?] = [],
    and alsoWrites: [Int?] = [], scratchpad: Int? = nil
  ) -> PlannedCall {
    PlannedCall(
      kind: kind, step: i,
      use: BufferUse(
        reads: reads.compactMap { $0?.buffer } + alsoReads.compactMap(\.self),
        writes: writes.compactMap { $0?.buffer } + (alsoWrites + [scratchpad]).compactMap(\.self)),
      scratchpad: scratchpad)
  }
}
