// The Wasserstein losses with a critic whose parameters are clipped. Source: Arjovsky, Chintala and Bottou,
// "Wasserstein GAN" (ICML 2017), algorithm 1, in the sign of the authors' code: the critic minimises D(real) - D(fake),
// the generator D(fake).

import Compute
import Configuration
import Graph

struct ClippedWasserstein: Objective {
  private let clip: ClosedRange<Float>
  private let clipTime: ClipTime

  /// - Precondition: the configuration is valid.
  init(_ configuration: TrainingConfiguration) {
    clip = configuration.clipLower...configuration.clipUpper
    clipTime = configuration.clipTime
  }

  var criticPasses: [NetPass] { Self.criticPasses }
  var generatorPasses: [NetPass] { Self.generatorPasses }
  var columns: [MetricColumn] {
    Self.columns + [.measured(MetricColumn.atBound), .measured(Self.varianceBelowEpsilon)]
  }

  func criticStep(_ nets: TrainingNets, _ batch: StepBatch) -> CriticLosses {
    Self.criticGradients(nets, batch).losses
  }

  func generatorStep(_ nets: TrainingNets, _ batch: StepBatch) -> Float { Self.generatorGradients(nets, batch) }

  func constrain(_ nets: TrainingNets, at time: ClipTime) {
    if time != clipTime { return }
    let recorder = nets.device.recorder
    recorder?.begin("critic", .clipping, .update)
    nets.critic.parameters.clamp(to: clip, on: nets.device)
    recorder?.end()
    nets.critic.parametersChanged()
  }
}

// MARK: - The clipping's health

extension ClippedWasserstein {
  private static let varianceBelowEpsilon = "variance_below_eps"

  /// The share of the critic's parameters at a bound, and of its norms' channels whose running variance is less than
  /// the epsilon beside it. Near 1 the critic is hardly more than signs, or than a factor of its input: gradients
  /// vanish.
  func measure(_ nets: TrainingNets) -> [String: Float] {
    let critic = nets.critic
    let clipped = critic.parameters.count(atOrBeyond: clip, on: nets.device)
    var measured = [MetricColumn.atBound: Float(clipped) / Float(critic.plan.parameters.parameterCount)]
    let variances = critic.plan.parameters.buffers.filter { $0.kind == .runningVariance }
      .flatMap { $0.values(in: critic.buffers) }
    if !variances.isEmpty {
      let small = variances.filter { $0 < Float(BatchNorm.epsilon) }.count
      measured[Self.varianceBelowEpsilon] = Float(small) / Float(variances.count)
    }
    return measured
  }
}

// MARK: - The losses alone

extension ClippedWasserstein {
  static let criticPasses = [
    NetPass(.critic, .forward), NetPass(.generator, .forward),
    NetPass(.critic, .backward(parameters: true, input: false)),
    NetPass(.critic, .forward), NetPass(.critic, .backward(parameters: true, input: false)),
  ]
  static let generatorPasses = [
    NetPass(.generator, .forward), NetPass(.critic, .forward),
    NetPass(.critic, .backward(parameters: false, input: true)),
    NetPass(.generator, .backward(parameters: true, input: false)),
  ]
  static let columns: [MetricColumn] = [
    MetricColumn("d_loss") { $0.criticLosses.loss }, MetricColumn("g_loss") { $0.generatorLoss },
    MetricColumn("real_loss") { $0.criticLosses.real }, MetricColumn("fake_loss") { $0.criticLosses.fake },
    MetricColumn(MetricColumn.wasserstein) { $0.criticLosses.wasserstein },
  ]

  /// Real and fake pictures are separate batches of the norms; their gradients add up: d loss = mean real - mean fake.
  ///
  /// - Returns: also the pictures as the critic saw them.
  static func criticGradients(
    _ nets: TrainingNets, _ batch: StepBatch
  ) -> (losses: CriticLosses, real: Activations, fake: Activations) {
    let (critic, generator) = (nets.critic, nets.generator)
    let real = nets.view.see(nets.real, .criticReal, count: batch.reals, of: batch)
    critic.forward(batch: batch.reals, input: real, statistics: .batch)
    let realSum = critic.scores(batch: batch.reals).sum
    generator.forward(batch: batch.fakes, input: nets.noise, statistics: .batch)
    critic.backward(batch: batch.reals, input: real, from: .scores(1 / Float(batch.allReals)), parameterGradients: true)

    let fake = nets.view.see(generator.output, .criticFake, count: batch.fakes, of: batch)
    critic.forward(batch: batch.fakes, input: fake, statistics: .batch)
    let fakeSum = critic.scores(batch: batch.fakes).sum
    critic.backward(
      batch: batch.fakes, input: fake, from: .scores(-1 / Float(batch.allFakes)), parameterGradients: true,
      accumulate: true)
    let sums = nets.sums([realSum, fakeSum])
    let losses = CriticLosses(
      real: Float(sums[0] / Double(batch.allReals)), fake: Float(sums[1] / Double(batch.allFakes)))
    return (losses, real, fake)
  }

  /// The loss is the mean score of the fakes.
  static func generatorGradients(_ nets: TrainingNets, _ batch: StepBatch) -> Float {
    var loss: Float = 0
    nets.generatorGradients(batch) { scores in
      loss = Float(nets.sums([scores.sum])[0] / Double(batch.allFakes))
      return .scores(1 / Float(batch.allFakes))
    }
    return loss
  }
}

extension TrainingNets {
  /// Leaves the generator's gradients of a loss of its pictures' scores.
  ///
  /// - Parameter scoreGradient: told the scores; gives d loss / d score.
  func generatorGradients(_ batch: StepBatch, scoreGradient: (_ scores: Slice) -> Executor.OutputGradient) {
    let fakes = batch.fakes
    generator.forward(batch: fakes, input: noise, statistics: .batch)
    let fake = view.see(generator.output, .generatorFake, count: fakes, of: batch)
    critic.forward(batch: fakes, input: fake, statistics: .batch)
    let gradient = scoreGradient(critic.scores(batch: fakes))
    critic.backward(batch: fakes, input: fake, from: gradient, parameterGradients: false, inputGradient: true)
    let diffOutput = view.gradient(critic.inputGradient, .generatorFake, count: fakes, of: batch)
    generator.backward(batch: fakes, input: noise, from: .pictures(diffOutput), parameterGradients: true)
  }
}
