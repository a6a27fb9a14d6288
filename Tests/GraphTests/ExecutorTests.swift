import Compute
import Graph
import Randomness
import ReferenceKernels
import Testing

/// Protects: whole nets, forward and backward, through fusion, memory plan and drivers, against the same nets in
/// Double.
///
/// Nets this deep have no useful a-priori bound. The tolerances are some ten times what float32 loses here (measured:
/// 8e-7 forward, 4e-6 backward), and a thousandth of what a wrong term would cost.
@Suite struct ExecutorTests {
  static let nets: [ReferenceNets] = {
    let convolutions = [
      ReferenceDCGAN(size: 16, channels: 3, features: 5, latent: 7),
      ReferenceDCGAN(size: 16, channels: 1, features: 17, latent: 20, extraLayers: 1),
      ReferenceDCGAN(size: 32, channels: 3, features: 8, latent: 10, extraLayers: 2),
      ReferenceDCGAN(size: 32, channels: 3, features: 6, latent: 33, extraLayers: 1, order: .normActivation),
      ReferenceDCGAN(size: 64, channels: 1, features: 4, latent: 5, order: .normActivation),
      ReferenceDCGAN(size: 16, channels: 3, features: 9, latent: 1, extraLayers: 1, norms: false),
      ReferenceDCGAN(
        size: 32, channels: 1, features: 8, latent: 17, extraLayers: 2, norms: false, convolvesExtra: true),
      ReferenceDCGAN(size: 16, channels: 3, features: 6, latent: 7, extraLayers: 1, convolvesExtra: true),
    ].map { ReferenceNets($0) }
    let linear = [
      ReferenceMLP(size: 16, channels: 3, features: 24, latent: 7),
      ReferenceMLP(size: 32, channels: 1, features: 17, latent: 100),
    ].map { ReferenceNets($0) }
    return convolutions + linear + [
      ReferenceNets(critic: linear[0], generator: convolutions[0]),
      ReferenceNets(critic: convolutions[5], generator: linear[0]),
    ]
  }()
  static let forwardTolerance = 1e-5
  static let backwardTolerance = 4e-5

  static func devices() -> [Device] { Device.supported.map { Device(instructionSet: $0, threads: 2) } }
  static func methods() -> [(Device, AlgorithmChoice)] {
    devices().flatMap { device in [AlgorithmChoice.direct, .winograd].map { (device, $0) } }
  }

  @Test(arguments: nets) func criticMatchesTheReference(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 1, purpose: .test)
    var reference = nets.critic.randomised { stream.uniformDouble() }
    let picture = [nets.channels, nets.size, nets.size]
    let real = uniform([5] + picture, &stream)
    let fake = uniform([3] + picture, &stream)
    let start = reference
    let (realScore, realTape) = reference.forwardTraining(real)
    let (fakeScore, fakeTape) = reference.forwardTraining(fake)
    let realGradients = reference.backward(tape: realTape, diffDestination: .scalar(1))
    let fakeGradients = reference.backward(tape: fakeTape, diffDestination: .scalar(-1))
    let evaluated = start.forwardEvaluation(real)

    for (device, algorithm) in Self.methods() {
      let what = "critic \(nets.testDescription) \(device.instructionSet) \(algorithm)"
      let pair = try Pair(start, nets.criticNetwork(), batch: 5, algorithm: algorithm, on: device)
      let executor = pair.executor
      let (realInput, fakeInput) = (pair.input(real), pair.input(fake))

      // Scores cancel in their mean: they are measured against 1, the size of a layer's values.
      executor.forward(batch: 5, input: realInput, statistics: .running)
      #expect(abs(Double(executor.scores(batch: 5).mean) - evaluated.values[0]) < 1e-5, "\(what) evaluation")

      // Real pictures, then a smaller batch of fake ones, into one gradient: mean D(real) - mean D(fake).
      executor.gradients.fill(.nan)
      executor.forward(batch: 5, input: realInput, statistics: .batch)
      #expect(abs(Double(executor.scores(batch: 5).mean) - realScore.values[0]) < 1e-5, "\(what) real")
      executor.backward(batch: 5, input: realInput, from: .scores(1.0 / 5), parameterGradients: true)
      for (name, gradient) in realGradients.diffParameters {
        expectClose(try pair.gradient(name), gradient.values, within: Self.backwardTolerance, "\(what) real \(name)")
      }
      executor.forward(batch: 3, input: fakeInput, statistics: .batch)
      #expect(abs(Double(executor.scores(batch: 3).mean) - fakeScore.values[0]) < 1e-5, "\(what) fake")
      executor.backward(
        batch: 3, input: fakeInput, from: .scores(-1.0 / 3), parameterGradients: true, accumulate: true,
        inputGradient: true)
      for (name, gradient) in realGradients.diffParameters {
        // The last beta's gradients cancel, so differences are measured against the summands.
        let fakeGradient = fakeGradients.diffParameters[name]!
        let sum = gradient.combined(with: fakeGradient, +).values
        let size = gradient.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let difference = zip(try pair.gradient(name), sum).reduce(0) {
          $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
        }
        #expect(difference.squareRoot() < Self.backwardTolerance * size, "\(what) real and fake \(name)")
      }
      expectClose(
        executor.inputGradient.array(batch: 3), fakeGradients.diffSource.values, within: Self.backwardTolerance,
        "\(what) input gradient")
      try expectRunning(executor, reference, what)
    }
  }

  @Test(arguments: nets) func generatorMatchesTheReference(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 2, purpose: .test)
    var reference = nets.generator.randomised { stream.uniformDouble() }
    let noise = uniform([5, nets.latent, 1, 1], &stream)
    let start = reference
    let (pictures, tape) = reference.forwardTraining(noise)
    let direction = uniform(pictures.shape, &stream)
    let gradients = reference.backward(tape: tape, diffDestination: direction).diffParameters
    let evaluated = start.forwardEvaluation(noise)

    for (device, algorithm) in Self.methods() {
      let what = "generator \(nets.testDescription) \(device.instructionSet) \(algorithm)"
      // A plan for more than it gets.
      let pair = try Pair(start, nets.generatorNetwork(), batch: 6, algorithm: algorithm, on: device)
      let executor = pair.executor
      let input = pair.input(noise)
      executor.forward(batch: 5, input: input, statistics: .running)
      expectClose(
        executor.output.array(batch: 5), evaluated.values, within: Self.forwardTolerance, "\(what) evaluation")
      executor.forward(batch: 5, input: input, statistics: .batch)
      expectClose(executor.output.array(batch: 5), pictures.values, within: Self.forwardTolerance, "\(what) pictures")
      try expectRunning(executor, reference, what)

      let layout = ActivationLayout(
        .interleaved, channels: nets.channels, height: nets.size, width: nets.size, halo: 0)
      let diffOutput = Activations(Slab(count: layout.count(batch: 5)).all, layout)
      diffOutput.set(direction.values.map(Float.init), batch: 5)
      executor.gradients.fill(.nan)
      executor.backward(batch: 5, input: input, from: .pictures(diffOutput), parameterGradients: true)
      for (name, gradient) in gradients {
        expectClose(try pair.gradient(name), gradient.values, within: Self.backwardTolerance, "\(what) \(name)")
      }
    }
  }

  private func expectRunning(_ executor: Executor, _ reference: ReferenceNetwork, _ what: String) throws {
    for buffer in executor.plan.parameters.buffers {
      let dot = try #require(buffer.name.lastIndex(of: "."))
      let running = try #require(reference.running[String(buffer.name[..<dot])])
      let expected = buffer.kind == .runningMean ? running.mean : running.variance
      expectClose(
        buffer.values(in: executor.buffers), expected, within: Self.forwardTolerance, "\(what) \(buffer.name)")
    }
  }

  /// The generator step sends a gradient through the critic and must leave the critic's own gradients alone.
  @Test func gradientsThatNobodyAskedForAreNotComputed() throws {
    let nets = ReferenceNets(ReferenceDCGAN(size: 16, channels: 3, features: 5, latent: 7, extraLayers: 1))
    var stream = RandomStream(seed: 3, purpose: .test)
    var reference = nets.critic.randomised { stream.uniformDouble() }
    let pictures = uniform([3, 3, 16, 16], &stream)
    let tape = reference.forwardTraining(pictures).tape
    let expected = reference.backward(tape: tape, diffDestination: .scalar(1)).diffSource
    for device in Self.devices() {
      let pair = try Pair(reference, nets.criticNetwork(), batch: 3, on: device)
      let input = pair.input(pictures)
      let mark: Float = 12345
      pair.executor.gradients.fill(mark)
      pair.executor.forward(batch: 3, input: input, statistics: .batch)
      pair.executor.backward(
        batch: 3, input: input, from: .scores(1.0 / 3), parameterGradients: false, inputGradient: true)
      for parameter in pair.executor.plan.parameters.parameters {
        #expect(
          parameter.values(in: pair.executor.gradients).allSatisfy { $0 == mark },
          "\(parameter.name) got a gradient nobody asked for, \(device.instructionSet)")
      }
      expectClose(
        pair.executor.inputGradient.array(batch: 3), expected.values, within: Self.backwardTolerance,
        "input gradient \(device.instructionSet)")
    }
  }

  /// One training pass of both nets gives the same bits for 1, 2 and 3 threads, and on all sets with FMA.
  @Test(arguments: nets) func sameBitsForThreadsAndVectors(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 4, purpose: .test)
    let critic = nets.critic.randomised { stream.uniformDouble() }
    let generator = nets.generator.randomised { stream.uniformDouble() }
    let noise = uniform([5, nets.latent, 1, 1], &stream)
    func pass(_ device: Device) throws -> [UInt32] {
      let g = try Pair(generator, nets.generatorNetwork(), batch: 5, on: device)
      let d = try Pair(critic, nets.criticNetwork(), batch: 5, on: device)
      let input = g.input(noise)
      g.executor.forward(batch: 5, input: input, statistics: .batch)
      // The generator's output is the critic's input as it lies.
      d.executor.forward(batch: 5, input: g.executor.output, statistics: .batch)
      d.executor.backward(
        batch: 5, input: g.executor.output, from: .scores(0.2), parameterGradients: true, inputGradient: true)
      g.executor.backward(
        batch: 5, input: input, from: .pictures(d.executor.inputGradient), parameterGradients: true)
      var values = g.executor.output.array(batch: 5) + [d.executor.scores(batch: 5).mean]
      for executor in [g.executor, d.executor] {
        for parameter in executor.plan.parameters.parameters { values += parameter.values(in: executor.gradients) }
        for buffer in executor.plan.parameters.buffers { values += buffer.values(in: executor.buffers) }
      }
      return values.map(\.bitPattern)
    }
    var fused: [UInt32]?
    for set in Device.supported {
      let expected = try pass(Device(instructionSet: set, threads: 1))
      for threads in [2, 3] {
        #expect(
          try pass(Device(instructionSet: set, threads: threads)) == expected, "\(set), \(threads) threads and 1")
      }
      guard set != .portable else { continue }
      #expect(fused == nil || fused == expected, "\(set) and avx2")
      fused = expected
    }
  }

  /// A picture sampled with running statistics doesn't depend on the batch it was made in.
  @Test(arguments: nets) func picturesDependOnTheirNoiseAlone(_ nets: ReferenceNets) throws {
    var stream = RandomStream(seed: 5, purpose: .test)
    let reference = nets.generator.randomised { stream.uniformDouble() }
    let noise = uniform([7, nets.latent, 1, 1], &stream)
    let pictureCount = nets.channels * nets.size * nets.size
    for device in Self.devices() {
      let pair = try Pair(reference, nets.generatorNetwork(), batch: 7, purpose: .sampling, on: device)
      pair.executor.forward(batch: 7, input: pair.input(noise), statistics: .running)
      let all = pair.executor.output.array(batch: 7)
      expectClose(
        all, reference.forwardEvaluation(noise).values, within: Self.forwardTolerance,
        "sampling \(device.instructionSet)")
      for i in [0, 3, 6] {
        let one = ReferenceTensor(
          shape: [1, nets.latent, 1, 1], values: Array(noise.values[i * nets.latent..<(i + 1) * nets.latent]))
        pair.executor.forward(batch: 1, input: pair.input(one), statistics: .running)
        let picture = pair.executor.output.array(batch: 1)
        #expect(
          picture.map(\.bitPattern) == all[i * pictureCount..<(i + 1) * pictureCount].map(\.bitPattern),
          "picture \(i) alone and among seven, \(device.instructionSet)")
      }
    }
  }

  /// Packed weights are kept between passes; a change of the parameters must reach them.
  @Test func changedParametersReachTheNextPass() throws {
    let nets = ReferenceNets(ReferenceDCGAN(size: 16, channels: 1, features: 5, latent: 7))
    var stream = RandomStream(seed: 6, purpose: .test)
    var reference = nets.generator.randomised { stream.uniformDouble() }
    let noise = uniform([2, 7, 1, 1], &stream)
    let pair = try Pair(reference, nets.generatorNetwork(), batch: 2, on: Device(threads: 1))
    let input = pair.input(noise)
    pair.executor.forward(batch: 2, input: input, statistics: .running)
    reference["final.weight"].values = reference["final.weight"].values.map { $0 * -0.5 }
    let last = try #require(pair.executor.plan.parameters.parameters.last)
    last.set(reference["final.weight"].values.map(Float.init), in: pair.executor.parameters)
    pair.executor.parametersChanged()
    pair.executor.forward(batch: 2, input: input, statistics: .running)
    expectClose(
      pair.executor.output.array(batch: 2), reference.forwardEvaluation(noise).values, within: Self.forwardTolerance,
      "after a change")
  }
}

extension Slice {
  var mean: Float { Float(sum / Double(count)) }
}
