// The Wasserstein losses with a penalty on the critic's gradient between real and fake pictures. Source: Gulrajani et
// al., "Improved training of Wasserstein GANs" (NeurIPS 2017), algorithm 1, in the sign of the WGAN authors' code: the
// critic minimises D(real) - D(fake), the generator D(fake).

import Compute
import Configuration
import Graph
import Randomness

struct WassersteinGradientPenalty: Objective {
  private let configuration: TrainingConfiguration

  /// - Precondition: the configuration is valid.
  init(_ configuration: TrainingConfiguration) { self.configuration = configuration }

  let criticPasses =
    ClippedWasserstein.criticPasses + [
      NetPass(.critic, .forward), NetPass(.critic, .backward(parameters: false, input: true)),
      NetPass(.critic, .tangent),
    ]
  let generatorPasses = ClippedWasserstein.generatorPasses
  let columns = ClippedWasserstein.columns + GradientNorms.columns

  func criticStep(_ nets: TrainingNets, _ batch: StepBatch) -> CriticLosses {
    var (losses, real, fake) = ClippedWasserstein.criticGradients(nets, batch)
    // A point between each real picture and a fake one, as the critic saw them, anywhere on the line between the two.
    let count = batch.pairs
    let buffers = nets.penaltyBuffers
    var random = RandomStream(seed: batch.seed, purpose: .interpolation, step: batch.step)
    for _ in 0..<batch.first { _ = random.uniform() }
    for n in 0..<count {
      let share = random.uniform()
      buffers.scoreFactors[n] = share
      buffers.gradientFactors[n] = 1 - share
    }
    buffers.pictures.setSum(
      real, buffers.scoreFactors, fake, buffers.gradientFactors, batch: count, on: nets.device)
    let penalty = GradientPenalty(.oneCentred, configuration, at: batch.progress)
    var norms = GradientNorms()
    nets.addPenalisedGradient(penalty, count: count, share: 1 / Double(batch.allPairs), accumulate: true, norms: &norms)
    { _ in
      // The loss has no part at these points.
      buffers.scoreFactors.fill(0)
    }
    losses.measured = norms.joined(nets).measured
    return losses
  }

  func generatorStep(_ nets: TrainingNets, _ batch: StepBatch) -> Float {
    ClippedWasserstein.generatorGradients(nets, batch)
  }
}
