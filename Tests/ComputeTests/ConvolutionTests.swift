import Compute
import ReferenceKernels
import Testing

/// Protects: the convolution drivers and micro-kernels. Every form and pass, on every instruction set of this machine,
/// against the definitions in ReferenceKernels.
@Suite struct ConvolutionTests {
  /// The layers of critic and generator, 64 features at 64x64 and 32 and 16 at smaller ones, with few pictures.
  static let netShapes: [ConvolutionCase] = [
    // Critic and (exchanged) generator at 64x64, from the picture to the score.
    .init(.picture, mb: 2, ic: 3, ih: 64, oc: 64),
    .init(mb: 1, ic: 64, ih: 32, oc: 128),
    .init(mb: 1, ic: 128, ih: 16, oc: 256),
    .init(mb: 1, ic: 256, ih: 8, oc: 512),
    .init(.score, mb: 5, ic: 512, ih: 4, oc: 1, kh: 4, sh: 1, ph: 0),
    // The generator's first layer: 100 numbers to 512 channels of 4x4.
    .init(mb: 5, ic: 512, ih: 4, oc: 100, kh: 4, sh: 1, ph: 0),
    // The extra layer.
    .init(mb: 1, ic: 64, ih: 32, oc: 64, kh: 3, sh: 1, ph: 1),
    // Smaller nets, one channel.
    .init(.picture, mb: 3, ic: 1, ih: 32, oc: 32),
    .init(.picture, mb: 3, ic: 3, ih: 16, oc: 16),
    .init(mb: 3, ic: 32, ih: 16, oc: 64),
    .init(mb: 7, ic: 16, ih: 8, oc: 32),
    .init(.score, mb: 3, ic: 32, ih: 4, oc: 1, kh: 4, sh: 1, ph: 0),
    .init(mb: 4, ic: 32, ih: 4, oc: 100, kh: 4, sh: 1, ph: 0),
    .init(mb: 2, ic: 32, ih: 8, oc: 32, kh: 3, sh: 1, ph: 1),
    // Larger pictures.
    .init(.picture, mb: 1, ic: 3, ih: 256, oc: 8),
    .init(mb: 1, ic: 8, ih: 128, oc: 16),
    // Linear layers: between vectors, between vectors and pictures, to a score.
    .init(mb: 5, ic: 100, ih: 1, oc: 64, kh: 1, sh: 1, ph: 0),
    .init(.picture, mb: 3, ic: 3, ih: 64, oc: 48, kh: 64, sh: 1, ph: 0),
    .init(.picture, mb: 13, ic: 1, ih: 16, oc: 64, kh: 16, sh: 1, ph: 0),
    .init(.score, mb: 5, ic: 512, ih: 1, oc: 1, kh: 1, sh: 1, ph: 0),
  ]

  /// Channels that don't fill their blocks, odd batches, planes that aren't powers of two. Seeded.
  static let oddShapes: [ConvolutionCase] = {
    var data = TestData(seed: 2026)
    let channels = [1, 5, 16, 17, 20, 33, 40, 49]
    func pick(_ values: [Int]) -> Int { values[data.below(values.count)] }
    var cases: [ConvolutionCase] = []
    for _ in 0..<6 {
      cases.append(.init(mb: pick([1, 2, 3, 5, 9]), ic: pick(channels), ih: pick([8, 16, 24]), oc: pick(channels)))
      cases.append(
        .init(
          mb: pick([1, 2, 3, 5]), ic: pick(channels), ih: pick([4, 8, 12]), oc: pick(channels), kh: 3, sh: 1, ph: 1))
      cases.append(
        .init(mb: pick([1, 3, 6, 7, 9, 13]), ic: pick(channels), ih: 4, oc: pick(channels), kh: 4, sh: 1, ph: 0))
      cases.append(
        .init(.picture, mb: pick([1, 3, 5]), ic: pick([1, 2, 3, 4]), ih: pick([16, 32, 48]), oc: pick(channels)))
      cases.append(
        .init(.score, mb: pick([1, 2, 3, 7]), ic: pick(channels), ih: 4, oc: 1, kh: 4, sh: 1, ph: 0))
    }
    for _ in 0..<4 {
      let batch = pick([1, 3, 6, 7, 9, 13])
      cases.append(.init(mb: batch, ic: pick(channels), ih: 1, oc: pick(channels), kh: 1, sh: 1, ph: 0))
      let size = pick([16, 32])
      cases.append(
        .init(.picture, mb: batch, ic: pick([1, 2, 3, 4]), ih: size, oc: pick(channels), kh: size, sh: 1, ph: 0))
      cases.append(.init(.score, mb: batch, ic: pick(channels), ih: 1, oc: 1, kh: 1, sh: 1, ph: 0))
    }
    return cases
  }()

  /// The fast method's own corners: transformed weights that aren't kept, with more tiles than a chunk takes; more
  /// pictures than transformed operands are kept of at a time; a plane with three tiles in each direction; a batch that
  /// backwardWeights sums by blocks, where the planned one would be summed by positions.
  static let fastShapes: [ConvolutionCase] =
    (netShapes + oddShapes + [
      .init(mb: 130, ic: 200, ih: 4, oc: 300, kh: 3, sh: 1, ph: 1),
      .init(mb: 41, ic: 1, ih: 64, oc: 64),
      .init(mb: 9, ic: 20, ih: 24, oc: 33),
      .init(mb: 11, ic: 16, ih: 16, oc: 16),
    ]).compactMap(\.fast)

  /// Products of bf16: small integers are exact in it, too.
  static let pairShapes: [ConvolutionCase] =
    (netShapes + oddShapes + [.init(mb: 3, ic: 200, ih: 24, oc: 33)]).compactMap(\.bfloat16)

  /// The fast method of bf16: what its transforms make of small integers, bf16 holds.
  static let fastPairShapes: [ConvolutionCase] =
    fastShapes.filter { $0.convolution.stride == 2 }.compactMap(\.bfloat16)

  /// Small integers: every sum is exact in Float, so one wrong term among thousands shows.
  @Test(arguments: netShapes + oddShapes + fastShapes + pairShapes + fastPairShapes, Pass.allCases)
  func exactOnIntegers(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.integers(shapeA.reduce(1, *))
    let b = data.integers(shapeB.reduce(1, *))
    let expected = shape.reference(pass, .init(shapeA, a), .init(shapeB, b))
    for device in devices(threads: 1 + data.below(3)) {
      expectEqual(
        shape.run(pass, a, b, on: device), expected, bound: { _ in shape.allowed }, shape.repro(pass, device))
    }
  }

  /// Random data within the bound of recursive summation: |error| <= (K + 3) u Σ|a||b| for K products, u = 2^-24
  /// (Higham, "Accuracy and Stability of Numerical Algorithms", section 3.1), in whatever order they're added.
  @Test(arguments: oddShapes, Pass.allCases) func boundedOnRandomData(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 1000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    let (referenceA, referenceB) = (ReferenceTensor(shapeA, a), ReferenceTensor(shapeB, b))
    let expected = shape.reference(pass, referenceA, referenceB)
    let magnitudes = shape.reference(pass, referenceA.magnitudes, referenceB.magnitudes)
    let factor = Double(shape.depth(pass) + 3) * unitRoundoff
    for device in devices(threads: 2) {
      expectEqual(
        shape.run(pass, a, b, on: device), expected, bound: { factor * magnitudes.values[$0] },
        shape.repro(pass, device))
    }
  }

  /// Protects repeatability: neither the number of threads nor the vector's width may show in a result.
  @Test(arguments: netShapes + oddShapes + fastShapes + pairShapes + fastPairShapes, Pass.allCases)
  func sameBitsForThreadsAndVectors(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 2000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    var fused: [Float]?
    for one in devices(threads: 1) {
      let expected = shape.run(pass, a, b, on: one)
      for threads in [2, 3, 16] {
        let device = Device(instructionSet: one.instructionSet, threads: threads)
        expectSameBits(expected, shape.run(pass, a, b, on: device), shape.repro(pass, device) + " and 1")
      }
      guard one.instructionSet != .portable, shape.precision == .float32 else { continue }
      if let fused { expectSameBits(fused, expected, shape.repro(pass, one) + " and avx2") }
      fused = expected
    }
  }

  /// The cache decides in how many pieces a sum is made, and must not show in it: runs go on from one machine to
  /// another, and this machine's cache leaves most layers in one piece. Of the fast method it also decides whether
  /// transformed weights are kept, and how much of the transformed gradient is.
  @Test(arguments: netShapes + oddShapes + fastShapes + pairShapes + fastPairShapes, Pass.allCases)
  func sameBitsWhateverTheCache(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 7000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    for set in Device.supported {
      let large = Device(instructionSet: set, threads: 1, firstCacheBytes: 1 << 30, cacheBytes: 1 << 30)
      let expected = shape.run(pass, a, b, on: large)
      for cacheBytes in [1, 10_000, 100_000] {
        let device = Device(
          instructionSet: set, threads: 2, firstCacheBytes: cacheBytes / 10, cacheBytes: cacheBytes)
        expectSameBits(
          expected, shape.run(pass, a, b, on: device), shape.repro(pass, device) + " cache \(cacheBytes)")
      }
    }
  }

  /// Pieces of a sum with everything an epilogue does: it must be done once, at the last piece.
  @Test(
    arguments: oddShapes.filter { $0.convolution.form == .blocked } + pairShapes + fastPairShapes,
    [Pass.forward, .backwardData])
  func epiloguesComeOnceWhateverTheCache(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 8000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    let resultShape = pass == .forward ? shape.destinationShape : shape.sourceShape
    let epilogue = Epilogue(slope: 0.2, gate: data.integers(resultShape.reduce(1, *), reach: 1), gateSlope: 0.1)
    for set in Device.supported {
      let whole = Device(instructionSet: set, threads: 2, firstCacheBytes: 1 << 30, cacheBytes: 1 << 30)
      let pieces = Device(instructionSet: set, threads: 2, firstCacheBytes: 1, cacheBytes: 1)
      expectSameBits(
        shape.run(pass, a, b, epilogue: epilogue, on: whole), shape.run(pass, a, b, epilogue: epilogue, on: pieces),
        shape.repro(pass, pieces, epilogue) + " cache 1")
    }
  }

  /// Buffers are shared between layers with other halos: a wider one must not change a result, and must be left zero.
  @Test(arguments: oddShapes + oddShapes.compactMap(\.fast) + pairShapes + fastPairShapes, Pass.allCases)
  func widerHalosChangeNothing(_ shape: ConvolutionCase, pass: Pass) {
    if shape.convolution.form == .score && pass != .backwardData { return }  // These read and write no halo.
    var data = TestData(seed: 3000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    for device in devices(threads: 2) {
      let tight = shape.run(pass, a, b, on: device)
      for extra in [1, 2] {
        expectSameBits(
          tight, shape.run(pass, a, b, extraHalo: extra, on: device), shape.repro(pass, device, extraHalo: extra))
      }
    }
  }

  /// Slopes are powers of two, so that the results stay exact. A gate's zero counts as not positive.
  @Test(arguments: oddShapes + oddShapes.compactMap(\.fast) + pairShapes + fastPairShapes, Pass.allCases)
  func epiloguesAreExact(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 4000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.integers(shapeA.reduce(1, *))
    let b = data.integers(shapeB.reduce(1, *))
    let plain = shape.reference(pass, .init(shapeA, a), .init(shapeB, b))
    let gate = data.integers(plain.count, reach: 1)
    let initial = data.integers(plain.count)

    var epilogues: [Epilogue] = []
    switch (pass, shape.convolution.form) {
    case (.backwardWeights, _): epilogues = [Epilogue(initial: initial)]
    case (.backwardData, .picture): return  // tanh alone: see below.
    case (.forward, .score): return
    case (.backwardData, .score):
      epilogues = [Epilogue(gate: gate, gateSlope: 0.5), Epilogue(gate: gate, gateSlope: 0)]
    default:
      epilogues = [
        Epilogue(slope: 0), Epilogue(slope: 0.25), Epilogue(gate: gate, gateSlope: 0.5),
        Epilogue(slope: 0.25, gate: gate, gateSlope: 0),
      ]
    }
    for epilogue in epilogues {
      var expected = plain
      for i in plain.values.indices {
        var value = plain.values[i]
        value = value > 0 ? value : Double(epilogue.slope) * value
        if let gate = epilogue.gate { value = gate[i] > 0 ? value : Double(epilogue.gateSlope) * value }
        if let initial = epilogue.initial { value += Double(initial[i]) }
        expected.values[i] = value
      }
      for device in devices(threads: 2) {
        expectEqual(
          shape.run(pass, a, b, epilogue: epilogue, extraHalo: 1, on: device), expected,
          bound: { _ in shape.allowed }, shape.repro(pass, device, epilogue, extraHalo: 1))
      }
    }
  }

  /// A run that diverges must show it: no activation turns a NaN into a number.
  @Test(arguments: [Float(0), 0.2, 1]) func notANumberIsNotSwallowed(slope: Float) {
    let shape = ConvolutionCase(mb: 1, ic: 16, ih: 8, oc: 16)
    var data = TestData(seed: 9000)
    var source = data.integers(shape.sourceShape.reduce(1, *))
    source[0] = .nan
    let weights = data.integers(shape.weightsShape.reduce(1, *))
    for device in devices(threads: 1) {
      let result = shape.run(.forward, source, weights, epilogue: Epilogue(slope: slope), on: device)
      // Pixel (0, 0) of the source is seen by output (0, 0) alone.
      for (i, value) in result.enumerated() {
        #expect(value.isNaN == (i % 16 == 0), "\(shape.repro(.forward, device)): [\(i)] is \(value)")
      }
    }
  }

  /// The generator's last layer: a transposed convolution to a picture, then tanh.
  @Test(arguments: (netShapes + oddShapes).filter { $0.convolution.form == .picture && $0.convolution.stride == 2 })
  func tanhOfAPicture(_ shape: ConvolutionCase) {
    var data = TestData(seed: 5000 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(.backwardData)
    let a = data.integers(shapeA.reduce(1, *))
    // Sums of whole sixteenths: exact, and small enough for tanh to say something.
    let b = data.integers(shapeB.reduce(1, *)).map { $0 / 16 }
    let plain = shape.reference(.backwardData, .init(shapeA, a), .init(shapeB, b))
    let expected = ReferenceActivation.tanh.forward(plain)
    for device in devices(threads: 2) {
      expectEqual(
        shape.run(.backwardData, a, b, epilogue: Epilogue(tanh: true), on: device), expected,
        bound: { 12 * unitRoundoff * abs(expected.values[$0]) },
        shape.repro(.backwardData, device, Epilogue(tanh: true)))
    }
  }

  /// <forward(x, w), y> = <x, backwardData(y, w)> = <w, backwardWeights(x, y)>, exact on integers, for the nets' whole
  /// layers: larger than what the reference can do in a test.
  @Test(arguments: netShapes) func passesAreAdjoint(_ shape: ConvolutionCase) {
    let large = ConvolutionCase(
      shape.convolution.form, mb: 9, ic: shape.convolution.inputChannels, ih: shape.convolution.inputSize,
      oc: shape.convolution.outputChannels, kh: shape.convolution.kernel, sh: shape.convolution.stride,
      ph: shape.convolution.padding)
    var data = TestData(seed: 6000)
    let x = data.integers(large.sourceShape.reduce(1, *))
    let w = data.integers(large.weightsShape.reduce(1, *))
    let y = data.integers(large.destinationShape.reduce(1, *))
    func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
    for device in devices(threads: 2) {
      let forward = dot(large.run(.forward, x, w, on: device), y)
      let backwardData = dot(x, large.run(.backwardData, y, w, on: device))
      let backwardWeights = dot(w, large.run(.backwardWeights, x, y, on: device))
      #expect(forward == backwardData, "\(large) \(device.instructionSet): forward and backwardData")
      #expect(forward == backwardWeights, "\(large) \(device.instructionSet): forward and backwardWeights")
    }
  }
}
