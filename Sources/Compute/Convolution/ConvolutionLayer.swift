// A convolution as a layer of a net.

package struct ConvolutionLayer: LayerPrimitive {
  private let primitive: ConvolutionPrimitive

  /// - Parameter input: planes, or the picture that goes into the net.
  package init(
    _ input: ActivationShape, outputChannels: Int, kernel: Int, stride: Int, padding: Int, _ settings: LayerSettings
  ) throws(GeometryError) {
    let form: Convolution.Form =
      switch input {
      case .pictures: .picture
      case .planes, .scores: .blocked
      }
    self.init(
      try Convolution(
        form, kernel: kernel, stride: stride, padding: padding, inputChannels: input.channels,
        outputChannels: outputChannels, inputSize: input.size),
      settings)
  }

  init(_ convolution: Convolution, _ settings: LayerSettings) {
    primitive = ConvolutionPrimitive(
      convolution, batch: settings.batch, choice: settings.algorithm, precision: settings.precision,
      on: settings.device)
  }

  private var geometry: Convolution { primitive.convolution }

  package var input: ActivationShape { geometry.inputShape }
  package var output: ActivationShape { geometry.outputShape }
  package var sourceHalo: Int { geometry.sourceHalo }
  package var gradientHalo: Int { geometry.gradientHalo }
  package var followers: LayerFollowers { .activationAndNorm }
  package var parameters: [ParameterLayout] { [.weight(of: geometry, .convolutionWeight)] }

  package var operation: String { "conv " + geometry.window }
  package var convolution: LayerConvolution { LayerConvolution(geometry: geometry, isTransposed: false) }
  package func method(_ pass: LayerPass) -> String? {
    "mb\(primitive.batch)\(convolution): \(primitive.method(pass))"
  }
  package func work(_ pass: LayerPass, batch: Int) -> StepRecorder.Work { primitive.work(pass, batch: batch) }

  package func preparedCount(_ pass: LayerPass) -> Int { primitive.preparedCount(pass) }
  package func prepare(
    _ pass: LayerPass, _ parameters: LayerParameters, into prepared: Slice, on device: Device
  ) {
    primitive.prepare(pass, weights: parameters.weight, into: prepared, on: device)
  }
  package func scratchpadCount(_ passes: [LayerPass], threads: Int) -> Int {
    primitive.scratchpadCount(passes, threads: threads)
  }

  // MARK: - Passes

  package func forward(
    batch: Int, source: Activations, parameters: LayerParameters, prepared: Slice, destination: Activations,
    epilogue: Epilogue, scratchpad: Slice?, on device: Device
  ) {
    precondition(!epilogue.tanh, "tanh is of pictures that a transposed convolution makes")
    primitive.forward(
      batch: batch, source: source, weights: parameters.weight, prepared: prepared, bias: parameters.bias,
      destination: destination, slope: epilogue.slope, gate: epilogue.gate, scratchpad: scratchpad, on: device)
  }

  package func backwardData(
    batch: Int, gradient: Activations, parameters: LayerParameters, prepared: Slice, diffSource: Activations,
    gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    primitive.backwardData(
      batch: batch, diffDestination: gradient, weights: parameters.weight, prepared: prepared, diffSource: diffSource,
      gate: gate, scratchpad: scratchpad, on: device)
  }

  package func backwardWeights(
    batch: Int, source: Activations, gradient: Activations, diffParameters: LayerParameters, biasFactors: Slice?,
    accumulate: Bool, scratchpad: Slice?, on device: Device
  ) {
    primitive.backwardWeights(
      batch: batch, source: source, diffDestination: gradient, diffWeights: diffParameters.weight,
      accumulate: accumulate, scratchpad: scratchpad, on: device)
  }
}

extension ParameterLayout {
  /// (out, in, kh, kw) of the convolution: of the transposed one that is (in, out, kh, kw).
  static func weight(of convolution: Convolution, _ kind: Kind) -> ParameterLayout {
    ParameterLayout(
      name: "weight", kind: kind,
      shape: [convolution.outputChannels, convolution.inputChannels, convolution.kernel, convolution.kernel],
      count: convolution.weightsCount, read: convolution.weightValues,
      write: { convolution.setWeights($0, from: $1) })
  }
}

extension Convolution {
  /// "4x4 stride 2"
  var window: String { "\(kernel)x\(kernel) stride \(stride)" }
}
