// When numbers stop being finite: what is told of it. Every step is looked at, so that nothing of it is saved.

import Configuration
import SystemSupport

/// A step has left a number that is infinite or NaN. Training can't go on from it.
package struct Divergence: ClassifiedError, Equatable {
  /// Whose step it was, and its number of all, counted from 1.
  package var role: NetRole
  package var step: Int
  /// Generator steps that were done before.
  package var generatorSteps: Int
  /// "tensor critic.final.weight has nan", "real_loss isn't finite".
  package var what: String

  package init(in role: NetRole, step: Int, generatorSteps: Int, _ what: String) {
    (self.role, self.step, self.generatorSteps, self.what) = (role, step, generatorSteps, what)
  }

  package var failureKind: FailureKind { .diverged }

  package var description: String {
    let place = "\(role.rawValue) step \(step)" + (role == .critic ? ", after generator step \(generatorSteps)" : "")
    return "training diverged in \(place): \(what)"
  }
}

extension CriticLosses {
  /// The first loss that isn't finite, by its column in metrics.csv.
  var nonFinite: String? {
    let losses = [("real_loss", real), ("fake_loss", fake), ("d_loss", loss)]
    return losses.first { !$0.1.isFinite }.map { "\($0.0) isn't finite" }
  }
}
