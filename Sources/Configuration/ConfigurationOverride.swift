// A value that somebody gave for one parameter, as `--size 32` does: what it changes, and when it is refused.

import SystemSupport

/// A parameter of `Configuration`, and the value that somebody gave for it.
package struct Override<Configuration: Parameterized>: Sendable {
  /// As it was given: "--size 32", "--no-batch-norm".
  package let text: String
  /// The configuration's own, as a person says it: "16", "it on".
  package let current: @Sendable (Configuration) -> String
  let apply: @Sendable (inout Configuration) -> Void
  fileprivate let problem: @Sendable (TrainingConfiguration) -> ConfigurationError?

  package init<Value>(_ parameter: some Declaration<Value>, _ value: Value) {
    let isSwitch = value is Bool
    let (flag, given) = (parameter.name.text(.flags), value.text)
    text = !isSwitch ? "\(flag) \(given)" : value.bits == 0 ? "--no-" + parameter.name.flag : flag
    current = { (isSwitch ? "it " : "") + parameter.value(in: $0.values).text }
    apply = { parameter.set(value, in: &$0.values) }
    problem = { configuration in
      guard let effect = parameter.effect, !effect.holds(configuration, value) else { return nil }
      return ConfigurationError(parameter.name, "\(given): \(effect.reason): give \(effect.remedy()) too")
    }
  }

  package init<Value>(_ parameter: KeyPath<Configuration.Parameters, TrainingParameter<Value>>, _ value: Value) {
    self.init(Configuration.Parameters.declared[dynamicMember: parameter], value)
  }

  package init<Value>(_ group: KeyPath<Configuration.Parameters, TrainingParameterGroup<Value>>, _ value: Value) {
    self.init(Configuration.Parameters.declared[dynamicMember: group], value)
  }
}

package typealias ConfigurationOverride = Override<TrainingConfiguration>

extension Override<TrainingConfiguration> {
  /// `--preset NAME`, said of a configuration that there is already.
  package init(preset name: String) {
    text = "\(TrainingConfiguration.presetName.text(.flags)) \(name)"
    current = { $0.preset }
    apply = { $0.preset = TrainingConfiguration.presentName(ofPreset: name) }
    problem = { _ in nil }
  }

  /// What was said of a configuration that there is already: a preset and single values.
  package static func list(preset: String?, _ overrides: [Self]) -> [Self] {
    (preset.map { [Self(preset: $0)] } ?? []) + overrides
  }
}

extension Parameterized {
  package func overridden(by overrides: [Override<Self>]) -> Self {
    var result = self
    for override in overrides { override.apply(&result) }
    return result
  }
}

extension TrainingConfiguration {
  /// A new one: a preset (nil: the default one) and what changes in it.
  package init(preset: String?, _ overrides: [ConfigurationOverride]) throws(ConfigurationError) {
    let base: TrainingConfiguration = if let preset { try .preset(named: preset) } else { .defaultPreset }
    self = base.overridden(by: overrides)
  }

  /// Refuses values that ask for something else than what this run is.
  /// - Throws: `Failure(.usage)`, naming the first such flag.
  package func refuseContradictions(_ overrides: [ConfigurationOverride], path: String) throws(Failure) {
    if let override = firstContradiction(overrides) {
      throw Failure(
        .usage,
        "\(override.text): the run in \(path) has \(override.current(self)), and --resume goes on "
          + "with that; leave the flag out, or begin a new run")
    }
  }

  /// The first one that asks for something else than what this is.
  package func firstContradiction(_ overrides: [ConfigurationOverride]) -> ConfigurationOverride? {
    // Flags may go back on each other: --features 64 --critic-features 32.
    if overridden(by: overrides) == self { return nil }
    return overrides.first { overridden(by: [$0]) != self }
  }

  /// Refuses values that would change nothing: whoever gives one means something else.
  /// - Throws: naming the first such parameter, and what it takes for it to have an effect.
  package func refuseWithoutEffect<Configuration>(_ overrides: [Override<Configuration>]) throws(ConfigurationError) {
    for override in overrides {
      if let problem = override.problem(self) { throw problem }
    }
  }
}
