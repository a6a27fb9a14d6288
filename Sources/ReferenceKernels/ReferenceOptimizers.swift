// Optimizers, value by value; as in PyTorch, with its defaults. Each updates `parameters` in place, downhill.

import SystemSupport

/// RMSprop without momentum or centring. The mean of squares starts at 0.
///
///   square    = smoothing square + (1 - smoothing) gradient^2
///   parameter = parameter - learningRate gradient / (sqrt(square) + epsilon)       epsilon is outside of the root
package struct ReferenceRMSprop: Equatable, Sendable {
  package var learningRate: Double
  package var smoothing: Double
  package var epsilon: Double

  package init(learningRate: Double, smoothing: Double = 0.99, epsilon: Double = 1e-8) {
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
  }

  package func update(parameters: inout [Double], gradients: [Double], squares: inout [Double]) {
    for i in parameters.indices {
      squares[i] = smoothing * squares[i] + (1 - smoothing) * gradients[i] * gradients[i]
      parameters[i] -= learningRate * gradients[i] / (squares[i].squareRoot() + epsilon)
    }
  }
}

/// Adam. Both moments start at 0; `step` counts from 1.
///
///   first     = beta1 first  + (1 - beta1) gradient
///   second    = beta2 second + (1 - beta2) gradient^2
///   parameter = parameter - learningRate (first / (1 - beta1^step)) / (sqrt(second / (1 - beta2^step)) + epsilon)
package struct ReferenceAdam: Equatable, Sendable {
  package var learningRate: Double
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double

  package init(learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }

  package func update(
    parameters: inout [Double], gradients: [Double], firstMoments: inout [Double], secondMoments: inout [Double],
    step: Int
  ) {
    precondition(step >= 1)
    let firstCorrection = 1 - pow(beta1, Double(step))
    let secondCorrection = 1 - pow(beta2, Double(step))
    for i in parameters.indices {
      firstMoments[i] = beta1 * firstMoments[i] + (1 - beta1) * gradients[i]
      secondMoments[i] = beta2 * secondMoments[i] + (1 - beta2) * gradients[i] * gradients[i]
      let denominator = (secondMoments[i] / secondCorrection).squareRoot() + epsilon
      parameters[i] -= learningRate * (firstMoments[i] / firstCorrection) / denominator
    }
  }
}

/// Clipping: every value into [-bound, bound].
package func referenceClamp(_ values: inout [Double], to bound: Double) {
  for i in values.indices { values[i] = min(max(values[i], -bound), bound) }
}

/// An exponential moving average, as tf.train.ExponentialMovingAverage with `num_updates`; `update` counts from 1.
///
///   kept    = min(beta, (1 + update) / (10 + update))
///   average = kept average + (1 - kept) value
package func referenceAverage(_ average: inout [Double], _ values: [Double], beta: Double, update: Int) {
  let kept = min(beta, (1 + Double(update)) / (10 + Double(update)))
  for i in average.indices { average[i] = kept * average[i] + (1 - kept) * values[i] }
}
