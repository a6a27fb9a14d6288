// The two steps of a WGAN run: critic step and generator step, over one critic and one generator.
// Source: Arjovsky, Chintala and Bottou, "Wasserstein GAN" (ICML 2017), algorithm 1, in the sign of the authors' code:
// the critic minimises D(real) - D(fake), the generator D(fake).

import TensorFiles
import Configuration
import SystemSupport
import Compute
import Graph
import Randomness

/// What one critic step saw: the critic's mean over the real and over the fake pictures.
package struct CriticLosses: Sendable, Equatable {
  package var real: Float
  package var fake: Float

  package init(real: Float, fake: Float) {
    self.real = real
    self.fake = fake
  }

  /// d_loss, which the step minimises. The Wasserstein estimate is its negative.
  package var difference: Float { real - fake }
}

/// A critic and a generator in training. All that changes from step to step is in `tensors()` and the two counters.
package final class Trainer: TrainingEngine {
  package let configuration: TrainingConfiguration
  package private(set) var criticStepsDone = 0
  package private(set) var generatorStepsDone = 0

  private let processor: Processor
  private let recorder: StepRecorder?
  private let critic: Executor
  private let generator: Executor
  private let criticState: OptimizerState
  private let generatorState: OptimizerState
  private let noise: Activations
  /// The noise as drawn, `[picture][latent]`.
  private var noiseValues: [Float]
  private let real: Activations

  /// Builds both nets; initial weights are a function of the configuration's seed.
  ///
  /// - Precondition: the configuration is valid (`validate()`).
  package init(_ configuration: TrainingConfiguration, on processor: Processor) throws(NetworkError) {
    self.configuration = configuration
    self.processor = processor
    recorder = processor.recorder
    let batch = configuration.batchSize
    critic = Executor(
      try ExecutionPlan(
        configuration.critic, batch: batch, purpose: .training, algorithm: configuration.algorithm,
        on: processor),
      on: processor)
    generator = Executor(
      try ExecutionPlan(
        configuration.generator, batch: batch, purpose: .training, algorithm: configuration.algorithm,
        on: processor),
      on: processor)
    critic.initialise(configuration.initialisation, seed: configuration.seed, netIndex: 0)
    generator.initialise(configuration.initialisation, seed: configuration.seed, netIndex: 1)
    criticState = OptimizerState(
      configuration, learningRate: configuration.criticLearningRate, count: critic.parameters.count)
    generatorState = OptimizerState(
      configuration, learningRate: configuration.generatorLearningRate, count: generator.parameters.count)
    let noiseLayout = generator.plan.inputLayout
    noise = Activations(Slab(count: noiseLayout.count(batch: batch)).all, noiseLayout)
    noiseValues = [Float](repeating: 0, count: batch * configuration.latent)
    let realLayout = critic.plan.inputLayout
    real = Activations(Slab(count: realLayout.count(batch: batch)).all, realLayout)
  }

  /// One critic step on real pictures.
  ///
  /// - Parameter pixels: bytes [picture][y][x][channel] of `count` pictures, 1 ... batchSize.
  package func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses {
    let fakes = configuration.fakes(besideRealPictures: count)
    drawNoise(.criticNoise, step: criticStepsDone, count: fakes)
    return criticStep(pixels: pixels, count: count, fakes: fakes)
  }

  /// One generator step. Returns g_loss, the critic's mean over the fake pictures.
  package func generatorStep() -> Float {
    drawNoise(.generatorNoise, step: generatorStepsDone, count: configuration.batchSize)
    return generatorStepOnNoise()
  }

  /// The same steps with the caller's noise, `[picture][latent]`: for comparison with other implementations.
  package func criticStep(pixels: [UInt8], count: Int, noise values: [Float]) -> CriticLosses {
    let fakes = values.count / configuration.latent
    noise.set(values, batch: fakes)
    return pixels.withUnsafeBufferPointer { criticStep(pixels: $0, count: count, fakes: fakes) }
  }

  package func generatorStep(noise values: [Float]) -> Float {
    precondition(values.count == configuration.batchSize * configuration.latent)
    noise.set(values, batch: configuration.batchSize)
    return generatorStepOnNoise()
  }

  // MARK: - Evaluation

  /// What the critic thinks of other pictures than those it learns from: its means over `count` of them and over as
  /// many fakes, each with the batch's statistics, as in a critic step. Training doesn't notice: parameters, running
  /// statistics and its random streams stay what they are.
  ///
  /// - Parameter batch: its number among the batches evaluated now: each has its own noise.
  package func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses {
    let buffers = (critic: critic.buffers.array, generator: generator.buffers.array)
    real.setPixels(pixels, count: count, on: processor)
    critic.forward(batch: count, input: real, statistics: .batch)
    let realLoss = critic.meanScore(batch: count)
    drawNoise(.evaluationNoise, step: generatorStepsDone, index: batch, count: count)
    generator.forward(batch: count, input: noise, statistics: .batch)
    critic.forward(batch: count, input: generator.output, statistics: .batch)
    let fakeLoss = critic.meanScore(batch: count)
    critic.buffers.copy(from: buffers.critic)
    generator.buffers.copy(from: buffers.generator)
    return CriticLosses(real: realLoss, fake: fakeLoss)
  }

  // MARK: - Steps

  private func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int, fakes: Int) -> CriticLosses {
    if configuration.clipTime == .beforeStep { clip() }
    recorder?.begin("critic.input", .elementwise, .forward)
    real.setPixels(pixels, count: count, on: processor)
    recorder?.end()

    // Real and fake pictures are separate batches of the norms; their gradients add up: d loss = mean real - mean fake.
    critic.forward(batch: count, input: real, statistics: .batch)
    let realLoss = critic.meanScore(batch: count)
    generator.forward(batch: fakes, input: noise, statistics: .batch)
    critic.backward(batch: count, input: real, from: .scores(1 / Float(count)), parameterGradients: true)

    let fake = generator.output
    critic.forward(batch: fakes, input: fake, statistics: .batch)
    let fakeLoss = critic.meanScore(batch: fakes)
    critic.backward(
      batch: fakes, input: fake, from: .scores(-1 / Float(fakes)), parameterGradients: true, accumulate: true)

    criticStepsDone += 1
    recorder?.begin("critic", .optimizer, .update)
    criticState.update(critic, step: criticStepsDone, on: processor)
    recorder?.end()
    if configuration.clipTime == .afterUpdate { clip() }
    return CriticLosses(real: realLoss, fake: fakeLoss)
  }

  private func generatorStepOnNoise() -> Float {
    let batch = configuration.batchSize
    generator.forward(batch: batch, input: noise, statistics: .batch)
    let fake = generator.output
    critic.forward(batch: batch, input: fake, statistics: .batch)
    let loss = critic.meanScore(batch: batch)
    critic.backward(
      batch: batch, input: fake, from: .scores(1 / Float(batch)), parameterGradients: false, inputGradient: true)
    generator.backward(batch: batch, input: noise, from: .pictures(critic.inputGradient), parameterGradients: true)
    generatorStepsDone += 1
    recorder?.begin("generator", .optimizer, .update)
    generatorState.update(generator, step: generatorStepsDone, on: processor)
    recorder?.end()
    return loss
  }

  private func clip() {
    recorder?.begin("critic", .clipping, .update)
    critic.parameters.clamp(to: configuration.clipLower...configuration.clipUpper, on: processor)
    recorder?.end()
    critic.parametersChanged()
  }

  private func drawNoise(_ purpose: RandomPurpose, step: Int, index: Int = 0, count: Int) {
    recorder?.begin("generator.input", .elementwise, .forward)
    var random = RandomStream(seed: configuration.seed, purpose: purpose, step: step, index: index)
    noiseValues.withUnsafeMutableBufferPointer {
      let values = UnsafeMutableBufferPointer(rebasing: $0[..<(count * configuration.latent)])
      random.fillNormal(values)
      noise.set(UnsafeBufferPointer(values), batch: count)
    }
    recorder?.end()
  }

  /// The multiply-adds of the convolutions of one step on full batches, as the steps do them: no weight gradients of
  /// the critic in the generator step, no input gradient at the critic's first layer in the critic step, none at the
  /// generator's.
  package func multiplyAddsPerStep() -> (critic: Int, generator: Int) {
    let batch = configuration.batchSize
    let (d, g) = (critic.plan.multiplyAdds, generator.plan.multiplyAdds)
    let firstOfCritic = critic.plan.steps[0].convolution.multiplyAdds(batch: 1)
    let firstOfGenerator = generator.plan.steps[0].convolution.multiplyAdds(batch: 1)
    return (
      critic: batch * (g + 2 * (3 * d - firstOfCritic)), generator: batch * (3 * g - firstOfGenerator + 2 * d)
    )
  }

  // MARK: - State

  /// All of the state, in PyTorch's names and layouts: "critic.pyramid.0.bn.running_mean", "generator.final.weight",
  /// "optimizer.critic.square_avg.final.weight".
  package func tensors() -> [NamedTensor] {
    allTensors().map { tensor in
      NamedTensor(
        name: tensor.name, shape: tensor.parameter.shape, values: tensor.parameter.values(in: tensor.slab))
    }
  }

  /// The gradients of the last steps: "critic.final.weight".
  package func gradients() -> [NamedTensor] {
    [critic, generator].flatMap { net in
      net.plan.parameters.parameters.map { parameter in
        NamedTensor(
          name: net.plan.network.name + "." + parameter.name, shape: parameter.shape,
          values: parameter.values(in: net.gradients))
      }
    }
  }

  /// Sets the state that `tensors()` gave. Tensors that are missing or of another shape are an error, and nothing is
  /// set.
  package func restore(_ tensors: [NamedTensor], criticSteps: Int, generatorSteps: Int) throws(Failure) {
    try set(allTensors(), from: tensors)
    criticStepsDone = criticSteps
    generatorStepsDone = generatorSteps
  }

  /// Sets parameters and running statistics alone ("critic.…", "generator.…"); the optimizers' state stays.
  package func setNets(_ tensors: [NamedTensor]) throws(Failure) {
    try set(allTensors().filter { !$0.name.hasPrefix("optimizer.") }, from: tensors)
  }

  /// Sets one net's parameters and running statistics ("generator.…").
  package func setNet(_ role: NetRole, _ tensors: [NamedTensor]) throws(Failure) {
    try set(allTensors().filter { $0.name.hasPrefix(role.rawValue + ".") }, from: tensors)
  }

  private func set(_ places: [PlacedTensor], from tensors: [NamedTensor]) throws(Failure) {
    let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for place in places { try place.parameter.check(byName[place.name], name: place.name) }
    for place in places {
      if let tensor = byName[place.name] { place.parameter.set(tensor.values, in: place.slab) }
    }
    critic.parametersChanged()
    generator.parametersChanged()
  }

  private struct PlacedTensor {
    let name: String
    let parameter: Parameter
    let slab: Slice
  }

  private func allTensors() -> [PlacedTensor] {
    var all: [PlacedTensor] = []
    for (net, state) in [(generator, generatorState), (critic, criticState)] {
      let name = net.plan.network.name
      all += net.plan.parameters.parameters.map {
        .init(name: "\(name).\($0.name)", parameter: $0, slab: net.parameters)
      }
      all += net.plan.parameters.buffers.map { .init(name: "\(name).\($0.name)", parameter: $0, slab: net.buffers) }
      for (stateName, slab) in state.slabs {
        all += net.plan.parameters.parameters.map {
          .init(name: "optimizer.\(name).\(stateName).\($0.name)", parameter: $0, slab: slab)
        }
      }
    }
    return all
  }
}

/// The optimizer's state of one net, laid out as its parameters are.
private final class OptimizerState {
  private let kind: Optimizer
  private let rmsprop: RMSprop
  private let adam: Adam
  private let squares: Slice
  private let means: Slice

  init(_ configuration: TrainingConfiguration, learningRate: Float, count: Int) {
    kind = configuration.optimizer
    rmsprop = RMSprop(learningRate: learningRate)
    adam = Adam(
      learningRate: Double(learningRate), beta1: configuration.adamBeta1, beta2: configuration.adamBeta2)
    squares = Slab(count: count).all
    means = Slab(count: kind == .adam ? count : 0).all
  }

  /// Names are PyTorch's (`square_avg`, `exp_avg`, `exp_avg_sq` in its optimizers' state).
  var slabs: [(name: String, slab: Slice)] {
    switch kind {
    case .rmsprop: [("square_avg", squares)]
    case .adam: [("exp_avg", means), ("exp_avg_sq", squares)]
    }
  }

  /// Update number `step` of this net, counted from 1.
  func update(_ net: Executor, step: Int, on processor: Processor) {
    switch kind {
    case .rmsprop:
      rmsprop.update(net.parameters, gradients: net.gradients, squares: squares, on: processor)
    case .adam:
      adam.update(
        net.parameters, gradients: net.gradients, means: means, squares: squares, step: step, on: processor)
    }
    net.parametersChanged()
  }
}

extension Parameter {
  /// Whether `tensor` can be this parameter.
  func check(_ tensor: NamedTensor?, name: String) throws(Failure) {
    guard let tensor else { throw Failure(.badData, "tensor \(name) is missing") }
    guard tensor.shape == shape, tensor.values.count == valueCount else {
      throw Failure(.badData, "tensor \(name) has shape \(tensor.shape), this net's has \(shape)")
    }
  }
}
