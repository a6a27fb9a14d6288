// A convolution with the method of each pass chosen. What layers and the benchmarks run; the methods' own files are
// Direct/Convolution*.swift and Winograd/Winograd*.swift.

import Kernels

/// How the sums of a convolution are made.
package enum Algorithm: String, Sendable, CaseIterable {
  /// As they are defined.
  case direct
  /// Fast convolution, with fewer products: F(4x4, 2x2) of 4x4 kernels at stride 2, F(4x4, 3x3) of 3x3 kernels.
  case winograd
}

/// A convolution's own passes.
package typealias ConvolutionPass = LayerPass

package struct ConvolutionPrimitive: Sendable {
  package let convolution: Convolution
  /// The most pictures of a call.
  package let batch: Int
  /// What is multiplied.
  package let precision: Precision
  private let choice: AlgorithmChoice
  private let blocking: Blocking
  private let winograd: Winograd?

  /// - Parameters:
  ///   - precision: of the products between a net's first and last layers; the device supports it.
  ///   - device: what the passes will run on, or one like it: it decides the sizes of scratch.
  package init(
    _ convolution: Convolution, batch: Int, choice: AlgorithmChoice, precision: Precision = .float32, on device: Device
  ) {
    precondition(batch > 0 && device.supports(precision))
    self.convolution = convolution
    self.batch = batch
    self.choice = choice
    blocking = device.blocking
    let fast = choice == .direct ? nil : Winograd(convolution, device.blocking.winograd(.float32))
    if precision == .float32 || !convolution.multipliesBFloat16 || Self.isFastest(fast, batch: batch, choice) {
      self.precision = .float32
      winograd = fast
    } else {
      self.precision = .bfloat16
      winograd = choice == .direct ? nil : Winograd(convolution, device.blocking.winograd(.bfloat16))
    }
  }

  /// Whether fp32's fast method leaves nothing to bf16. That of 3x3 kernels does: it takes a quarter of the products,
  /// where bf16 makes two at a time and has none that is fast.
  private static func isFastest(_ winograd: Winograd?, batch: Int, _ choice: AlgorithmChoice) -> Bool {
    guard let winograd, winograd.taps == 3 else { return false }
    let size = winograd.convolution.outputSize
    return choice == .winograd || batch * size * size >= WinogradBlocking.leastResults
  }

  package func algorithm(_ pass: ConvolutionPass) -> Algorithm { refusal(pass) == nil ? .winograd : .direct }

  /// Why `pass` isn't fast; nil where it is.
  package func refusal(_ pass: ConvolutionPass) -> String? {
    if choice == .direct { return "--algorithm direct" }
    guard let winograd else {
      if convolution.form == .score { return "a score is one product a picture" }
      if precision == .bfloat16 && convolution.kernel == 3 { return "there is no fast method of bf16 for 3x3" }
      return convolution.outputSize == 1
        ? "there is no fast method for \(convolution.kernel)x\(convolution.kernel) at one position"
        : "a picture has too few channels"
    }
    let (tiles, grid) = (winograd.tiles(batch: batch), winograd.grid)
    let least = WinogradBlocking.leastResults / (grid.height * grid.width)
    return choice == .auto && tiles < least
      ? "\(tiles) tiles of \(grid.height)x\(grid.width) are too few for the transform of the weights, "
        + "which takes \(least)" : nil
  }

  /// "direct (a picture has too few channels)", "winograd bf16"
  func method(_ pass: ConvolutionPass) -> String {
    algorithm(pass).rawValue + (precision == .float32 ? "" : " " + precision.rawValue)
      + (refusal(pass).map { " (\($0))" } ?? "")
  }

  func fast(_ pass: ConvolutionPass) -> Winograd? { algorithm(pass) == .winograd ? winograd : nil }

  /// What a pass over `batch` pictures can't do without.
  package func work(_ pass: ConvolutionPass, batch: Int) -> StepRecorder.Work {
    let c = convolution
    let multiplyAdds = c.multiplyAdds(batch: batch)
    var products = multiplyAdds
    if let winograd = fast(pass) {
      products =
        winograd.positions * winograd.phases * winograd.tiles(batch: batch) * c.inputChannels * c.outputChannels
    }
    let values =
      batch * (c.inputChannels * c.inputSize * c.inputSize + c.outputChannels * c.outputSize * c.outputSize)
      + c.parameterCount
    return .init(
      multiplyAdds: multiplyAdds, products: products, bytes: values * MemoryLayout<Float>.stride,
      algorithm: algorithm(pass), precision: precision)
  }

  // MARK: - What a pass reads beside its operands

  /// Floats of the weights as `pass` wants them prepared: transformed or packed; 0: it takes them as they are.
  package func preparedCount(_ pass: ConvolutionPass) -> Int {
    if pass == .backwardWeights { return 0 }
    if let winograd = fast(pass) { return winograd.keepsWeights ? winograd.weightsCount : 0 }
    if pass == .backwardData { return convolution.packedWeightsCount(precision) }
    return precision == .bfloat16 ? convolution.weightsCount / 2 : 0
  }

  /// Once for each change of the weights.
  ///
  /// - Parameter prepared: `preparedCount` Floats.
  package func prepare(_ pass: ConvolutionPass, weights: Slice, into prepared: Slice, on device: Device) {
    precondition(weights.count == convolution.weightsCount && prepared.count == preparedCount(pass))
    if prepared.count == 0 { return }
    if let winograd = fast(pass) {
      winograd.transformAllWeights(
        weights.pointer, backward: pass == .backwardData, into: prepared.pointer, on: device)
    } else if pass == .backwardData {
      convolution.packWeights(weights, precision: precision, into: prepared, on: device)
    } else {
      convolution.pairWeights(weights, into: prepared, on: device)
    }
  }

  /// Floats of scratch that any of `passes` needs.
  package func scratchpadCount(
    _ passes: [ConvolutionPass] = ConvolutionPass.allCases, threads: Int
  ) -> Int {
    passes.map { pass in
      if let winograd = fast(pass) { return winograd.scratchpadCount(pass, batch: batch, threads: threads) }
      switch pass {
      case .forward:
        return convolution.forwardScratchpadCount(batch: batch, precision: precision, threads: threads, blocking)
      case .backwardData:
        return convolution.backwardDataScratchpadCount(batch: batch, precision: precision, threads: threads, blocking)
      case .backwardWeights:
        return convolution.backwardWeightsScratchpadCount(batch: batch, precision: precision, blocking)
      }
    }.max() ?? 0
  }

  // MARK: - Passes

  /// `Convolution.forward`.
  ///
  /// - Parameters:
  ///   - prepared: from `prepare(.forward, ...)`.
  ///   - scratchpad: `scratchpadCount` Floats or more, where that isn't 0.
  package func forward(
    batch: Int, source: Activations, weights: Slice, prepared: Slice, bias: Slice? = nil, destination: Activations,
    slope: Float = 1, gate: ActivationGate? = nil, scratchpad: Slice?, on device: Device
  ) {
    precondition(batch <= self.batch)
    guard let winograd = fast(.forward) else {
      convolution.forward(
        batch: batch, source: source, weights: precision == .bfloat16 ? prepared : weights, bias: bias,
        destination: destination, slope: slope, gate: gate, precision: precision, scratchpad: scratchpad, on: device)
      return
    }
    precondition(bias == nil)
    convolution.check(
      input: source, output: destination, weights: weights, batch: batch, inputHalo: convolution.sourceHalo,
      outputHalo: 0)
    winograd.forward(
      batch: batch, source: source, weights: weights, prepared: prepared, destination: destination, slope: slope,
      gate: gate, scratchpad: checked(scratchpad, .forward, device), on: device)
  }

  /// `Convolution.backwardData`.
  ///
  /// - Parameters:
  ///   - prepared: from `prepare(.backwardData, ...)`.
  ///   - scratchpad: `scratchpadCount` Floats or more, where that isn't 0.
  package func backwardData(
    batch: Int, diffDestination: Activations, weights: Slice, prepared: Slice, bias: Slice? = nil,
    diffSource: Activations, slope: Float = 1, gate: ActivationGate? = nil, tanh: Bool = false, scratchpad: Slice?,
    on device: Device
  ) {
    precondition(batch <= self.batch)
    guard let winograd = fast(.backwardData) else {
      convolution.backwardData(
        batch: batch, diffDestination: diffDestination, packed: prepared, bias: bias, diffSource: diffSource,
        slope: slope, gate: gate, tanh: tanh, precision: precision, scratchpad: scratchpad, on: device)
      return
    }
    precondition(!tanh && bias == nil)
    convolution.check(
      input: diffSource, output: diffDestination, weights: weights, batch: batch, inputHalo: 0,
      outputHalo: convolution.gradientHalo)
    winograd.backwardData(
      batch: batch, diffDestination: diffDestination, weights: weights, prepared: prepared, diffSource: diffSource,
      slope: slope, gate: gate, scratchpad: checked(scratchpad, .backwardData, device), on: device)
  }

  /// `Convolution.backwardWeights`.
  package func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    scratchpad: Slice?, on device: Device
  ) {
    precondition(batch <= self.batch)
    guard let winograd = fast(.backwardWeights) else {
      convolution.backwardWeights(
        batch: batch, source: source, diffDestination: diffDestination, diffWeights: diffWeights,
        accumulate: accumulate, precision: precision, scratchpad: scratchpad, on: device)
      return
    }
    convolution.check(
      input: source, output: diffDestination, weights: diffWeights, batch: batch, inputHalo: convolution.sourceHalo,
      outputHalo: 0)
    winograd.backwardWeights(
      batch: batch, source: source, diffDestination: diffDestination, diffWeights: diffWeights, accumulate: accumulate,
      scratchpad: checked(scratchpad, .backwardWeights, device), on: device)
  }

  private func checked(
    _ scratchpad: Slice?, _ pass: ConvolutionPass, _ device: Device
  ) -> UnsafeMutablePointer<Float> {
    precondition(winograd?.blocking == device.blocking.winograd(precision), "planned for another device")
    guard let scratchpad, scratchpad.count >= scratchpadCount([pass], threads: device.threads) else {
      preconditionFailure("\(convolution.description): no scratchpad for \(pass)")
    }
    return scratchpad.pointer
  }
}
