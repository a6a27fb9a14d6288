import Compute
import ReferenceKernels
import Testing

/// Protects: linear layers: what a bias adds, the order of a picture's values, and what PyTorch's weights are in ours.
/// (The products themselves are convolutions: ConvolutionTests.)
@Suite struct LinearTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let linear: Linear
    let batch: Int
    var testDescription: String {
      "mb\(batch)\(linear.convolution.description) \(linear.makesPictures ? "to pictures" : "")"
    }

    /// What goes in and what comes out, as the reference has it.
    var inputShape: [Int] {
      let c = linear.convolution
      return linear.makesPictures
        ? [batch, c.outputChannels, 1, 1] : [batch, c.inputChannels, c.inputSize, c.inputSize]
    }
    var outputCount: Int { linear.weightShape[0] }

    /// The convolution's input side; pictures have the halo that the graph gives them.
    func planes(halo: Int = 1) -> ActivationLayout {
      let c = linear.convolution
      return ActivationLayout(
        c.form == .picture ? .interleaved : .blocked, channels: c.inputChannels, height: c.inputSize,
        width: c.inputSize, halo: c.form == .score ? 0 : halo)
    }
    var vectors: ActivationLayout {
      ActivationLayout(.blocked, channels: linear.convolution.outputChannels, height: 1, width: 1, halo: 0)
    }

    func forward(_ x: [Float], weights: [Float], bias: [Float], on device: Device) -> [Float] {
      let c = linear.convolution
      let ourWeights = Guarded(count: c.weightsCount)
      let ourBias = Guarded(count: linear.biasCount)
      linear.setWeights(ourWeights.slice, from: weights)
      linear.setBias(ourBias.slice, from: bias)
      if c.form == .score {
        let scores = Guarded(count: batch)
        let source = GuardedActivations(planes(), batch: batch, values: x)
        c.scoreForward(
          batch: batch, source: source.activations, weights: ourWeights.slice, bias: ourBias.slice,
          scores: scores.slice,
          on: device)
        return scores.floats
      }
      let primitive = ConvolutionPrimitive(c, batch: batch, choice: .auto, on: device)
      if linear.makesPictures {
        let packed = Guarded(count: primitive.preparedCount(.backwardData))
        primitive.prepare(.backwardData, weights: ourWeights.slice, into: packed.slice, on: device)
        let source = GuardedActivations(vectors, batch: batch, values: x)
        let pictures = GuardedActivations(planes(), batch: batch)
        primitive.backwardData(
          batch: batch, diffDestination: source.activations, weights: ourWeights.slice, prepared: packed.slice,
          bias: ourBias.slice, diffSource: pictures.activations, scratchpad: nil, on: device)
        pictures.expectCleanFrame(testDescription)
        return pictures.values
      }
      let source = GuardedActivations(planes(), batch: batch, values: x)
      let destination = GuardedActivations(vectors, batch: batch)
      primitive.forward(
        batch: batch, source: source.activations, weights: ourWeights.slice, prepared: Guarded(count: 0).slice,
        bias: ourBias.slice, destination: destination.activations, scratchpad: nil, on: device)
      destination.expectCleanFrame(testDescription)
      return destination.values
    }
  }

  static let cases = [
    Case(linear: try! Linear(inputs: 100, outputs: 64), batch: 7),
    Case(linear: try! Linear(inputs: 5, outputs: 33), batch: 13),
    Case(linear: try! Linear(inputs: 1, outputs: 1), batch: 2),
    Case(linear: try! Linear(inputs: 40, outputs: 1, isScore: true), batch: 5),
    Case(linear: try! Linear(fromPicturesOf: 3, size: 16, outputs: 24), batch: 7),
    Case(linear: try! Linear(fromPicturesOf: 1, size: 32, outputs: 7), batch: 3),
    Case(linear: try! Linear(inputs: 24, toPicturesOf: 3, size: 16), batch: 7),
    Case(linear: try! Linear(inputs: 7, toPicturesOf: 1, size: 32), batch: 3),
  ]

  @Test(arguments: cases) func forwardIsExactOnIntegers(_ test: Case) {
    var data = TestData(seed: 1)
    let x = data.integers(test.inputShape.reduce(1, *))
    let weights = data.integers(test.linear.weightShape.reduce(1, *))
    let bias = data.integers(test.outputCount)
    let expected = ReferenceLinear.forward(
      source: .init(test.inputShape, x), weights: .init(test.linear.weightShape, weights),
      bias: .init([test.outputCount], bias))
    for device in devices(threads: 2) {
      expectEqual(
        test.forward(x, weights: weights, bias: bias, on: device), expected,
        "\(test.testDescription) \(device.instructionSet)")
    }
  }

  /// With a bias a sum goes on from what its destination holds; neither threads nor vectors nor caches may show.
  @Test(arguments: cases) func sameBits(_ test: Case) {
    var data = TestData(seed: 2)
    let x = data.uniform(test.inputShape.reduce(1, *))
    let weights = data.uniform(test.linear.weightShape.reduce(1, *))
    let bias = data.uniform(test.outputCount)
    var fused: [Float]?
    for set in Device.supported {
      let one = test.forward(x, weights: weights, bias: bias, on: Device(instructionSet: set, threads: 1))
      for (threads, cacheBytes) in [(2, 1 << 30), (3, 1), (16, 4096)] {
        let device = Device(instructionSet: set, threads: threads, cacheBytes: cacheBytes)
        expectSameBits(
          one, test.forward(x, weights: weights, bias: bias, on: device), "\(test.testDescription) \(set)")
      }
      guard set != .portable else { continue }
      if let fused { expectSameBits(fused, one, "\(test.testDescription) \(set) and avx2") }
      fused = one
    }
  }

  @Test(arguments: cases.filter { $0.linear.convolution.form != .score }, [false, true])
  func gradientOfTheBias(_ test: Case, accumulate: Bool) {
    var data = TestData(seed: 3)
    let gradient = data.integers(test.batch * test.outputCount)
    let before = data.integers(test.outputCount)
    var expected = ReferenceLinear.backwardWeights(
      source: .init([test.batch, 1], [Float](repeating: 0, count: test.batch)),
      diffDestination: .init([test.batch, test.outputCount], gradient)
    ).diffBias
    if accumulate { expected = expected.combined(with: .init([test.outputCount], before), +) }
    for halo in [0, 1] {
      let layout = test.linear.makesPictures ? test.planes(halo: halo) : test.vectors
      let activations = GuardedActivations(layout, batch: test.batch, values: gradient)
      for device in devices(threads: 3) {
        let bias = Guarded(count: test.linear.biasCount)
        if accumulate { test.linear.setBias(bias.slice, from: before) }
        test.linear.backwardBias(
          batch: test.batch, gradient: activations.activations, diffBias: bias.slice, accumulate: accumulate,
          on: device)
        bias.expectUntouched(test.testDescription)
        expectEqual(test.linear.biasValues(bias.slice), expected, "\(test.testDescription) \(device.instructionSet)")
        // The optimizer runs over the unused lanes.
        #expect(
          bias.floats[(test.linear.makesPictures ? bias.slice.count : test.outputCount)...].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test(arguments: cases) func parametersComeBack(_ test: Case) {
    let weights = (0..<test.linear.weightShape.reduce(1, *)).map(Float.init)
    let bias = (0..<test.outputCount).map(Float.init)
    let (ourWeights, ourBias) = (
      Guarded(count: test.linear.convolution.weightsCount), Guarded(count: test.linear.biasCount)
    )
    test.linear.setWeights(ourWeights.slice, from: weights)
    test.linear.setBias(ourBias.slice, from: bias)
    #expect(test.linear.weightValues(ourWeights.slice) == weights)
    #expect(test.linear.biasValues(ourBias.slice) == bias)
  }
}
