// A linear layer as a layer of a net: a convolution, or to pictures the adjoint of one, and a bias.

package struct LinearLayer: LayerPrimitive {
  private let linear: Linear
  private let product: any LayerPrimitive

  package init(_ linear: Linear, _ settings: LayerSettings) {
    self.linear = linear
    product =
      linear.makesPictures
      ? TransposedConvolutionLayer(linear.convolution, settings) : ConvolutionLayer(linear.convolution, settings)
  }

  package var input: ActivationShape { product.input }
  package var output: ActivationShape { product.output }
  package var sourceHalo: Int { product.sourceHalo }
  package var gradientHalo: Int { product.gradientHalo }
  package var followers: LayerFollowers { linear.makesPictures ? .nothing : .activationAndNorm }
  package var parameters: [ParameterLayout] { linear.parameters }

  package var operation: String { "linear" }
  package var convolution: LayerConvolution { product.convolution }
  package func method(_ pass: LayerPass) -> String? { product.method(pass) }
  package func work(_ pass: LayerPass, batch: Int) -> StepRecorder.Work { product.work(pass, batch: batch) }

  package func preparedCount(_ pass: LayerPass) -> Int { product.preparedCount(pass) }
  package func prepare(
    _ pass: LayerPass, _ parameters: LayerParameters, into prepared: Slice, on device: Device
  ) {
    product.prepare(pass, parameters, into: prepared, on: device)
  }
  package func scratchpadCount(_ passes: [LayerPass], threads: Int) -> Int {
    product.scratchpadCount(passes, threads: threads)
  }

  // MARK: - Passes

  package func forward(
    batch: Int, source: Activations, parameters: LayerParameters, prepared: Slice, destination: Activations,
    epilogue: Epilogue, scratchpad: Slice?, on device: Device
  ) {
    product.forward(
      batch: batch, source: source, parameters: parameters, prepared: prepared, destination: destination,
      epilogue: epilogue, scratchpad: scratchpad, on: device)
  }

  package func backwardData(
    batch: Int, gradient: Activations, parameters: LayerParameters, prepared: Slice, diffSource: Activations,
    gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    product.backwardData(
      batch: batch, gradient: gradient, parameters: parameters, prepared: prepared, diffSource: diffSource, gate: gate,
      scratchpad: scratchpad, on: device)
  }

  package func backwardWeights(
    batch: Int, source: Activations, gradient: Activations, diffParameters: LayerParameters, biasFactors: Slice?,
    accumulate: Bool, scratchpad: Slice?, on device: Device
  ) {
    product.backwardWeights(
      batch: batch, source: source, gradient: gradient, diffParameters: diffParameters, biasFactors: nil,
      accumulate: accumulate, scratchpad: scratchpad, on: device)
    if let diffBias = diffParameters.bias {
      linear.backwardBias(
        batch: batch, gradient: gradient, factors: biasFactors, diffBias: diffBias, accumulate: accumulate, on: device)
    }
  }

  package func tangent(
    batch: Int, source: Activations, parameters: LayerParameters, biasFactors: Slice, prepared: Slice,
    destination: Activations, gate: ActivationGate?, scratchpad: Slice?, on device: Device
  ) {
    guard let bias = parameters.bias else {
      product.tangent(
        batch: batch, source: source, parameters: parameters, biasFactors: biasFactors, prepared: prepared,
        destination: destination, gate: gate, scratchpad: scratchpad, on: device)
      return
    }
    product.forward(
      batch: batch, source: source, parameters: parameters.withoutBias, prepared: prepared, destination: destination,
      epilogue: Epilogue(), scratchpad: scratchpad, on: device)
    linear.addBias(bias, factors: biasFactors, to: destination, gate: gate, batch: batch, on: device)
  }
}
