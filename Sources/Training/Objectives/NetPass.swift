// A pass over a net, as an objective declares it.

import Configuration
import Graph

/// One pass over a net.
package struct NetPass: Hashable, Sendable {
  package let net: NetRole
  package let kind: ExecutionPass

  package init(_ net: NetRole, _ kind: ExecutionPass) {
    self.net = net
    self.kind = kind
  }

  /// The multiply-adds of the net's convolutions and linear layers for one picture.
  func multiplyAdds(_ plan: ExecutionPlan) -> Int {
    func layer(_ step: FusedStep) -> Int { step.layer.multiplyAdds(batch: 1) }
    let all = plan.multiplyAdds
    switch kind {
    case .forward: return all
    case .backward(let parameters, let input):
      return (parameters ? all : 0) + all - (input ? 0 : layer(plan.steps[0]))
    // All that forward runs but the score, and the gradients of all parameters.
    case .tangent: return 2 * all - (plan.steps.last.map(layer) ?? 0)
    }
  }
}

extension Sequence<NetPass> {
  /// What a net is planned for that runs them; nil: it runs none.
  func purpose(of net: NetRole) -> ExecutionPlan.Purpose? {
    let kinds = filter { $0.net == net }.map(\.kind)
    if kinds.isEmpty { return nil }
    if kinds.contains(.tangent) { return .trainingWithTangents }
    return kinds.allSatisfy { $0 == .forward } ? .sampling : .training
  }
}
