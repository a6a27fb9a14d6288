import Training
import Configuration
import Compute
import Foundation
import Randomness
import Testing
import WGAN
import WGANBench

private func configuration(
  size: Int = 16, features: Int = 16, batchSize: Int = 2, extraLayers: Int = 0
) -> TrainingConfiguration {
  var configuration = TrainingConfiguration.blog
  configuration.size = size
  configuration.features = features
  configuration.batchSize = batchSize
  configuration.latent = 8
  configuration.extraLayers = extraLayers
  return configuration
}

private func pixels(_ configuration: TrainingConfiguration) -> [UInt8] {
  var random = RandomStream(seed: 3, purpose: .test)
  return (0..<configuration.batchSize * configuration.size * configuration.size * configuration.channels).map { _ in
    UInt8(truncatingIfNeeded: random.nextWord())
  }
}

private func recordedDevice(_ recorder: StepRecorder, threads: Int) -> Device {
  Device(threads: threads, recorder: recorder)
}

/// Protects training from being measured: a recorder may cost time, never a bit.
@Suite struct RecordingTests {
  @Test func recordingChangesNoBit() throws {
    var random = RandomStream(seed: 11, purpose: .test)
    func choice<T>(_ values: [T]) -> T { values[random.below(values.count)] }
    for _ in 0..<12 {
      var c = configuration(
        size: choice([16, 32]), features: choice([8, 16, 24]), batchSize: choice([1, 2, 3, 5]),
        extraLayers: choice([0, 1]))
      c.blockOrder = choice(BlockOrder.allCases)
      c.optimizer = choice(Optimizer.allCases)
      c.clipTime = choice(ClipTime.allCases)
      c.channels = choice([1, 3])
      try c.validate()
      let threads = choice([1, 2, 3])
      let recorder = StepRecorder()
      let plain = try Trainer(c, on: Device(threads: threads))
      let recorded = try Trainer(c, on: recordedDevice(recorder, threads: threads))
      let bytes = pixels(c)
      for step in 0..<4 {
        recorder.isOn = step != 1
        let losses = [plain, recorded].map { trainer in
          bytes.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: max(1, c.batchSize - step % 2)) }
        }
        #expect(losses[0] == losses[1])
        #expect(plain.generatorStep() == recorded.generatorStep())
      }
      #expect(!recorder.entries.isEmpty)
      let isSame = plain.tensors() == recorded.tensors()
      #expect(isSame, "\(c)")
    }
  }

  @Test func nothingIsRecordedUnlessItIsOn() throws {
    let recorder = StepRecorder()
    let trainer = try Trainer(configuration(), on: recordedDevice(recorder, threads: 2))
    _ = trainer.generatorStep()
    #expect(recorder.entries.isEmpty)
    recorder.isOn = true
    _ = trainer.generatorStep()
    #expect(!recorder.entries.isEmpty)
    recorder.reset()
    #expect(recorder.entries.isEmpty)
  }

  /// Every convolution is told of, with its work, and no time counts twice.
  @Test(arguments: [1, 2, 3]) func aStepIsTheSumOfItsCalls(threads: Int) throws {
    let c = configuration(extraLayers: 1)
    let recorder = StepRecorder()
    let trainer = try Trainer(c, on: recordedDevice(recorder, threads: threads))
    let bytes = pixels(c)
    recorder.isOn = true
    for (work, step) in [
      (
        trainer.plan.multiplyAddsPerStep.critic,
        { _ = bytes.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: c.batchSize) } }
      ), (trainer.plan.multiplyAddsPerStep.generator, { _ = trainer.generatorStep() }),
    ] as [(Int, () -> Void)] {
      recorder.reset()
      let start = ContinuousClock.now
      step()
      let whole = SplitStep.Recording(
        milliseconds: start.duration(to: .now) / .milliseconds(1), entries: recorder.entries)
      #expect(whole.other > 0)
      #expect(recorder.entries.reduce(0) { $0 + $1.work.multiplyAdds } == work)
      for entry in recorder.entries {
        #expect(entry.milliseconds > 0 && entry.calls > 0, "\(entry)")
        #expect(entry.waitingMilliseconds >= 0 && entry.waitingMilliseconds <= entry.milliseconds, "\(entry)")
        #expect((entry.work.multiplyAdds > 0) == (entry.label.kind == .convolution), "\(entry)")
      }
      #expect(Set(recorder.entries.map(\.label.kind)).isSuperset(of: [.convolution, .norm, .optimizer, .packing]))
    }
  }

  /// Real and fake pictures are one row: a critic step's forward of the critic is made twice, of the generator once.
  @Test func passesOfOneLayerAreOneRow() throws {
    let c = configuration()
    let recorder = StepRecorder()
    let trainer = try Trainer(c, on: recordedDevice(recorder, threads: 1))
    recorder.isOn = true
    _ = pixels(c).withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: c.batchSize) }
    func calls(_ layer: String, _ kind: StepRecorder.Kind, _ pass: StepRecorder.Pass) -> Int? {
      recorder.entries.first { $0.label == StepRecorder.Label(layer: layer, kind: kind, pass: pass) }?.calls
    }
    #expect(calls("critic.initial.conv", .convolution, .forward) == 2)
    #expect(calls("critic.initial.conv", .convolution, .backwardWeights) == 2)
    #expect(calls("critic.initial.conv", .convolution, .backwardData) == nil)
    #expect(calls("critic.pyramid.0.bn", .norm, .backward) == 2)
    #expect(calls("critic.pyramid.0.conv", .packing, .backwardData) == 1)
    #expect(calls("generator.final", .convolution, .forward) == 1)
    #expect(calls("critic", .clipping, .update) == 1)
    #expect(calls("critic", .optimizer, .update) == 1)
    #expect(calls("critic.input", .elementwise, .forward) == 1)
    #expect(Set(recorder.entries.map(\.label)).count == recorder.entries.count)
  }

  @Test func aCallInACallCountsOnce() {
    let recorder = StepRecorder()
    recorder.isOn = true
    let start = ContinuousClock.now
    recorder.begin("outer", .norm, .forward)
    recorder.begin("inner", .packing, .forward)
    Thread.sleep(forTimeInterval: 0.02)
    recorder.end()
    recorder.end()
    recorder.end()  // one too many: no trap
    let whole = start.duration(to: .now) / .milliseconds(1)
    #expect(recorder.entries.map(\.label.layer) == ["outer", "inner"])
    #expect(recorder.entries.reduce(0) { $0 + $1.milliseconds } <= whole)
    #expect(recorder.entries.last.map { $0.milliseconds >= 20 } == true)
  }
}

/// Protects the arithmetic of the split: both ways of splitting a step add up to it.
@Suite struct SplitStepTests {
  static func entry(
    _ layer: String, _ kind: StepRecorder.Kind, _ pass: StepRecorder.Pass, _ milliseconds: Double, waiting: Double = 0,
    multiplyAdds: Int = 0
  ) -> StepRecorder.Entry {
    StepRecorder.Entry(
      StepRecorder.Label(layer: layer, kind: kind, pass: pass), calls: 1, milliseconds: milliseconds,
      waitingMilliseconds: waiting, work: .init(multiplyAdds: multiplyAdds))
  }

  static let recordings = [(6.0, 1.0, 1.0), (5.0, 2.0, 2.0), (50.0, 1.5, 0.5)].map { convolution, norm, other in
    SplitStep.Recording(
      milliseconds: convolution + norm + other,
      entries: [
        entry("a.conv", .convolution, .forward, convolution, waiting: convolution / 2, multiplyAdds: 3_000_000),
        entry("a.bn", .norm, .forward, norm, waiting: 0.25),
      ])
  }

  @Test func mediansByHand() throws {
    let step = SplitStep("critic", whole: [7, 9, 8], recordings: Self.recordings, peakGflops: [.float32: 4])
    #expect(step.milliseconds == Timing(min: 7, median: 8))
    #expect(step.recordedMilliseconds == Timing(min: 8, median: 9))
    #expect(step.parts.map(\.milliseconds) == [6, 1.5, 1])
    #expect(step.parts.map(\.layer) == ["a.conv", "a.bn", "other"])
    #expect(step.partsMilliseconds == 8.5)
    #expect(step.kinds["convolution"] == 3 && step.kinds["norm"] == 1.25 && step.kinds["waiting"] == 3.25)
    #expect(step.kinds["other"] == 1 && step.kinds["clipping"] == 0)
    #expect(abs(step.notConvolutionShare - (1 - 3 / 8.5)) < 1e-12)
    // 6 MFLOP in 6 ms, the waiting included.
    #expect(abs((step.parts.first?.gflops ?? 0) - 1) < 1e-12)
    #expect(abs((step.parts.first?.percentOfPeak ?? 0) - 25) < 1e-12)
    #expect(step.parts.dropFirst().allSatisfy { $0.gflops == nil && $0.percentOfPeak == nil })
    #expect(step.text.contains("not convolution: 64.7 %") && step.text.contains("35.3 %"), "\(step.text)")
  }

  @Test func partsAndKindsAddUp() throws {
    let c = configuration(extraLayers: 1)
    let report = try StepReport.measure(
      c, on: Device(threads: 2), warmUps: 1, repeats: 3, peakSeconds: 0.001)
    #expect(report.steps.map(\.step) == ["critic", "generator"])
    #expect(report.critic_ms == report.steps[0].milliseconds && report.generator_ms == report.steps[1].milliseconds)
    for step in report.steps {
      #expect(abs(step.parts.reduce(0) { $0 + $1.milliseconds } - step.partsMilliseconds) < 1e-9)
      #expect(abs(step.parts.reduce(0) { $0 + $1.share } - 1) < 1e-9)
      #expect(abs(step.kinds.values.reduce(0, +) - step.partsMilliseconds) < 1e-9)
      #expect(step.kinds.values.allSatisfy { $0 >= 0 })
      #expect((0...1).contains(step.notConvolutionShare))
      #expect(Set(step.kinds.keys) == Set(SplitStep.kindOrder))
      for part in step.parts {
        #expect((part.gflops != nil) == (part.kind == "convolution"))
      }
    }
  }

  @Test func aStepThatTookNoTimeIsNoTrap() {
    let step = SplitStep(
      "critic", whole: [0], recordings: [.init(milliseconds: 0, entries: [])], peakGflops: [:])
    #expect(step.notConvolutionShare == 0 && step.parts.count == 1)
    #expect(!step.text.isEmpty)
  }
}

/// Protects the programs that read the report: Benchmarks/peers/compare.py, and those that draw it.
@Suite struct StepJSONTests {
  @Test func keys() throws {
    let result = try ToolTests.run(
      ["step", "--size", "16", "--features", "8", "--batch-size", "1", "--repeat", "1", "--warm-ups", "0"]
        + ["--peak-seconds", "0.001", "--format", "json"])
    #expect(result.code == 0, "\(result.errors)")
    let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 1)
    let top = try #require(JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    for key in [
      "size", "features", "batch_size", "threads", "isa", "critic_gflops", "generator_gflops", "rss_mb", "machine",
      "peak_gflops", "doubts",
    ] { #expect(top[key] != nil, "\(key)") }
    for key in ["critic_ms", "generator_ms"] {
      #expect(Set((top[key] as? [String: Double] ?? [:]).keys) == ["min", "median"])
    }
    let steps = try #require(top["steps"] as? [[String: Any]])
    #expect(steps.compactMap { $0["step"] as? String } == ["critic", "generator"])
    for step in steps {
      #expect(Set((step["milliseconds"] as? [String: Double] ?? [:]).keys) == ["min", "median"])
      #expect(Set((step["kinds"] as? [String: Double] ?? [:]).keys) == Set(SplitStep.kindOrder))
      #expect(step["notConvolutionShare"] is Double)
      let parts = try #require(step["parts"] as? [[String: Any]])
      let convolution = try #require(parts.first { $0["kind"] as? String == "convolution" })
      for key in [
        "layer", "kind", "pass", "milliseconds", "waitingMilliseconds", "share", "gflops", "percentOfPeak",
      ] { #expect(convolution[key] != nil, "\(key)") }
    }
    #expect(try JSONDecoder().decode(StepReport.self, from: result.output).steps.count == 2)
  }

  @Test func withoutASplitThereAreTheTotalsOnly() throws {
    for format in ["json", "table"] {
      let result = try ToolTests.run(
        ["step", "--size", "16", "--features", "8", "--batch-size", "1", "--repeat", "1", "--no-split"]
          + ["--format", format])
      #expect(result.code == 0, "\(result.errors)")
      guard format == "json" else { continue }
      let report = try JSONDecoder().decode(StepReport.self, from: result.output)
      #expect(report.steps.isEmpty && report.peak_gflops == 0)
      #expect(report.critic_ms.min > 0 && report.generator_ms.min > 0 && report.critic_gflops > 0)
    }
  }
}
