import Compute
import ReferenceKernels
import Testing

typealias Pass = ConvolutionPass

/// One convolution and a batch. Its description is what benchdnn would call it.
struct ConvolutionCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
  let convolution: Convolution
  let batch: Int
  /// Which method: direct, or winograd.
  let algorithm: Algorithm
  /// What it multiplies on devices that can.
  let precision: Precision

  /// The same convolution by the fast method, where it has one.
  var fast: ConvolutionCase? {
    let primitive = ConvolutionPrimitive(convolution, batch: batch, choice: .winograd, on: Device())
    return primitive.algorithm(.forward) == .winograd
      ? ConvolutionCase(convolution, batch: batch, algorithm: .winograd, precision: precision) : nil
  }

  /// The same convolution with products of bf16, where it has them.
  var bfloat16: ConvolutionCase? {
    Device.supportsBFloat16 && convolution.multipliesBFloat16
      ? ConvolutionCase(convolution, batch: batch, algorithm: algorithm, precision: .bfloat16) : nil
  }

  private init(_ convolution: Convolution, batch: Int, algorithm: Algorithm, precision: Precision) {
    self.convolution = convolution
    self.batch = batch
    self.algorithm = algorithm
    self.precision = precision
  }

  init(
    _ form: Convolution.Form = .blocked, mb: Int, ic: Int, ih: Int, oc: Int, kh: Int = 4, sh: Int = 2, ph: Int = 1
  ) {
    convolution = try! Convolution(
      form, kernel: kh, stride: sh, padding: ph, inputChannels: ic, outputChannels: oc, inputSize: ih)
    batch = mb
    algorithm = .direct
    precision = .float32
  }

  var description: String {
    "mb\(batch)\(convolution.description) \(convolution.form) \(algorithm) \(precision.rawValue)"
  }

  /// How far a result may be from an exact whole number. The fast method's matrices aren't whole numbers, but one wrong
  /// term in it is still an error of one. (Of bf16, too: what it rounds is exact for small integers.)
  var allowed: Double { algorithm == .direct ? 0 : 0.125 }

  /// For a batch that is larger than the one it runs, as an epoch's last is.
  func primitive(on device: Device) -> ConvolutionPrimitive {
    ConvolutionPrimitive(
      convolution, batch: batch + 2, choice: algorithm == .direct ? .direct : .winograd,
      precision: device.refusal(precision) == nil ? precision : .float32, on: device)
  }
  var testDescription: String { description }

  var sourceShape: [Int] { [batch, convolution.inputChannels, convolution.inputSize, convolution.inputSize] }
  var destinationShape: [Int] { [batch, convolution.outputChannels, convolution.outputSize, convolution.outputSize] }
  var weightsShape: [Int] {
    [convolution.outputChannels, convolution.inputChannels, convolution.kernel, convolution.kernel]
  }

  /// The shapes of a pass's two operands, in the order (activations, weights or activations).
  func operandShapes(_ pass: Pass) -> ([Int], [Int]) {
    switch pass {
    case .forward: (sourceShape, weightsShape)
    case .backwardData: (destinationShape, weightsShape)
    case .backwardWeights: (sourceShape, destinationShape)
    }
  }

  /// How many products a result sums at most.
  func depth(_ pass: Pass) -> Int {
    switch pass {
    case .forward: weightsShape[1...].reduce(1, *)
    case .backwardData: convolution.outputChannels * convolution.kernel * convolution.kernel
    case .backwardWeights: batch * convolution.outputSize * convolution.outputSize
    }
  }

  /// What the pass is by definition.
  func reference(_ pass: Pass, _ a: ReferenceTensor, _ b: ReferenceTensor) -> ReferenceTensor {
    let geometry = ReferenceConvolution(
      kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding)
    switch pass {
    case .forward: return geometry.forward(source: a, weights: b)
    case .backwardData:
      let size = (height: convolution.inputSize, width: convolution.inputSize)
      return geometry.backwardData(diffDestination: a, weights: b, sourceSize: size)
    case .backwardWeights: return geometry.backwardWeights(source: a, diffDestination: b)
    }
  }
}

/// Options of a pass that the graph fuses into it.
struct Epilogue: Sendable, CustomStringConvertible {
  var slope: Float = 1
  /// NCHW values of the gate, of the result's shape.
  var gate: [Float]?
  var gateSlope: Float = 1
  var tanh = false
  /// backwardWeights: what diffWeights holds before, OIHW.
  var initial: [Float]?

  static let none = Epilogue()

  var description: String {
    var words: [String] = []
    if slope != 1 { words.append("slope \(slope)") }
    if gate != nil { words.append("gate slope \(gateSlope)") }
    if tanh { words.append("tanh") }
    if initial != nil { words.append("accumulate") }
    return words.isEmpty ? "no epilogue" : words.joined(separator: ", ")
  }
}

extension ConvolutionCase {
  /// What the engine makes of it, NCHW or OIHW, after checking that it wrote its destination whole and nothing else.
  func run(
    _ pass: Pass, _ a: [Float], _ b: [Float], epilogue: Epilogue = .none, extraHalo: Int = 0, on device: Device,
    sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Float] {
    let repro = repro(pass, device, epilogue, extraHalo: extraHalo)
    let c = convolution
    if c.form == .score { return runScore(pass, a, b, epilogue, extraHalo, device, repro, sourceLocation) }
    let inputOrder: ActivationLayout.Order = c.form == .picture ? .interleaved : .blocked
    func input(halo: Int) -> ActivationLayout {
      ActivationLayout(inputOrder, channels: c.inputChannels, height: c.inputSize, width: c.inputSize, halo: halo)
    }
    func output(halo: Int) -> ActivationLayout {
      ActivationLayout(.blocked, channels: c.outputChannels, height: c.outputSize, width: c.outputSize, halo: halo)
    }
    func gate(_ layout: ActivationLayout) -> ActivationGate? {
      epilogue.gate.map {
        ActivationGate(
          GuardedActivations(layout, batch: batch, values: $0).activations, slope: epilogue.gateSlope)
      }
    }
    let primitive = primitive(on: device)
    let scratchCount = primitive.scratchpadCount([pass], threads: device.threads)
    let scratchpad = Guarded(count: (scratchCount + 15) / 16 * 16)
    defer { scratchpad.expectUntouched(repro + ", scratchpad", sourceLocation: sourceLocation) }
    func prepared(_ weights: Guarded) -> Guarded {
      let prepared = Guarded(count: primitive.preparedCount(pass))
      primitive.prepare(pass, weights: weights.slice, into: prepared.slice, on: device)
      prepared.expectUntouched(repro + ", prepared weights", sourceLocation: sourceLocation)
      return prepared
    }
    switch pass {
    case .forward:
      let source = GuardedActivations(input(halo: c.sourceHalo + extraHalo), batch: batch, values: a)
      let weights = Guarded(count: c.weightsCount)
      c.setWeights(weights.slice, from: b)
      let destination = GuardedActivations(output(halo: extraHalo), batch: batch)
      primitive.forward(
        batch: batch, source: source.activations, weights: weights.slice, prepared: prepared(weights).slice,
        destination: destination.activations, slope: epilogue.slope, gate: gate(output(halo: 1)),
        scratchpad: scratchpad.slice, on: device)
      destination.expectCleanFrame(repro, sourceLocation: sourceLocation)
      return destination.values
    case .backwardData:
      let diffDestination = GuardedActivations(output(halo: c.gradientHalo + extraHalo), batch: batch, values: a)
      let weights = Guarded(count: c.weightsCount)
      c.setWeights(weights.slice, from: b)
      let diffSource = GuardedActivations(input(halo: extraHalo), batch: batch)
      primitive.backwardData(
        batch: batch, diffDestination: diffDestination.activations, weights: weights.slice,
        prepared: prepared(weights).slice, diffSource: diffSource.activations, slope: epilogue.slope,
        gate: gate(input(halo: 1)), tanh: epilogue.tanh, scratchpad: scratchpad.slice, on: device)
      diffSource.expectCleanFrame(repro, sourceLocation: sourceLocation)
      return diffSource.values
    case .backwardWeights:
      let source = GuardedActivations(input(halo: c.sourceHalo + extraHalo), batch: batch, values: a)
      let diffDestination = GuardedActivations(output(halo: extraHalo), batch: batch, values: b)
      let diffWeights = Guarded(count: c.weightsCount)
      if let initial = epilogue.initial { c.setWeights(diffWeights.slice, from: initial) }
      primitive.backwardWeights(
        batch: batch, source: source.activations, diffDestination: diffDestination.activations,
        diffWeights: diffWeights.slice, accumulate: epilogue.initial != nil, scratchpad: scratchpad.slice,
        on: device)
      return weightValues(diffWeights, repro, sourceLocation)
    }
  }

  private func runScore(
    _ pass: Pass, _ a: [Float], _ b: [Float], _ epilogue: Epilogue, _ extraHalo: Int, _ device: Device,
    _ repro: String, _ sourceLocation: SourceLocation
  ) -> [Float] {
    let c = convolution
    func layout(halo: Int) -> ActivationLayout {
      ActivationLayout(.blocked, channels: c.inputChannels, height: c.inputSize, width: c.inputSize, halo: halo)
    }
    let scores = Guarded(count: (batch + 15) / 16 * 16)
    func set(scores values: [Float]) {
      scores.slice.copy(from: values + Array(repeating: .nan, count: scores.slice.count - batch))
    }
    switch pass {
    case .forward:
      let source = GuardedActivations(layout(halo: 0), batch: batch, values: a)
      let weights = Guarded(count: c.weightsCount)
      c.setWeights(weights.slice, from: b)
      c.scoreForward(
        batch: batch, source: source.activations, weights: weights.slice, scores: scores.slice, on: device)
      return Array(scores.floats[..<batch])
    case .backwardData:
      set(scores: a)
      let weights = Guarded(count: c.weightsCount)
      c.setWeights(weights.slice, from: b)
      let diffSource = GuardedActivations(layout(halo: extraHalo), batch: batch)
      let gate = epilogue.gate.map {
        ActivationGate(
          GuardedActivations(layout(halo: 1), batch: batch, values: $0).activations, slope: epilogue.gateSlope)
      }
      c.scoreBackwardData(
        batch: batch, diffScores: scores.slice, weights: weights.slice, diffSource: diffSource.activations,
        gate: gate, on: device)
      diffSource.expectCleanFrame(repro, sourceLocation: sourceLocation)
      return diffSource.values
    case .backwardWeights:
      let source = GuardedActivations(layout(halo: 0), batch: batch, values: a)
      set(scores: b)
      let diffWeights = Guarded(count: c.weightsCount)
      if let initial = epilogue.initial { c.setWeights(diffWeights.slice, from: initial) }
      c.scoreBackwardWeights(
        batch: batch, source: source.activations, diffScores: scores.slice, diffWeights: diffWeights.slice,
        accumulate: epilogue.initial != nil, on: device)
      return weightValues(diffWeights, repro, sourceLocation)
    }
  }

  /// The gradient of the weights as OIHW, after a look at the lanes that no channel uses: the optimizer and clipping
  /// run over them, so they must be zero.
  private func weightValues(_ diffWeights: Guarded, _ repro: String, _ sourceLocation: SourceLocation) -> [Float] {
    diffWeights.expectUntouched(repro, sourceLocation: sourceLocation)
    let values = convolution.weightValues(diffWeights.slice)
    let clean = Guarded(count: diffWeights.slice.count)
    convolution.setWeights(clean.slice, from: values)
    for (i, (float, expected)) in zip(diffWeights.floats, clean.floats).enumerated() where float != expected {
      Issue.record(
        "\(repro): \(float) in an unused lane of diffWeights, at Float \(i)", sourceLocation: sourceLocation)
      break
    }
    return values
  }

  /// A line that finds this case again.
  func repro(_ pass: Pass, _ device: Device, _ epilogue: Epilogue = .none, extraHalo: Int = 0) -> String {
    "\(self) \(pass) \(epilogue) halo +\(extraHalo) \(device.instructionSet) threads \(device.threads)"
  }
}

/// Every instruction set that this machine runs, with so many threads.
func devices(threads: Int) -> [Device] {
  Device.supported.map { Device(instructionSet: $0, threads: threads) }
}
