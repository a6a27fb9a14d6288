// What a critic step and a generator step minimise. A file beside this one is an objective; `makeObjective` chooses.

import Configuration
import Graph

/// A pair of losses, and how their gradients are made.
///
/// A parameter of the configuration that one objective alone reads says so in its declaration (`effect:`): with another
/// objective it is refused, and the dry run tells it. docs/AddingAnObjective.md has the steps.
///
/// The trainer prepares the inputs, calls a step, sums the gradients over all ranks, and updates. So a step here ends
/// with gradients and changes no parameter; only `constrain` does.
package protocol Objective: Sendable {
  /// The passes that a step runs on full batches, in their order. Multiply-adds, and which buffers a net needs, follow
  /// from them.
  var criticPasses: [NetPass] { get }
  var generatorPasses: [NetPass] { get }

  /// The most pictures of one pass over the critic, in steps of `batchSize` real ones and as many fakes.
  func criticBatch(_ batchSize: Int) -> Int

  /// A generator step reads the real pictures of the critic step before it.
  var generatorSeesReals: Bool { get }

  /// What metrics.csv tells of a step, between the step's place in the run and the evaluation.
  var columns: [MetricColumn] { get }

  /// Leaves the gradient of the critic's loss in `nets.critic.gradients`.
  func criticStep(_ nets: TrainingNets, _ batch: StepBatch) -> CriticLosses

  /// Leaves the gradient of the generator's loss in `nets.generator.gradients`, and gives the loss.
  func generatorStep(_ nets: TrainingNets, _ batch: StepBatch) -> Float

  /// The critic's loss of these scores, without a penalty, as in a critic step.
  func criticLoss(real: [Float], fake: [Float]) -> Float

  /// What else is told of the nets at a generator step, by its column.
  func measure(_ nets: TrainingNets) -> [String: Float]

  /// Brings the critic's parameters back to where the objective allows them; called before each critic step and after
  /// each of its updates.
  func constrain(_ nets: TrainingNets, at time: ClipTime)
}

extension Objective {
  package func criticBatch(_ batchSize: Int) -> Int { batchSize }
  package var generatorSeesReals: Bool { false }
  package func measure(_ nets: TrainingNets) -> [String: Float] { [:] }
  package func constrain(_ nets: TrainingNets, at time: ClipTime) {}

  /// Wasserstein's.
  package func criticLoss(real: [Float], fake: [Float]) -> Float { mean(of: real) - mean(of: fake) }
}

extension TrainingConfiguration {
  /// The objective that the configuration asks for.
  ///
  /// - Precondition: the configuration is valid.
  package func makeObjective() -> any Objective {
    switch self.objective {
    case .wgan: ClippedWasserstein(self)
    case .wganGP: WassersteinGradientPenalty(self)
    case .wganR1R2: PairedObjective<WassersteinPairs>(self)
    case .relativistic: PairedObjective<RelativisticPairs>(self)
    }
  }
}

/// What a step has in `TrainingNets`, and its place in the run, which keys its random numbers. Where ranks share the
/// batch, means are over all of it: each rank divides by all pictures, and the sums over ranks are taken of losses
/// (`TrainingNets.sums`) and, behind the step, of gradients.
package struct StepBatch: Sendable {
  /// Pictures in `nets.real`.
  package let reals: Int
  /// Vectors in `nets.noise`.
  package let fakes: Int
  /// Those of all ranks.
  package let allReals: Int
  package let allFakes: Int
  /// The number in the whole batch of this rank's first picture, and of its first vector.
  package let first: Int
  package let seed: UInt64
  /// Steps of this net that were done before this one.
  package let step: Int
  /// The run's generator steps that are done, as a share of all of them, 0 to 1.
  package let progress: Double

  /// Real pictures with a fake one beside them: this rank's, and those of all.
  package var pairs: Int { min(reals, fakes) }
  package var allPairs: Int { min(allReals, allFakes) }
}

/// The mean, summed in Double in the values' order.
func mean(of values: [Float]) -> Float { Float(values.reduce(0) { $0 + Double($1) } / Double(values.count)) }
