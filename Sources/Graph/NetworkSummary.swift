// What `wgan inspect` tells of a net.

import Compute

/// One step of a net in numbers.
package struct StepSummary: Sendable {
  package let name: String
  /// "conv 4x4 stride 2 + LeakyReLU(0.2) + batch norm".
  package let operation: String
  /// Channels, height, width of one picture's output.
  package let outputShape: [Int]
  /// As PyTorch counts them.
  package let parameters: Int
  /// Forward, one picture.
  package let multiplyAdds: Int
}

extension ExecutionPlan {
  package var summary: [StepSummary] {
    steps.map { step in
      let convolution = step.convolution
      return StepSummary(
        name: step.name, operation: step.operation,
        outputShape: [step.outputChannels, step.outputSize, step.outputSize],
        parameters: convolution.parameterCount + (step.linear?.weightShape[0] ?? 0)
          + (step.norm.map { 2 * $0.channels } ?? 0),
        multiplyAdds: convolution.multiplyAdds(batch: 1))
    }
  }
}

extension ExecutionPlan {
  /// A line for each layer and pass: how it is convolved, and why not by the fast method where it isn't.
  package var methods: [String] {
    zip(steps, primitives).filter { !$0.0.writesScore }.flatMap { step, primitive in
      step.passes(purpose).enumerated().map { index, pass in
        let own = pass == .backwardWeights ? "backwardWeights" : index == 0 ? "forward" : "backwardData"
        let shape = "mb\(batch)\(step.convolution.description)\(step.isTransposed ? "^T" : "")"
        return "\(network.name).\(step.name) \(own) \(shape): \(primitive.algorithm(pass).rawValue)"
          + (primitive.refusal(pass).map { " (\($0))" } ?? "")
      }
    }
  }
}

extension FusedStep {
  fileprivate var operation: String {
    let c = convolution
    var parts =
      linear == nil
      ? ["\(isTransposed ? "transposed conv" : "conv") \(c.kernel)x\(c.kernel) stride \(c.stride)"] : ["linear"]
    let activation = slope.map { $0 == 0 ? "ReLU" : "LeakyReLU(\($0))" }
    switch order {
    case .activationThenNorm: parts += [activation, norm.map { _ in "batch norm" }].compactMap(\.self)
    case .normThenActivation: parts += [norm.map { _ in "batch norm" }, activation].compactMap(\.self)
    }
    if tanh { parts.append("tanh") }
    if writesScore { parts.append("mean") }
    return parts.joined(separator: " + ")
  }
}
