// The curves of a run over generator steps: the Wasserstein estimate, of the pictures it learns from and of held-out
// ones, and how far samples are from these.

import Statistics

/// A run's figures so far.
package struct LossCurves: Sendable, Equatable {
  package struct Point: Sendable, Equatable {
    package var step: Int
    package var value: Float

    package init(step: Int, value: Float) { (self.step, self.value) = (step, value) }
  }

  /// -d_loss at each generator step.
  package private(set) var estimate: [Point] = []
  /// The same of held-out pictures, where it was evaluated.
  package private(set) var heldOut: [Point] = []
  /// The sliced Wasserstein distance of samples from held-out pictures, where it was evaluated.
  package private(set) var distances: [Point] = []

  package init() {}

  package mutating func append(step: Int, wasserstein: Float, heldOut: Float?, distance: Float? = nil) {
    estimate.append(Point(step: step, value: wasserstein))
    if let heldOut { self.heldOut.append(Point(step: step, value: heldOut)) }
    if let distance { distances.append(Point(step: step, value: distance)) }
  }

  /// Steps that the median is of: the authors' curves have it over 101 (the README of martinarjovsky/WassersteinGAN).
  package static let medianWindow = 101

  /// The estimate's median over the `medianWindow` steps around row `index`; at the ends over those that there are.
  /// Values that aren't numbers are left out; nil if none is left.
  package func median(at index: Int) -> Float? {
    let half = Self.medianWindow / 2
    let rows = estimate[max(0, index - half)..<min(estimate.count, index + half + 1)]
    return Statistics.median(rows.map(\.value).filter { !$0.isNaN })
  }
}
