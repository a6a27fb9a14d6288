// What `sample` measures: a sampler's calls for a batch of pictures and for one.

import Compute
import Configuration
import Training
import WGAN

/// What `sample` writes as JSON. (The names with underscores are what Benchmarks/peers/compare.py reads.)
package struct SampleReport: Codable, Sendable {
  package var machine: Machine
  package var size: Int
  package var features: Int
  package var latent: Int
  package var extra_layers: Int
  /// Pictures of a call of `batch_ms`.
  package var batch_size: Int
  package var threads: Int
  package var isa: String
  /// Of a whole call, nothing recorded.
  package var batch_ms: Timing
  package var picture_ms: Timing
  /// Why these figures shouldn't be trusted; empty if they may be.
  package var doubts: [String]
  /// Of both calls; empty: not split.
  package var steps: [SplitStep]
}

extension SampleReport {
  /// - Parameters:
  ///   - warmUps: calls of each kind that aren't timed.
  ///   - repeats: calls of each kind that are timed; as many again are recorded.
  /// - Precondition: the configuration is valid, `warmUps` >= 0, `repeats` >= 1.
  package static func measure(
    _ configuration: TrainingConfiguration, on device: Device, warmUps: Int, repeats: Int, splits: Bool = true
  ) throws -> SampleReport {
    let recorder = splits ? StepRecorder() : nil
    // What training begins with: the weights don't depend on the batch, the memory of training does.
    var least = configuration
    least.batchSize = 1
    let sampler = try Sampler(
      configuration, tensors: try Trainer(least, on: device).tensors(), on: device.recording(to: recorder))
    var next = 0
    func draw(_ count: Int) -> SplitSamples {
      SplitSamples(recorder, warmUps: warmUps, repeats: repeats) {
        _ = sampler.values(.series(seed: configuration.seed, next..<next + count))
        next += count
      }
    }
    let interference = Interference()
    let (batch, picture) = (draw(configuration.batchSize), draw(1))
    var peak = Peak()
    peak.judge(interference.share(cores: Device.coreCount))
    return SampleReport(
      machine: .current(), size: configuration.size, features: configuration.features, latent: configuration.latent,
      extra_layers: configuration.extraLayers, batch_size: configuration.batchSize, threads: device.threads,
      isa: device.instructionSet.rawValue, batch_ms: Timing(batch.whole), picture_ms: Timing(picture.whole),
      doubts: peak.doubts,
      steps: (splits ? [("\(configuration.batchSize)-picture", batch), ("1-picture", picture)] : []).map {
        SplitStep($0, whole: $1.whole, recordings: $1.recordings, peakGflops: [:])
      })
  }
}
