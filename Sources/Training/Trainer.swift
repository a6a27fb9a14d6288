// A critic and a generator in training: their state, and the two steps that change it. What a step minimises is its
// objective's matter.

import Compute
import Configuration
import Graph
import Randomness
import Ranks
import SystemSupport
import TensorFiles

/// A critic and a generator in training. All that changes from step to step is in `tensors()` and the two counters.
package final class Trainer: TrainingEngine {
  package let plan: TrainingPlan
  package private(set) var criticStepsDone = 0
  package private(set) var generatorStepsDone = 0

  /// What has made the state worthless, until it is set anew. Looked for in each step: optimizers and averages tell
  /// while they write, and losses and running statistics are few.
  package private(set) var divergence: Divergence?

  /// How often the learning rates have been halved.
  package var rateHalvings = 0

  /// The generator steps of the whole run, which learning rates decay with; whoever starts the run says it. nil: rates
  /// don't decay.
  package var generatorStepsOfRun: Int?

  private let nets: TrainingNets
  private let device: Device
  private let criticState: OptimizerState
  private let generatorState: OptimizerState
  private let averaged: AveragedGenerator?
  /// The noise as drawn, `[picture][latent]`.
  private var noiseValues: [Float]
  /// Real pictures of the batch, this process's of which are in `nets`.
  private var realCount = 0

  package var configuration: TrainingConfiguration { plan.configuration }
  private var objective: any Objective { plan.objective }
  private var recorder: StepRecorder? { device.recorder }

  /// Takes all memory that steps need. Initial weights are a function of the configuration's seed.
  package init(_ plan: TrainingPlan, on device: Device) {
    self.plan = plan
    self.device = device
    nets = TrainingNets(plan, on: device)
    let configuration = plan.configuration
    criticState = OptimizerState(configuration, .critic, count: nets.critic.parameters.count)
    generatorState = OptimizerState(configuration, .generator, count: nets.generator.parameters.count)
    averaged = AveragedGenerator(configuration, of: nets.generator)
    noiseValues = [Float](repeating: 0, count: configuration.batchSize * configuration.latent)
    begin()
  }

  /// Where it was when it was made.
  package func begin() {
    nets.critic.initialise(configuration.initialisation, seed: configuration.seed, netIndex: 0)
    nets.generator.initialise(configuration.initialisation, seed: configuration.seed, netIndex: 1)
    criticState.reset()
    generatorState.reset()
    averaged?.begin()
    (criticStepsDone, generatorStepsDone, divergence) = (0, 0, nil)
  }

  /// - Precondition: the configuration is valid (`validate()`).
  package convenience init(_ configuration: TrainingConfiguration, on device: Device) throws {
    self.init(try TrainingPlan(configuration, on: device), on: device)
  }

  // MARK: - Steps

  // Where ranks share the batches (`Device.ranks`), all make the same steps, each on its share (`plan.share`), and have
  // the same parameters after it, to the bit.

  /// One critic step on real pictures.
  ///
  /// - Parameters:
  ///   - pixels: bytes [picture][y][x][channel] of this process's share of `count` pictures.
  ///   - count: 1 ... batchSize.
  package func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses {
    let fakes = configuration.fakes(besideRealPictures: count)
    drawNoise(.criticNoise, step: criticStepsDone, count: fakes)
    return criticStep(pixels: pixels, count: count, fakes: fakes)
  }

  /// One generator step. Returns g_loss.
  package func generatorStep() -> Float {
    drawNoise(.generatorNoise, step: generatorStepsDone, count: configuration.batchSize)
    return generatorStepOnNoise()
  }

  /// The same steps with the caller's noise, `[picture][latent]` of the whole batch: for comparison with other
  /// implementations.
  package func criticStep(pixels: [UInt8], count: Int, noise values: [Float]) -> CriticLosses {
    let fakes = values.count / configuration.latent
    values.withUnsafeBufferPointer { setNoise($0, count: fakes) }
    return pixels.withUnsafeBufferPointer { criticStep(pixels: $0, count: count, fakes: fakes) }
  }

  package func generatorStep(noise values: [Float]) -> Float {
    precondition(values.count == configuration.batchSize * configuration.latent)
    values.withUnsafeBufferPointer { setNoise($0, count: configuration.batchSize) }
    return generatorStepOnNoise()
  }

  private func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int, fakes: Int) -> CriticLosses {
    device.withTeam {
      objective.constrain(nets, at: .beforeStep)
      see(pixels: pixels, count: count)
      let losses = objective.criticStep(nets, batch(fakes: fakes, step: criticStepsDone))
      criticStepsDone += 1
      // Before the clip, which makes a bound of an infinity.
      let isFinite = update(.critic, criticState, step: criticStepsDone)
      lookForDivergence(in: .critic, step: criticStepsDone, isFinite, loss: losses.nonFinite)
      objective.constrain(nets, at: .afterUpdate)
      return losses
    }
  }

  private func generatorStepOnNoise() -> Float { device.withTeam { generatorStepOfTeam() } }

  private func generatorStepOfTeam() -> Float {
    let loss = objective.generatorStep(nets, batch(fakes: configuration.batchSize, step: generatorStepsDone))
    var isFinite = update(.generator, generatorState, step: generatorStepsDone + 1)
    generatorStepsDone += 1
    if let averaged {
      recorder?.begin(NetRole.averagedGeneratorGroup, .optimizer, .update)
      isFinite = averaged.update(step: generatorStepsDone, on: device) && isFinite
      recorder?.end()
    }
    lookForDivergence(
      in: .generator, step: generatorStepsDone, isFinite, loss: loss.isFinite ? nil : "g_loss isn't finite")
    return loss
  }

  /// Behind an update. Forward passes have moved both nets' running statistics.
  ///
  /// - Parameter isFinite: parameters, optimizer and average, where the step has written them.
  private func lookForDivergence(in role: NetRole, step: Int, _ isFinite: Bool, loss: String?) {
    if divergence != nil || isFinite && loss == nil && nets.critic.buffers.isFinite && nets.generator.buffers.isFinite {
      return
    }
    // The tensors of the net that moved come first: they are where it began. A loss says less.
    let other: NetRole = role == .critic ? .generator : .critic
    let tensor = places.inGroups([role.rawValue]).nonFinite ?? places.inGroups([other.rawValue]).nonFinite
    divergence = Divergence(
      in: role, step: step, generatorSteps: generatorStepsDone,
      tensor ?? places.nonFinite ?? loss ?? "the \(role.rawValue)'s update isn't finite")
  }

  private func batch(fakes: Int, step: Int) -> StepBatch {
    let share = plan.share
    return StepBatch(
      reals: share.own(of: realCount).count, fakes: share.own(of: fakes).count, allReals: realCount, allFakes: fakes,
      first: share.own(of: configuration.batchSize).lowerBound, seed: configuration.seed, step: step,
      progress: progress)
  }

  /// The real pictures of the last critic step: who goes on in front of a generator step gives them once more, where
  /// the objective's generator sees them.
  package func see(pixels: UnsafeBufferPointer<UInt8>, count: Int) {
    recorder?.begin("critic.input", .elementwise, .forward)
    nets.real.setPixels(pixels, count: plan.share.own(of: count).count, on: device)
    realCount = count
    recorder?.end()
  }

  private func update(_ role: NetRole, _ state: OptimizerState, step: Int) -> Bool {
    let net = nets.net(role)
    if let ranks = device.ranks { join(net, ranks) }
    recorder?.begin(role.rawValue, .optimizer, .update)
    defer { recorder?.end() }
    return state.update(net, step: step, rateShare: learningRateShare, on: device)
  }

  /// Puts the sum over all ranks into a net's gradients. Where norms were each rank's own, running statistics become
  /// the means over ranks.
  private func join(_ net: Executor, _ ranks: some RankGroup) {
    recorder?.begin(net.plan.network.name, .reduction, .update)
    net.gradients.sum(over: ranks)
    if !device.sharesNorms {
      for buffers in [nets.critic.buffers, nets.generator.buffers] {
        buffers.sum(over: ranks)
        buffers.scale(by: 1 / Float(ranks.count))
      }
    }
    recorder?.end()
  }

  /// Of the next update of either net.
  private var learningRateShare: Double {
    Double(sign: .plus, exponent: -rateHalvings, significand: 1) * configuration.learningRateShare(at: progress)
  }

  /// The run's generator steps that are done, as a share of all of them; 0 where nobody said how many there will be.
  private var progress: Double {
    guard let steps = generatorStepsOfRun, steps > 0 else { return 0 }
    return min(1, Double(generatorStepsDone) / Double(steps))
  }

  private func drawNoise(_ purpose: RandomPurpose, step: Int, index: Int = 0, count: Int) {
    recorder?.begin("generator.input", .elementwise, .forward)
    var random = RandomStream(seed: configuration.seed, purpose: purpose, step: step, index: index)
    noiseValues.withUnsafeMutableBufferPointer {
      let values = UnsafeMutableBufferPointer(rebasing: $0[..<(count * configuration.latent)])
      random.fillNormal(values)
      setNoise(UnsafeBufferPointer(values), count: count)
    }
    recorder?.end()
  }

  /// This process's share of `count` vectors.
  private func setNoise(_ values: UnsafeBufferPointer<Float>, count: Int) {
    let own = plan.share.own(of: count)
    let latent = configuration.latent
    nets.noise.set(
      UnsafeBufferPointer(rebasing: values[own.lowerBound * latent..<own.upperBound * latent]), batch: own.count)
  }

  // MARK: - Evaluation

  package func measure() -> [String: Float] { objective.measure(nets) }

  static let evaluationPasses = [
    NetPass(.critic, .forward), NetPass(.generator, .forward), NetPass(.critic, .forward),
  ]

  /// What the critic thinks of other pictures than those it learns from: its means over `count` of them and over as
  /// many fakes, each with the batch's statistics, as in a critic step. Training doesn't notice: parameters, running
  /// statistics and its random streams stay what they are.
  ///
  /// - Parameters:
  ///   - pixels, count: as of `criticStep`.
  ///   - batch: its number among the batches evaluated now: each has its own noise.
  package func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses {
    device.withTeam { evaluationOfTeam(pixels: pixels, count: count, batch: batch) }
  }

  private func evaluationOfTeam(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses {
    let (critic, generator) = (nets.critic, nets.generator)
    let buffers = (critic: critic.buffers.array, generator: generator.buffers.array)
    let real = nets.real.slice.array
    let own = plan.share.own(of: count).count
    nets.real.setPixels(pixels, count: own, on: device)
    critic.forward(batch: own, input: nets.real, statistics: .batch)
    let realScores = scoresOfAllRanks(critic.scores(batch: own))
    nets.real.slice.copy(from: real)
    drawNoise(.evaluationNoise, step: generatorStepsDone, index: batch, count: count)
    generator.forward(batch: own, input: nets.noise, statistics: .batch)
    critic.forward(batch: own, input: generator.output, statistics: .batch)
    let fakeScores = scoresOfAllRanks(critic.scores(batch: own))
    critic.buffers.copy(from: buffers.critic)
    generator.buffers.copy(from: buffers.generator)
    return CriticLosses(
      real: mean(of: realScores), fake: mean(of: fakeScores),
      loss: objective.criticLoss(real: realScores, fake: fakeScores))
  }

  /// In the pictures' order.
  private func scoresOfAllRanks(_ scores: Slice) -> [Float] { device.ranks?.gather(scores.array) ?? scores.array }

  // MARK: - State

  /// The state, in PyTorch's names and layouts: "critic.pyramid.0.bn.running_mean", "generator.final.weight",
  /// "generator_ema.final.weight", "optimizer.critic.square_avg.final.weight".
  ///
  /// - Parameter groups: nil: all of it.
  package func tensors(groups: [String]? = nil) -> TensorSet { places.inGroups(groups).tensors }

  /// The gradients of the last step, which was one of this net: "critic.final.weight".
  package func gradients(of role: NetRole) -> TensorSet {
    let net = nets.net(role)
    var places = TensorPlaces()
    places.add(net.plan.parameters.parameters, in: net.gradients, group: role.rawValue)
    return places.tensors
  }

  /// Sets the state that `tensors()` gave. Tensors that are missing, of another shape or not finite are an error, and
  /// nothing is set.
  package func restore(_ tensors: TensorSet, criticSteps: Int, generatorSteps: Int) throws(Failure) {
    try set(nil, from: tensors)
    criticStepsDone = criticSteps
    generatorStepsDone = generatorSteps
    divergence = nil
  }

  /// Sets the parameters and running statistics of these nets alone; the optimizers' state stays. The averaged
  /// generator begins anew with the generator.
  package func setNets(_ roles: [NetRole], from tensors: TensorSet) throws(Failure) {
    try set(roles.map(\.rawValue), from: tensors)
    if roles.contains(.generator) { averaged?.begin() }
  }

  private func set(_ groups: [String]?, from tensors: TensorSet) throws(Failure) {
    try places.inGroups(groups).set(from: tensors)
    nets.critic.parametersChanged()
    nets.generator.parametersChanged()
  }

  private var places: TensorPlaces {
    var all = TensorPlaces()
    if let averaged { all.add(averaged.places) }
    for (role, state) in [(NetRole.generator, generatorState), (.critic, criticState)] {
      let net = nets.net(role)
      all.add(net.places(group: role.rawValue))
      for (name, slab) in state.slabs {
        all.add(net.plan.parameters.parameters, in: slab, group: "optimizer.\(role.rawValue).\(name)")
      }
    }
    return all
  }
}
