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
  package func validate() throws(ConfigurationError) {
    try validateValues()
    if self.objective.isPenalised, self.criticNet == .dcgan, self.criticNorm {
      throw ConfigurationError(
        TrainingParameters.declared.objective.name,
        """
        \(self.objective.text) takes a critic without batch norm, which would tie the gradients of a batch's pictures \
        together: give \(off: \.criticNorm), too
        """)
    }
  }

  /// What `auto` means here, and by which rule; nil where the weight is given, or there is no penalty.
  package var penaltyWeightRule: String? {
    guard self.penaltyWeight == .auto else { return nil }
    return switch self.objective {
    case .wgan: nil
    case .wganGP: "lambda \(penaltyWeightInUse), at every size"
    case .wganR1R2, .relativistic: "gamma \(penaltyWeightInUse) = 0.3 (\(self.size)/64)^3"
    }
  }

  /// The weight of the penalty, which the objective has: as it is given, or by rule.
  ///
  /// lambda is the paper's 10. gamma is 0.3 at 64x64, where these nets learn best (docs/Experiments.md), and grows with
  /// the third power of the size, between the second (the gradient's square falls with the pixels) and what Huang et
  /// al. 2024 use for larger nets: from 0.05 at 32 and 1 at 64 to 150 at 256, falling to a tenth over a run.
  package var penaltyWeightInUse: Float {
    switch (self.penaltyWeight, self.objective) {
    case (.fixed(let value), _): value
    case (.auto, .wganGP): 10
    case (.auto, .wgan), (.auto, .wganR1R2), (.auto, .relativistic): 0.3 * sizeCubed
    }
  }

  /// Files have the number, so that a run goes on with it whatever the rule becomes. Those of earlier versions have
  /// `auto`, which was 0.1 at 64x64.
  private var earlierPenaltyWeight: PenaltyWeight {
    switch (self.penaltyWeight, self.objective) {
    case (.fixed, _), (.auto, .wgan): self.penaltyWeight
    case (.auto, .wganGP): 10
    case (.auto, .wganR1R2), (.auto, .relativistic): .fixed(0.1 * sizeCubed)
    }
  }

  /// As it is written and read again.
  package var withPenaltyWeightInUse: TrainingConfiguration {
    var result = self
    if self.objective.isPenalised { result.penaltyWeight = .fixed(penaltyWeightInUse) }
    return result
  }

  /// A weight that the rule gives for these values follows it again, should they be changed.
  package var withPenaltyWeightByRule: TrainingConfiguration {
    var result = self
    result.penaltyWeight = .auto
    return self.objective.isPenalised && result.penaltyWeightInUse == penaltyWeightInUse ? result : self
  }

  /// In the unit of 64 pixels.
  private var sizeCubed: Float {
    let side = Float(self.size) / 64
    return side * side * side
  }

  /// How many fake pictures a critic step sees beside `count` real ones.
  package func fakes(besideRealPictures count: Int) -> Int { self.criticNoiseBatch == .full ? self.batchSize : count }
}

extension TrainingConfiguration {
  /// The first value that isn't another configuration's, in words; nil where they are the same.
  package func difference(from other: TrainingConfiguration) -> String? {
    func words(_ name: String, _ own: String, _ others: String) -> String {
      "\"training.\(name)\" is \(own.shortenedInTheMiddle), it was \(others.shortenedInTheMiddle)"
    }
    if preset != other.preset { return words("preset", preset, other.preset) }
    func words<Parameter: StoredDeclaration>(of parameter: Parameter) -> String? {
      let (own, others) = (parameter.value(in: values), parameter.value(in: other.values))
      return own.bits == others.bits ? nil : words(parameter.name.property, own.text, others.text)
    }
    for parameter in Parameters.declared.stored {
      if let words = words(of: parameter) { return words }
    }
    return nil
  }
}

// MARK: - In a file

extension TrainingConfiguration: Codable {
  private static let presetKey = ParameterKey("preset")

  package init(from decoder: any Decoder) throws {
    preset = Self.presentName(
      ofPreset: try decoder.container(keyedBy: ParameterKey.self).decode(String.self, forKey: Self.presetKey))
    values = try ParameterValues(from: decoder, Parameters.declared)
    try refuseUnknownFields(of: decoder, known: [Self.presetKey.stringValue], Parameters.declared)
    self.penaltyWeight = earlierPenaltyWeight
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: ParameterKey.self)
    try container.encode(preset, forKey: Self.presetKey)
    try withPenaltyWeightInUse.values.encode(to: encoder, Parameters.declared)
  }
}
