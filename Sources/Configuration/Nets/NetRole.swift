// The two nets by their parts.

import Graph

/// Which of the two nets. The raw value is the group of its tensors: "generator.final.weight".
package enum NetRole: String, Sendable, CaseIterable {
  case generator
  case critic
}

extension TrainingConfiguration {
  package func network(_ role: NetRole) -> Network {
    switch role {
    case .generator: generator
    case .critic: critic
    }
  }
}
