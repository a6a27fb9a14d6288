// What a run of portraits shows when: said before it begins, and at its end if that came too early and nothing was
// measured. The steps are those of docs/Experiments.md, looked at with people's eyes.

import Configuration

/// What the samples of a preset show from so many generator steps on.
package struct Expectation: Sendable, Equatable {
  package let generatorSteps: Int
  /// "heads with faces"
  package let shows: String

  /// In the order in which they come; the last one is what the preset is for. Empty where nobody has looked: beside
  /// values other than the preset's, but for those that hardly matter to it.
  ///
  /// Portraits of 64x64; other pictures of one kind take about as long, mixed ones longer.
  package static func of(_ configuration: TrainingConfiguration) -> [Expectation] {
    guard let milestones = byPreset[configuration.preset],
      var usual = try? TrainingConfiguration.preset(named: configuration.preset)
    else { return [] }
    (usual.seed, usual.algorithm) = (configuration.seed, configuration.algorithm)
    usual.heldOut = configuration.heldOut
    (usual.fit, usual.crop, usual.mirror) = (configuration.fit, configuration.crop, configuration.mirror)
    usual.phaseAtEpochEnd = configuration.phaseAtEpochEnd
    // A run that goes on has its weight as a number.
    return usual.withPenaltyWeightInUse == configuration.withPenaltyWeightInUse
      ? milestones.map { Expectation(generatorSteps: $0.0, shows: $0.1) } : []
  }

  private static let byPreset: [String: [(Int, String)]] = [
    "blog": [(600, "blobs"), (1500, "heads"), (2500, "faces with checkerboards")],
    "photos": [(500, "heads"), (2000, "soft faces"), (4000, "clear faces")],
  ]
}
