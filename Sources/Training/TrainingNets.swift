// What the steps work with: both nets and the inputs of a step. All of it is there before the first step.

import Compute
import Configuration
import Graph

package final class TrainingNets {
  package let critic: Executor
  package let generator: Executor
  /// Laid out as the critic's input.
  package let real: Activations
  /// Laid out as the generator's input.
  package let noise: Activations
  /// Objectives show the critic no picture but through this.
  package let view: CriticView
  /// Of an objective that penalises the critic's gradient.
  package let penalty: PenaltyBuffers?
  package let device: Device

  init(_ plan: TrainingPlan, on device: Device) {
    self.device = device
    let arena = Arena(plan.arena)
    critic = Executor(plan.critic, in: arena, ofNet: NetRole.critic.indexInArena, on: device)
    generator = Executor(plan.generator, in: arena, ofNet: NetRole.generator.indexInArena, on: device)
    let batch = plan.share.capacity
    func input(of plan: ExecutionPlan) -> Activations {
      Activations(Slab(count: plan.inputLayout.count(batch: batch)).all, plan.inputLayout)
    }
    real = input(of: plan.critic)
    noise = input(of: plan.generator)
    view = CriticView(plan.configuration, plan.critic.inputLayout, batch: batch, on: device)
    penalty = plan.critic.purpose == .trainingWithTangents ? PenaltyBuffers(plan.critic) : nil
  }

  /// The sums of these values over all ranks that share the batch.
  func sums(_ values: [Double]) -> [Double] { device.ranks?.sums(values) ?? values }

  package func net(_ role: NetRole) -> Executor {
    switch role {
    case .critic: critic
    case .generator: generator
    }
  }
}
