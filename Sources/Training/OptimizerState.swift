// An optimizer and what it remembers of one net.

import Compute
import Configuration
import Graph

/// The optimizer's state of one net, laid out as its parameters are.
final class OptimizerState {
  private let kind: Optimizer
  private let learningRate: Float
  private let betas: (Double, Double)
  private let squares: Slice
  private let means: Slice

  init(_ configuration: TrainingConfiguration, _ role: NetRole, count: Int) {
    let c = configuration
    kind = c.optimizer(of: role)
    switch role {
    case .critic:
      learningRate = c.criticLearningRate
      betas = (c.criticAdamBeta1, c.criticAdamBeta2)
    case .generator:
      learningRate = c.generatorLearningRate
      betas = (c.generatorAdamBeta1, c.generatorAdamBeta2)
    }
    squares = Slab(count: count).all
    means = Slab(count: kind == .adam ? count : 0).all
  }

  /// Slabs as large as the parameters' that an optimizer keeps for each net.
  static func slabCount(_ kind: Optimizer) -> Int {
    switch kind {
    case .rmsprop: 1
    case .adam: 2
    }
  }

  /// Names are PyTorch's (`square_avg`, `exp_avg`, `exp_avg_sq` in its optimizers' state).
  var slabs: [(name: String, slab: Slice)] {
    switch kind {
    case .rmsprop: [("square_avg", squares)]
    case .adam: [("exp_avg", means), ("exp_avg_sq", squares)]
    }
  }

  /// Forgets all.
  func reset() {
    squares.fill(0)
    means.fill(0)
  }

  /// Update number `step` of this net, counted from 1, with a share of the learning rate.
  ///
  /// - Returns: whether the net's parameters and this state are finite.
  func update(_ net: Executor, step: Int, rateShare: Double, on device: Device) -> Bool {
    let rate = Double(learningRate) * rateShare
    defer { net.parametersChanged() }
    switch kind {
    case .rmsprop:
      return RMSprop(learningRate: Float(rate)).update(
        net.parameters, gradients: net.gradients, squares: squares, on: device)
    case .adam:
      return Adam(learningRate: rate, beta1: betas.0, beta2: betas.1).update(
        net.parameters, gradients: net.gradients, means: means, squares: squares, step: step, on: device)
    }
  }
}

extension TrainingConfiguration {
  func optimizer(of role: NetRole) -> Optimizer {
    switch role {
    case .critic: self.criticOptimizer
    case .generator: self.generatorOptimizer
    }
  }
}
