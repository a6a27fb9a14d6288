// What a critic step saw.

/// The critic's mean over the real and over the fake pictures of a step, and what it minimised.
package struct CriticLosses: Sendable, Equatable {
  package var real: Float
  package var fake: Float
  /// What the step minimises, without a penalty.
  package var loss: Float
  /// What else the objective measured, by its column in metrics.csv.
  package var measured: [String: Float]

  /// - Parameter loss: nil: Wasserstein's.
  package init(real: Float, fake: Float, loss: Float? = nil, measured: [String: Float] = [:]) {
    self.real = real
    self.fake = fake
    self.loss = loss ?? real - fake
    self.measured = measured
  }

  /// Before the first step.
  package static let none = CriticLosses(real: .nan, fake: .nan)

  /// The estimate of the distance, where the loss is Wasserstein's; elsewhere how far real and fake scores are apart.
  package var wasserstein: Float { 0 - (real - fake) }
}
