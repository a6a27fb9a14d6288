import Configuration
import Foundation
import Testing

/// What is known of every parameter, whichever there are.
@Suite struct DeclarationTests {
  static let declared = TrainingParameters.declared

  /// Protects: a property, a flag and a key of config.json are one parameter's alone.
  @Test func namesAreUnique() {
    let names = Self.declared.all.map(\.name)
    #expect(names.count > 30 && Self.declared.stored.count + Self.declared.groups.count == names.count)
    // A switch has two flags.
    let switches = Self.declared.all.filter { isSwitch($0) }.map { "no-" + $0.name.flag }
    #expect(Set(names.map(\.flag) + switches).count == names.count + switches.count)
    #expect(Set(names.map(\.property)).count == names.count && !names.contains { $0.property == "preset" })
    for name in names {
      #expect(name.flag.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil, "\(name.flag)")
    }
    #expect(Self.declared.batchSize.name == ParameterName("batchSize", flag: "batch-size"))
    #expect(Self.declared.generatorNorm.name == ParameterName("generatorNorm", flag: "batch-norm"))
    #expect(Self.declared.adamBeta1.name.text(.flags) == "--adam-beta1")
  }

  private func isSwitch<Value>(_ declaration: some Declaration<Value>) -> Bool { Value.self == Bool.self }

  /// A help text is a sentence that the tool ends.
  @Test func helpIsAHalfSentence() {
    for declaration in Self.declared.all {
      #expect(!declaration.help.isEmpty && !declaration.help.hasSuffix("."), "\(declaration.name.flag)")
      #expect(!declaration.help.contains("\n"))
    }
  }

  /// Protects: what the help shows can be given, and what is given comes back.
  @Test(arguments: TrainingConfiguration.presets) func textsAreRead(preset: TrainingConfiguration) {
    func check<Value>(_ declaration: some Declaration<Value>) {
      let value = declaration.value(in: preset.values)
      #expect(Value(text: value.text) == value && Value(bits: value.bits) == value)
      #expect(Value.choices.isEmpty || Value.choices.contains(value.text))
      for text in Value.choices { #expect(Value(text: text)?.text == text) }
      #expect(Value(text: "") == nil)
    }
    for declaration in Self.declared.all { check(declaration) }
  }

  /// Protects: a value is stored in its own place.
  @Test func eachValueIsItsOwn() {
    func changed<Value>(_ parameter: some StoredDeclaration<Value>) -> TrainingConfiguration {
      var configuration = TrainingConfiguration.blog
      let other = Value(bits: parameter.value.bits == 0 ? 1 : parameter.value.bits - 1)
      parameter.set(other, in: &configuration.values)
      #expect(parameter.value(in: configuration.values) == other)
      return configuration
    }
    let all = Self.declared.stored.map { changed($0) }
    for (i, configuration) in all.enumerated() {
      #expect(configuration != .blog)
      #expect(all.indices.allSatisfy { ($0 == i) == (all[$0] == configuration) })
      let different = zip(configuration.fields, TrainingConfiguration.blog.fields).filter { $0.value != $1.value }
      #expect(different.map(\.0.flag) == [Self.declared.stored[i].name.text(.flags)])
    }
  }

  @Test func groupsSetBoth() {
    var configuration = TrainingConfiguration.blog
    (configuration.features, configuration.clip, configuration.learningRate) = (7, 0.5, 0.25)
    #expect(configuration.criticFeatures == 7 && configuration.generatorFeatures == 7 && configuration.features == 7)
    #expect(configuration.clipLower == -0.5 && configuration.clipUpper == 0.5 && configuration.clip == 0.5)
    #expect(configuration.criticLearningRate == 0.25 && configuration.generatorLearningRate == 0.25)
  }
}

// MARK: - Checks

@Suite struct ConfigurationErrorTests {
  nonisolated(unsafe) static let impossible: [(name: String, change: (inout TrainingConfiguration) -> Void)] = [
    ("size", { $0.size = 48 }), ("size", { $0.size = 8 }), ("size", { $0.size = 512 }), ("size", { $0.size = .min }),
    ("channels", { $0.channels = 2 }), ("features", { $0.features = 0 }), ("features", { $0.features = .max }),
    ("criticFeatures", { $0.criticFeatures = 0 }), ("generatorFeatures", { $0.generatorFeatures = .min }),
    ("latent", { $0.latent = 0 }), ("extraLayers", { $0.extraLayers = -1 }), ("extraLayers", { $0.extraLayers = .max }),
    ("batchSize", { $0.batchSize = 0 }), ("batchSize", { $0.batchSize = .max }),
    ("criticSteps", { $0.criticSteps = 0 }),
    ("warmUpCriticSteps", { $0.warmUpCriticSteps = 0 }), ("warmUpGeneratorSteps", { $0.warmUpGeneratorSteps = -1 }),
    ("warmUpEvery", { $0.warmUpEvery = .max }),
    ("clip", { $0.clip = 0 }), ("clip", { $0.clip = .nan }), ("clip", { $0.clip = -1 }),
    ("clip", { $0.clip = .infinity }), ("penaltyWeight", { $0.penaltyWeight = -1 }),
    ("penaltyWeight", { $0.penaltyWeight = .fixed(.nan) }),
    ("clipLower", { $0.clipLower = 0 }), ("clipLower", { $0.clipLower = -.infinity }),
    ("clipUpper", { $0.clipUpper = .nan }),
    ("learningRate", { $0.learningRate = 0 }), ("learningRate", { $0.learningRate = .nan }),
    ("criticLearningRate", { $0.criticLearningRate = 2 }), ("generatorLearningRate", { $0.generatorLearningRate = 0 }),
    ("adamBeta1", { $0.adamBeta1 = 1 }), ("adamBeta2", { $0.adamBeta2 = .nan }), ("fraction", { $0.fraction = 0 }),
    ("fraction", { $0.fraction = 1.5 }), ("fraction", { $0.fraction = .nan }), ("heldOut", { $0.heldOut = 1 }),
    ("criticAdamBeta1", { $0.criticAdamBeta1 = -0.1 }), ("generatorAdamBeta2", { $0.generatorAdamBeta2 = 1 }),
    ("decayTo", { $0.decayTo = 1.1 }), ("decayTo", { $0.decayTo = .nan }),
    ("penaltyDecayTo", { $0.penaltyDecayTo = -0.1 }), ("ema", { $0.ema = 1 }),
    ("ema", { $0.ema = -0.1 }), ("ema", { $0.ema = .nan }), ("heldOut", { $0.heldOut = -0.1 }),
    ("heldOut", { $0.heldOut = .nan }),
  ]

  /// Every value that no run can have is refused, by the name of its parameter, or of the group that set it so.
  @Test(arguments: impossible.indices) func impossibleValuesNameTheirParameter(index: Int) {
    var configuration = TrainingConfiguration.blog
    Self.impossible[index].change(&configuration)
    let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(error?.name.property == Self.impossible[index].name)
  }

  /// A penalty on each picture's gradient and norms over the batch don't go together: what mends it is said.
  @Test func aPenaltyWantsACriticWithoutNorms() throws {
    for objective in ObjectiveKind.allCases where objective != .wgan {
      var configuration = TrainingConfiguration.blog
      configuration.objective = objective
      let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
      #expect(error?.description.contains("give --no-critic-batch-norm") == true)
      #expect(error?.text(.properties).contains("give criticNorm false") == true)
      configuration.criticNorm = false
      try configuration.validate()
      (configuration.criticNorm, configuration.criticNet) = (true, .mlp)
      try configuration.validate()
    }
  }

  /// Whatever parameters there are: an impossible value of one is refused, by its name.
  @Test func everyParameterIsChecked() {
    var refused = 0
    func check<Value>(_ parameter: some StoredDeclaration<Value>, _ bits: UInt64) {
      var configuration = TrainingConfiguration.blog
      // Else it would be refused beside most objectives.
      configuration.criticNorm = false
      parameter.set(Value(bits: bits), in: &configuration.values)
      let own = parameter.error(in: configuration.values)
      var thrown: ConfigurationError?
      do throws(ConfigurationError) { try configuration.validate() } catch { thrown = error }
      #expect(thrown == own)
      refused += own == nil ? 0 : 1
    }
    let numbers: [UInt64] = [
      0, 1, .max, 1 << 63, Double(-1).bitPattern, Double.nan.bitPattern, UInt64(Float(-1).bitPattern),
      UInt64(Float.nan.bitPattern),
    ]
    for parameter in TrainingParameters.declared.stored {
      for bits in choices(of: parameter) ?? numbers { check(parameter, bits) }
    }
    #expect(refused > 50)
  }

  private func choices<Value>(of parameter: some StoredDeclaration<Value>) -> [UInt64]? {
    Value.choices.isEmpty ? nil : Value.choices.indices.map(UInt64.init)
  }

  /// One error, in the words of the tools and in those of the library.
  @Test func anErrorIsSaidInTwoWays() throws {
    var configuration = TrainingConfiguration.blog
    configuration.batchSize = 0
    let error = #expect(throws: ConfigurationError.self) { try configuration.validate() }
    #expect(error?.text(.flags) == "--batch-size 0: must be at least 1")
    #expect(error?.text(.properties) == "batchSize 0: must be at least 1")
    #expect(error.map { "\($0)" } == error?.text(.flags))
    // The parameters that it mentions, too.
    let idle = #expect(throws: ConfigurationError.self) {
      try TrainingConfiguration.blog.refuseWithoutEffect([ConfigurationOverride(\.warmUpCriticSteps, 9)])
    }
    #expect(
      idle?.text(.flags)
        == "--warm-up-critic-steps 9: there is no warm-up phase: give --warm-up-generator-steps or --warm-up-every too")
    #expect(
      idle?.text(.properties)
        == "warmUpCriticSteps 9: there is no warm-up phase: give warmUpGeneratorSteps or warmUpEvery too")
  }
}

// MARK: - What a person gives

@Suite struct OverrideTests {
  @Test func valuesWithoutEffectAreRefused() throws {
    let beta = ConfigurationOverride(\.adamBeta1, 0.25)
    let error = #expect(throws: ConfigurationError.self) {
      try TrainingConfiguration.blog.refuseWithoutEffect([ConfigurationOverride(\.size, 16), beta])
    }
    #expect(error?.description == "--adam-beta1 0.25: it is Adam's: give --optimizer adam too")
    let adam = TrainingConfiguration.blog.overridden(by: [ConfigurationOverride(\.optimizer, .adam), beta])
    try adam.refuseWithoutEffect([beta])
    #expect(adam.optimizer == .adam && adam.adamBeta1 == 0.25)
    #expect(adam.fields.first { $0.flag == "--critic-adam-beta1" }?.idle == nil)
    #expect(TrainingConfiguration.blog.fields.first { $0.flag == "--critic-adam-beta1" }?.idle == "it is Adam's")
  }

  /// A flag that stands for others has no effect beside all of them, and has one beside some: of all that there are.
  @Test func whatOthersReplaceIsRefused() throws {
    let values = TrainingConfiguration.photos.values
    func override(_ declaration: some Declaration) -> ConfigurationOverride {
      ConfigurationOverride(declaration, declaration.value(in: values))
    }
    func error(_ overrides: [ConfigurationOverride]) -> ConfigurationError? {
      do { try ConfigurationOverride.refuseReplaced(overrides) } catch { return error }
      return nil
    }
    for group in TrainingParameters.declared.groups {
      let members = group.targets.filter { $0.name != group.name }
      let all = TrainingParameters.declared.all.filter { declaration in
        declaration.name == group.name || members.contains { $0.name == declaration.name }
      }
      #expect(all.count == Set(members.map(\.name)).count + 1)
      let refused = error(all.map { override($0) })
      #expect(refused.map { name in all.contains { $0.name == name.name } } == true, "\(group.name.flag)")
      if Set(members.map(\.name)).count == 1 { continue }
      #expect(refused?.name == group.name && refused?.text(.flags).hasSuffix(": leave it out") == true)
      for member in members { #expect(error([override(group), override(member)]) == nil) }
      #expect(error(members.map { override($0) }) == nil)
    }
    #expect(
      error([ConfigurationOverride(\.crop, .center), ConfigurationOverride(\.cropAt, .top)])?.text(.flags)
        == "--crop center: has no effect beside --crop-at top: give one of them")
    #expect(
      error([
        ConfigurationOverride(\.features, 64), ConfigurationOverride(\.criticFeatures, 32),
        ConfigurationOverride(\.generatorFeatures, 16),
      ])?.text(.properties)
        == "features 64: has no effect beside criticFeatures 32 and generatorFeatures 16: leave it out")
  }

  /// A net's beta is its own optimizer's; both nets' has an effect where one of them has Adam.
  @Test(arguments: NetRole.allCases) func betasAreTheirNetsOptimizers(role: NetRole) throws {
    let adam =
      role == .critic
      ? ConfigurationOverride(\.criticOptimizer, .adam) : ConfigurationOverride(\.generatorOptimizer, .adam)
    let one = TrainingConfiguration.blog.overridden(by: [adam])
    let both = [ConfigurationOverride(\.adamBeta1, 0.25), ConfigurationOverride(\.adamBeta2, 0.5)]
    try one.refuseWithoutEffect(both)
    let set = one.overridden(by: both)
    #expect((set.criticAdamBeta1, set.generatorAdamBeta1) == (0.25, 0.25))
    #expect((set.criticAdamBeta2, set.generatorAdamBeta2) == (0.5, 0.5))
    let idle = set.fields.filter { $0.idle != nil && $0.flag.contains("adam-") }.map(\.flag)
    let other = role == .critic ? "generator" : "critic"
    #expect(idle == ["--\(other)-adam-beta1", "--\(other)-adam-beta2"])
    let critics = ConfigurationOverride(\.criticAdamBeta1, 0.25)
    let generators = ConfigurationOverride(\.generatorAdamBeta1, 0.25)
    try one.refuseWithoutEffect([role == .critic ? critics : generators])
    let error = #expect(throws: ConfigurationError.self) {
      try one.refuseWithoutEffect([role == .critic ? generators : critics])
    }
    #expect(error?.description == "--\(other)-adam-beta1 0.25: it is Adam's: give --\(other)-optimizer adam too")
  }

  @Test func whatIsLeftOfTheRatesNeedsADecay() throws {
    let left = ConfigurationOverride(\.decayTo, 0.1)
    let error = #expect(throws: ConfigurationError.self) { try TrainingConfiguration.blog.refuseWithoutEffect([left]) }
    #expect(error?.description == "--decay-to 0.1: learning rates stay as they are: give --decay linear too")
    try TrainingConfiguration.blog.overridden(by: [ConfigurationOverride(\.decay, .cosine)]).refuseWithoutEffect([left])
  }

  @Test func whatIsLeftOfThePenaltyNeedsAPenaltyAndADecay() throws {
    let left = ConfigurationOverride(\.penaltyDecayTo, 0.1)
    let error = #expect(throws: ConfigurationError.self) { try TrainingConfiguration.blog.refuseWithoutEffect([left]) }
    #expect(
      error?.description == """
        --penalty-decay-to 0.1: there is no penalty whose weight falls: give --objective relativistic and --decay \
        cosine too
        """)
    try TrainingConfiguration.photos.refuseWithoutEffect([left])
  }

  /// Flags are applied in their order, and judged by what comes out.
  @Test func contradictionsAreFound() {
    let blog = TrainingConfiguration.blog
    let there = [ConfigurationOverride(\.features, 32), ConfigurationOverride(\.features, 64)]
    #expect(blog.firstContradiction(there) == nil)
    let off = blog.firstContradiction([
      ConfigurationOverride(\.size, 64), ConfigurationOverride(\.generatorNorm, false),
    ])
    #expect(off?.text == "--no-batch-norm" && off?.current(blog) == "it on")
    #expect(ConfigurationOverride(\.generatorNorm, true).text == "--batch-norm")
    #expect(ConfigurationOverride(\.clip, 0.5).text == "--clip 0.5")
    #expect(ConfigurationOverride(\.crop, .center).text == "--crop center")
    let preset = blog.firstContradiction(ConfigurationOverride.list(preset: "demo", []))
    #expect(preset?.text == "--preset demo" && preset?.current(blog) == "blog")
  }
}

// MARK: - In a file

@Suite struct ConfigurationFileTests {
  func object(_ configuration: TrainingConfiguration) throws -> [String: Any] {
    let data = try JSONEncoder().encode(configuration)
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  func configuration(_ object: [String: Any]) throws -> TrainingConfiguration {
    try JSONDecoder().decode(TrainingConfiguration.self, from: JSONSerialization.data(withJSONObject: object))
  }

  /// A file has every parameter by its name, the preset's name, and nothing else; it comes back whole.
  @Test(arguments: TrainingConfiguration.presets) func filesAreWhole(preset: TrainingConfiguration) throws {
    let object = try object(preset)
    #expect(Set(object.keys) == Set(TrainingParameters.declared.stored.map(\.name.property) + ["preset"]))
    #expect(try configuration(object) == preset.withPenaltyWeightInUse)
  }

  /// A run goes on with the penalty's weight that it began with, whatever the rule has become: new files have the
  /// number, and in old ones `auto` means what it did (0.1 at 64x64, by the cube of the size; 10).
  @Test func theRuleOfThePenaltysWeightMayChange() throws {
    func read(_ objective: ObjectiveKind, size: Int) throws -> (written: Float?, earlier: PenaltyWeight) {
      var net = TrainingConfiguration.photos
      (net.objective, net.size) = (objective, size)
      var file = try object(net)
      let written = (file["penaltyWeight"] as? Double).map(Float.init)
      file["penaltyWeight"] = "auto"
      return (written, try configuration(file).penaltyWeight)
    }
    #expect(try read(.relativistic, size: 64) == (0.3, 0.1))
    #expect(try read(.wganR1R2, size: 128) == (2.4, 0.8))
    #expect(try read(.wganGP, size: 128) == (10, 10))
    #expect(try read(.wgan, size: 64) == (nil, .auto))
  }

  /// Whoever begins another run with a file's values, and another size, doesn't mean the first one's weight.
  @Test func aWeightOfTheRuleFollowsIt() {
    var net = TrainingConfiguration.photos.withPenaltyWeightInUse.withPenaltyWeightByRule
    #expect(net.penaltyWeight == .auto)
    net.size = 128
    #expect(net.penaltyWeightInUse == 2.4)
    net = .photos
    net.penaltyWeight = 0.2
    #expect(net.withPenaltyWeightByRule.penaltyWeight == 0.2)
  }

  /// A file without a field means what the code of its time did; without one that the first version had, it is broken.
  @Test func fieldsOfLaterVersionsMeanWhatTheCodeDid() throws {
    let first: Set<String> = [
      "size", "channels", "criticFeatures", "generatorFeatures", "latent", "extraLayers", "blockOrder",
      "initialisation", "batchSize", "criticSteps", "warmUpCriticSteps", "warmUpGeneratorSteps", "warmUpEvery",
      "clipLower", "clipUpper", "clipTime", "criticOptimizer", "generatorOptimizer", "criticLearningRate",
      "generatorLearningRate",
      "criticNoiseBatch", "samplingStatistics", "seed", "crop", "fraction", "heldOut",
    ]
    let thatTimes = ["criticAdamBeta1": "0.9", "generatorAdamBeta1": "0.9", "algorithm": "direct"]
    func check(_ parameter: some StoredDeclaration) throws {
      let name = parameter.name.property
      let object = try object(.original).filter { $0.key != name }
      if first.contains(name) {
        #expect(throws: DecodingError.self, "\(name)") { try configuration(object) }
      } else {
        let text = parameter.value(in: try configuration(object).values).text
        #expect(text == thatTimes[name, default: parameter.value.text], "\(name)")
      }
    }
    for parameter in TrainingParameters.declared.stored { try check(parameter) }
  }

  @Test func fieldsWithAFormerNameAreRead() throws {
    var former = try object(.blog)
    let names = ["Features", "LearningRate", "Optimizer", "AdamBeta1", "AdamBeta2"]
    for name in names.flatMap({ ["critic" + $0, "generator" + $0] }) + ["clipLower", "clipUpper"] { former[name] = nil }
    former["preset"] = "seed"
    #expect(throws: DecodingError.self) { try configuration(former) }
    (former["features"], former["clip"], former["learningRate"], former["optimizer"]) = (8, 0.5, 0.25, "adam")
    (former["adamBeta1"], former["adamBeta2"]) = (0.125, 0.75)
    var expected = TrainingConfiguration.blog
    (expected.features, expected.clip, expected.learningRate, expected.optimizer) = (8, 0.5, 0.25, .adam)
    (expected.adamBeta1, expected.adamBeta2) = (0.125, 0.75)
    #expect(try configuration(former) == expected)
    // Before the betas could be chosen, Adam's were PyTorch's.
    (former["adamBeta1"], former["adamBeta2"]) = (nil, nil)
    (expected.adamBeta1, expected.adamBeta2) = (0.9, 0.999)
    #expect(try configuration(former) == expected)
  }
}
