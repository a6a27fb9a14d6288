// Every value that a run's numbers depend on, resolved. A preset is one such value; each flag of `wgan train` overrides
// one parameter. A run's folder holds it in config.json.

/// A preset's name, and a value for each of `TrainingParameters`: `configuration.batchSize`.
package struct TrainingConfiguration: Parameterized, Equatable {
  package typealias Parameters = TrainingParameters

  package var preset = "blog"
  package var values = ParameterValues(TrainingParameters.declared)

  /// The declared values: the preset blog.
  package init() {}

  /// - Throws: for the first value that no run can have. A configuration that passes here overflows nothing.
  package func validate() throws(ConfigurationError) { try validateValues() }

  /// How many fake pictures a critic step sees beside `count` real ones.
  package func fakes(besideRealPictures count: Int) -> Int { self.criticNoiseBatch == .full ? self.batchSize : count }
}

// MARK: - In a file

extension TrainingConfiguration: Codable {
  private static let presetKey = ParameterKey("preset")

  package init(from decoder: any Decoder) throws {
    preset = Self.presentName(
      ofPreset: try decoder.container(keyedBy: ParameterKey.self).decode(String.self, forKey: Self.presetKey))
    values = try ParameterValues(from: decoder, Parameters.declared)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: ParameterKey.self)
    try container.encode(preset, forKey: Self.presetKey)
    try values.encode(to: encoder, Parameters.declared)
  }
}
