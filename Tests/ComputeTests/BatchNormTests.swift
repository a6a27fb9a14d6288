import Compute
import ReferenceKernels
import Testing

/// A batch norm with the activation before or after it, on data of a given mean and deviation.
struct NormCase: Sendable, CustomTestStringConvertible, CustomStringConvertible {
  var batch: Int
  var channels: Int
  var size: Int
  var mean: Float = 0
  var deviation: Float = 1
  /// Of the activation whose output is normalised; nil: none.
  var slopeBefore: Float?
  /// Of the activation of the norm's output; nil: none.
  var slopeAfter: Float?

  var shape: [Int] { [batch, channels, size, size] }
  var norm: BatchNorm { BatchNorm(channels: channels, size: size) }
  var pixels: Int { size * size }
  var description: String {
    "mb\(batch)ic\(channels)ih\(size) mean \(mean) deviation \(deviation) slope before \(slopeBefore ?? 1) after "
      + "\(slopeAfter ?? 1)"
  }
  var testDescription: String { description }
}

/// What the engine makes of a case.
struct NormResult {
  var y: [Float]
  var runningMean: [Float]
  var runningVariance: [Float]
  var diffX: [Float]
  var diffGamma: [Float]
  var diffBeta: [Float]
  var evaluated: [Float]
}

/// A case's data: the source is what the activation before the norm made.
struct NormData {
  let x: [Float]
  let gamma: [Float]
  let beta: [Float]
  let runningMean: [Float]
  let runningVariance: [Float]
  let diffY: [Float]

  init(_ c: NormCase, seed: Int) {
    var data = TestData(seed: seed)
    let count = c.shape.reduce(1, *)
    let reach = c.deviation * Float(3).squareRoot()
    x = data.uniform(count, c.mean - reach, c.mean + reach).map { v in
      c.slopeBefore.map { v > 0 ? v : $0 * v } ?? v
    }
    gamma = data.uniform(c.channels, 0.5, 1.5)
    beta = data.uniform(c.channels, -0.5, 0.5)
    runningMean = data.uniform(c.channels)
    runningVariance = data.uniform(c.channels, 0.5, 2)
    diffY = data.uniform(count)
  }
}

extension NormCase {
  func run(_ data: NormData, accumulateOnto initial: Float? = nil, on device: Device) -> NormResult {
    let repro = "\(self) \(device.instructionSet) threads \(device.threads)"
    func perChannel(_ values: [Float]) -> Guarded {
      Guarded(values + Array(repeating: 0, count: norm.parameterCount - values.count))
    }
    func layout(halo: Int) -> ActivationLayout {
      ActivationLayout(.blocked, channels: channels, height: size, width: size, halo: halo)
    }
    let x = GuardedActivations(layout(halo: 0), batch: batch, values: data.x)
    let y = GuardedActivations(layout(halo: 1), batch: batch)
    let (gamma, beta) = (perChannel(data.gamma), perChannel(data.beta))
    let (runningMean, runningVariance) = (perChannel(data.runningMean), perChannel(data.runningVariance))
    let workspace = Guarded(count: norm.workspaceCount)
    let scratchpad = Guarded(count: norm.scratchpadCount(batch: batch))
    let parameters = BatchNorm.Parameters(gamma: gamma.slice, beta: beta.slice)

    let evaluated = GuardedActivations(layout(halo: 2), batch: batch)
    norm.forwardEvaluation(
      batch: batch, x: x.activations, y: evaluated.activations, parameters: parameters,
      runningMean: runningMean.slice, runningVariance: runningVariance.slice, scratchpad: scratchpad.slice,
      slope: slopeAfter ?? 1, on: device)
    evaluated.expectCleanFrame(repro + " evaluation")

    norm.forwardTraining(
      batch: batch, x: x.activations, y: y.activations, parameters: parameters, runningMean: runningMean.slice,
      runningVariance: runningVariance.slice, workspace: workspace.slice, scratchpad: scratchpad.slice,
      slope: slopeAfter ?? 1, on: device)
    y.expectCleanFrame(repro + " forward")

    let diffY = GuardedActivations(layout(halo: 0), batch: batch, values: data.diffY)
    let diffX = GuardedActivations(layout(halo: 1), batch: batch)
    let start = Array(repeating: initial ?? .nan, count: channels)
    let (diffGamma, diffBeta) = (perChannel(start), perChannel(start))
    norm.backward(
      batch: batch, diffY: diffY.activations, x: x.activations, y: slopeAfter == nil ? nil : y.activations,
      diffX: diffX.activations, parameters: parameters,
      diffParameters: .init(gamma: diffGamma.slice, beta: diffBeta.slice), accumulate: initial != nil,
      workspace: workspace.slice, scratchpad: scratchpad.slice, slope: slopeAfter ?? 1, inputSlope: slopeBefore ?? 1,
      on: device)
    diffX.expectCleanFrame(repro + " backward")

    for memory in [x.memory, gamma, beta, runningMean, runningVariance, workspace, scratchpad, diffGamma, diffBeta] {
      memory.expectUntouched(repro)
    }
    func used(_ memory: Guarded) -> [Float] {
      #expect(memory.floats[channels...].allSatisfy { $0 == 0 }, "\(repro): an unused lane isn't zero")
      return Array(memory.floats[..<channels])
    }
    return NormResult(
      y: y.values, runningMean: used(runningMean), runningVariance: used(runningVariance),
      diffX: diffX.values, diffGamma: used(diffGamma), diffBeta: used(diffBeta), evaluated: evaluated.values)
  }
}

/// Protects: batch norm's passes with their fused activations, above all where variances fall below epsilon, as a
/// clipped critic's do.
@Suite struct BatchNormTests {
  static let cases: [NormCase] = {
    var cases: [NormCase] = []
    for (batch, channels, size) in [(2, 16, 4), (3, 5, 8), (5, 33, 4), (1, 20, 12), (7, 48, 8)] {
      cases.append(NormCase(batch: batch, channels: channels, size: size))
      cases.append(NormCase(batch: batch, channels: channels, size: size, slopeBefore: 0.2))
      cases.append(NormCase(batch: batch, channels: channels, size: size, slopeAfter: 0))
    }
    // Variance 1e-4 and 1e-12 of epsilon; a mean 100 deviations away.
    cases.append(NormCase(batch: 3, channels: 17, size: 8, deviation: 3e-5, slopeBefore: 0.2))
    cases.append(NormCase(batch: 3, channels: 17, size: 8, deviation: 3e-9, slopeBefore: 0.2))
    cases.append(NormCase(batch: 3, channels: 17, size: 8, mean: 1, deviation: 1e-2, slopeAfter: 0.2))
    return cases
  }()

  @Test(arguments: cases) func withinTheBoundsOfRounding(_ c: NormCase) {
    let data = NormData(c, seed: c.batch)
    let reference = ReferenceBatchNorm()
    let x = ReferenceTensor(c.shape, data.x)
    let gamma = data.gamma.map(Double.init)
    let beta = data.beta.map(Double.init)
    let start = ReferenceBatchNorm.Running(
      mean: data.runningMean.map(Double.init), variance: data.runningVariance.map(Double.init))
    var running = start
    let after = c.slopeAfter.map { ReferenceActivation.leakyReLU(slope: Double($0)) }
    let normalised = reference.forwardTraining(source: x, gamma: gamma, beta: beta, running: &running)
    let y = after?.forward(normalised) ?? normalised
    let evaluation = reference.forwardEvaluation(source: x, gamma: gamma, beta: beta, running: start)
    let evaluated = after?.forward(evaluation) ?? evaluation

    let statistics = reference.statistics(x)
    let d = ReferenceTensor(c.shape, data.diffY)
    let gated = after?.backward(source: normalised, diffDestination: d) ?? d
    var (diffX, diffGamma, diffBeta) = reference.backward(source: x, diffDestination: gated, gamma: gamma)
    if let slope = c.slopeBefore {
      // x is an activation's output: it has its input's sign.
      diffX = ReferenceActivation.leakyReLU(slope: Double(slope)).backward(source: x, diffDestination: diffX)
    }

    // A plane's sums are taken one value after another: relative error of a sum of P values below (P + 1) u of the sum
    // of their magnitudes. `ex`: how far x̂ is off; D and DX: means of |d| and |d x̂|.
    let u = unitRoundoff
    let sums = Double(c.pixels + 12) * u
    let m = Double(c.batch * c.pixels)
    func channel(_ i: Int) -> Int { i / c.pixels % c.channels }
    let reciprocal = statistics.variance.map { 1 / ($0 + 1e-5).squareRoot() }
    func xhat(_ i: Int) -> Double { (x.values[i] - statistics.mean[channel(i)]) * reciprocal[channel(i)] }
    var largest = [Double](repeating: 0, count: c.channels)
    var meanD = largest
    var meanDX = largest
    var largestXhat = largest
    for i in x.values.indices {
      largest[channel(i)] = max(largest[channel(i)], abs(x.values[i]))
      largestXhat[channel(i)] = max(largestXhat[channel(i)], abs(xhat(i)))
      meanD[channel(i)] += abs(gated.values[i]) / m
      meanDX[channel(i)] += abs(gated.values[i] * xhat(i)) / m
    }
    let ex = (0..<c.channels).map { reciprocal[$0] * sums * largest[$0] + sums * largestXhat[$0] }
    func forwardBound(_ i: Int) -> Double {
      gamma[channel(i)] * ex[channel(i)] + 2 * u * abs(beta[channel(i)])
    }
    func backwardBound(_ i: Int) -> Double {
      let k = channel(i)
      let terms = abs(gated.values[i]) + meanD[k] + abs(xhat(i)) * meanDX[k]
      return gamma[k] * reciprocal[k]
        * (sums * terms + abs(xhat(i)) * meanD[k] * ex[k] + meanDX[k] * ex[k] + meanD[k] * ex[k] * ex[k])
    }
    // An activation after the norm has a corner at 0: where rounding may carry a value over it, nothing can be said.
    let isNearCorner = normalised.values.indices.map {
      c.slopeAfter != nil && abs(normalised.values[$0]) <= forwardBound($0)
    }
    #expect(!isNearCorner.contains(true), "choose another seed: a value of \(c) lies in a corner")

    for device in devices(threads: 2) {
      let result = c.run(data, on: device)
      let repro = "\(c) \(device.instructionSet)"
      expectEqual(result.y, y, bound: forwardBound, repro + " y")
      expectEqual(
        result.evaluated, evaluated,
        bound: { i in
          let k = channel(i)
          return 8 * u * (gamma[k] * (abs(x.values[i]) + abs(start.mean[k])) / start.variance[k].squareRoot() + 1)
        }, repro + " evaluation")
      let (mean, variance) = (running.mean, running.variance)
      expectEqual(
        result.runningMean, ReferenceTensor(shape: [c.channels], values: mean),
        bound: { 4 * u * abs(mean[$0]) + 0.1 * sums * largest[$0] + 4 * u * abs(start.mean[$0]) },
        repro + " running mean")
      expectEqual(
        result.runningVariance, ReferenceTensor(shape: [c.channels], values: variance),
        bound: {
          4 * u * variance[$0] + 0.1 * 2 * sums * statistics.variance[$0] + sums * sums * largest[$0] * largest[$0]
        },
        repro + " running variance")
      expectEqual(result.diffX, diffX, bound: backwardBound, repro + " diffX")
      expectEqual(
        result.diffGamma, ReferenceTensor(shape: [c.channels], values: diffGamma),
        bound: { m * (sums * meanDX[$0] + meanD[$0] * ex[$0]) }, repro + " diffGamma")
      expectEqual(
        result.diffBeta, ReferenceTensor(shape: [c.channels], values: diffBeta), bound: { m * sums * meanD[$0] },
        repro + " diffBeta")
    }
  }

  /// Batch norm uses no FMA: the same bits on every set, for every number of threads.
  @Test(arguments: cases) func sameBits(_ c: NormCase) {
    let data = NormData(c, seed: 77)
    func bits(_ r: NormResult) -> [Float] {
      r.y + r.runningMean + r.runningVariance + r.diffX + r.diffGamma + r.diffBeta + r.evaluated
    }
    let expected = bits(c.run(data, on: Device(instructionSet: .portable, threads: 1)))
    for threads in 1...3 {
      for device in devices(threads: threads) {
        expectSameBits(
          expected, bits(c.run(data, on: device)), "\(c) \(device.instructionSet) threads \(threads)")
      }
    }
  }

  /// The gradients of real and fake pictures add up in one slab.
  @Test func gradientsAccumulate() {
    let c = Self.cases[1]
    let data = NormData(c, seed: 78)
    for device in devices(threads: 1) {
      let alone = c.run(data, on: device)
      let onto = c.run(data, accumulateOnto: 3, on: device)
      #expect(onto.diffGamma == alone.diffGamma.map { $0 + 3 } && onto.diffBeta == alone.diffBeta.map { $0 + 3 })
    }
  }
}
