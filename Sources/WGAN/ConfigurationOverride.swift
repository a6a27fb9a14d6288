// A flag of the command line that sets one field of the configuration.

/// `--size 32` or `--no-batch-norm`: what was given, and the field it sets.
package struct ConfigurationOverride: Sendable {
  package let flag: String
  let given: String
  let current: @Sendable (TrainingConfiguration) -> String
  let apply: @Sendable (inout TrainingConfiguration) -> Void

  package init<Value: Equatable & Sendable>(
    _ flag: String, _ field: WritableKeyPath<TrainingConfiguration, Value> & Sendable, _ value: Value
  ) {
    self.flag = flag
    given = value is Bool ? "" : " " + Self.text(value)
    current = { Self.text($0[keyPath: field]) }
    apply = { $0[keyPath: field] = value }
  }

  private static func text<Value>(_ value: Value) -> String {
    if let isOn = value as? Bool { return isOn ? "it on" : "it off" }
    return (value as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\(value)"
  }
}

extension TrainingConfiguration {
  package func overridden(by overrides: [ConfigurationOverride]) -> TrainingConfiguration {
    var result = self
    for override in overrides { override.apply(&result) }
    return result
  }

  /// Refuses flags that ask for something else than what this run is.
  /// - Throws: `RunError(.usage)`, naming the first such flag.
  func refuseContradictions(_ overrides: [ConfigurationOverride], path: String) throws(RunError) {
    if let override = firstContradiction(overrides) {
      throw RunError(
        .usage,
        "\(override.flag)\(override.given): the run in \(path) has \(override.current(self)), and --resume goes on "
          + "with that; leave the flag out, or begin a new run")
    }
  }

  /// The first flag that asks for something else than what this is.
  func firstContradiction(_ overrides: [ConfigurationOverride]) -> ConfigurationOverride? {
    // Flags may go back on each other: --features 64 --critic-features 32.
    if overridden(by: overrides) == self { return nil }
    return overrides.first { overridden(by: [$0]) != self }
  }
}
