// An optimizer and what it remembers of one net.

import Compute
import Configuration
import Graph

/// The optimizer's state of one net, laid out as its parameters are.
final class OptimizerState {
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

  /// Update number `step` of this net, counted from 1.
  func update(_ net: Executor, step: Int, on device: Device) {
    switch kind {
    case .rmsprop:
      rmsprop.update(net.parameters, gradients: net.gradients, squares: squares, on: device)
    case .adam:
      adam.update(
        net.parameters, gradients: net.gradients, means: means, squares: squares, step: step, on: device)
    }
    net.parametersChanged()
  }
}
