// What a critic step saw.

/// The critic's mean over the real and over the fake pictures of a step.
package struct CriticLosses: Sendable, Equatable {
  package var real: Float
  package var fake: Float
  /// What else the objective measured, by its column in metrics.csv.
  package var measured: [String: Float]

  package init(real: Float, fake: Float, measured: [String: Float] = [:]) {
    self.real = real
    self.fake = fake
    self.measured = measured
  }

  /// Before the first step.
  package static let none = CriticLosses(real: .nan, fake: .nan)

  /// d_loss, which a step with Wasserstein's loss minimises.
  package var difference: Float { real - fake }

  /// The estimate of the distance.
  package var wasserstein: Float { 0 - difference }
}
