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

  let criticPasses = [
    NetPass(.critic, .forward), NetPass(.generator, .forward),
    NetPass(.critic, .backward(parameters: true, input: false)),
    NetPass(.critic, .forward), NetPass(.critic, .backward(parameters: true, input: false)),
  ]
  let generatorPasses = [
    NetPass(.generator, .forward), NetPass(.critic, .forward),
    NetPass(.critic, .backward(parameters: false, input: true)),
    NetPass(.generator, .backward(parameters: true, input: false)),
  ]

  let columns: [MetricColumn] = [
    MetricColumn("d_loss") { $0.criticLosses.difference }, MetricColumn("g_loss") { $0.generatorLoss },
    MetricColumn("real_loss") { $0.criticLosses.real }, MetricColumn("fake_loss") { $0.criticLosses.fake },
    MetricColumn(MetricColumn.wasserstein) { $0.criticLosses.wasserstein },
  ]

  /// Real and fake pictures are separate batches of the norms; their gradients add up: d loss = mean real - mean fake.
  func criticStep(_ nets: TrainingNets, reals: Int, fakes: Int) -> CriticLosses {
    let (critic, generator) = (nets.critic, nets.generator)
    let real = nets.view.see(nets.real, .criticReal, batch: reals)
    critic.forward(batch: reals, input: real, statistics: .batch)
    let realLoss = critic.meanScore(batch: reals)
    generator.forward(batch: fakes, input: nets.noise, statistics: .batch)
    critic.backward(batch: reals, input: real, from: .scores(1 / Float(reals)), parameterGradients: true)

    let fake = nets.view.see(generator.output, .criticFake, batch: fakes)
    critic.forward(batch: fakes, input: fake, statistics: .batch)
    let fakeLoss = critic.meanScore(batch: fakes)
    critic.backward(
      batch: fakes, input: fake, from: .scores(-1 / Float(fakes)), parameterGradients: true, accumulate: true)
    return CriticLosses(real: realLoss, fake: fakeLoss)
  }

  func generatorStep(_ nets: TrainingNets, fakes: Int) -> Float {
    let (critic, generator) = (nets.critic, nets.generator)
    generator.forward(batch: fakes, input: nets.noise, statistics: .batch)
    let fake = nets.view.see(generator.output, .generatorFake, batch: fakes)
    critic.forward(batch: fakes, input: fake, statistics: .batch)
    let loss = critic.meanScore(batch: fakes)
    critic.backward(
      batch: fakes, input: fake, from: .scores(1 / Float(fakes)), parameterGradients: false, inputGradient: true)
    let gradient = nets.view.gradient(critic.inputGradient, .generatorFake, batch: fakes)
    generator.backward(batch: fakes, input: nets.noise, from: .pictures(gradient), parameterGradients: true)
    return loss
  }

  func constrain(_ nets: TrainingNets, at time: ClipTime) {
    if time != clipTime { return }
    let recorder = nets.device.recorder
    recorder?.begin("critic", .clipping, .update)
    nets.critic.parameters.clamp(to: clip, on: nets.device)
    recorder?.end()
    nets.critic.parametersChanged()
  }
}
