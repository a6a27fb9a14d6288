import Compute
import Configuration
import Foundation
import SystemSupport
import TensorFiles
import TestSupport
import Testing
import Training
import WGAN

/// Protects: what isn't finite is named in the step that makes it, on every machine alike, and is neither read, nor
/// trained on, nor saved.
@Suite struct DivergenceTests {
  static let pixels: [UInt8] = (0..<4 * 16 * 16 * 3).map { (i: Int) in
    UInt8(truncatingIfNeeded: i * 7 + i * i % 13)
  }

  static func configuration(_ change: (inout TrainingConfiguration) -> Void = { _ in }) -> TrainingConfiguration {
    var small = TrainingConfiguration.blog
    (small.size, small.features, small.latent, small.batchSize) = (16, 4, 6, 4)
    change(&small)
    return small
  }

  static func criticStep(_ trainer: Trainer) -> CriticLosses {
    pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: 4) }
  }

  static let devices: [Device] = [1, 2, 3].flatMap { threads in
    Device.supported.map { Device(instructionSet: $0, threads: threads) }
  }

  /// A state with some numbers changed.
  static func changed(_ trainer: Trainer, _ change: (inout NamedTensor) -> Void) -> TensorSet {
    TensorSet(
      trainer.tensors().map {
        var tensor = $0
        change(&tensor)
        return tensor
      })
  }

  // MARK: - In a step

  /// The first critic and generator step of a state with some numbers changed, all of them finite: what is told of it.
  func told(
    of configuration: TrainingConfiguration, steps: String = "cg", _ change: (inout NamedTensor) -> Void
  ) throws -> (divergence: Divergence?, losses: [Float]) {
    var all: [(divergence: Divergence?, losses: [Float])] = []
    for device in Self.devices {
      let trainer = try Trainer(configuration, on: device)
      try trainer.restore(Self.changed(trainer, change), criticSteps: 0, generatorSteps: 0)
      #expect(trainer.divergence == nil)
      var losses: [Float] = []
      for step in steps where trainer.divergence == nil {
        if step == "c" {
          let told = Self.criticStep(trainer)
          losses += [told.real, told.fake, told.loss]
        } else {
          losses.append(trainer.generatorStep())
        }
      }
      all.append((trainer.divergence, losses))
    }
    for one in all { #expect(one.divergence == all[0].divergence, "of other threads, or another set") }
    return all[0]
  }

  @Test func aSoundRunTellsNothing() throws {
    for change: (inout TrainingConfiguration) -> Void in [
      { _ in }, { $0.clipTime = .afterUpdate }, { ($0.optimizer, $0.ema) = (.adam, 0.9) },
      { ($0.objective, $0.criticNorm) = (.relativistic, false) },
    ] {
      let divergence = try told(of: Self.configuration(change), steps: "ccgccg") { _ in }.divergence
      #expect(divergence == nil)
    }
  }

  /// An infinity in the critic is told although the clip, which makes a bound of it, is in the same step.
  @Test(arguments: ClipTime.allCases) func infinitiesAreToldBeforeTheClip(time: ClipTime) throws {
    let configuration = Self.configuration { ($0.clipTime, $0.optimizer) = (time, .adam) }
    let (divergence, losses) = try told(of: configuration) { tensor in
      if tensor.name == "optimizer.critic.exp_avg.pyramid.0.conv.weight" { tensor.values[5] = 1e38 }
    }
    #expect(losses.count == 3 && losses.allSatisfy(\.isFinite))
    #expect(
      divergence
        == Divergence(in: .critic, step: 1, generatorSteps: 0, "tensor critic.pyramid.0.conv.weight has -inf"))
  }

  @Test func runningStatisticsAreLookedAt() throws {
    // Activations whose squares overflow: the norm makes zeros of them, and no loss shows it.
    let (divergence, losses) = try told(of: Self.configuration()) { tensor in
      if tensor.name == "generator.initial.conv.weight" { tensor.values = tensor.values.map { $0 * 1e25 } }
    }
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(divergence?.what == "tensor generator.initial.bn.running_var has inf")
    #expect(divergence?.description.hasPrefix("training diverged in critic step 1, after generator step 0: ") == true)
  }

  @Test func optimizersAndAveragesAreLookedAt() throws {
    let squares = try told(of: Self.configuration { $0.optimizer = .adam }, steps: "g") { tensor in
      if tensor.name == "optimizer.generator.exp_avg_sq.final.weight" { tensor.values[0] = .greatestFiniteMagnitude }
    }
    #expect(squares.divergence == nil, "a large number is a number")
    let penalty = Self.configuration {
      ($0.objective, $0.criticNorm, $0.penaltyWeight) = (.wganR1R2, false, 1e30)
    }
    let ofPenalty = try told(of: penalty) { _ in }.divergence
    #expect(ofPenalty?.what == "tensor optimizer.critic.square_avg.initial.conv.weight has inf")
    // Each of the two is finite, their difference isn't.
    let average = try told(of: Self.configuration { $0.ema = 0.9 }, steps: "g") { tensor in
      if tensor.name == "generator.pyramid.0.bn.running_mean" { tensor.values[2] = 3e38 }
      if tensor.name == "generator_ema.pyramid.0.bn.running_mean" { tensor.values[2] = -3e38 }
    }
    #expect(average.divergence?.what == "tensor generator_ema.pyramid.0.bn.running_mean has inf")
    #expect(average.divergence?.role == .generator && average.divergence?.step == 1)
  }

  /// It stays told, whatever later steps do, until the trainer is set anew; halved rates are halves.
  @Test func aTrainerBeginsAgain() throws {
    let configuration = Self.configuration { ($0.objective, $0.criticNorm) = (.wganR1R2, false) }
    let trainer = try Trainer(configuration, on: Device(threads: 1))
    let start = trainer.tensors()
    _ = Self.criticStep(trainer)
    _ = trainer.generatorStep()
    let once = trainer.tensors()
    let huge = Self.changed(trainer) { tensor in
      if tensor.name.hasPrefix("critic.") { tensor.values = tensor.values.map { $0 * 1e20 } }
    }
    try trainer.restore(huge, criticSteps: 1, generatorSteps: 1)
    _ = Self.criticStep(trainer)
    let divergence = try #require(trainer.divergence)
    _ = trainer.generatorStep()
    #expect(trainer.divergence == divergence)
    trainer.begin()
    #expect(trainer.divergence == nil && trainer.tensors() == start && trainer.criticStepsDone == 0)
    _ = Self.criticStep(trainer)
    _ = trainer.generatorStep()
    #expect(trainer.tensors() == once)

    let half = try Trainer(
      Self.configuration {
        ($0.objective, $0.criticNorm, $0.learningRate) = (.wganR1R2, false, configuration.learningRate * 2)
      }, on: Device(threads: 1))
    half.rateHalvings = 1
    _ = Self.criticStep(half)
    _ = half.generatorStep()
    #expect(half.tensors() == once)
  }

  // MARK: - Read

  /// Every tensor of a state, wherever in it the number is: refused by name, and nothing is set.
  @Test(arguments: [Float.nan, .infinity, -.infinity]) func aStateThatIsNotFiniteIsRefused(bad: Float) throws {
    let configuration = Self.configuration { ($0.ema, $0.optimizer) = (0.9, .adam) }
    let trainer = try Trainer(configuration, on: Device(threads: 1))
    let start = trainer.tensors()
    for (i, poisoned) in start.enumerated() {
      let tensors = Self.changed(trainer) { tensor in
        if tensor.name == poisoned.name { tensor.values[i % tensor.values.count] = bad }
      }
      let error = #expect(throws: Failure.self) {
        try trainer.restore(tensors, criticSteps: 1, generatorSteps: 1)
      }
      let value = bad.isNaN ? "nan" : "\(bad)"
      #expect(error?.description.hasPrefix("tensor \(poisoned.name) has \(value)") == true)
      #expect(error?.kind == .badData)
    }
    #expect(trainer.tensors() == start)
  }

  @Test func weightsOfOtherProgramsAreRefusedByTheirNames() throws {
    let source = try #require(
      Bundle.module.path(forResource: "authors-generator", ofType: "pth", inDirectory: "TorchFiles"))
    try inTemporaryFolder { folder in
      // A number that is in the file once, as its bytes.
      var small = NetWeightsTests.small
      small.blockOrder = .convolutionNormActivation
      let sound = try WeightsFile(at: source)
      let weights = try NetWeights(in: sound, for: .generator, of: small)
      let tensors = try weights.tensors(of: sound)
      let number = try #require(tensors.last?.values.last { abs($0) > 1e-4 })
      var bytes = Data(try readFile(source))
      let place = try #require(bytes.range(of: withUnsafeBytes(of: number.bitPattern.littleEndian) { Data($0) }))
      bytes.replaceSubrange(place, with: withUnsafeBytes(of: Float.infinity.bitPattern.littleEndian) { Data($0) })
      let poisoned = joinPath(folder, "g.pth")
      try writeFile(Array(bytes), to: poisoned)
      let file = try WeightsFile(at: poisoned)
      let found = try NetWeights(in: file, for: .generator, of: small)
      let error = #expect(throws: Failure.self) { try found.tensors(of: file) }
      #expect(error?.kind == .badData)
      #expect(error?.description.hasPrefix("\(poisoned): tensor main.") == true, "\(String(describing: error))")
    }
  }

  // MARK: - The loop and the library

  /// A step that ruins the state isn't told, and the checkpoints before it stay.
  @Test(arguments: [(critic: true, 7), (critic: true, 1), (critic: false, 2), (critic: false, 1)])
  func theLoopSavesNothingOfIt(_ at: (critic: Bool, step: Int)) throws {
    final class Engine: TrainingEngine {
      let at: (critic: Bool, step: Int)
      var done = (critic: 0, generator: 0)
      var divergence: Divergence?
      init(_ at: (critic: Bool, step: Int)) { self.at = at }

      private func check(_ critic: Bool, _ step: Int) {
        if at == (critic, step) {
          divergence = Divergence(
            in: critic ? .critic : .generator, step: step, generatorSteps: done.generator, "it is a test")
        }
      }
      func criticStep(pixels: UnsafeBufferPointer<UInt8>, count: Int) -> CriticLosses {
        done.critic += 1
        check(true, done.critic)
        return CriticLosses(real: 0, fake: 0)
      }
      func generatorStep() -> Float {
        check(false, done.generator + 1)
        done.generator += 1
        return 0
      }
      func see(pixels: UnsafeBufferPointer<UInt8>, count: Int) {}
      func measure() -> [String: Float] { [:] }
      func evaluate(pixels: UnsafeBufferPointer<UInt8>, count: Int, batch: Int) -> CriticLosses { .none }
      func tensors(groups: [String]?) -> TensorSet { [NamedTensor(name: "a", shape: [1], values: [1])] }
    }
    try inTemporaryFolder { folder in
      let paths = RunPaths(folder)
      try makeFolder(paths.checkpoints.path)
      let start = CheckpointState(
        position: RunPosition(), seconds: 0, picturesPerEpoch: 64, dataFingerprint: "",
        criticLosses: CriticLosses(real: 0, fake: 0))
      let engine = Engine(at)
      let loop = TrainingLoop(
        schedule: Schedule(.blog, picturesPerEpoch: TrainingLoopTests.pictures, length: .generatorSteps(9)),
        start: start.trainingState, checkpointEvery: 1,
        journal: try RecordingJournal(folder, from: start) { _ in "" })
      var rows = 0
      let error = #expect(throws: Divergence.self) {
        try loop.run(engine: engine, batches: CountingBatches(13), shouldStop: { false }) {
          if case .metrics = $0 { rows += 1 }
        }
      }
      #expect(error == engine.divergence && error?.description.hasSuffix("it is a test") == true)
      let whole = at.critic ? (at.step - 1) / 5 : at.step - 1
      #expect(rows == whole)
      #expect(try paths.checkpoints.all().count == whole)
      #expect(try readFile(paths.metrics).split(separator: UInt8(ascii: "\n")).count == 1 + whole)
    }
  }

  @Test func theLibrarySaysSo() throws {
    var settings = LibraryTests.settings
    (settings.objective, settings.criticNorm) = (.wganR1R2, false)
    let pictures = try LibraryTests.pictures()
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "gan")
      let sound = try WassersteinGAN(settings, threads: 1)
      try sound.train(on: pictures, generatorSteps: 1)
      try sound.save(to: path)
      let before = try readFile(path)

      settings.penaltyWeight = 1e30
      let gan = try WassersteinGAN(settings, threads: 2)
      var steps = 0
      let error = #expect(throws: WGANError.self) {
        try gan.train(on: pictures, generatorSteps: 3) { _ in
          steps += 1
          return .proceed
        }
      }
      #expect(error?.kind == .diverged && steps == 0)
      #expect(error?.description.contains("tensor optimizer.critic.square_avg.initial.conv.weight has inf") == true)
      let saved = #expect(throws: WGANError.self) { try gan.save(to: path) }
      let sampled = #expect(throws: WGANError.self) { _ = try gan.sample(count: 1) }
      let trained = #expect(throws: WGANError.self) { try gan.train(on: pictures, generatorSteps: 1) }
      #expect(saved == error && sampled == error && trained == error)
      #expect(try readFile(path) == before)

      let file = try SafetensorsFile(at: path)
      var tensors = Array(try file.tensors())
      tensors[3].values[0] = .nan
      try Safetensors.write(TensorSet(tensors), metadata: file.metadata, to: path)
      let refused = #expect(throws: WGANError.self) { try WassersteinGAN(contentsOf: path) }
      #expect(refused?.kind == .invalidFile)
      #expect(refused?.description.contains("tensor \(tensors[3].name) has nan") == true)
    }
  }
}
