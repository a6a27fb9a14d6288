import TestSupport
import TensorFiles
import Configuration
import Datasets
import SystemSupport
import Testing
import WGAN

/// The public face, through which another package trains.
@Suite struct LibraryTests {
  static let settings: TrainingSettings = {
    var settings = TrainingSettings(.blog)
    (settings.size, settings.features, settings.latent) = (16, 4, 8)
    (settings.batchSize, settings.criticSteps, settings.learningRate) = (4, 3, 1e-3)
    return settings
  }()

  /// 18 pictures: 5 batches an epoch, the last one short, so that phases of 3 are cut. Some are wider, some higher than
  /// square.
  static func pictures(_ count: Int = 18, channels: Int = 3) throws -> [Bitmap] {
    try (0..<count).map { i in
      let (width, height) = i % 3 == 0 ? (16 + i, 16) : (16, 16 + i % 5)
      return try Bitmap(
        width: width, height: height, channels: channels,
        pixels: (0..<width * height * channels).map { UInt8(($0 * 7 + i * 31 + $0 * $0 % (i + 11)) % 256) })
    }
  }

  /// The whole state, as bytes.
  func state(_ gan: WassersteinGAN) throws -> [UInt8] {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "state.safetensors")
      try gan.save(to: path)
      return try readFile(path)
    }
  }

  func reloaded(_ gan: WassersteinGAN, threads: Int) throws -> WassersteinGAN {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "state.safetensors")
      try gan.save(to: path)
      return try WassersteinGAN(contentsOf: path, threads: threads)
    }
  }

  /// Augmentation and mirroring are functions of the place in the run, too.
  @Test(arguments: [1, 2], [ObjectiveKind.wgan, .relativistic])
  func anAugmentedGANGoesOnAsIfItHadNeverStopped(firstSteps: Int, objective: ObjectiveKind) throws {
    let pictures = try Self.pictures()
    var settings = Self.settings
    (settings.mirror, settings.augment) = (true, [.color, .translate, .cutout])
    (settings.objective, settings.criticNorm) = (objective, objective == .wgan)
    let whole = try WassersteinGAN(settings, threads: 2)
    try whole.train(on: pictures, generatorSteps: 4)
    let first = try WassersteinGAN(settings, threads: 1)
    try first.train(on: pictures, generatorSteps: firstSteps)
    let second = try reloaded(first, threads: 3)
    // A file has the penalty's weight as a number.
    var written = settings
    if objective != .wgan { written.penaltyWeight = .fixed(0.3 / 64) }
    #expect(second.settings == written)
    try second.train(on: pictures, generatorSteps: 4 - firstSteps)
    #expect(try state(second) == state(whole))
    for change in [\TrainingSettings.mirrorAlone, \.augmentAlone] {
      let other = try WassersteinGAN(settings[keyPath: change])
      try other.train(on: pictures, generatorSteps: 4)
      #expect(try state(other) != state(whole))
    }
  }

  /// Every step counts in one order, and training in parts, saved and loaded between them, is training in one: the same
  /// file to the last byte. 2 generator steps end an epoch of 5 batches, 1 and 3 are in the middle of one.
  @Test(arguments: [0, 1, 2, 3, 5]) func aLoadedGANGoesOnAsIfItHadNeverStopped(firstSteps: Int) throws {
    let pictures = try Self.pictures()
    let whole = try WassersteinGAN(Self.settings, threads: 2)
    try whole.train(on: pictures, generatorSteps: 5)
    let first = try WassersteinGAN(Self.settings, threads: 1)
    try first.train(on: pictures, generatorSteps: firstSteps)
    let second = try reloaded(first, threads: 3)
    #expect(second.threads == 3 && second.settings == Self.settings && second.generatorStepsDone == firstSteps)
    #expect(try state(second) == state(first))
    try second.train(on: pictures, generatorSteps: 5 - firstSteps)
    #expect(try state(second) == state(whole))
    #expect((whole.generatorStepsDone, whole.criticStepsDone, whole.epochsDone) == (5, 13, 2))
  }

  /// The closure stops training exactly there, also between critic steps and at an epoch's end, and what comes later is
  /// what would have come.
  @Test(arguments: [1, 2, 4, 6, 7, 9]) func theCallerStopsIt(steps: Int) throws {
    let pictures = try Self.pictures()
    let whole = try WassersteinGAN(Self.settings)
    var all: [TrainingStep] = []
    try whole.train(on: pictures, generatorSteps: 4) { step in
      all.append(step)
      return .proceed
    }
    let kinds: [TrainingStep.Kind] = [
      .critic, .critic, .critic, .generator, .critic, .critic, .generator,
      .critic, .critic, .critic, .generator, .critic, .critic, .generator,
    ]
    #expect(all.map(\.kind) == kinds)
    #expect(all.allSatisfy { ($0.generatorLoss != nil) == ($0.kind == .generator) && $0.criticLoss.isFinite })
    #expect(all.map(\.epochsDone) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2])

    let gan = try WassersteinGAN(Self.settings)
    var seen: [TrainingStep] = []
    try gan.train(on: pictures, generatorSteps: 4) { step in
      seen.append(step)
      return seen.count == steps ? .stop : .proceed
    }
    #expect(seen == Array(all[..<steps]))
    #expect(
      (gan.criticStepsDone, gan.generatorStepsDone) == (seen.last?.criticStepsDone, seen.last?.generatorStepsDone))
    let again = try reloaded(gan, threads: 1)
    try again.train(on: pictures, generatorSteps: 4 - again.generatorStepsDone) { step in
      seen.append(step)
      return .proceed
    }
    #expect(seen == all)
    #expect(try state(again) == state(whole))
  }

  @Test func anErrorOfTheCallersComesBackAndLeavesAWholeState() throws {
    struct Enough: Error {}
    let pictures = try Self.pictures()
    let (gan, stopped) = (try WassersteinGAN(Self.settings), try WassersteinGAN(Self.settings))
    #expect(throws: Enough.self) {
      try gan.train(on: pictures, generatorSteps: 4) { if $0.criticStepsDone == 5 { throw Enough() } else { .proceed } }
    }
    try stopped.train(on: pictures, generatorSteps: 4) { $0.criticStepsDone == 5 ? .stop : .proceed }
    #expect(try state(gan) == state(stopped))
    // Nor may training be begun from within.
    #expect(throws: WGANError.self) {
      try gan.train(on: pictures, generatorSteps: 1) { _ in
        try gan.train(on: pictures, generatorSteps: 1)
        return .proceed
      }
    }
  }

  /// Sampling and saving in the middle show the state of that step, and change nothing.
  @Test func samplingInTheMiddleChangesNothing() throws {
    let pictures = try Self.pictures()
    let (one, other) = (try WassersteinGAN(Self.settings), try WassersteinGAN(Self.settings))
    try one.train(on: pictures, generatorSteps: 3)
    var drawn: [[Bitmap]] = []
    try other.train(on: pictures, generatorSteps: 3) { _ in
      drawn.append(try other.sample(count: 2))
      #expect(try drawn.last == reloaded(other, threads: 1).sample(count: 2))
      return .proceed
    }
    #expect(try state(one) == state(other))
    #expect(try drawn.last == one.sample(count: 2))
    // The generator's running statistics move in critic steps, too.
    #expect(zip(drawn, drawn.dropFirst()).allSatisfy { $0 != $1 })
  }

  /// `wgan generate` draws the same ones, with running statistics and with those of a batch.
  @Test(arguments: [TrainingSettings.Preset.blog, .original]) func itDrawsWhatTheToolDraws(
    preset: TrainingSettings.Preset
  ) throws {
    var settings = TrainingSettings(preset)
    (settings.size, settings.features, settings.latent, settings.batchSize) = (16, 4, 8, 4)
    let gan = try WassersteinGAN(settings)
    try gan.train(on: Self.pictures(), generatorSteps: 2) { $0.criticStepsDone == 8 ? .stop : .proceed }
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "state.safetensors")
      try gan.save(to: path)
      let tool = try PictureGenerator(.trained(.checkpoint(path)), threads: 1) { _ in }
      for seed in [settings.seed, 7] {
        var expected: [Bitmap] = []
        try tool.forEach(.series(seed: seed, 0..<11)) { _, picture in
          expected.append(try Bitmap(width: 16, height: 16, channels: 3, pixels: picture.pixels))
        }
        #expect(try gan.sample(count: 11, seed: seed) == expected)
        #expect(try gan.sample(count: 3, from: 5, seed: seed) == Array(expected[5..<8]))
      }
      #expect(try gan.sample(count: 2) == gan.sample(count: 2, seed: settings.seed))
      #expect(try gan.sample(count: 2) != gan.sample(count: 2, seed: 7))
      #expect(try gan.sample(count: 0) == [])
    }
  }

  /// The averaged generator draws, in a program as in the tool; the live one on demand; a saved GAN goes on with both.
  @Test func theAveragedGeneratorDraws() throws {
    var settings = Self.settings
    settings.ema = 0.9
    let (gan, plain) = (try WassersteinGAN(settings), try WassersteinGAN(Self.settings))
    try gan.train(on: Self.pictures(), generatorSteps: 3)
    try plain.train(on: Self.pictures(), generatorSteps: 3)
    let (averaged, live) = (try gan.sample(count: 3), try gan.sample(count: 3, live: true))
    #expect(try averaged != live && live == plain.sample(count: 3) && averaged == gan.sample(count: 3))
    #expect(try plain.sample(count: 3, live: true) == live)
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "state.safetensors")
      try gan.save(to: path)
      // As a checkpoint, and as a file of weights.
      for source in [
        PictureGenerator.Source.trained(.checkpoint(path)), .weights(path, preset: nil, overrides: []),
      ] {
        for (isLive, expected) in [(false, averaged), (true, live)] {
          let tool = try PictureGenerator(source, live: isLive, threads: 1) { _ in }
          var drawn: [[UInt8]] = []
          try tool.forEach(.series(seed: settings.seed, 0..<3)) { _, picture in drawn.append(picture.pixels) }
          #expect(drawn == expected.map(\.pixels))
        }
      }
      let again = try WassersteinGAN(contentsOf: path, threads: 3)
      #expect(try again.sample(count: 3) == averaged && again.sample(count: 3, live: true) == live)
      try again.train(on: Self.pictures(), generatorSteps: 2)
      try gan.train(on: Self.pictures(), generatorSteps: 2)
      #expect(try state(again) == state(gan) && again.sample(count: 3) != averaged)
      // A file that says that it has one, and hasn't.
      let file = try SafetensorsFile(at: path)
      let bare = TensorSet(try file.tensors().filter { !$0.name.hasPrefix("generator_ema.") })
      try Safetensors.write(bare, metadata: file.metadata, to: path)
      let error = #expect(throws: Failure.self) {
        try PictureGenerator(.trained(.checkpoint(path)), threads: 1) { _ in }
      }
      #expect(error?.description == "\(path): tensor generator_ema.initial.conv.weight is missing")
    }
  }

  /// Rates that decay over a training in parts: the same as in one where each part knows the whole, and another where
  /// it doesn't.
  @Test func ratesDecayOverTheWholeTraining() throws {
    var settings = Self.settings
    (settings.decay, settings.decayTo) = (.cosine, 0.1)
    let pictures = try Self.pictures()
    let (whole, parts, alone) = (
      try WassersteinGAN(settings), try WassersteinGAN(settings), try WassersteinGAN(settings)
    )
    try whole.train(on: pictures, generatorSteps: 5)
    try parts.train(on: pictures, generatorSteps: 2, outOf: 5)
    let rest = try reloaded(parts, threads: 2)
    try rest.train(on: pictures, generatorSteps: 3, outOf: 5)
    #expect(try state(rest) == state(whole))
    try alone.train(on: pictures, generatorSteps: 2)
    #expect(try state(alone) != state(parts))
    expect(.invalidArgument, "6 generator steps out of 5: the whole can't have fewer than its parts") {
      try whole.train(on: pictures, generatorSteps: 1, outOf: 5)
    }
  }

  // MARK: - Held-out pictures

  /// What is held out isn't trained on: training is that of the others alone, to the last bit.
  @Test func heldOutPicturesAreNotTrainedOn() throws {
    let pictures = try Self.pictures(40)
    var settings = Self.settings
    settings.heldOut = 0.3
    let gan = try WassersteinGAN(settings)
    let heldOut = gan.heldOutPictures(of: pictures)
    #expect(4...20 ~= heldOut.count && heldOut.allSatisfy(pictures.contains))
    #expect(gan.heldOutPictures(of: try Self.pictures(60)).starts(with: heldOut))
    try gan.train(on: pictures, generatorSteps: 3)
    let others = try WassersteinGAN(Self.settings)
    #expect(others.heldOutPictures(of: pictures).isEmpty)
    try others.train(on: pictures.filter { !heldOut.contains($0) }, generatorSteps: 3)
    #expect(try gan.sample(count: 4) == others.sample(count: 4))
    #expect(try gan.distance(to: heldOut) == others.distance(to: heldOut))
    // A state that was saved holds out the same ones, and so goes on as if it had never stopped.
    let again = try reloaded(gan, threads: 1)
    #expect(again.settings == settings && again.heldOutPictures(of: pictures) == heldOut)
    for gan in [gan, again] { try gan.train(on: pictures, generatorSteps: 2) }
    #expect(try state(again) == state(gan))
  }

  /// The critic is tested on them, which changes nothing.
  @Test func heldOutPicturesAreToldOf() throws {
    let pictures = try Self.pictures(40)
    var settings = Self.settings
    (settings.heldOut, settings.criticSteps, settings.warmUpCriticSteps) = (0.3, 1, 1)
    func told(_ settings: TrainingSettings, _ pictures: [Bitmap]) throws -> [Int: Float] {
      let gan = try WassersteinGAN(settings)
      var told: [Int: Float] = [:]
      try gan.train(on: pictures, generatorSteps: 201) { step in
        #expect(step.kind == .generator || step.heldOutWassersteinEstimate == nil)
        told[step.generatorStepsDone] = step.heldOutWassersteinEstimate ?? told[step.generatorStepsDone]
        return .proceed
      }
      return told
    }
    let estimates = try told(settings, pictures)
    #expect(Set(estimates.keys) == [100, 200] && estimates.values.allSatisfy(\.isFinite))
    settings.heldOut = 0
    #expect(try told(settings, pictures).isEmpty)
  }

  @Test func aShareThatLeavesNothingToTrainOn() throws {
    var settings = Self.settings
    settings.heldOut = 1
    expect(.invalidSettings, "heldOut 1.0: must be 0 (none) or more, and less than 1") {
      _ = try WassersteinGAN(settings)
    }
    settings.heldOut = 0.999
    let gan = try WassersteinGAN(settings)
    expect(
      .invalidPictures,
      "all 5 pictures are held out: lower the settings' heldOut (0.999), or give more"
    ) { try gan.train(on: Self.pictures(5), generatorSteps: 1) }
  }

  /// A run of the tool goes on in a program, on the same pictures, as the tool would have gone on.
  @Test func aRunOfTheToolGoesOn() throws {
    try inTemporaryFolder { folder in
      func run(_ out: String, _ length: Int, resume: Bool = false) throws -> String {
        let request = TrainingRequest(
          out: joinPath(folder, out), resume: resume,
          overrides: resume
            ? []
            : [
              ConfigurationOverride(\.size, 16), ConfigurationOverride(\.features, 4),
              ConfigurationOverride(\.batchSize, 8), ConfigurationOverride(\.heldOut, 0),
              ConfigurationOverride(\.fraction, 0.005), ConfigurationOverride(\.mirror, true),
              ConfigurationOverride(\.augment, [.color, .translate, .cutout]),
            ], data: ["synthetic"], cache: joinPath(folder, "cache"), length: .steps(.generatorSteps(length)),
          runOverrides: [
            RunOverride(\.threads, 1), RunOverride(\.sampleEvery, 0), RunOverride(\.checkpointEvery, 0),
          ])
        _ = try TrainingRun(request, report: { _ in }, isCancelled: { false })
          .train(shouldStop: { false }, report: { _ in })
        return joinPath(folder, "\(out)/checkpoints/00000\(length).safetensors")
      }
      let gan = try WassersteinGAN(contentsOf: run("run", 3))
      let dataset = try Dataset(
        .synthetic,
        DatasetOptions(
          size: 16, fraction: 0.005, seed: gan.settings.seed, cacheDirectory: joinPath(folder, "cache")))
      try gan.train(
        on: (0..<dataset.count).map {
          let picture = try dataset.picture($0)
          return try Bitmap(width: picture.width, height: picture.height, channels: 3, pixels: picture.pixels)
        }, generatorSteps: 4)
      let path = joinPath(folder, "gan.safetensors")
      try gan.save(to: path)
      #expect(try Checkpoint(at: path).tensors == Checkpoint(at: run("run", 7, resume: true)).tensors)
      // Without the JSON beside it, it isn't a whole state.
      let alone = joinPath(folder, "alone.safetensors")
      try writeFile(readFile(joinPath(folder, "run/checkpoints/000007.safetensors")), to: alone)
      expect(
        .fileNotFound,
        "\(alone): isn't a whole state: the counters that a run keeps beside it, in alone.json, aren't there"
      ) {
        _ = try WassersteinGAN(contentsOf: alone)
      }
    }
  }

  /// Another number of pictures begins another epoch: no batch is asked for that isn't there.
  @Test func picturesMayChange() throws {
    let gan = try WassersteinGAN(Self.settings)
    try gan.train(on: Self.pictures(), generatorSteps: 1)
    #expect(gan.epochsDone == 0)
    try gan.train(on: Self.pictures(5), generatorSteps: 1)
    #expect((gan.epochsDone, gan.criticStepsDone) == (2, 5))
    try gan.train(on: Self.pictures(1), generatorSteps: 2)
    #expect((gan.epochsDone, gan.criticStepsDone) == (4, 7))
  }

  /// Pictures come from files as `wgan train` reads them, and go to files.
  @Test func picturesGoToFilesAndBack() throws {
    try inTemporaryFolder { folder in
      let (path, none) = (joinPath(folder, "picture.png"), joinPath(folder, "none/picture.png"))
      let picture = try Self.pictures(4)[3]
      try picture.writePNG(to: path)
      #expect(try Bitmap(contentsOf: path, channels: 3, shortSide: 16) == picture)
      #expect(try Bitmap(contentsOf: path, channels: 3, shortSide: 8) == picture.scaled(toShortSide: 8))
      #expect(try Bitmap(contentsOf: path, channels: 1, shortSide: 16) == picture.converted(toChannels: 1))
      expect(.invalidArgument, "2 channels: there must be 1 (grey) or 3 (colour)") {
        _ = try Bitmap(contentsOf: path, channels: 2, shortSide: 16)
      }
      expect(.invalidArgument, "a short side of 0: a side has from 1 to 65535 pixels") {
        _ = try Bitmap(contentsOf: path, channels: 3, shortSide: 0)
      }
      func kind(_ body: () throws -> Void) -> WGANError.Kind? {
        let error = #expect(throws: WGANError.self, performing: body)
        #expect(error?.description.hasPrefix(folder) == true && error?.description.contains("\n") == false)
        return error?.kind
      }
      #expect(kind { _ = try Bitmap(contentsOf: none, channels: 3, shortSide: 16) } == .fileNotFound)
      #expect(kind { try picture.writePNG(to: none) } == .cannotCreateFile)
      try writeFile(Array("a text".utf8), to: path)
      #expect(kind { _ = try Bitmap(contentsOf: path, channels: 3, shortSide: 16) } == .invalidFile)
    }
  }

  // MARK: - Errors

  func expect(_ kind: WGANError.Kind, _ line: String, _ body: () throws -> Void) {
    let error = #expect(throws: WGANError.self) { try body() }
    #expect(error?.kind == kind && error?.description == line)
  }

  @Test func picturesThatCannotBe() throws {
    let gan = try WassersteinGAN(Self.settings)
    let square = try Self.pictures(1)[0]
    func train(_ pictures: [Bitmap]) throws { try gan.train(on: pictures, generatorSteps: 1) }
    func bitmap(_ width: Int, _ height: Int, _ channels: Int, count: Int) throws {
      _ = try Bitmap(width: width, height: height, channels: channels, pixels: [UInt8](repeating: 0, count: count))
    }
    expect(.invalidPictures, "no pictures to train on: there must be at least one") { try train([]) }
    expect(
      .invalidPictures,
      "picture 1 has 1 channels, the settings' channels are 3: convert it, see Bitmap.converted(toChannels:)"
    ) { try train([square, square.converted(toChannels: 1)]) }
    expect(
      .invalidPictures,
      "picture 1 has 16x15 pixels, its short side must be the settings' size, 16: scale it, see "
        + "Bitmap.scaled(toShortSide:)"
    ) { try train([square, Bitmap(width: 16, height: 15, channels: 3, pixels: [UInt8](repeating: 0, count: 720))]) }
    #expect(gan.criticStepsDone == 0)
    expect(.invalidPictures, "a picture of 0x4 pixels: both sides must be at least 1") { try bitmap(0, 4, 3, count: 0) }
    expect(.invalidPictures, "a picture of 2 channels: there must be 1 (grey) or 3 (colour)") {
      try bitmap(1, 1, 2, count: 2)
    }
    expect(.invalidPictures, "a picture of 4x2 pixels and 3 channels has 24 bytes, 23 were given") {
      try bitmap(4, 2, 3, count: 23)
    }
    expect(
      .invalidPictures,
      "a picture of \(Int.max)x3 pixels and 1 channels has more than fit in memory bytes, 0 were given"
    ) { try bitmap(.max, 3, 1, count: 0) }
    expect(.invalidArgument, "2 channels: there must be 1 (grey) or 3 (colour)") {
      _ = try square.converted(toChannels: 2)
    }
    for side in [0, -1, 65_536, Int.max] {
      #expect(throws: WGANError.self) { _ = try square.scaled(toShortSide: side) }
    }
    let scaled = try Bitmap(width: 4, height: 2, channels: 1, pixels: [0, 2, 4, 6, 2, 4, 6, 8]).scaled(toShortSide: 1)
    #expect((scaled.width, scaled.height, scaled.pixels) == (2, 1, [2, 6]))
  }

  /// A line begins with the name of the property that mends it.
  @Test func settingsThatCannotBe() throws {
    let cases: [(String, (inout TrainingSettings) -> Void)] = [
      ("size", { $0.size = 48 }), ("channels", { $0.channels = 2 }), ("features", { $0.features = 0 }),
      ("criticFeatures", { $0.criticFeatures = 2000 }), ("generatorFeatures", { $0.generatorFeatures = -1 }),
      ("latent", { $0.latent = 0 }), ("batchSize", { $0.batchSize = 0 }), ("criticSteps", { $0.criticSteps = 0 }),
      ("clip", { $0.clip = -1 }), ("learningRate", { $0.learningRate = .nan }),
      ("criticLearningRate", { $0.criticLearningRate = 2 }),
      ("generatorLearningRate", { $0.generatorLearningRate = 0 }),
    ]
    for (name, change) in cases {
      var settings = TrainingSettings(.blog)
      change(&settings)
      let error = try #require(throws: WGANError.self) { try settings.validate() }
      #expect(error.kind == .invalidSettings && error.description.hasPrefix("\(name) "))
      #expect(throws: error) { _ = try WassersteinGAN(settings) }
    }
    var huge = TrainingSettings(.blog)
    (huge.size, huge.features, huge.batchSize) = (256, 1024, 65_536)
    let error = #expect(throws: WGANError.self) { _ = try WassersteinGAN(huge) }
    #expect(error?.description.hasPrefix("batchSize 65536 with size 256 and features 1024 needs ") == true)
    expect(.invalidArgument, "0 threads: must be from 1 to 1024") {
      _ = try WassersteinGAN(TrainingSettings(.demo), threads: 0)
    }
    let gan = try WassersteinGAN(Self.settings)
    expect(.invalidArgument, "-1 generator steps: must be from 0 to 1000000000") {
      try gan.train(on: Self.pictures(), generatorSteps: -1)
    }
    for (count, first) in [(-1, 0), (1, -1), (Int.max, 0), (1, Int.max)] {
      expect(
        .invalidArgument, "\(count) pictures from number \(first) on: both must be 0 or more, and 2^48 at most"
      ) { _ = try gan.sample(count: count, from: first) }
    }
  }

  /// Each preset of the tool is one here, by its name, and is valid.
  @Test func thePresetsAreTheTools() throws {
    #expect(TrainingSettings.Preset.allCases.map(\.rawValue) == TrainingConfiguration.presets.map(\.preset))
    for preset in TrainingSettings.Preset.allCases {
      try TrainingSettings(preset).validate()
      #expect(TrainingSettings(preset).preset == preset)
    }
  }

  /// What version 0.1 called the preset blog still means it.
  @available(*, deprecated) @Test func theFormerNameOfAPresetIsRead() {
    #expect(TrainingSettings.Preset.seed == .blog && TrainingSettings.Preset(rawValue: "seed") == .blog)
    #expect(TrainingSettings.Preset(rawValue: "blog") == .blog && TrainingSettings.Preset(rawValue: "best") == nil)
    #expect(TrainingSettings(.seed) == TrainingSettings(.blog))
  }

  /// Parameters that earlier versions had as properties by themselves, and all others: a file has them again.
  @Test func everyParameterTravels() throws {
    var settings = Self.settings
    (settings.optimizer, settings.adamBeta1, settings.generatorNorm) = (.adam, 0.25, false)
    (settings.blockOrder, settings.clipTime, settings.extraLayers) = (.convolutionNormActivation, .afterUpdate, 1)
    let algorithm: TrainingSettings.Algorithm = .direct
    let crop = TrainingSettings.Crop.center
    (settings.algorithm, settings.crop, settings.seed, settings.clip) = (algorithm, crop, 7, 0.5)
    #expect(settings.clipLower == -0.5 && settings.preset == .blog && settings != Self.settings)
    let read = try reloaded(WassersteinGAN(settings), threads: 1).settings
    #expect(read == settings && read.adamBeta1 == 0.25 && read.blockOrder == .convolutionNormActivation)
  }

  @Test func filesThatAreNotStates() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "state.safetensors")
      expect(.fileNotFound, "\(path): isn't there") { _ = try WassersteinGAN(contentsOf: path) }
      try writeFile(Array("a text".utf8), to: path)
      expect(.invalidFile, "\(path): not a whole safetensors file: 6 bytes, the header's length alone takes 8") {
        _ = try WassersteinGAN(contentsOf: path)
      }
      try Safetensors.write([], metadata: [:], to: path)
      expect(.invalidFile, "\(path): isn't a checkpoint of wgan: its metadata has no configuration") {
        _ = try WassersteinGAN(contentsOf: path)
      }
      let gan = try WassersteinGAN(Self.settings)
      let nowhere = joinPath(folder, "none/state.safetensors")
      expect(.cannotCreateFile, "\(nowhere): can't be created: No such file or directory") { try gan.save(to: nowhere) }

      // A state whose tensors or counters aren't those of its configuration.
      try gan.save(to: path)
      let file = try SafetensorsFile(at: path)
      let tensors = try file.tensors()
      try Safetensors.write(TensorSet(tensors.dropFirst()), metadata: file.metadata, to: path)
      expect(.invalidFile, "\(path): tensor \(tensors[0].name) is missing") { _ = try WassersteinGAN(contentsOf: path) }
      try Safetensors.write(tensors, metadata: file.metadata.merging(["generator_steps": "1"]) { $1 }, to: path)
      expect(.invalidFile, "\(path): belongs to another state than \(path)") {
        _ = try WassersteinGAN(contentsOf: path)
      }
    }
  }
}

extension TrainingSettings {
  fileprivate var mirrorAlone: TrainingSettings {
    var settings = self
    settings.augment = .none
    return settings
  }

  fileprivate var augmentAlone: TrainingSettings {
    var settings = self
    settings.mirror = false
    return settings
  }
}
