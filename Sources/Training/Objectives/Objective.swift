// What a critic step and a generator step minimise. A file beside this one is an objective; `Objectives` chooses.

import Compute
import Configuration
import Graph

/// A pair of losses, and how their gradients are made.
///
/// A parameter of the configuration that one objective alone reads says so in its declaration (`effect:`): with another
/// objective it is refused, and the dry run tells it. docs/AddingAnObjective.md has the steps.
///
/// The trainer prepares the inputs, calls a step, lets `reduce` join other machines' gradients, and updates. So a step
/// here ends with gradients and changes no parameter; only `constrain` does.
package protocol Objective: Sendable {
  /// The passes that a step runs on full batches, in their order. Multiply-adds, and which buffers a net needs, follow
  /// from them.
  var criticPasses: [NetPass] { get }
  var generatorPasses: [NetPass] { get }

  /// What metrics.csv tells of a step, between the step's place in the run and the evaluation.
  var columns: [MetricColumn] { get }

  /// Leaves the gradient of the critic's loss in `nets.critic.gradients`.
  ///
  /// - Parameters: how many pictures there are in `nets.real`, and vectors in `nets.noise`.
  func criticStep(_ nets: TrainingNets, reals: Int, fakes: Int) -> CriticLosses

  /// Leaves the gradient of the generator's loss in `nets.generator.gradients`, and gives the loss.
  ///
  /// - Parameter fakes: vectors in `nets.noise`.
  func generatorStep(_ nets: TrainingNets, fakes: Int) -> Float

  /// Brings the critic's parameters back to where the objective allows them; called before each critic step and after
  /// each of its updates.
  func constrain(_ nets: TrainingNets, at time: ClipTime)
}

extension TrainingConfiguration {
  /// The objective that the configuration asks for.
  package var objective: any Objective { ClippedWasserstein(self) }
}

/// One pass over a net.
package struct NetPass: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case forward
    /// The first layer's gradient with respect to its input is made for `input` alone.
    case backward(parameters: Bool, input: Bool)
  }

  package let net: NetRole
  package let kind: Kind

  package init(_ net: NetRole, _ kind: Kind) {
    self.net = net
    self.kind = kind
  }

  /// The multiply-adds of the net's convolutions and linear layers for one picture.
  func multiplyAdds(_ plan: ExecutionPlan) -> Int {
    let all = plan.multiplyAdds
    switch kind {
    case .forward: return all
    case .backward(let parameters, let input):
      let first = plan.steps[0].layer.multiplyAdds(batch: 1)
      return (parameters ? all : 0) + all - (input ? 0 : first)
    }
  }
}

/// What an objective works with: both nets, and the inputs of the step.
package final class TrainingNets {
  package let critic: Executor
  package let generator: Executor
  /// Laid out as the critic's input.
  package let real: Activations
  /// Laid out as the generator's input.
  package let noise: Activations
  /// Whatever the critic is shown, real or fake, goes through it.
  package let view: CriticView
  package let device: Device

  init(_ plan: TrainingPlan, on device: Device) {
    self.device = device
    critic = Executor(plan.critic, on: device)
    generator = Executor(plan.generator, on: device)
    let batch = plan.configuration.batchSize
    func input(of plan: ExecutionPlan) -> Activations {
      Activations(Slab(count: plan.inputLayout.count(batch: batch)).all, plan.inputLayout)
    }
    real = input(of: plan.critic)
    view = CriticView(plan.configuration, plan.critic.inputLayout, on: device)
    noise = input(of: plan.generator)
  }

  package func net(_ role: NetRole) -> Executor {
    switch role {
    case .critic: critic
    case .generator: generator
    }
  }
}
