// Runs a compiled net. Every buffer is there before the first step; a step is one or two driver calls.

import Compute

package final class Executor {
  package let plan: ExecutionPlan
  private let processor: Processor
  private let recorder: StepRecorder?
  private let arena: Slab
  /// Weights as the passes want them prepared, by step.
  private let prepared: [[ConvolutionPass: Slice]]
  private var preparedForForward = false
  /// The steps from this one on are prepared; the first needs to be for `inputGradient` alone.
  private var firstPreparedForBackward: Int

  /// The parameters' slab; whoever changes it calls `parametersChanged()`.
  package let parameters: Slice
  /// Gradients, laid out as the parameters; of a sampling plan empty.
  package let gradients: Slice
  /// Running means and variances.
  package let buffers: Slice

  /// Whose statistics a norm uses.
  package enum Statistics: Sendable {
    /// The batch's own, which also move the running ones.
    case batch
    case running
  }

  package init(_ plan: ExecutionPlan, on processor: Processor) {
    self.plan = plan
    self.processor = processor
    recorder = processor.recorder
    arena = Slab(count: plan.memory.arenaCount)
    parameters = Slab(count: plan.parameters.parameterSlabCount).all
    gradients = Slab(count: plan.purpose == .training ? plan.parameters.parameterSlabCount : 0).all
    buffers = Slab(count: plan.parameters.bufferSlabCount).all
    firstPreparedForBackward = plan.steps.count
    let places = plan.preparedPlaces
    let slab = Slab(count: places.values.reduce(0) { $0 + $1.count }).all
    prepared = plan.steps.indices.map { i in
      Dictionary(
        uniqueKeysWithValues: places.filter { $0.key.step == i }.map { ($0.key.pass, slab[$0.value]) })
    }
  }

  /// The next pass that reads prepared weights prepares them anew.
  package func parametersChanged() {
    preparedForForward = false
    firstPreparedForBackward = plan.steps.count
  }

  // MARK: - Results

  /// The pictures that the last forward pass made (of a net that makes pictures).
  package var output: Activations {
    guard let tensor = plan.tensors.last?.output else { preconditionFailure("\(plan.network.name) makes no pictures") }
    return activations(tensor)
  }

  /// The mean of the last forward pass's scores (of a net that ends in a score).
  package func meanScore(batch: Int) -> Float {
    scores[0..<batch].mean
  }

  /// The gradient of the input pictures from the last backward pass that was asked for it.
  package var inputGradient: Activations {
    guard let tensor = plan.inputGradient else { preconditionFailure("\(plan.network.name) has no input gradient") }
    return activations(tensor)
  }

  // MARK: - Forward

  /// - Parameters:
  ///   - batch: pictures (or vectors) in `input`, at most the plan's.
  ///   - input: laid out as `plan.inputLayout`.
  package func forward(batch: Int, input: Activations, statistics: Statistics) {
    precondition(batch > 0 && batch <= plan.batch && input.layout == plan.inputLayout)
    var source = input
    prepareForForward()
    for (i, step) in plan.steps.enumerated() {
      let tensors = plan.tensors[i]
      let convolution = step.convolution
      let primitive = plan.primitives[i]
      if step.writesScore {
        begin(i, .convolution, .forward, batch: batch)
        convolution.scoreForward(
          batch: batch, source: source, weights: weights(i), bias: bias(i), scores: scores, on: processor)
        end()
        return
      }
      guard let outputTensor = tensors.output else { preconditionFailure("a step makes a tensor or a score") }
      let output = activations(outputTensor)
      let destination = tensors.normInput.map(activations) ?? output
      let scratchpad = tensors.forwardScratchpad.map(slice)
      if step.isTransposed {
        begin(i, .convolution, .forward, batch: batch)
        primitive.backwardData(
          batch: batch, diffDestination: source, weights: weights(i), prepared: prepared(i, .backwardData),
          bias: bias(i), diffSource: destination, slope: step.epilogueSlope, tanh: step.tanh, scratchpad: scratchpad,
          on: processor)
        end()
      } else {
        begin(i, .convolution, .forward, batch: batch)
        primitive.forward(
          batch: batch, source: source, weights: weights(i), prepared: prepared(i, .forward), bias: bias(i),
          destination: destination, slope: step.epilogueSlope, scratchpad: scratchpad, on: processor)
        end()
      }
      if let norm = step.norm, let workspace = tensors.normWorkspace, let scratchpad {
        begin(i, .norm, .forward, batch: batch)
        switch statistics {
        case .batch:
          norm.forwardTraining(
            batch: batch, x: destination, y: output, parameters: normParameters(i, in: parameters),
            runningMean: buffers[places(i).runningMean], runningVariance: buffers[places(i).runningVariance],
            workspace: slice(workspace), scratchpad: scratchpad, slope: step.normOutputSlope, on: processor)
        case .running:
          norm.forwardEvaluation(
            batch: batch, x: destination, y: output, parameters: normParameters(i, in: parameters),
            runningMean: buffers[places(i).runningMean], runningVariance: buffers[places(i).runningVariance],
            scratchpad: scratchpad, slope: step.normOutputSlope, on: processor)
        }
        end()
      }
      source = output
    }
  }

  // MARK: - Backward

  /// What a backward pass starts from.
  package enum OutputGradient {
    /// d loss / d score, the same for every picture.
    case scores(Float)
    /// d loss / d pictures, interleaved.
    case pictures(Activations)
  }

  /// The backward pass of the last forward pass (with the batch's statistics).
  ///
  /// - Parameters:
  ///   - input: what forward read.
  ///   - parameterGradients: whether to compute `gradients`; else they stay as they are.
  ///   - accumulate: add to `gradients` instead of replacing them.
  ///   - inputGradient: whether to compute `inputGradient`.
  package func backward(
    batch: Int, input: Activations, from outputGradient: OutputGradient, parameterGradients: Bool,
    accumulate: Bool = false,
    inputGradient: Bool = false
  ) {
    precondition(plan.purpose == .training && batch > 0 && batch <= plan.batch)
    prepareForBackward(from: inputGradient ? 0 : 1)
    for i in plan.steps.indices.reversed() {
      let step = plan.steps[i]
      let convolution = step.convolution
      let primitive = plan.primitives[i]
      let scratchpad = plan.tensors[i].backwardScratchpad.map(slice)
      let source = i == 0 ? input : output(of: i - 1)
      let target: Activations? =
        i > 0 ? plan.tensors[i - 1].outputGradient.map(activations) : inputGradient ? self.inputGradient : nil
      // Where no norm stands between, the step below leaves its activation's gradient to this one's epilogue.
      let below = i > 0 ? plan.steps[i - 1] : nil
      let gate = below.flatMap { below in
        below.norm == nil ? below.slope.map { ActivationGate(source, slope: $0) } : nil
      }

      if step.writesScore {
        guard case .scores(let value) = outputGradient else { preconditionFailure("a score's gradient is a number") }
        let gradient = diffScores
        gradient.fill(value)
        if parameterGradients {
          begin(i, .convolution, .backwardWeights, batch: batch)
          convolution.scoreBackwardWeights(
            batch: batch, source: source, diffScores: gradient, diffWeights: gradients[places(i).weight],
            accumulate: accumulate, on: processor)
          if step.linear != nil {
            convolution.scoreBackwardBias(
              batch: batch, diffScores: gradient, diffBias: gradients[places(i).bias], accumulate: accumulate)
          }
          end()
        }
        if let target {
          begin(i, .convolution, .backwardData, batch: batch)
          convolution.scoreBackwardData(
            batch: batch, diffScores: gradient, weights: weights(i), diffSource: target, gate: gate,
            on: processor)
          end()
        }
        continue
      }

      let gradient = convolutionGradient(
        i, batch: batch, outputGradient, parameterGradients: parameterGradients, accumulate: accumulate)
      if parameterGradients {
        begin(i, .convolution, .backwardWeights, batch: batch)
        primitive.backwardWeights(
          batch: batch, source: step.isTransposed ? gradient : source,
          diffDestination: step.isTransposed ? source : gradient, diffWeights: gradients[places(i).weight],
          accumulate: accumulate, scratchpad: scratchpad, on: processor)
        step.linear?.backwardBias(
          batch: batch, gradient: gradient, diffBias: gradients[places(i).bias], accumulate: accumulate, on: processor)
        end()
      }
      guard let target else { continue }
      if step.isTransposed {
        begin(i, .convolution, .backwardData, batch: batch)
        primitive.forward(
          batch: batch, source: gradient, weights: weights(i), prepared: prepared(i, .forward), destination: target,
          gate: gate, scratchpad: scratchpad, on: processor)
        end()
      } else {
        begin(i, .convolution, .backwardData, batch: batch)
        primitive.backwardData(
          batch: batch, diffDestination: gradient, weights: weights(i), prepared: prepared(i, .backwardData),
          diffSource: target, gate: gate, scratchpad: scratchpad, on: processor)
        end()
      }
    }
  }

  /// The gradient of step i's convolution's output, from that of the step's output.
  private func convolutionGradient(
    _ i: Int, batch: Int, _ outputGradient: OutputGradient, parameterGradients: Bool, accumulate: Bool
  ) -> Activations {
    let step = plan.steps[i]
    let tensors = plan.tensors[i]
    if step.writesPicture {
      guard case .pictures(let diffOutput) = outputGradient else {
        preconditionFailure("a picture's gradient is a picture")
      }
      guard let own = tensors.convolutionGradient.map(activations) else { return diffOutput }
      begin(i, .elementwise, .backward, batch: batch)
      own.setTanhGradient(diffY: diffOutput, y: output(of: i), batch: batch, on: processor)
      end()
      return own
    }
    guard let diffOutput = tensors.outputGradient.map(activations) else {
      preconditionFailure("an inner step has an output gradient")
    }
    guard let norm = step.norm, let normInput = tensors.normInput.map(activations),
      let workspace = tensors.normWorkspace, let scratchpad = tensors.backwardScratchpad.map(slice)
    else { return diffOutput }
    begin(i, .norm, .backward, batch: batch)
    norm.backward(
      batch: batch, diffY: diffOutput, x: normInput, y: step.normOutputSlope == 1 ? nil : output(of: i),
      diffX: diffOutput,
      parameters: normParameters(i, in: parameters),
      diffParameters: parameterGradients ? normParameters(i, in: gradients) : nil, accumulate: accumulate,
      workspace: slice(workspace), scratchpad: scratchpad, slope: step.normOutputSlope,
      inputSlope: step.normInputSlope, on: processor)
    end()
    return diffOutput
  }

  // MARK: - Places

  private func places(_ i: Int) -> ParameterTable.Places { plan.parameters.places[i] }
  private func weights(_ i: Int) -> Slice { parameters[places(i).weight] }
  private func bias(_ i: Int) -> Slice? { plan.steps[i].linear == nil ? nil : parameters[places(i).bias] }
  private func prepared(_ i: Int, _ pass: ConvolutionPass) -> Slice { prepared[i][pass] ?? parameters[0..<0] }

  private func normParameters(_ i: Int, in slab: Slice) -> BatchNorm.Parameters {
    BatchNorm.Parameters(gamma: slab[places(i).gamma], beta: slab[places(i).beta])
  }

  private func slice(_ buffer: Int) -> Slice {
    let start = plan.memory.offsets[buffer]
    return arena.all[start..<start + plan.memory.buffers[buffer].count]
  }

  private func activations(_ tensor: ExecutionPlan.Tensor) -> Activations {
    Activations(slice(tensor.buffer), tensor.layout)
  }

  private func output(of i: Int) -> Activations {
    guard let tensor = plan.tensors[i].output else { preconditionFailure("step \(i) makes no tensor") }
    return activations(tensor)
  }

  private var scores: Slice {
    guard let scores = plan.scores else { preconditionFailure("\(plan.network.name) makes no scores") }
    return slice(scores)[0..<plan.batch]
  }

  private var diffScores: Slice {
    guard let scores = plan.scores else { preconditionFailure("\(plan.network.name) makes no scores") }
    return slice(scores)[plan.batch..<2 * plan.batch]
  }

  private func prepareForForward() {
    if preparedForForward { return }
    for (i, step) in plan.steps.enumerated() { prepare(i, step.isTransposed ? .backwardData : .forward, as: .forward) }
    preparedForForward = true
  }

  private func prepareForBackward(from first: Int) {
    if firstPreparedForBackward <= first { return }
    for i in first..<firstPreparedForBackward {
      prepare(i, plan.steps[i].isTransposed ? .forward : .backwardData, as: .backwardData)
    }
    firstPreparedForBackward = first
  }

  private func prepare(_ i: Int, _ pass: ConvolutionPass, as label: StepRecorder.Pass) {
    let place = prepared(i, pass)
    if place.count == 0 { return }
    begin(i, .packing, label, batch: plan.batch)
    plan.primitives[i].prepare(pass, weights: weights(i), into: place, on: processor)
    end()
  }

  // MARK: - Timing

  /// A driver call of step i begins, says this to whoever records; `end()` says that it's over.
  ///
  /// - Parameter pass: the layer's own.
  private func begin(_ i: Int, _ kind: StepRecorder.Kind, _ pass: StepRecorder.Pass, batch: Int) {
    guard let recorder, recorder.isOn else { return }
    let step = plan.steps[i]
    var work = StepRecorder.Work()
    switch kind {
    case .convolution: work = plan.primitives[i].work(step.convolutionPass(pass), batch: batch)
    case .norm:
      // Forward: twice through the input, once through the output. Backward: twice through the gradient, the input and
      // the output, once through the gradient that is written.
      let values = batch * step.outputChannels * step.outputSize * step.outputSize
      work.bytes = (pass == .forward ? 3 : 7) * values * MemoryLayout<Float>.stride
    default: break
    }
    recorder.begin(
      plan.network.name + "." + (kind == .norm ? step.normName : step.name), kind, pass, work: work)
  }

  private func end() { recorder?.end() }
}

extension FusedStep {
  /// The pass of its convolution that a layer's own is.
  fileprivate func convolutionPass(_ pass: StepRecorder.Pass) -> ConvolutionPass {
    switch pass {
    case .backwardWeights: .backwardWeights
    case .backwardData: isTransposed ? .forward : .backwardData
    default: isTransposed ? .backwardData : .forward
    }
  }
}
