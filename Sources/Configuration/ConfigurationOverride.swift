// A flag of the command line that sets one field of the configuration.

import SystemSupport

/// `--size 32` or `--no-batch-norm`: what was given, and the field it sets.
package struct ConfigurationOverride: Sendable {
  package let flag: String
  package let given: String
  package let current: @Sendable (TrainingConfiguration) -> String
  let apply: @Sendable (inout TrainingConfiguration) -> Void

  package init<Value: Equatable & Sendable>(
    _ flag: String, _ field: WritableKeyPath<TrainingConfiguration, Value> & Sendable, _ value: Value
  ) {
    self.flag = flag
    given = value is Bool ? "" : configurationText(value)
    current = { (value is Bool ? "it " : "") + configurationText($0[keyPath: field]) }
    apply = { $0[keyPath: field] = value }
  }

  /// As it was given: "--size 32", "--no-batch-norm".
  package var text: String { given.isEmpty ? flag : flag + " " + given }
}

/// A field's value as its flag takes it; a switch's as a person says it.
func configurationText(_ value: Any) -> String {
  if let isOn = value as? Bool { return isOn ? "on" : "off" }
  return (value as? any RawRepresentable).map { "\($0.rawValue)" } ?? "\(value)"
}

extension TrainingConfiguration {
  package func overridden(by overrides: [ConfigurationOverride]) -> TrainingConfiguration {
    var result = self
    for override in overrides { override.apply(&result) }
    return result
  }

  /// Refuses flags that ask for something else than what this run is.
  /// - Throws: `Failure(.usage)`, naming the first such flag.
  package func refuseContradictions(_ overrides: [ConfigurationOverride], path: String) throws(Failure) {
    if let override = firstContradiction(overrides) {
      throw Failure(
        .usage,
        "\(override.text): the run in \(path) has \(override.current(self)), and --resume goes on "
          + "with that; leave the flag out, or begin a new run")
    }
  }

  /// The first flag that asks for something else than what this is.
  package func firstContradiction(_ overrides: [ConfigurationOverride]) -> ConfigurationOverride? {
    // Flags may go back on each other: --features 64 --critic-features 32.
    if overridden(by: overrides) == self { return nil }
    return overrides.first { overridden(by: [$0]) != self }
  }

  /// Refuses flags that would change nothing: whoever gives one means something else.
  /// - Throws: naming the first such flag, and what it takes for it to have an effect.
  package func refuseWithoutEffect(_ overrides: [ConfigurationOverride]) throws(ConfigurationError) {
    let conditions = [
      ("--adam-beta1", optimizer == .adam, "it is Adam's: give --optimizer adam too"),
      ("--adam-beta2", optimizer == .adam, "it is Adam's: give --optimizer adam too"),
      (
        "--warm-up-critic-steps", warmUpGeneratorSteps > 0 || warmUpEvery > 0,
        "there is no warm-up phase: give --warm-up-generator-steps or --warm-up-every too"
      ),
    ]
    for override in overrides {
      for (flag, hasEffect, problem) in conditions where flag == override.flag && !hasEffect {
        throw ConfigurationError(flag, "\(override.given): \(problem)")
      }
    }
  }

  /// Every field: the flag that sets it, and its value. (Flags are called as the fields are, but for the norms'.)
  package var fields: [(flag: String, value: String)] {
    let names = ["criticNorm": "criticBatchNorm", "generatorNorm": "batchNorm"]
    return Mirror(reflecting: self).children.map { child in
      let label = child.label ?? ""
      let words = names[label, default: label].map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }
      return ("--" + words.joined(), configurationText(child.value))
    }
  }
}
