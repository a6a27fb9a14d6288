// How a net's parameters start: a pure function of (seed, net, parameter).

import Configuration
import Compute
import Graph
import Randomness

extension Executor {
  /// Sets all parameters and running statistics to their initial values.
  ///
  /// - Parameter netIndex: 0 critic, 1 generator: their numbers differ.
  func initialise(_ initialisation: Initialisation, seed: UInt64, netIndex: Int) {
    for (i, parameter) in plan.parameters.parameters.enumerated() {
      var random = RandomStream(seed: seed, purpose: .initialWeights, step: netIndex, index: i)
      let count = parameter.valueCount
      let values: [Float]
      switch (parameter.kind, initialisation) {
      case (.bias(let fanIn), _):
        let bound = 1 / Float(fanIn).squareRoot()
        values = (0..<count).map { _ in (2 * random.uniform() - 1) * bound }
      case (.convolutionWeight, .dcgan), (.transposedConvolutionWeight, .dcgan):
        values = random.normals(count).map { 0.02 * $0 }
      case (.linearWeight, _), (.convolutionWeight, _), (.transposedConvolutionWeight, _):
        // PyTorch's kaiming_uniform_(a = sqrt(5)): U(-1/sqrt(fan_in), 1/sqrt(fan_in)), where fan_in counts dimension 1
        // of the weight, which is the output's channels in a transposed convolution; in PyTorch 0.4.1 it was the
        // input's. DCGAN's scheme leaves linear layers at that.
        let shape = parameter.shape
        let countsInputs = initialisation == .pytorch04 && parameter.kind == .transposedConvolutionWeight
        let channels = shape[countsInputs ? 0 : 1]
        let bound = 1 / Float(shape[2...].reduce(channels, *)).squareRoot()
        values = (0..<count).map { _ in (2 * random.uniform() - 1) * bound }
      case (.gamma, .pytorch):
        values = [Float](repeating: 1, count: count)
      case (.gamma, .pytorch04):
        values = (0..<count).map { _ in random.uniform() }
      case (.gamma, .dcgan):
        values = random.normals(count).map { 1 + 0.02 * $0 }
      case (.beta, _), (.runningMean, _), (.runningVariance, _):
        values = [Float](repeating: 0, count: count)
      }
      parameter.set(values, in: parameters)
    }
    for buffer in plan.parameters.buffers {
      let start: Float = if case .runningVariance = buffer.kind { 1 } else { 0 }
      buffer.set([Float](repeating: start, count: buffer.valueCount), in: buffers)
    }
    parametersChanged()
  }
}
