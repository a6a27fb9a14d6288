// A value that somebody gave for one parameter, as `--size 32` does: what it changes, and when it is refused.

import SystemSupport

/// A parameter of `Configuration`, and the value that somebody gave for it.
package struct Override<Configuration: Parameterized>: Sendable {
  /// As it was given: "--size 32", "--no-batch-norm".
  package let text: String
  /// The configuration's own, as a person says it: "16", "it on".
  package let current: @Sendable (Configuration) -> String
  let apply: @Sendable (inout Configuration) -> Void
  private let parameter: ParameterName
  private let given: String
  /// What it sets.
  private let targets: Set<ParameterName>
  fileprivate let problem: @Sendable (TrainingConfiguration) -> ConfigurationError?

  package init<Value>(_ parameter: some Declaration<Value>, _ value: Value) {
    let isSwitch = value is Bool
    let (flag, given) = (parameter.name.text(.flags), value.text)
    text = !isSwitch ? "\(flag) \(given)" : value.bits == 0 ? "--no-" + parameter.name.flag : flag
    current = { (isSwitch ? "it " : "") + parameter.value(in: $0.values).text }
    apply = { parameter.set(value, in: &$0.values) }
    (self.parameter, self.given) = (parameter.name, given)
    targets = Set(parameter.targets.map(\.name))
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
    (parameter, given, targets) = (TrainingConfiguration.presetName, name, [TrainingConfiguration.presetName])
    problem = { _ in nil }
  }

  /// What was said of a configuration that there is already: a preset and single values.
  package static func list(preset: String?, _ overrides: [Self]) -> [Self] {
    (preset.map { [Self(preset: $0)] } ?? []) + overrides
  }
}

// MARK: - Values that others replace

extension Override {
  /// Refuses a value of which the others leave nothing: `--features 64` beside one for each net.
  /// - Parameter overrides: in the order in which they are applied.
  /// - Throws: naming the first such parameter, and those that replace it.
  package static func refuseReplaced(_ overrides: [Self]) throws(ConfigurationError) {
    for (i, override) in overrides.enumerated() {
      let later = overrides[(i + 1)...].filter { !$0.targets.isDisjoint(with: override.targets) }
      guard override.targets.isSubset(of: later.reduce(into: []) { $0.formUnion($1.targets) }) else { continue }
      let others = later.map { Sentence("\($0.parameter) \($0.given)") }
      let list = others.dropFirst().reduce(others[0]) { "\($0) and \($1)" }
      let remedy = later.contains { $0.targets == override.targets } ? "give one of them" : "leave it out"
      throw ConfigurationError(override.parameter, "\(override.given): has no effect beside \(list): \(remedy)")
    }
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

  /// Refuses values that would change nothing: whoever gives one means something else. So do those of which others
  /// leave nothing.
  /// - Throws: naming the first such parameter, and what it takes for it to have an effect.
  package func refuseWithoutEffect<Configuration>(_ overrides: [Override<Configuration>]) throws(ConfigurationError) {
    try Override.refuseReplaced(overrides)
    for override in overrides {
      if let problem = override.problem(self) { throw problem }
    }
  }
}
