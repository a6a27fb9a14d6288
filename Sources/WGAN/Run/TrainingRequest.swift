// What a person asks of `wgan train`.

import Configuration
import SystemSupport
import Training

/// What isn't given is the default, or with `resume` what the run has.
package struct TrainingRequest {
  /// The run's folder; nil: one of those in `RunFolders`.
  package var out: String?
  package var resume: Bool
  /// With `resume`: also where the pictures are others than before.
  package var acceptNewData: Bool
  /// With `resume`: from step 0, whatever the run has.
  package var beginAnew: Bool
  /// What holds in the preset's place where nothing else is given: another run's configuration, but for what is of the
  /// machine that it was on, its threads and its cache.
  package var base: RunConfiguration?
  package var preset: String?
  package var overrides: [ConfigurationOverride]
  /// Each as `--data` names it; empty where none is given.
  package var data: [String]
  package var cache: String?
  /// Files of weights to begin with.
  package var initialGenerator: String?
  package var initialCritic: String?
  package var length: PlannedLength?
  package var runOverrides: [RunOverride]

  package init(
    out: String?, resume: Bool = false, acceptNewData: Bool = false, beginAnew: Bool = false,
    base: RunConfiguration? = nil, preset: String? = nil, overrides: [ConfigurationOverride] = [], data: [String] = [],
    cache: String? = nil, initialGenerator: String? = nil, initialCritic: String? = nil, length: PlannedLength? = nil,
    runOverrides: [RunOverride] = []
  ) {
    self.out = out
    self.resume = resume
    self.acceptNewData = acceptNewData
    self.beginAnew = beginAnew
    self.base = base
    self.preset = preset
    self.overrides = overrides
    self.data = data
    self.cache = cache
    self.initialGenerator = initialGenerator
    self.initialCritic = initialCritic
    self.length = length
    self.runOverrides = runOverrides
  }

  /// The data as a run's file has it: true in another working folder.
  var absoluteData: [String] { data.map { $0 == "synthetic" ? $0 : absolutePath($0) } }

  /// Nobody has said how long the run is to be: it's as the preset has it.
  var hasPresetsLength: Bool { length == nil && base == nil && !resume }

  /// What a new run gets, checked: the preset's or the base's values, then the flags', then the defaults.
  /// - Returns: where the length is a time, the configuration has the default one in its place.
  /// - Throws: `ConfigurationError`.
  func resolved() throws(ConfigurationError) -> (PlannedLength, RunConfiguration) {
    let training: TrainingConfiguration =
      if let base { base.training.withPenaltyWeightByRule.overridden(by: overrides) } else {
        try TrainingConfiguration(preset: preset, overrides)
      }
    let length = length ?? base.map { .steps($0.length) } ?? .ofPreset(training.preset)
    try length.check()
    var configuration = RunConfiguration(
      data: data.isEmpty ? base?.data ?? [] : absoluteData, cache: cache.map(absolutePath), training: training,
      initialGenerator: initialGenerator.map(absolutePath) ?? base?.initialGenerator,
      initialCritic: initialCritic.map(absolutePath) ?? base?.initialCritic,
      length: length.runLength ?? RunConfiguration.defaultLength)
    if let base {
      configuration.values = base.values
      let own = ParameterValues(RunParameters.declared)
      for parameter in RunParameters.declared.stored where parameter.section == .machine {
        Self.copy(parameter, from: own, to: &configuration.values)
      }
    }
    configuration = configuration.overridden(by: runOverrides)
    try configuration.validate()
    try training.refuseWithoutEffect(overrides)
    try training.refuseWithoutEffect(runOverrides)
    return (length, configuration)
  }

  private static func copy(
    _ parameter: some StoredDeclaration, from values: ParameterValues, to others: inout ParameterValues
  ) {
    parameter.set(parameter.value(in: values), in: &others)
  }
}
