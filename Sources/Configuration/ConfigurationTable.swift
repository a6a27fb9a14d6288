// A configuration as rows of a table, for people.

/// A parameter by its flag, and what a configuration has.
package struct ConfigurationField: Sendable {
  package let flag: String
  package let value: String
  /// Why the value changes nothing in this configuration; nil where it does.
  package let idle: String?

  package init(_ flag: String, _ value: String, idle: String? = nil) {
    self.flag = flag
    self.value = value
    self.idle = idle
  }
}

extension Parameterized {
  /// Every parameter, in the order of the declarations.
  /// - Parameter training: what the values meet, which decides whether they have an effect.
  package func fields(with training: TrainingConfiguration) -> [ConfigurationField] {
    Parameters.declared.stored.map { field($0, training) }
  }

  private func field(_ parameter: some StoredDeclaration, _ training: TrainingConfiguration) -> ConfigurationField {
    let value = parameter.value(in: values)
    let idle = parameter.effect.flatMap { $0.holds(training, value) ? nil : $0.reason }
    return ConfigurationField(parameter.name.text(.flags), value.text, idle: idle)
  }
}

extension TrainingConfiguration {
  /// Every parameter, the preset's name first.
  package var fields: [ConfigurationField] {
    [ConfigurationField(Self.presetName.text(.flags), preset)] + fields(with: self)
  }
}
