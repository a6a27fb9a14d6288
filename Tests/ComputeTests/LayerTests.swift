import Compute
import Testing

/// Protects: what the graph assumes of every kind of layer, whatever convolution it wraps. Passes are in the layer's
/// own sense; they are linear maps that belong together; halos, prepared weights, scratch and parameters are what the
/// layer says. (ConvolutionTests has the definitions.)
@Suite struct LayerTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let layer: any LayerPrimitive
    /// What the layer was made for.
    let device: Device
    var testDescription: String { "\(layer.operation) \(layer.convolution) \(device.instructionSet)" }
  }

  static let batch = 9
  static let cases = devices(threads: 2).flatMap { device in
    layers(on: device).map { Case(layer: $0, device: device) }
  }

  private static func layers(on device: Device) -> [any LayerPrimitive] {
    var layers: [any LayerPrimitive] = []
    let auto = LayerSettings(batch: batch, algorithm: .auto, device: device)
    do {
      for algorithm in [AlgorithmChoice.direct, .winograd] {
        let settings = LayerSettings(batch: batch, algorithm: algorithm, device: device)
        func convolution(_ input: ActivationShape, _ outputs: Int, _ k: Int, _ s: Int, _ p: Int) throws(GeometryError) {
          layers.append(
            try ConvolutionLayer(
              input, outputChannels: outputs, kernel: k, stride: s, padding: p, settings))
        }
        func transposed(
          _ input: ActivationShape, _ outputs: Int, _ k: Int, _ s: Int, _ p: Int, pictures: Bool = false
        ) throws(GeometryError) {
          layers.append(
            try TransposedConvolutionLayer(
              input, outputChannels: outputs, kernel: k, stride: s, padding: p, makesPictures: pictures, settings))
        }
        try convolution(.pictures(channels: 3, size: 16), 20, 4, 2, 1)
        try convolution(.planes(channels: 20, size: 8), 33, 4, 2, 1)
        try convolution(.planes(channels: 20, size: 8), 5, 3, 1, 1)
        try convolution(.planes(channels: 20, size: 4), 5, 4, 1, 0)
        try transposed(.planes(channels: 20, size: 1), 33, 4, 1, 0)
        try transposed(.planes(channels: 20, size: 4), 33, 4, 2, 1)
        try transposed(.planes(channels: 20, size: 8), 33, 3, 1, 1)
        try transposed(.planes(channels: 20, size: 8), 3, 4, 2, 1, pictures: true)
      }
      let pictures = ActivationShape.pictures(channels: 3, size: 16)
      for linear in [
        try Linear(.planes(channels: 40, size: 1), outputs: 5, isScore: false),
        try Linear(pictures, outputs: 20, isScore: false),
        try Linear(.planes(channels: 20, size: 1), outputs: 768, viewedAs: pictures),
      ] { layers.append(LinearLayer(linear, auto)) }
      layers.append(
        try ScoreLayer(
          .planes(channels: 20, size: 4), outputChannels: 1, kernel: 4, stride: 1, padding: 0, auto))
      layers.append(
        ScoreLayer(
          try Linear(.planes(channels: 20, size: 1), outputs: 1, isScore: true), auto))
    } catch { Issue.record("\(error)") }
    return layers
  }

  /// With W the layer without its bias and a gate G between W and what follows, <G W x, d> = <x, W^T (G d)>
  /// = <W, backwardWeights(x, G d)>: one number from three passes. A pass over derivatives goes forward so.
  @Test(arguments: cases) func passesAreOneLinearMap(_ test: Case) {
    let run = LayerRun(test.layer, seed: 1)
    let canGate = test.layer.followers == .activationAndNorm
    let device = test.device
    let forward = run.forward(bias: false, gate: canGate ? run.gate : nil, on: device)
    let gated =
      canGate ? zip(run.gradientValues, run.gateValues).map { $0 * ($1 > 0 ? 1 : 0.25) } : run.gradientValues
    let diffSource = run.backwardData(gated, gate: nil, on: device)
    let diffWeight = run.backwardWeights(gated, accumulate: false, on: device).weight
    let expected = LayerRun.dot(forward, run.gradientValues)
    let tolerance = 1e-4 * LayerRun.size(forward) * LayerRun.size(run.gradientValues)
    #expect(abs(LayerRun.dot(run.sourceValues, diffSource) - expected) < tolerance)
    #expect(abs(LayerRun.dot(run.weightValues, diffWeight) - expected) < tolerance)
  }

  /// The bias is added to each result of its channel (PyTorch's order), and its gradient is the sum of theirs.
  @Test(arguments: cases) func aBiasIsAddedAndSummed(_ test: Case) throws {
    let run = LayerRun(test.layer, seed: 2)
    guard let bias = run.biasValues else { return }
    let device = test.device
    let (with, without) = (run.forward(bias: true, on: device), run.forward(bias: false, on: device))
    #expect(with.indices.allSatisfy { abs(with[$0] - without[$0] - bias[$0 % bias.count]) < 1e-4 })
    let gradient = try #require(run.backwardWeights(run.gradientValues, accumulate: false, on: device).bias)
    #expect(
      bias.indices.allSatisfy { i in
        let sum = stride(from: i, to: run.gradientValues.count, by: bias.count).reduce(0) {
          $0 + run.gradientValues[$1]
        }
        return abs(gradient[i] - sum) < 1e-4
      })
  }

  /// What is added is what stands alone, and a gate is applied where backwardData writes.
  @Test(arguments: cases) func accumulationAndGates(_ test: Case) {
    let run = LayerRun(test.layer, seed: 3)
    let device = test.device
    let once = run.backwardWeights(run.gradientValues, accumulate: false, on: device).weight
    let twice = run.backwardWeights(run.gradientValues, accumulate: true, on: device).weight
    #expect(zip(once, twice).allSatisfy { abs(2 * $0 - $1) <= 1e-4 * max(1, abs($1)) })
    guard case .planes = test.layer.input else { return }
    let plain = run.backwardData(run.gradientValues, gate: nil, on: device)
    let gated = run.backwardData(run.gradientValues, gate: run.sourceGate, on: device)
    #expect(plain.indices.allSatisfy { gated[$0] == plain[$0] * (run.sourceValues[$0] > 0 ? 1 : 0.25) })
  }

  @Test(arguments: cases) func parametersComeBack(_ test: Case) {
    for layout in test.layer.parameters {
      let values = (0..<layout.valueCount).map { Float($0 + 1) }
      let memory = Guarded(count: layout.count)
      layout.set(memory.slice, to: values)
      memory.expectUntouched(layout.name)
      #expect(layout.values(of: memory.slice) == values)
      #expect(memory.floats.count { $0 != 0 } == values.count, "unused lanes are zero")
      #expect(layout.count % 16 == 0 && !layout.kind.isBuffer)
    }
    #expect(test.layer.parameters.map(\.name) == (test.layer.parameters.count == 1 ? ["weight"] : ["weight", "bias"]))
  }

  @Test func whatNoKernelRunsIsAnError() {
    func refused(_ what: String, _ make: () throws(GeometryError) -> Void) {
      let error = #expect(throws: GeometryError.self, "\(what)") { try make() }
      #expect(error?.description.isEmpty == false && error?.description.contains("\n") == false)
    }
    refused("5x5") { () throws(GeometryError) in
      _ = try Convolution(kernel: 5, stride: 1, padding: 2, inputChannels: 8, outputChannels: 8, inputSize: 8)
    }
    refused("12 wide") { () throws(GeometryError) in
      _ = try Convolution(kernel: 4, stride: 2, padding: 1, inputChannels: 8, outputChannels: 8, inputSize: 12)
    }
    refused("a picture's row of 24 Floats") { () throws(GeometryError) in
      _ = try Convolution(
        .picture, kernel: 4, stride: 2, padding: 1, inputChannels: 3, outputChannels: 8, inputSize: 8)
    }
    refused("five channels") { () throws(GeometryError) in
      _ = try Linear(fromPicturesOf: 5, size: 16, outputs: 3)
    }
    refused("two scores") { () throws(GeometryError) in
      _ = try Linear(.planes(channels: 8, size: 1), outputs: 2, isScore: true)
    }
    refused("overflow") { () throws(GeometryError) in
      _ = try Convolution(
        kernel: 4, stride: 2, padding: 1, inputChannels: .max, outputChannels: .max, inputSize: .max - 7)
    }
  }
}

/// A layer with its operands in memory.
private struct LayerRun {
  private let layer: any LayerPrimitive
  private let parameters: LayerParameters
  private let diffParameters: LayerParameters
  private let source: GuardedActivations
  /// Planes that gate the output's gradient, and the source's.
  let gate: ActivationGate
  let sourceGate: ActivationGate
  let sourceValues: [Float]
  let gateValues: [Float]
  let gradientValues: [Float]
  let weightValues: [Float]
  let biasValues: [Float]?

  private static let batch = LayerTests.batch

  init(_ layer: any LayerPrimitive, seed: Int) {
    self.layer = layer
    var data = TestData(seed: seed)
    func values(_ shape: ActivationShape) -> [Float] {
      data.uniform(Self.batch * shape.channels * shape.size * shape.size)
    }
    sourceValues = values(layer.input)
    gateValues = values(layer.output)
    gradientValues = values(layer.output)
    source = GuardedActivations(
      layer.input.layout(halo: layer.sourceHalo), batch: Self.batch, values: sourceValues)
    gate = ActivationGate(
      GuardedActivations(layer.output.layout(halo: 0), batch: Self.batch, values: gateValues).activations, slope: 0.25)
    sourceGate = ActivationGate(source.activations, slope: 0.25)
    let layouts = layer.parameters
    let all = layouts.map { data.uniform($0.valueCount) }
    (weightValues, biasValues) = (all[0], all.count > 1 ? all[1] : nil)
    func memory() -> LayerParameters {
      let slices = layouts.map { Guarded(count: $0.count).slice }
      return LayerParameters(weight: slices[0], bias: slices.count > 1 ? slices[1] : nil)
    }
    (parameters, diffParameters) = (memory(), memory())
    layouts[0].set(parameters.weight, to: weightValues)
    if let bias = parameters.bias { layouts[1].set(bias, to: all[1]) }
  }

  func forward(bias: Bool, gate: ActivationGate? = nil, on device: Device) -> [Float] {
    let destination = GuardedActivations(layer.output.layout(halo: halo(layer.output)), batch: Self.batch)
    layer.forward(
      batch: Self.batch, source: source.activations, parameters: bias ? parameters : parameters.withoutBias,
      prepared: prepared(.forward, device), destination: destination.activations,
      epilogue: Compute.Epilogue(gate: gate),
      scratchpad: scratchpad(.forward, device), on: device)
    destination.expectCleanFrame("\(layer.operation)")
    return destination.values
  }

  func backwardData(_ gradient: [Float], gate: ActivationGate?, on device: Device) -> [Float] {
    let diffSource = GuardedActivations(layer.input.layout(halo: halo(layer.input)), batch: Self.batch)
    layer.backwardData(
      batch: Self.batch, gradient: self.gradient(gradient), parameters: parameters,
      prepared: prepared(.backwardData, device), diffSource: diffSource.activations, gate: gate,
      scratchpad: scratchpad(.backwardData, device), on: device)
    diffSource.expectCleanFrame("\(layer.operation)")
    return diffSource.values
  }

  func backwardWeights(
    _ gradient: [Float], accumulate: Bool, on device: Device
  ) -> (weight: [Float], bias: [Float]?) {
    layer.backwardWeights(
      batch: Self.batch, source: source.activations, gradient: self.gradient(gradient), diffParameters: diffParameters,
      biasFactors: nil, accumulate: accumulate, scratchpad: scratchpad(.backwardWeights, device), on: device)
    let layouts = layer.parameters
    return (
      layouts[0].values(of: diffParameters.weight), diffParameters.bias.map { layouts[1].values(of: $0) }
    )
  }

  private func gradient(_ values: [Float]) -> Activations {
    GuardedActivations(layer.output.layout(halo: layer.gradientHalo), batch: Self.batch, values: values).activations
  }

  /// Wider than any pass asks for; scores have none.
  private func halo(_ shape: ActivationShape) -> Int { shape == .scores ? 0 : 1 }

  private func prepared(_ pass: LayerPass, _ device: Device) -> Slice {
    let memory = Guarded(count: layer.preparedCount(pass))
    layer.prepare(pass, parameters, into: memory.slice, on: device)
    memory.expectUntouched("\(layer.operation)")
    return memory.slice
  }

  private func scratchpad(_ pass: LayerPass, _ device: Device) -> Slice? {
    Guarded(count: layer.scratchpadCount([pass], threads: device.threads)).slice
  }

  static func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  static func size(_ a: [Float]) -> Double { dot(a, a).squareRoot() }
}
