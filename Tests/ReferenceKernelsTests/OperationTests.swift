import ReferenceKernels
import Testing

/// Protects: the definitions. Everything else is compared with them, so they are compared with what needs no
/// definition: finite differences, adjointness, hand-made examples.
@Suite struct OperationTests {
  /// Kernel, stride, padding, height, width: the nets' three kinds, then odd ones with unequal sides and dropped rows.
  static let geometries = [
    [4, 2, 1, 8, 8], [4, 1, 0, 4, 4], [3, 1, 1, 5, 5], [4, 2, 1, 7, 6], [3, 2, 0, 6, 8], [5, 3, 2, 7, 9],
    [1, 1, 0, 3, 2],
    [2, 3, 1, 6, 5],
  ]

  @Test func convolutionByHand() {
    // 1 2 3
    // 4 5 6  *  1 0  =  1 + 2 * 5, 2 + 2 * 6, ...
    // 7 8 9     0 2
    let source = ReferenceTensor(shape: [1, 1, 3, 3], values: [1, 2, 3, 4, 5, 6, 7, 8, 9])
    let weights = ReferenceTensor(shape: [1, 1, 2, 2], values: [1, 0, 0, 2])
    let plain = ReferenceConvolution(kernel: 2, stride: 1, padding: 0).forward(source: source, weights: weights)
    #expect(plain.values == [11, 14, 20, 23])
    let padded = ReferenceConvolution(kernel: 2, stride: 2, padding: 1).forward(source: source, weights: weights)
    #expect(padded.values == [2, 6, 14, 23])
  }

  @Test func transposedConvolutionByHand() {
    // Each pixel stamps  1  2  times itself.
    //                   10 20
    let source = ReferenceTensor(shape: [1, 1, 2, 2], values: [1, 2, 3, 4])
    let weights = ReferenceTensor(shape: [1, 1, 2, 2], values: [1, 2, 10, 20])
    let apart = ReferenceTransposedConvolution(kernel: 2, stride: 2, padding: 0).forward(
      source: source, weights: weights)
    #expect(apart.values == [1, 2, 2, 4, 10, 20, 20, 40, 3, 6, 4, 8, 30, 60, 40, 80])
    let overlapped = ReferenceTransposedConvolution(kernel: 2, stride: 1, padding: 0)
      .forward(source: source, weights: weights)
    #expect(overlapped.values == [1, 4, 4, 13, 50, 48, 30, 100, 80])
  }

  @Test func linearByHand() {
    let source = ReferenceTensor(shape: [2, 3, 1, 1], values: [1, 2, 3, 0, 1, 0])
    let weights = ReferenceTensor(shape: [2, 3], values: [1, 10, 100, 2, 0, 0])
    let bias = ReferenceTensor(shape: [2], values: [1000, -1])
    #expect(
      ReferenceLinear.forward(source: source, weights: weights, bias: bias)
        == ReferenceTensor(shape: [2, 2, 1, 1], values: [1321, 1, 1010, -1]))
  }

  @Test(arguments: geometries) func convolutionGradients(_ g: [Int]) {
    let convolution = ReferenceConvolution(kernel: g[0], stride: g[1], padding: g[2])
    var random = RandomTensors(seed: 1)
    let source = random.uniform([2, 3, g[3], g[4]])
    let weights = random.uniform([2, 3, g[0], g[0]])
    let direction = random.uniform(convolution.forward(source: source, weights: weights).shape)
    func loss(_ source: ReferenceTensor, _ weights: ReferenceTensor) -> Double {
      ReferenceTensor.dot(convolution.forward(source: source, weights: weights), direction)
    }
    let diffSource = convolution.backwardData(
      diffDestination: direction, weights: weights, sourceSize: (height: g[3], width: g[4]))
    let diffWeights = convolution.backwardWeights(source: source, diffDestination: direction)
    #expect(distance(diffSource, ReferenceFiniteDifference.gradient({ loss($0, weights) }, at: source)) < 1e-8)
    #expect(distance(diffWeights, ReferenceFiniteDifference.gradient({ loss(source, $0) }, at: weights)) < 1e-8)
  }

  @Test(arguments: geometries) func transposedConvolutionGradients(_ g: [Int]) {
    let convolution = ReferenceTransposedConvolution(kernel: g[0], stride: g[1], padding: g[2])
    var random = RandomTensors(seed: 2)
    let source = random.uniform([2, 2, g[3] / 2, g[4] / 2])
    let weights = random.uniform([2, 3, g[0], g[0]])
    guard g[1] * (g[4] / 2 - 1) + g[0] > 2 * g[2] else { return }
    let direction = random.uniform(convolution.forward(source: source, weights: weights).shape)
    func loss(_ source: ReferenceTensor, _ weights: ReferenceTensor) -> Double {
      ReferenceTensor.dot(convolution.forward(source: source, weights: weights), direction)
    }
    let diffSource = convolution.backwardData(diffDestination: direction, weights: weights)
    let diffWeights = convolution.backwardWeights(source: source, diffDestination: direction)
    #expect(distance(diffSource, ReferenceFiniteDifference.gradient({ loss($0, weights) }, at: source)) < 1e-8)
    #expect(distance(diffWeights, ReferenceFiniteDifference.gradient({ loss(source, $0) }, at: weights)) < 1e-8)
  }

  /// <conv(a), b> = <a, transposed conv(b)>: the two are written apart from each other.
  @Test(arguments: geometries) func transposedConvolutionIsTheAdjoint(_ g: [Int]) {
    let convolution = ReferenceConvolution(kernel: g[0], stride: g[1], padding: g[2])
    let transposed = ReferenceTransposedConvolution(kernel: g[0], stride: g[1], padding: g[2])
    var random = RandomTensors(seed: 3)
    let b = random.uniform([2, 5, 3, 4])
    let weights = random.uniform([5, 3, g[0], g[0]])
    let spread = transposed.forward(source: b, weights: weights)
    let a = random.uniform(spread.shape)
    let gathered = convolution.forward(source: a, weights: weights)
    #expect(gathered.shape == b.shape)
    #expect(abs(ReferenceTensor.dot(gathered, b) - ReferenceTensor.dot(a, spread)) < 1e-11)
    // Its passes are convolution's, with source and destination changed over.
    let size = (height: a.shape[2], width: a.shape[3])
    #expect(distance(spread, convolution.backwardData(diffDestination: b, weights: weights, sourceSize: size)) < 1e-12)
    #expect(distance(transposed.backwardData(diffDestination: a, weights: weights), gathered) < 1e-12)
    #expect(
      distance(
        transposed.backwardWeights(source: b, diffDestination: a),
        convolution.backwardWeights(source: a, diffDestination: b)) < 1e-12)
  }

  @Test(arguments: [ReferenceActivation.leakyReLU(slope: 0.2), .relu, .tanh])
  func activationGradients(_ activation: ReferenceActivation) {
    var random = RandomTensors(seed: 4)
    let source = random.uniform([101], -3, 3)
    let direction = random.uniform([101])
    let gradient = ReferenceFiniteDifference.gradient(
      { ReferenceTensor.dot(activation.forward($0), direction) }, at: source)
    #expect(distance(activation.backward(source: source, diffDestination: direction), gradient) < 1e-8)
  }

  @Test func activationsAtZeroAreAsInPyTorch() {
    let zero = ReferenceTensor(shape: [1], values: [0])
    let one = ReferenceTensor(shape: [1], values: [1])
    #expect(ReferenceActivation.leakyReLU(slope: 0.2).backward(source: zero, diffDestination: one).values == [0.2])
    #expect(ReferenceActivation.relu.backward(source: zero, diffDestination: one).values == [0])
  }

  /// With variances from 1 down to far below epsilon, where clipped critics live.
  @Test(arguments: [1, 1e-2, 1e-4]) func batchNormGradients(_ scale: Double) {
    let norm = ReferenceBatchNorm()
    var random = RandomTensors(seed: 5)
    let source = random.uniform([3, 2, 2, 3], -scale, scale)
    let direction = random.uniform(source.shape)
    let gamma = random.uniform([2], 0.5, 1.5)
    let beta = random.uniform([2])
    func loss(_ source: ReferenceTensor, _ gamma: ReferenceTensor, _ beta: ReferenceTensor) -> Double {
      var running = ReferenceBatchNorm.Running(channels: 2)
      return ReferenceTensor.dot(
        norm.forwardTraining(source: source, gamma: gamma.values, beta: beta.values, running: &running), direction)
    }
    let (diffSource, diffGamma, diffBeta) = norm.backward(
      source: source, diffDestination: direction, gamma: gamma.values)
    let bySource = ReferenceFiniteDifference.gradient({ loss($0, gamma, beta) }, at: source, step: 1e-4 * scale)
    #expect(distance(diffSource, bySource) < 1e-6 * max(1, diffSource.values.map(abs).max()!))
    let byGamma = ReferenceFiniteDifference.gradient({ loss(source, $0, beta) }, at: gamma)
    #expect(distance(ReferenceTensor(shape: [2], values: diffGamma), byGamma) < 1e-8)
    let byBeta = ReferenceFiniteDifference.gradient({ loss(source, gamma, $0) }, at: beta)
    #expect(distance(ReferenceTensor(shape: [2], values: diffBeta), byBeta) < 1e-8)
  }

  @Test func batchNormByHand() {
    // One channel of 1, 2, 3, 6: mean 3, biased variance 14/4, unbiased 14/3.
    let norm = ReferenceBatchNorm()
    let source = ReferenceTensor(shape: [2, 1, 1, 2], values: [1, 2, 3, 6])
    var running = ReferenceBatchNorm.Running(channels: 1)
    let result = norm.forwardTraining(source: source, gamma: [2], beta: [10], running: &running)
    let deviation = (3.5 + 1e-5).squareRoot()
    let expected = [-2.0, -1, 0, 3].map { 2 * $0 / deviation + 10 }
    #expect(distance(result, ReferenceTensor(shape: source.shape, values: expected)) < 1e-12)
    #expect(abs(running.mean[0] - 0.3) < 1e-12)
    #expect(abs(running.variance[0] - (0.9 + 0.1 * 14 / 3)) < 1e-12)
    let evaluated = norm.forwardEvaluation(
      source: source, gamma: [2], beta: [10], running: .init(mean: [1], variance: [4 - 1e-5]))
    #expect(distance(evaluated, ReferenceTensor(shape: source.shape, values: [10, 11, 12, 15])) < 1e-12)
  }

  /// PyTorch 2's results for the same two steps, worked out by its documented formulas.
  @Test func optimizersByHand() {
    var parameters = [1.0, -1]
    var squares = [0.0, 0]
    let rmsprop = ReferenceRMSprop(learningRate: 0.1)
    rmsprop.update(parameters: &parameters, gradients: [0.5, 0], squares: &squares)
    // square = .01 * .25 = .0025, root .05: the step is .1 * .5 / (.05 + 1e-8)
    #expect(abs(parameters[0] - (1 - 0.05 / (0.05 + 1e-8))) < 1e-15 && parameters[1] == -1)
    var adamParameters = [1.0]
    var (first, second) = ([0.0], [0.0])
    let adam = ReferenceAdam(learningRate: 0.1)
    // The first step is learningRate * sign(gradient), but for epsilon.
    adam.update(parameters: &adamParameters, gradients: [-3], firstMoments: &first, secondMoments: &second, step: 1)
    #expect(abs(adamParameters[0] - (1 + 0.1 * 3 / (3 + 1e-8))) < 1e-14)
    // Equal gradients: corrected moments stay the gradient and its square.
    adam.update(parameters: &adamParameters, gradients: [-3], firstMoments: &first, secondMoments: &second, step: 2)
    #expect(abs(adamParameters[0] - (1 + 0.2 * 3 / (3 + 1e-8))) < 1e-12)
    var clamped = [-1, -0.01, 0, 0.005, 0.02]
    referenceClamp(&clamped, to: 0.01)
    #expect(clamped == [-0.01, -0.01, 0, 0.005, 0.01])
  }

  @Test func pixels() {
    #expect(ReferencePixels.normalised(0) == -1 && ReferencePixels.normalised(255) == 1)
    for byte in UInt8.min...UInt8.max { #expect(ReferencePixels.byte(ReferencePixels.normalised(byte)) == byte) }
    #expect(ReferencePixels.byte(-1.5) == 0 && ReferencePixels.byte(1.5) == 255)
    // A picture of 1 x 2 pixels, 3 channels.
    let tensor = ReferencePixels.tensor(bytes: [0, 51, 102, 153, 204, 255], count: 1, height: 1, width: 2, channels: 3)
    let expected = ReferenceTensor(shape: [1, 3, 1, 2], values: [-1, 0.2, -0.6, 0.6, -0.2, 1])
    #expect(distance(tensor, expected) < 1e-15)
  }
}
