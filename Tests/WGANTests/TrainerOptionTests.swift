import Training
import TensorFiles
import Configuration
import Compute
import Foundation
import Randomness
import ReferenceKernels
import Testing
import WGAN

/// Protects the rows of the table in docs/Presets.md: each value on which the references disagree does what it says.
@Suite struct TrainerOptionTests {
  static let small: TrainingConfiguration = {
    var small = TrainingConfiguration.blog
    (small.size, small.features, small.latent, small.batchSize) = (16, 4, 6, 4)
    return small
  }()

  func configuration(_ change: (inout TrainingConfiguration) -> Void) -> TrainingConfiguration {
    var configuration = Self.small
    change(&configuration)
    return configuration
  }

  func trainer(_ change: (inout TrainingConfiguration) -> Void) throws -> Trainer {
    try Trainer(configuration(change), on: Device(threads: 1))
  }

  func pixels(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = RandomStream(seed: seed, purpose: .test)
    return (0..<count * 16 * 16 * 3).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
  }

  func criticStep(_ trainer: Trainer, _ pixels: [UInt8]) -> CriticLosses {
    pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: pixels.count / (16 * 16 * 3)) }
  }

  func evaluate(_ trainer: Trainer, _ pixels: [UInt8], batch: Int = 0) -> CriticLosses {
    pixels.withUnsafeBufferPointer {
      trainer.evaluate(pixels: $0, count: pixels.count / (16 * 16 * 3), batch: batch)
    }
  }

  func parameters(_ trainer: Trainer, _ net: String) -> [NamedTensor] {
    trainer.tensors().filter { $0.name.hasPrefix(net + ".") && !$0.name.contains(".running_") }
  }

  func normals(_ purpose: RandomPurpose, step: Int, count: Int) -> [Float] {
    var random = RandomStream(seed: Self.small.seed, purpose: purpose, step: step)
    return random.normals(count)
  }

  // MARK: - Clipping

  /// After the update: behind each step every parameter is within the bounds, gamma and beta too. Before the step: the
  /// step starts within them, and its update leads out again. Buffers are never clipped, nor is the generator.
  @Test(arguments: ClipTime.allCases) func clippingIsBeforeTheStepOrAfterTheUpdate(time: ClipTime) throws {
    let trainer = try trainer { ($0.clipLower, $0.clipUpper, $0.clipTime) = (-0.02, 0.03, time) }
    for step in 0..<3 { _ = criticStep(trainer, pixels(4, seed: UInt64(step))) }
    let values = parameters(trainer, "critic").flatMap(\.values)
    let (low, high) = try (#require(values.min()), #require(values.max()))
    switch time {
    case .afterUpdate: #expect(low == -0.02 && high == 0.03)
    case .beforeStep:
      // An update of RMSprop moves a value by 10 learning rates at most.
      #expect(low < -0.02 && low > -0.0206 && high > 0.03 && high < 0.0306, "\(low), \(high)")
    }
    for gamma in parameters(trainer, "critic") where gamma.name.hasSuffix("bn.weight") {
      #expect(gamma.values.allSatisfy { abs($0 - 0.03) < 0.002 }, "\(gamma.name) was 1")
    }
    let variances = trainer.tensors().filter { $0.name.hasPrefix("critic.") && $0.name.contains("running_var") }
    #expect(!variances.isEmpty && variances.allSatisfy { ($0.values.max() ?? 0) > 0.03 })
    #expect(parameters(trainer, "generator").contains { ($0.values.max() ?? 0) == 1 })
  }

  // MARK: - Optimizers

  /// Each net's update is its own optimizer's, with its own learning rate and betas. Oracle: the definition in
  /// Double, on the gradients that the step left.
  @Test(arguments: Optimizer.allCases, Optimizer.allCases)
  func eachNetHasItsOptimizer(critic: Optimizer, generator: Optimizer) throws {
    let trainer = try trainer {
      ($0.criticOptimizer, $0.criticLearningRate) = (critic, 3e-3)
      ($0.generatorOptimizer, $0.generatorLearningRate) = (generator, 1e-3)
      ($0.criticAdamBeta1, $0.criticAdamBeta2, $0.clip) = (0.5, 0.9, 1000)
      ($0.generatorAdamBeta1, $0.generatorAdamBeta2) = (0, 0.99)
    }
    for (net, optimizer, rate, betas) in [
      ("critic", critic, 3e-3, (0.5, 0.9)), ("generator", generator, 1e-3, (0.0, 0.99)),
    ] {
      var expected = parameters(trainer, net).flatMap(\.values).map(Double.init)
      var squares = [Double](repeating: 0, count: expected.count)
      var means = squares
      for step in 1...3 {
        if net == "critic" {
          _ = criticStep(trainer, pixels(4, seed: UInt64(step)))
        } else {
          _ = trainer.generatorStep()
        }
        let role: NetRole = net == "critic" ? .critic : .generator
        let gradients = trainer.gradients(of: role).flatMap(\.values).map(Double.init)
        switch optimizer {
        case .rmsprop:
          ReferenceRMSprop(learningRate: rate).update(
            parameters: &expected, gradients: gradients, squares: &squares)
        case .adam:
          ReferenceAdam(learningRate: rate, beta1: betas.0, beta2: betas.1).update(
            parameters: &expected, gradients: gradients, firstMoments: &means, secondMoments: &squares, step: step)
        }
      }
      let actual = parameters(trainer, net).flatMap(\.values)
      #expect(actual.count == expected.count)
      let worst = zip(actual, expected).map { abs(Double($0) - $1) }.max() ?? 1
      #expect(worst < 1e-3 * rate, "\(net): off by \(worst / rate) learning rates")
    }
  }

  /// With a decay, each update's rate is the declared formula of the share of the run that is done, the same for a
  /// critic step as for the generator step behind it. Oracle: RMSprop in Double with the rate written out.
  @Test(arguments: RateDecay.allCases) func ratesFallOverTheRun(decay: RateDecay) throws {
    let trainer = try trainer {
      ($0.criticLearningRate, $0.generatorLearningRate, $0.clip) = (3e-3, 1e-3, 1000)
      ($0.decay, $0.decayTo) = (decay, decay == .none ? 0 : 0.25)
    }
    trainer.generatorStepsOfRun = 4
    var expected = ["critic", "generator"].map { parameters(trainer, $0).flatMap(\.values).map(Double.init) }
    var squares = expected.map { $0.map { _ in 0.0 } }
    for step in 0..<4 {
      let progress = Double(step) / 4
      let share =
        switch decay {
        case .none: 1.0
        case .linear: 1 - 0.75 * progress
        case .cosine: 0.25 + 0.75 * 0.5 * (1 + cos(Double.pi * progress))
        }
      for (i, (net, rate)) in [("critic", 3e-3), ("generator", 1e-3)].enumerated() {
        if net == "critic" {
          _ = criticStep(trainer, pixels(4, seed: UInt64(step)))
        } else {
          _ = trainer.generatorStep()
        }
        let role: NetRole = net == "critic" ? .critic : .generator
        let gradients = trainer.gradients(of: role).flatMap(\.values).map(Double.init)
        ReferenceRMSprop(learningRate: rate * share).update(
          parameters: &expected[i], gradients: gradients, squares: &squares[i])
        let actual = parameters(trainer, net).flatMap(\.values)
        let worst = zip(actual, expected[i]).map { abs(Double($0) - $1) }.max() ?? 1
        #expect(worst < 1e-3 * rate, "\(net) step \(step): off by \(worst / rate) learning rates")
      }
    }
  }

  /// A penalty's weight falls as the rates do: each critic step is the one of a trainer that has this step's weight and
  /// rates for good.
  @Test(arguments: [ObjectiveKind.wganGP, .wganR1R2, .relativistic], [RateDecay.linear, .cosine])
  func thePenaltyFallsOverTheRun(objective: ObjectiveKind, decay: RateDecay) throws {
    func trainer(_ weight: Float, decay: RateDecay) throws -> Trainer {
      try self.trainer {
        ($0.objective, $0.criticNorm, $0.penaltyWeight) = (objective, false, .fixed(weight))
        ($0.decay, $0.decayTo, $0.penaltyDecayTo) = (decay, 1, decay == .none ? 1 : 0.5)
      }
    }
    let falling = try trainer(2, decay: decay)
    falling.generatorStepsOfRun = 2
    // All of it, half-way between 2 and 1, and what is left.
    for (step, weight) in [Float(2), 1.5, 1].enumerated() {
      let fixed = try trainer(weight, decay: .none)
      try fixed.restore(falling.tensors(), criticSteps: step, generatorSteps: step)
      let pixels = pixels(4, seed: UInt64(step))
      let losses = (criticStep(falling, pixels), criticStep(fixed, pixels))
      #expect(losses.0.measured == losses.1.measured && losses.0.measured["penalty"] != nil)
      for (own, expected) in zip(parameters(falling, "critic"), parameters(fixed, "critic")) {
        #expect(own.values == expected.values, "step \(step): \(own.name)")
      }
      _ = falling.generatorStep()
    }
  }

  // MARK: - Noise

  /// Beside an epoch's short last batch: as many fakes, or a whole batch of them.
  @Test(arguments: CriticNoiseBatch.allCases) func theCriticsNoiseIsOfTheBatchOrFull(noise: CriticNoiseBatch) throws {
    let fakes = noise == .full ? 4 : 2
    let (own, given) = try (trainer { $0.criticNoiseBatch = noise }, trainer { _ in })
    let losses = criticStep(own, pixels(2))
    let expected = given.criticStep(
      pixels: pixels(2), count: 2, noise: normals(.criticNoise, step: 0, count: fakes * 6))
    #expect(losses == expected)
    #expect(own.tensors() == given.tensors())
  }

  /// The generator's noise is a full batch, another one each step, also behind a short batch.
  @Test func theGeneratorsNoiseIsFreshAndFull() throws {
    let (own, given) = try (trainer { _ in }, trainer { _ in })
    for trainer in [own, given] { _ = criticStep(trainer, pixels(2)) }
    for step in 0..<2 {
      let loss = own.generatorStep()
      #expect(loss == given.generatorStep(noise: normals(.generatorNoise, step: step, count: 4 * 6)))
    }
    #expect(own.tensors() == given.tensors())
  }

  // MARK: - Initial parameters

  /// Ranges and moments as PyTorch's and the authors' documentation gives them.
  @Test(arguments: Initialisation.allCases) func parametersStartAsTheSchemeSays(scheme: Initialisation) throws {
    let trainer = try trainer { ($0.initialisation, $0.features, $0.latent) = (scheme, 32, 40) }
    for net in ["critic", "generator"] {
      for tensor in parameters(trainer, net) {
        let values = tensor.values
        let name: Comment = "\(tensor.name), \(scheme.rawValue)"
        let mean = values.reduce(0, +) / Float(values.count)
        if tensor.name.hasSuffix("bn.bias") {
          #expect(values.allSatisfy { $0 == 0 }, name)
        } else if tensor.name.hasSuffix("bn.weight") {
          let (low, high) = (values.min() ?? 0, values.max() ?? 0)
          switch scheme {
          case .pytorch: #expect(low == 1 && high == 1, name)
          case .pytorch04: #expect(low >= 0 && low < 0.25 && high < 1 && high > 0.75, name)
          case .dcgan: #expect(low > 0.9 && low < 1 && high < 1.1 && high > 1 && abs(mean - 1) < 0.02, name)
          }
        } else {
          // Inputs that a value of the layer's output sums over, as today's PyTorch counts them, and as 0.4.1 did.
          let isTransposed = net == "generator"
          let area = tensor.shape[2] * tensor.shape[3]
          let today = 1 / Float(tensor.shape[1] * area).squareRoot()
          let former = 1 / Float(tensor.shape[isTransposed ? 0 : 1] * area).squareRoot()
          let largest = values.map { abs($0) }.max() ?? 0
          switch scheme {
          case .pytorch: #expect(largest <= today && largest > 0.95 * today, name)
          case .pytorch04: #expect(largest <= former && largest > 0.95 * former, name)
          case .dcgan: #expect(abs(rms(values) - 0.02) < 0.002 && abs(mean) < 0.002, name)
          }
        }
      }
    }
  }

  // MARK: - Sampling

  /// Picture i is picture i, whatever else is asked for, with either kind of statistics; and the kinds differ.
  @Test(arguments: SamplingStatistics.allCases) func aPictureDependsOnItsNumberAlone(kind: SamplingStatistics) throws {
    let trainer = try trainer { _ in }
    for _ in 0..<5 { _ = (criticStep(trainer, pixels(4)), trainer.generatorStep()) }
    let (own, other) = try (
      Sampler(configuration { $0.samplingStatistics = kind }, tensors: trainer.tensors(), on: Device(threads: 1)),
      Sampler(
        configuration { $0.samplingStatistics = kind == .batch ? .running : .batch }, tensors: trainer.tensors(),
        on: Device(threads: 1))
    )
    // More than are made at once.
    let all = own.pictures(.series(seed: 3, 0..<70))
    #expect(all.count == 70)
    let values = own.values(.series(seed: 3, 0..<70))
    let (latent, count) = (values.noise.count / 70, values.pictures.count / 70)
    for part in [0..<1, 3..<5, 2..<9, 30..<66, 69..<70] {
      #expect(own.pictures(.series(seed: 3, part)).map(\.pixels) == all[part].map(\.pixels), "\(part)")
      let some = own.values(.series(seed: 3, part))
      #expect(some.noise[...] == values.noise[part.lowerBound * latent..<part.upperBound * latent], "\(part)")
      #expect(some.pictures[...] == values.pictures[part.lowerBound * count..<part.upperBound * count], "\(part)")
    }
    #expect(own.pictures(.series(seed: 3, 5..<5)).isEmpty)
    #expect(zip(all, other.pictures(.series(seed: 3, 0..<70))).allSatisfy { $0.pixels != $1.pixels })
  }

  // MARK: - Held-out pictures

  /// What the critic says of them is what it would say in a critic step; and a run that was evaluated between its steps
  /// is the run that wasn't: every bit of parameters, running statistics and the optimizers' state.
  @Test func evaluationChangesNothing() throws {
    let (plain, evaluated) = try (trainer { $0.clip = 1000 }, trainer { $0.clip = 1000 })
    for step in 0..<6 {
      let batch = pixels(step == 4 ? 3 : 4, seed: UInt64(step))
      let seen = evaluate(evaluated, batch)
      let losses = criticStep(evaluated, batch)
      #expect(seen.real == losses.real)
      #expect(criticStep(plain, batch) == losses)
      if step % 2 == 1 {
        _ = evaluate(evaluated, pixels(2))
        #expect(plain.generatorStep() == evaluated.generatorStep())
      }
    }
    #expect(plain.tensors() == evaluated.tensors())
    // Its fakes are the step's and the batch's own.
    let fakes = [evaluate(evaluated, pixels(4)), evaluate(evaluated, pixels(4), batch: 1)]
    #expect(fakes[0].fake != fakes[1].fake && fakes[0].real == fakes[1].real)
    #expect(evaluate(evaluated, pixels(4)) == fakes[0])
  }
}
