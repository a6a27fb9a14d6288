// A transposed convolution as a layer of a net: the adjoint of a convolution, so that convolution with forward and
// backwardData exchanged, and source and gradient exchanged in backwardWeights.

package struct TransposedConvolutionLayer: LayerPrimitive {
  /// The convolution whose adjoint it is: its source is what the layer makes.
  private let primitive: ConvolutionPrimitive

  /// - Parameters:
  ///   - input: planes.
  ///   - makesPictures: what comes out of the net: interleaved, tanh behind it.
  package init(
    _ input: ActivationShape, outputChannels: Int, kernel: Int, stride: Int, padding: Int, makesPictures: Bool,
    _ settings: LayerSettings
  ) throws(GeometryError) {
    guard case .planes(let channels, let size) = input else {
      throw GeometryError("a transposed convolution takes planes, not \(input.description)")
    }
    try GeometryError.check(("a kernel of", kernel, 1), ("a stride of", stride, 1), ("a padding of", padding, 0))
    self.init(
      try Convolution(
        makesPictures ? .picture : .blocked, kernel: kernel, stride: stride, padding: padding,
        inputChannels: outputChannels, outputChannels: channels, inputSize: (size - 1) * stride + kernel - 2 * padding),
      settings)
  }

  init(_ convolution: Convolution, _ settings: LayerSettings) {
    primitive = ConvolutionPrimitive(
      convolution, batch: settings.batch, choice: settings.algorithm, precision: settings.precision,
      on: settings.device)
  }

  private var geometry: Convolution { primitive.convolution }

  package var input: ActivationShape { geometry.outputShape }
  package var output: ActivationShape { geometry.inputShape }
  package var sourceHalo: Int { geometry.gradientHalo }
  package var gradientHalo: Int { geometry.sourceHalo }
  package var followers: LayerFollowers { geometry.form == .picture ? .tanh : .activationAndNorm }
  package var parameters: [ParameterLayout] { [.weight(of: geometry, .transposedConvolutionWeight)] }

  package var operation: String { "transposed conv " + geometry.window }
  package var convolution: LayerConvolution { LayerConvolution(geometry: geometry, isTransposed: true) }
  package func method(_ pass: LayerPass) -> String? {
    "mb\(primitive.batch)\(convolution): \(primitive.method(pass.adjoint))"
  }
  package func work(_ pass: LayerPass, batch: Int) -> StepRecorder.Work { primitive.work(pass.adjoint, batch: batch) }

  package func preparedCount(_ pass: LayerPass) -> Int { primitive.preparedCount(pass.adjoint) }
  package func prepare(
    _ pass: LayerPass, _ parameters: LayerParameters, into prepared: Slice, on device: Device
  ) {
    primitive.prepare(pass.adjoint, weights: parameters.weight, into: prepared, on: device)
  }
  package func scratchpadCount(_ passes: [LayerPass], threads: Int) -> Int {
    primitive.scratchpadCount(passes.map(\.adjoint), threads: threads)
  }

  // MARK: - Passes

  package func forward(
    batch: Int, source: Activations, parameters: LayerParameters, prepared: Slice, destination: Activations,
    epilogue: Epilogue, scratchpad: Slice?, on device: Device
  ) {
    primitive.backwardData(
      batch: batch, diffDestination: source, weights: parameters.weight, prepared: prepared, bias: parameters.bias,
      diffSource: destination, slope: epilogue.slope, gate: epilogue.gate, tanh: epilogue.tanh, scratchpad: scratchpad,
      on: device)
  }

  package func backwardData(
    batch: Int, gradient: Activations, parameters: LayerParameters, prepared: Slice, diffSource: Activations,
    gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    primitive.forward(
      batch: batch, source: gradient, weights: parameters.weight, prepared: prepared, destination: diffSource,
      gate: gate, scratchpad: scratchpad, on: device)
  }

  package func backwardWeights(
    batch: Int, source: Activations, gradient: Activations, diffParameters: LayerParameters, biasFactors: Slice?,
    accumulate: Bool, scratchpad: Slice?, on device: Device
  ) {
    primitive.backwardWeights(
      batch: batch, source: gradient, diffDestination: source, diffWeights: diffParameters.weight,
      accumulate: accumulate, scratchpad: scratchpad, on: device)
  }
}

extension LayerPass {
  /// The pass of the convolution that this one of its adjoint is.
  fileprivate var adjoint: LayerPass {
    switch self {
    case .forward: .backwardData
    case .backwardData: .forward
    case .backwardWeights: .backwardWeights
    }
  }
}
