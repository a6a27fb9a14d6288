// Times training steps of random pictures: whole ones, in turn with recorded ones that tell where the time goes.

import Training
import Configuration
import Compute
import Graph
import Randomness
import SystemSupport
import WGAN

extension StepReport {
  /// - Parameters:
  ///   - warmUps: steps of each kind that aren't timed.
  ///   - repeats: steps of each kind that are timed; as many again are recorded.
  ///   - splits: whether to record steps, and to measure the machine's peak to compare them with.
  ///   - peakSeconds: for the machine's peak before and again after the steps.
  /// - Precondition: the configuration is valid, `warmUps` >= 0, `repeats` >= 1.
  package static func measure(
    _ configuration: TrainingConfiguration, on device: Device, warmUps: Int, repeats: Int, splits: Bool = true,
    peakSeconds: Double = 0.3
  ) throws -> StepReport {
    let recorder = splits ? StepRecorder() : nil
    let trainer = try Trainer(configuration, on: device.recording(to: recorder))

    var peak = Peak()
    let precisions: [Precision] =
      configuration.precision == .float32 ? [.float32] : [.float32, configuration.precision]
    var arithmetic = !splits ? [] : precisions.map { PeakMeasurement(device, $0, seconds: peakSeconds) }
    var random = RandomStream(seed: 1, purpose: .test)
    let pixels = (0..<configuration.batchSize * configuration.size * configuration.size * configuration.channels).map {
      _ in UInt8(truncatingIfNeeded: random.nextWord())
    }
    let interference = Interference()
    let critic = SplitSamples(recorder, warmUps: warmUps, repeats: repeats) {
      _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: configuration.batchSize) }
    }
    for i in arithmetic.indices { arithmetic[i].refresh(seconds: min(0.1, peakSeconds)) }
    let generator = SplitSamples(recorder, warmUps: warmUps, repeats: repeats) { _ = trainer.generatorStep() }
    let share = interference.share(cores: Device.coreCount)
    for i in arithmetic.indices { arithmetic[i].measureAgain(seconds: peakSeconds) }
    peak.arithmetic = arithmetic.map(\.peak)
    peak.judge(share)
    let resident = Double(peakResidentBytes()) / 1_048_576
    // Last: its buffers are larger than the nets.
    let memory =
      !splits
      ? nil
      : Peak.Bandwidth.levels(of: .current(), threads: device.threads).last.map {
        Peak.Bandwidth($0, device, seconds: min(0.1, peakSeconds)).read
      }

    let peaks = Dictionary(uniqueKeysWithValues: arithmetic.map { ($0.precision, $0.peak.gflops) })
    let work = trainer.plan.multiplyAddsPerStep
    let (criticTiming, generatorTiming) = (Timing(critic.whole), Timing(generator.whole))
    return StepReport(
      machine: .current(), size: configuration.size, features: configuration.features, latent: configuration.latent,
      extra_layers: configuration.extraLayers, batch_size: configuration.batchSize, threads: device.threads,
      isa: device.instructionSet.rawValue, critic_ms: criticTiming, generator_ms: generatorTiming,
      critic_gflops: 2e-6 * Double(work.critic) / criticTiming.median,
      generator_gflops: 2e-6 * Double(work.generator) / generatorTiming.median,
      rss_mb: resident, peak_gflops: peaks[.float32] ?? 0, bf16_peak_gflops: peaks[.bfloat16], memory_gb_per_s: memory,
      doubts: peak.doubts,
      steps: (splits ? [("critic", critic), ("generator", generator)] : []).map {
        SplitStep($0, whole: $1.whole, recordings: $1.recordings, peakGflops: peaks, memoryGBPerSecond: memory ?? 0)
      })
  }
}

extension Device {
  /// The same, and its calls are told to `recorder`.
  func recording(to recorder: StepRecorder?) -> Device {
    Device(
      instructionSet: instructionSet, threads: threads, firstCacheBytes: firstCacheBytes, cacheBytes: cacheBytes,
      recorder: recorder)
  }
}

/// A piece of work timed again and again: as it is, and recorded.
struct SplitSamples {
  var whole: [Double] = []
  var recordings: [SplitStep.Recording] = []

  /// One run as it is and one recorded, in turn: a machine that gets slower for a while slows both.
  init(_ recorder: StepRecorder?, warmUps: Int, repeats: Int, _ work: () -> Void) {
    for _ in 0..<warmUps { work() }
    for _ in 0..<repeats {
      whole.append(Timing.milliseconds(of: work))
      guard let recorder else { continue }
      recorder.reset()
      recorder.isOn = true
      let milliseconds = Timing.milliseconds(of: work)
      recorder.isOn = false
      recordings.append(SplitStep.Recording(milliseconds: milliseconds, entries: recorder.entries))
    }
  }
}
