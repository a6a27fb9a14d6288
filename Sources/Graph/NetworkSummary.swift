// What `wgan inspect` and `--verbose` tell of a net.

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
      StepSummary(
        name: step.name, operation: step.operation,
        outputShape: [step.output.channels, step.output.size, step.output.size],
        parameters: (step.layer.parameters + (step.norm?.primitive.parameters ?? []))
          .reduce(0) { $0 + ($1.kind.isBuffer ? 0 : $1.valueCount) },
        multiplyAdds: step.layer.multiplyAdds(batch: 1))
    }
  }

  /// A line for each layer and pass: how it is computed, and why not by the fast method where it isn't.
  package var methods: [String] {
    steps.flatMap { step in
      purpose.passes.compactMap { pass in
        step.layer.method(pass).map { "\(network.name).\(step.name) \(pass.rawValue) \($0)" }
      }
    }
  }
}

extension FusedStep {
  fileprivate var operation: String {
    let activation = slope.map { $0 == 0 ? "ReLU" : "LeakyReLU(\($0))" }
    let norm = norm?.primitive.operation
    let followers =
      switch order {
      case .activationThenNorm: [activation, norm]
      case .normThenActivation: [norm, activation]
      }
    return ([layer.operation] + followers.compactMap(\.self) + (tanh ? ["tanh"] : [])).joined(separator: " + ")
  }
}
