// The critic's last layer as a layer of a net: a convolution of the whole plane, or a linear layer, to one number a
// picture.

package struct ScoreLayer: LayerPrimitive {
  private let geometry: Convolution
  /// Where it is a linear layer: its weight's values and its bias.
  private let linear: Linear?
  /// For what is told of the work alone: the passes are `Convolution`'s own.
  private let primitive: ConvolutionPrimitive

  /// - Parameter input: planes as large as the kernel.
  package init(
    _ input: ActivationShape, outputChannels: Int, kernel: Int, stride: Int, padding: Int, _ settings: LayerSettings
  ) throws(GeometryError) {
    guard case .planes(let channels, let size) = input else {
      throw GeometryError("a score is made of planes or values, not of \(input.description)")
    }
    self.init(
      try Convolution(
        .score, kernel: kernel, stride: stride, padding: padding, inputChannels: channels,
        outputChannels: outputChannels, inputSize: size),
      nil, settings)
  }

  /// - Precondition: the linear layer makes a score.
  package init(_ linear: Linear, _ settings: LayerSettings) {
    self.init(linear.convolution, linear, settings)
  }

  private init(_ convolution: Convolution, _ linear: Linear?, _ settings: LayerSettings) {
    precondition(convolution.form == .score)
    geometry = convolution
    self.linear = linear
    primitive = ConvolutionPrimitive(
      convolution, batch: settings.batch, choice: settings.algorithm, on: settings.device)
  }

  package var input: ActivationShape { geometry.inputShape }
  package var output: ActivationShape { geometry.outputShape }
  package var sourceHalo: Int { geometry.sourceHalo }
  package var gradientHalo: Int { geometry.gradientHalo }
  package var followers: LayerFollowers { .nothing }
  package var parameters: [ParameterLayout] { linear?.parameters ?? [.weight(of: geometry, .convolutionWeight)] }

  package var operation: String { (linear == nil ? "conv " + geometry.window : "linear") + " + mean" }
  package var convolution: LayerConvolution { LayerConvolution(geometry: geometry, isTransposed: false) }
  package func method(_ pass: LayerPass) -> String? { nil }
  package func work(_ pass: LayerPass, batch: Int) -> StepRecorder.Work { primitive.work(pass, batch: batch) }

  package func preparedCount(_ pass: LayerPass) -> Int { 0 }
  package func prepare(
    _ pass: LayerPass, _ parameters: LayerParameters, into prepared: Slice, on device: Device
  ) {}
  package func scratchpadCount(_ passes: [LayerPass], threads: Int) -> Int { 0 }

  // MARK: - Passes

  package func forward(
    batch: Int, source: Activations, parameters: LayerParameters, prepared: Slice, destination: Activations,
    epilogue: Epilogue, scratchpad: Slice?, on device: Device
  ) {
    precondition(epilogue.slope == 1 && !epilogue.tanh && epilogue.gate == nil, "nothing follows a score")
    precondition(destination.layout == .scores)
    geometry.scoreForward(
      batch: batch, source: source, weights: parameters.weight, bias: parameters.bias, scores: destination.slice,
      on: device)
  }

  package func backwardData(
    batch: Int, gradient: Activations, parameters: LayerParameters, prepared: Slice, diffSource: Activations,
    gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    precondition(gradient.layout == .scores)
    geometry.scoreBackwardData(
      batch: batch, diffScores: gradient.slice, weights: parameters.weight, diffSource: diffSource, gate: gate,
      on: device)
  }

  package func backwardWeights(
    batch: Int, source: Activations, gradient: Activations, diffParameters: LayerParameters, biasFactors: Slice?,
    accumulate: Bool, scratchpad: Slice?, on device: Device
  ) {
    precondition(gradient.layout == .scores)
    geometry.scoreBackwardWeights(
      batch: batch, source: source, diffScores: gradient.slice, diffWeights: diffParameters.weight,
      accumulate: accumulate, on: device)
    if let diffBias = diffParameters.bias {
      geometry.scoreBackwardBias(
        batch: batch, diffScores: gradient.slice, factors: biasFactors, diffBias: diffBias, accumulate: accumulate)
    }
  }
}
