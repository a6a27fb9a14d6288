// Runs a compiled net. Every buffer is there before the first step; a step is one or two driver calls.

import Compute

package final class Executor {
  package let plan: ExecutionPlan
  private let device: Device
  private let recorder: StepRecorder?
  private let arena: Slab
  /// Where each step's parameters and gradients lie.
  private let operands: [StepOperands]
  /// Weights as the passes want them prepared, by step.
  private let prepared: [[LayerPass: Slice]]
  private var preparedForForward = false
  /// The steps from this one on are prepared; the first needs to be for `inputGradient` alone.
  private var firstPreparedForBackward: Int

  /// The parameters' slab; whoever changes it calls `parametersChanged()`.
  package let parameters: Slice
  /// Gradients, laid out as the parameters; of a sampling plan empty.
  package let gradients: Slice
  /// Running means and variances.
  package let buffers: Slice

  package init(_ plan: ExecutionPlan, on device: Device) {
    self.plan = plan
    self.device = device
    recorder = device.recorder
    arena = Slab(count: plan.memory.arenaCount)
    let parameters = Slab(count: plan.parameters.parameterSlabCount).all
    let gradients = Slab(count: plan.purpose.isTraining ? plan.parameters.parameterSlabCount : 0).all
    let buffers = Slab(count: plan.parameters.bufferSlabCount).all
    (self.parameters, self.gradients, self.buffers) = (parameters, gradients, buffers)
    operands = plan.parameters.places.map {
      StepOperands(
        $0, parameters: parameters, gradients: plan.purpose.isTraining ? gradients : nil, buffers: buffers)
    }
    firstPreparedForBackward = plan.steps.count
    let places = plan.preparedPlaces
    let slab = Slab(count: places.count).all
    prepared = places.steps.map { $0.mapValues { slab[$0] } }
  }

  /// The next pass that reads prepared weights prepares them anew.
  package func parametersChanged() {
    preparedForForward = false
    firstPreparedForBackward = plan.steps.count
  }

  // MARK: - Results

  /// The pictures that the last forward pass made (of a net that makes pictures).
  package var output: Activations {
    precondition(plan.network.output != .scores, "\(plan.network.name) makes no pictures")
    return output(of: plan.steps.count - 1)
  }

  /// The last forward pass's scores (of a net that makes scores).
  package func scores(batch: Int) -> Slice {
    precondition(plan.network.output == .scores, "\(plan.network.name) makes no scores")
    return output(of: plan.steps.count - 1).slice[0..<batch]
  }

  /// The gradient of the input pictures from the last backward pass that was asked for it.
  package var inputGradient: Activations {
    guard let tensor = plan.inputGradient else { preconditionFailure("\(plan.network.name) has no input gradient") }
    return activations(tensor)
  }

  // MARK: - Forward

  /// Whose statistics a norm uses.
  package typealias Statistics = NormStatistics

  /// - Parameters:
  ///   - batch: pictures (or vectors) in `input`, at most the plan's.
  ///   - input: laid out as `plan.inputLayout`.
  package func forward(batch: Int, input: Activations, statistics: Statistics) {
    precondition(batch > 0 && batch <= plan.batch && input.layout == plan.inputLayout)
    prepareForForward()
    var source = input
    for i in plan.steps.indices {
      let output = output(of: i)
      let normInput = plan.tensors[i].normInput.map(activations)
      runLayer(i, batch: batch, source: source, destination: normInput ?? output)
      if let normInput { runNorm(i, batch: batch, x: normInput, y: output, statistics) }
      source = output
    }
  }

  private func runLayer(_ i: Int, batch: Int, source: Activations, destination: Activations) {
    let step = plan.steps[i]
    layerCall(i, .forward, batch: batch) {
      step.layer.forward(
        batch: batch, source: source, parameters: operands[i].parameters, prepared: prepared(i, .forward),
        destination: destination, epilogue: step.epilogue, scratchpad: plan.tensors[i].forwardScratchpad.map(slice),
        on: device)
    }
  }

  private func runNorm(_ i: Int, batch: Int, x: Activations, y: Activations, _ statistics: Statistics) {
    let step = plan.steps[i]
    guard let norm = step.norm, let workspace = plan.tensors[i].normWorkspace,
      let scratchpad = plan.tensors[i].forwardScratchpad
    else { preconditionFailure("a norm's input is planned where there is a norm") }
    normCall(norm, .forward, batch: batch) {
      norm.primitive.forward(
        batch: batch, x: x, y: y, parameters: operands[i].norm, statistics: statistics, workspace: slice(workspace),
        scratchpad: slice(scratchpad), slope: step.normOutputSlope, on: device)
    }
  }

  // MARK: - Backward

  /// What a backward pass starts from.
  package enum OutputGradient {
    /// d loss / d score, the same for every picture.
    case scores(Float)
    /// d loss / d score of each picture.
    case eachScore(Slice)
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
    precondition(plan.purpose.isTraining && batch > 0 && batch <= plan.batch)
    prepareForBackward(from: inputGradient ? 0 : 1)
    var diffOutput = start(outputGradient)
    for i in plan.steps.indices.reversed() {
      let source = i == 0 ? input : output(of: i - 1)
      let gradient = layerGradient(
        i, batch: batch, diffOutput, parameterGradients: parameterGradients, accumulate: accumulate)
      if parameterGradients {
        runBackwardWeights(
          i, batch: batch, source: source, gradient: gradient, accumulate: accumulate,
          scratchpad: plan.tensors[i].backwardScratchpad)
      }
      if i > 0 || inputGradient {
        diffOutput = i > 0 ? self.outputGradient(of: i - 1) : self.inputGradient
        runBackwardData(i, batch: batch, source: source, gradient: gradient, diffSource: diffOutput)
      }
    }
  }

  /// The gradient of the net's output.
  private func start(_ outputGradient: OutputGradient) -> Activations {
    switch (outputGradient, plan.network.output) {
    case (.scores(let value), .scores):
      let gradient = self.outputGradient(of: plan.steps.count - 1)
      gradient.slice.fill(value)
      return gradient
    case (.eachScore(let values), .scores):
      let gradient = self.outputGradient(of: plan.steps.count - 1)
      gradient.slice[0..<values.count].copy(from: values)
      return gradient
    case (.pictures(let gradient), .pictures): return gradient
    case (.scores, .pictures), (.eachScore, .pictures), (.pictures, .scores):
      preconditionFailure("\(plan.network.name): a gradient is of what the net makes")
    }
  }

  /// The gradient of step i's layer's output, from that of the step's output.
  private func layerGradient(
    _ i: Int, batch: Int, _ diffOutput: Activations, parameterGradients: Bool, accumulate: Bool
  ) -> Activations {
    let step = plan.steps[i]
    let tensors = plan.tensors[i]
    if let gradient = tensors.layerGradient.map(activations) {
      recorder?.begin(name(step.name), .elementwise, .backward)
      gradient.setTanhGradient(diffY: diffOutput, y: output(of: i), batch: batch, on: device)
      recorder?.end()
      return gradient
    }
    guard let norm = step.norm, let normInput = tensors.normInput.map(activations),
      let workspace = tensors.normWorkspace.map(slice), let scratchpad = tensors.backwardScratchpad.map(slice)
    else { return diffOutput }
    normCall(norm, .backward, batch: batch) {
      norm.primitive.backward(
        batch: batch, diffY: diffOutput, x: normInput, y: step.normOutputSlope == 1 ? nil : output(of: i),
        diffX: diffOutput, parameters: operands[i].norm,
        diffParameters: parameterGradients ? operands[i].normGradients : nil, accumulate: accumulate,
        workspace: workspace, scratchpad: scratchpad, slope: step.normOutputSlope, inputSlope: step.normInputSlope,
        on: device)
    }
    return diffOutput
  }

  private func runBackwardWeights(
    _ i: Int, batch: Int, source: Activations, gradient: Activations, biasFactors: Slice? = nil, accumulate: Bool,
    scratchpad: Int?
  ) {
    guard let diffParameters = operands[i].gradients else { preconditionFailure("a plan for training has gradients") }
    layerCall(i, .backwardWeights, batch: batch) {
      plan.steps[i].layer.backwardWeights(
        batch: batch, source: source, gradient: gradient, diffParameters: diffParameters, biasFactors: biasFactors,
        accumulate: accumulate, scratchpad: scratchpad.map(slice), on: device)
    }
  }

  private func runBackwardData(
    _ i: Int, batch: Int, source: Activations, gradient: Activations, diffSource: Activations
  ) {
    // Where no norm stands between, the step below leaves its activation's gradient to this one's pass.
    let gate = i > 0 ? plan.steps[i - 1].gateSlope.map { ActivationGate(source, slope: $0) } : nil
    layerCall(i, .backwardData, batch: batch) {
      plan.steps[i].layer.backwardData(
        batch: batch, gradient: gradient, parameters: operands[i].parameters, prepared: prepared(i, .backwardData),
        diffSource: diffSource, gate: gate, scratchpad: plan.tensors[i].backwardScratchpad.map(slice), on: device)
    }
  }

  // MARK: - Tangents

  /// The tangent pass behind the last backward pass, which went from scores down to `inputGradient`: the parameters'
  /// gradients of a function of that gradient, and with them those of the scores.
  ///
  /// Let x_i be what forward made at step i of each picture (x at the input), m_i its activation's derivative, W_i and
  /// b_i its layer's parameters, and delta_i the gradient of the layer's output that backward made. From
  ///
  ///     c = s*x + t
  ///
  /// at the input the pass computes c_i = m_i (W_i c_(i-1) + s*b_i), with every weight's gradient
  /// Σ backwardWeights(source c_(i-1), gradient delta_i), and every bias' Σ s*delta_i. An activation that is linear on
  /// both sides of zero has m_i (W_i x_(i-1) + b_i) = x_i, so c_i = s*x_i + t_i where t_i is the derivative of x_i in
  /// the direction t. Hence, with backward from 1 at each score D, the gradients are those of
  ///
  ///     Σ_n s[n]*D(n) + <t(n), d D(n) / d x(n)>      s and t held constant
  ///
  /// A penalty on the norm of d D / d x has its gradient so, if t is its derivative there: no second backward pass is
  /// needed, since the activations have no second derivative. Source: Pearlmutter, "Fast exact multiplication by the
  /// Hessian" (Neural Computation 6, 1994), section 3.
  ///
  /// - Parameters:
  ///   - batch: as of that backward pass.
  ///   - input: c, laid out as `plan.inputLayout`.
  ///   - scoreFactors: s of each picture, as `input` has it.
  ///   - accumulate: add to `gradients` instead of replacing them.
  package func tangent(batch: Int, input: Activations, scoreFactors: Slice, accumulate: Bool) {
    precondition(plan.purpose == .trainingWithTangents && plan.network.output == .scores)
    precondition(batch > 0 && batch <= plan.batch && input.layout == plan.inputLayout && scoreFactors.count >= batch)
    var source = input
    for i in plan.steps.indices {
      let tangent = plan.tensors[i].tangent.map(activations)
      if let tangent { runTangent(i, batch: batch, source: source, scoreFactors: scoreFactors, destination: tangent) }
      runBackwardWeights(
        i, batch: batch, source: source, gradient: outputGradient(of: i), biasFactors: scoreFactors,
        accumulate: accumulate, scratchpad: plan.tensors[i].tangentScratchpad)
      source = tangent ?? source
    }
  }

  private func runTangent(
    _ i: Int, batch: Int, source: Activations, scoreFactors: Slice, destination: Activations
  ) {
    let step = plan.steps[i]
    layerCall(i, .forward, batch: batch) {
      step.layer.tangent(
        batch: batch, source: source, parameters: operands[i].parameters, biasFactors: scoreFactors,
        prepared: prepared(i, .forward), destination: destination,
        gate: step.gateSlope.map { ActivationGate(output(of: i), slope: $0) },
        scratchpad: plan.tensors[i].tangentScratchpad.map(slice), on: device)
    }
  }

  // MARK: - Places

  private func prepared(_ i: Int, _ pass: LayerPass) -> Slice { prepared[i][pass] ?? parameters[0..<0] }

  private func slice(_ buffer: Int) -> Slice {
    let start = plan.memory.offsets[buffer]
    return arena.all[start..<start + plan.memory.buffers[buffer].count]
  }

  private func activations(_ tensor: Tensor) -> Activations { Activations(slice(tensor.buffer), tensor.layout) }

  private func output(of i: Int) -> Activations { activations(plan.tensors[i].output) }

  private func outputGradient(of i: Int) -> Activations {
    guard let tensor = plan.tensors[i].outputGradient else { preconditionFailure("step \(i) has no output gradient") }
    return activations(tensor)
  }

  // MARK: - Prepared weights

  private func prepareForForward() {
    if preparedForForward { return }
    for i in plan.steps.indices { prepare(i, .forward) }
    preparedForForward = true
  }

  private func prepareForBackward(from first: Int) {
    if firstPreparedForBackward <= first { return }
    for i in first..<firstPreparedForBackward { prepare(i, .backwardData) }
    firstPreparedForBackward = first
  }

  private func prepare(_ i: Int, _ pass: LayerPass) {
    let place = prepared(i, pass)
    if place.count == 0 { return }
    recorder?.begin(name(plan.steps[i].name), .packing, .init(pass))
    plan.steps[i].layer.prepare(pass, operands[i].parameters, into: place, on: device)
    recorder?.end()
  }

  // MARK: - Timing

  /// A driver call of step i's layer, and whoever records is told.
  private func layerCall(_ i: Int, _ pass: LayerPass, batch: Int, _ call: () -> Void) {
    if let recorder, recorder.isOn {
      let step = plan.steps[i]
      recorder.begin(name(step.name), .convolution, .init(pass), work: step.layer.work(pass, batch: batch))
    }
    call()
    recorder?.end()
  }

  private func normCall(_ norm: FusedStep.Norm, _ pass: StepRecorder.Pass, batch: Int, _ call: () -> Void) {
    if let recorder, recorder.isOn {
      recorder.begin(name(norm.name), .norm, pass, work: norm.primitive.work(pass, batch: batch))
    }
    call()
    recorder?.end()
  }

  /// With the net's: "critic.pyramid.0.conv".
  private func name(_ layer: String) -> String { plan.network.name + "." + layer }
}

/// Where a step's parameters lie, and in training their gradients.
private struct StepOperands {
  let parameters: LayerParameters
  let gradients: LayerParameters?
  /// The norm's parameters and buffers.
  let norm: [Slice]
  /// Of its parameters.
  let normGradients: [Slice]?

  init(_ places: ParameterTable.Places, parameters: Slice, gradients: Slice?, buffers: Slice) {
    self.parameters = LayerParameters(places.layer, in: parameters)
    self.gradients = gradients.map { LayerParameters(places.layer, in: $0) }
    norm = places.norm.map { $0.isBuffer ? buffers[$0.range] : parameters[$0.range] }
    normGradients = gradients.map { gradients in
      places.norm.filter { !$0.isBuffer }.map { gradients[$0.range] }
    }
  }
}

extension LayerParameters {
  fileprivate init(_ parameters: [Parameter], in slab: Slice) {
    var (weight, bias) = (slab[0..<0], Slice?.none)
    for parameter in parameters {
      if case .bias = parameter.kind { bias = slab[parameter.range] } else { weight = slab[parameter.range] }
    }
    self.init(weight: weight, bias: bias)
  }
}

extension StepRecorder.Pass {
  fileprivate init(_ pass: LayerPass) {
    switch pass {
    case .forward: self = .forward
    case .backwardData: self = .backwardData
    case .backwardWeights: self = .backwardWeights
    }
  }
}
