// Runs a compiled net. Every buffer is there before the first step; a pass makes the calls that its plan lists.

import Compute

package final class Executor {
  package let plan: ExecutionPlan
  private let device: Device
  private let recorder: StepRecorder?
  private let memory: Arena.Part
  /// Where each step's parameters and gradients lie.
  private let operands: [StepOperands]
  /// Weights as the passes want them prepared, by step.
  private let prepared: [[LayerPass: Slice]]
  private var preparedForForward = false
  /// The steps from this one on are prepared; the first needs to be for `inputGradient` alone.
  private var firstPreparedForBackward: Int

  /// The parameters' slab; whoever changes it calls `parametersChanged()`.
  package let parameters: Slice
  /// Running means and variances.
  package let buffers: Slice

  /// - Parameters:
  ///   - arena: for the net's buffers; others may have theirs in it.
  ///   - index: the net's among those that share the arena.
  package init(_ plan: ExecutionPlan, in arena: Arena, ofNet index: Int, on device: Device) {
    self.plan = plan
    self.device = device
    recorder = device.recorder
    memory = arena.part(ofNet: index)
    let parameters = Slab(count: plan.parameters.parameterSlabCount).all
    let gradients = plan.gradients.map(memory.place)
    let buffers = Slab(count: plan.parameters.bufferSlabCount).all
    (self.parameters, self.buffers) = (parameters, buffers)
    operands = plan.parameters.places.map {
      StepOperands($0, parameters: parameters, gradients: gradients, buffers: buffers)
    }
    firstPreparedForBackward = plan.steps.count
    let places = plan.preparedPlaces
    let slab = Slab(count: places.count).all
    prepared = places.steps.map { $0.mapValues { slab[$0] } }
  }

  /// With an arena of its own.
  package convenience init(_ plan: ExecutionPlan, on device: Device) {
    self.init(plan, in: Arena(ArenaPlan(alone: plan)), ofNet: 0, on: device)
  }

  /// The next pass that reads prepared weights prepares them anew.
  package func parametersChanged() {
    preparedForForward = false
    firstPreparedForBackward = plan.steps.count
  }

  // MARK: - Results

  // They are there until the sequence of passes that this one is of ends.

  /// The pictures that the last forward pass made (of a net that makes pictures).
  package var output: Activations {
    precondition(plan.network.output != .scores, "\(plan.network.name) makes no pictures")
    return result(plan.tensors[plan.steps.count - 1].output)
  }

  /// The last forward pass's scores (of a net that makes scores).
  package func scores(batch: Int) -> Slice {
    precondition(plan.network.output == .scores, "\(plan.network.name) makes no scores")
    return result(plan.tensors[plan.steps.count - 1].output).slice[0..<batch]
  }

  /// The gradient of the input pictures from the last backward pass that was asked for it.
  package var inputGradient: Activations {
    guard let tensor = plan.inputGradient else { preconditionFailure("\(plan.network.name) has no input gradient") }
    return result(tensor)
  }

  /// The parameters' gradients, laid out as they; of a sampling plan empty.
  package var gradients: Slice { plan.gradients.map(memory.result) ?? parameters[0..<0] }

  private func result(_ tensor: Tensor) -> Activations { Activations(memory.result(tensor.buffer), tensor.layout) }

  // MARK: - Forward

  /// Whose statistics a norm uses.
  package typealias Statistics = NormStatistics

  // Where ranks share a batch, one may have none of it: its norms ask for the others' statistics all the same, and its
  // gradients are zero.

  /// - Parameters:
  ///   - batch: pictures (or vectors) in `input`, at most the plan's.
  ///   - input: laid out as `plan.inputLayout`.
  package func forward(batch: Int, input: Activations, statistics: Statistics) {
    precondition(isBatch(batch) && input.layout == plan.inputLayout)
    prepareForForward()
    for call in plan.calls(of: .forward) {
      memory.begin(call)
      if call.kind == .norm {
        runNorm(call, batch: batch, statistics)
      } else if batch > 0 {
        runLayer(call, batch: batch, input: input)
      }
    }
  }

  private func isBatch(_ count: Int) -> Bool { count <= plan.batch && (count > 0 || count == 0 && device.ranks != nil) }

  private func runLayer(_ call: PlannedCall, batch: Int, input: Activations) {
    let (step, tensors) = (plan.steps[call.step], plan.tensors[call.step])
    layerCall(call.step, .forward, batch: batch) {
      step.layer.forward(
        batch: batch, source: source(call, input), parameters: operands[call.step].parameters,
        prepared: prepared(call.step, .forward), destination: activations(tensors.normInput ?? tensors.output, call),
        epilogue: step.epilogue, scratchpad: scratchpad(call), on: device)
    }
  }

  private func runNorm(_ call: PlannedCall, batch: Int, _ statistics: Statistics) {
    let (step, tensors) = (plan.steps[call.step], plan.tensors[call.step])
    let (norm, x, workspace, scratchpad) = normOperands(call)
    normCall(norm, .forward, batch: batch) {
      norm.primitive.forward(
        batch: batch, x: x, y: activations(tensors.output, call), parameters: operands[call.step].norm,
        statistics: statistics, workspace: workspace, scratchpad: scratchpad, slope: step.normOutputSlope, on: device)
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
  ///   - parameterGradients: whether to compute `gradients`; else this pass doesn't write them.
  ///   - accumulate: add to `gradients` instead of replacing them.
  ///   - inputGradient: whether to compute `inputGradient`.
  package func backward(
    batch: Int, input: Activations, from outputGradient: OutputGradient, parameterGradients: Bool,
    accumulate: Bool = false,
    inputGradient: Bool = false
  ) {
    precondition(plan.purpose.isTraining && isBatch(batch))
    if accumulate { checkGradients() }
    prepareForBackward(from: inputGradient ? 0 : 1)
    let pictures = pictures(outputGradient)
    for call in plan.calls(of: .backward(parameters: parameterGradients, input: inputGradient)) {
      memory.begin(call)
      switch call.kind {
      case .scoreGradient: setScoreGradient(call, outputGradient)
      case .layerGradient where plan.steps[call.step].tanh:
        if batch > 0 { runTanhGradient(call, batch: batch, pictures) }
      case .layerGradient:
        runNormGradient(call, batch: batch, parameterGradients: parameterGradients, accumulate: accumulate)
      case .backwardWeights:
        runBackwardWeights(
          call, batch: batch, source: source(call, input), gradient: gradient(call, pictures), accumulate: accumulate)
      case .backwardData:
        if batch > 0 { runBackwardData(call, batch: batch, gradient: gradient(call, pictures)) }
      case .forward, .norm, .tangent, .tangentWeights: preconditionFailure("no call of a backward pass")
      }
    }
  }

  /// What is added to must be there.
  private func checkGradients() { _ = gradients }

  /// The gradient of pictures that the net made, which the caller has; nil: it makes scores.
  private func pictures(_ outputGradient: OutputGradient) -> Activations? {
    switch (outputGradient, plan.network.output) {
    case (.scores, .scores), (.eachScore, .scores): return nil
    case (.pictures(let gradient), .pictures): return gradient
    case (.scores, .pictures), (.eachScore, .pictures), (.pictures, .scores):
      preconditionFailure("\(plan.network.name): a gradient is of what the net makes")
    }
  }

  private func setScoreGradient(_ call: PlannedCall, _ outputGradient: OutputGradient) {
    let gradient = outputGradientOfStep(call).slice
    switch outputGradient {
    case .scores(let value): gradient.fill(value)
    case .eachScore(let values): gradient[0..<values.count].copy(from: values)
    case .pictures: preconditionFailure("\(plan.network.name): a gradient is of what the net makes")
    }
  }

  private func runTanhGradient(_ call: PlannedCall, batch: Int, _ pictures: Activations?) {
    let tensors = plan.tensors[call.step]
    guard let gradient = tensors.layerGradient else { preconditionFailure("tanh's gradient is planned") }
    recorder?.begin(name(plan.steps[call.step].name), .elementwise, .backward)
    activations(gradient, call).setTanhGradient(
      diffY: pictures ?? outputGradientOfStep(call), y: activations(tensors.output, call), batch: batch, on: device)
    recorder?.end()
  }

  /// In place.
  private func runNormGradient(_ call: PlannedCall, batch: Int, parameterGradients: Bool, accumulate: Bool) {
    let (step, tensors, gradient) = (plan.steps[call.step], plan.tensors[call.step], outputGradientOfStep(call))
    let (norm, x, workspace, scratchpad) = normOperands(call)
    normCall(norm, .backward, batch: batch) {
      norm.primitive.backward(
        batch: batch, diffY: gradient, x: x, y: step.normOutputSlope == 1 ? nil : activations(tensors.output, call),
        diffX: gradient, parameters: operands[call.step].norm,
        diffParameters: parameterGradients ? operands[call.step].normGradients : nil, accumulate: accumulate,
        workspace: workspace, scratchpad: scratchpad, slope: step.normOutputSlope, inputSlope: step.normInputSlope,
        on: device)
    }
  }

  private func runBackwardWeights(
    _ call: PlannedCall, batch: Int, source: Activations, gradient: Activations, biasFactors: Slice? = nil,
    accumulate: Bool
  ) {
    guard let diffParameters = operands[call.step].gradients else {
      preconditionFailure("a plan for training has gradients")
    }
    if batch == 0 {
      if !accumulate { diffParameters.fill(0) }
      return
    }
    layerCall(call.step, .backwardWeights, batch: batch) {
      plan.steps[call.step].layer.backwardWeights(
        batch: batch, source: source, gradient: gradient, diffParameters: diffParameters, biasFactors: biasFactors,
        accumulate: accumulate, scratchpad: scratchpad(call), on: device)
    }
  }

  private func runBackwardData(_ call: PlannedCall, batch: Int, gradient: Activations) {
    let i = call.step
    guard let diffSource = i > 0 ? plan.tensors[i - 1].outputGradient : plan.inputGradient else {
      preconditionFailure("a gradient that is asked for is planned")
    }
    // Where no norm stands between, the step below leaves its activation's gradient to this one's pass.
    let slope = i > 0 ? plan.steps[i - 1].gateSlope : nil
    let gate = slope.map { ActivationGate(activations(plan.tensors[i - 1].output, call), slope: $0) }
    layerCall(i, .backwardData, batch: batch) {
      plan.steps[i].layer.backwardData(
        batch: batch, gradient: gradient, parameters: operands[i].parameters, prepared: prepared(i, .backwardData),
        diffSource: activations(diffSource, call), gate: gate, scratchpad: scratchpad(call), on: device)
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
    precondition(isBatch(batch) && input.layout == plan.inputLayout && scoreFactors.count >= batch)
    if accumulate { checkGradients() }
    for call in plan.calls(of: .tangent) {
      memory.begin(call)
      let source = call.step == 0 ? input : plan.tensors[call.step - 1].tangent.map { activations($0, call) } ?? input
      if call.kind == .tangent {
        if batch == 0 { continue }
        runTangent(call, batch: batch, source: source, scoreFactors: scoreFactors)
      } else {
        runBackwardWeights(
          call, batch: batch, source: source, gradient: outputGradientOfStep(call), biasFactors: scoreFactors,
          accumulate: accumulate)
      }
    }
  }

  private func runTangent(_ call: PlannedCall, batch: Int, source: Activations, scoreFactors: Slice) {
    let (step, tensors) = (plan.steps[call.step], plan.tensors[call.step])
    guard let tangent = tensors.tangent else { preconditionFailure("a tangent that is asked for is planned") }
    layerCall(call.step, .forward, batch: batch) {
      step.layer.tangent(
        batch: batch, source: source, parameters: operands[call.step].parameters, biasFactors: scoreFactors,
        prepared: prepared(call.step, .forward), destination: activations(tangent, call),
        gate: step.gateSlope.map { ActivationGate(activations(tensors.output, call), slope: $0) },
        scratchpad: scratchpad(call), on: device)
    }
  }

  // MARK: - Places

  private func prepared(_ i: Int, _ pass: LayerPass) -> Slice { prepared[i][pass] ?? parameters[0..<0] }

  private func activations(_ tensor: Tensor, _ call: PlannedCall) -> Activations {
    Activations(memory.slice(tensor.buffer, of: call), tensor.layout)
  }

  private func scratchpad(_ call: PlannedCall) -> Slice? { call.scratchpad.map { memory.slice($0, of: call) } }

  /// What the call's layer reads in forward.
  private func source(_ call: PlannedCall, _ input: Activations) -> Activations {
    call.step == 0 ? input : activations(plan.tensors[call.step - 1].output, call)
  }

  private func outputGradientOfStep(_ call: PlannedCall) -> Activations {
    guard let tensor = plan.tensors[call.step].outputGradient else {
      preconditionFailure("step \(call.step) has no output gradient")
    }
    return activations(tensor, call)
  }

  /// Of the output of the call's layer.
  private func gradient(_ call: PlannedCall, _ pictures: Activations?) -> Activations {
    if let tensor = plan.tensors[call.step].gradient { return activations(tensor, call) }
    guard let pictures else { preconditionFailure("step \(call.step) has no gradient") }
    return pictures
  }

  private func normOperands(
    _ call: PlannedCall
  ) -> (norm: FusedStep.Norm, x: Activations, workspace: Slice, scratchpad: Slice) {
    let tensors = plan.tensors[call.step]
    guard let norm = plan.steps[call.step].norm, let normInput = tensors.normInput,
      let workspace = tensors.normWorkspace, let scratchpad = scratchpad(call)
    else { preconditionFailure("a norm's buffers are planned where there is a norm") }
    return (norm, activations(normInput, call), memory.slice(workspace, of: call), scratchpad)
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
  fileprivate func fill(_ value: Float) {
    weight.fill(value)
    bias?.fill(value)
  }

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
