// Batch norm over N x C x H x W: each channel by itself, over its m = N H W values.
//
//   mean      = sum(source) / m
//   variance  = sum((source - mean)^2) / m                        biased: this one normalises
//   x̂         = (source - mean) / sqrt(variance + epsilon)
//   dst       = gamma x̂ + beta
//
//   running mean      moves by momentum towards mean
//   running variance  moves by momentum towards variance m / (m - 1)    unbiased: this one is kept for evaluation
//
// epsilon counts: with clipped weights a critic's variances can be smaller than it.

package struct ReferenceBatchNorm: Equatable, Sendable {
  package var epsilon = 1e-5
  package var momentum = 0.1

  package init(epsilon: Double = 1e-5, momentum: Double = 0.1) {
    self.epsilon = epsilon
    self.momentum = momentum
  }

  /// Mean and biased variance of each channel: C values each.
  package struct Statistics: Equatable, Sendable {
    package var mean: [Double]
    package var variance: [Double]
  }

  /// The running statistics that evaluation uses: C values each. They start at mean 0, variance 1.
  package struct Running: Equatable, Sendable {
    package var mean: [Double]
    package var variance: [Double]

    package init(channels: Int) {
      mean = Array(repeating: 0, count: channels)
      variance = Array(repeating: 1, count: channels)
    }

    package init(mean: [Double], variance: [Double]) {
      self.mean = mean
      self.variance = variance
    }
  }

  package func statistics(_ source: ReferenceTensor) -> Statistics {
    let (count, channels, height, width) = source.dimensions
    let m = Double(count * height * width)
    var statistics = Statistics(
      mean: Array(repeating: 0, count: channels), variance: Array(repeating: 0, count: channels))
    for c in 0..<channels {
      var sum = 0.0
      source.forEach(inChannel: c) { sum += source.values[$0] }
      let mean = sum / m
      var squares = 0.0
      source.forEach(inChannel: c) { squares += (source.values[$0] - mean) * (source.values[$0] - mean) }
      statistics.mean[c] = mean
      statistics.variance[c] = squares / m
    }
    return statistics
  }

  /// Training: normalises by the batch's own statistics and moves the running ones.
  package func forwardTraining(
    source: ReferenceTensor, gamma: [Double], beta: [Double], running: inout Running
  ) -> ReferenceTensor {
    let (count, channels, height, width) = source.dimensions
    let m = Double(count * height * width)
    let statistics = statistics(source)
    for c in 0..<channels {
      let unbiased = statistics.variance[c] * m / (m - 1)
      running.mean[c] = (1 - momentum) * running.mean[c] + momentum * statistics.mean[c]
      running.variance[c] = (1 - momentum) * running.variance[c] + momentum * unbiased
    }
    return normalised(source, statistics.mean, statistics.variance, gamma, beta)
  }

  /// Evaluation: normalises by the running statistics.
  package func forwardEvaluation(
    source: ReferenceTensor, gamma: [Double], beta: [Double], running: Running
  ) -> ReferenceTensor {
    normalised(source, running.mean, running.variance, gamma, beta)
  }

  /// The gradients of training's forward. With g = diffDestination:
  ///
  ///   diffBeta   = sum(g)
  ///   diffGamma  = sum(g x̂)
  ///   diffSource = gamma / sqrt(variance + epsilon) (g - diffBeta / m - x̂ diffGamma / m)
  package func backward(
    source: ReferenceTensor, diffDestination: ReferenceTensor, gamma: [Double]
  ) -> (diffSource: ReferenceTensor, diffGamma: [Double], diffBeta: [Double]) {
    precondition(source.shape == diffDestination.shape)
    let (count, channels, height, width) = source.dimensions
    let m = Double(count * height * width)
    let statistics = statistics(source)
    var diffSource = ReferenceTensor(shape: source.shape)
    var diffGamma = Array(repeating: 0.0, count: channels)
    var diffBeta = Array(repeating: 0.0, count: channels)
    for c in 0..<channels {
      let inverseDeviation = 1 / (statistics.variance[c] + epsilon).squareRoot()
      func normalised(_ i: Int) -> Double { (source.values[i] - statistics.mean[c]) * inverseDeviation }
      source.forEach(inChannel: c) { i in
        diffBeta[c] += diffDestination.values[i]
        diffGamma[c] += diffDestination.values[i] * normalised(i)
      }
      source.forEach(inChannel: c) { i in
        diffSource.values[i] =
          gamma[c] * inverseDeviation
          * (diffDestination.values[i] - diffBeta[c] / m - normalised(i) * diffGamma[c] / m)
      }
    }
    return (diffSource, diffGamma, diffBeta)
  }

  private func normalised(
    _ source: ReferenceTensor, _ mean: [Double], _ variance: [Double], _ gamma: [Double], _ beta: [Double]
  ) -> ReferenceTensor {
    var destination = source
    for c in 0..<source.shape[1] {
      source.forEach(inChannel: c) { i in
        let normalised = (source.values[i] - mean[c]) / (variance[c] + epsilon).squareRoot()
        destination.values[i] = gamma[c] * normalised + beta[c]
      }
    }
    return destination
  }
}

extension ReferenceTensor {
  /// The offsets of all values of channel `c`, in order.
  func forEach(inChannel c: Int, _ body: (Int) -> Void) {
    let (count, channels, height, width) = dimensions
    for n in 0..<count {
      let start = (n * channels + c) * height * width
      for i in start..<start + height * width { body(i) }
    }
  }
}
