// Activations: functions of one value, and their gradients. diffSource = diffDestination * f'(source).

import SystemSupport

package enum ReferenceActivation: Equatable, Sendable {
  /// f(v) = v for v > 0, else slope * v. f'(v) = 1 for v > 0, else slope: at 0 the gradient is slope, as in PyTorch.
  case leakyReLU(slope: Double)
  /// f(v) = max(v, 0). f'(v) = 1 for v > 0, else 0.
  case relu
  /// f(v) = tanh(v). f'(v) = 1 - tanh(v)^2.
  case tanh

  package func forward(_ source: ReferenceTensor) -> ReferenceTensor {
    source.map { v in
      switch self {
      case .leakyReLU(let slope): v > 0 ? v : slope * v
      case .relu: v > 0 ? v : 0
      case .tanh: hyperbolicTangent(v)
      }
    }
  }

  package func backward(source: ReferenceTensor, diffDestination: ReferenceTensor) -> ReferenceTensor {
    source.combined(with: diffDestination) { v, gradient in
      switch self {
      case .leakyReLU(let slope): v > 0 ? gradient : slope * gradient
      case .relu: v > 0 ? gradient : 0
      case .tanh: gradient * (1 - hyperbolicTangent(v) * hyperbolicTangent(v))
      }
    }
  }
}

/// The C library's tanh, whose name the case above hides.
private func hyperbolicTangent(_ v: Double) -> Double { tanh(v) }
