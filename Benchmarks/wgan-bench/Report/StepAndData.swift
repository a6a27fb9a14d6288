// What `step` and `data` measure, as the report shows it.

import Compute
import Foundation
import Randomness
import WGAN

/// Whole training steps, and how their time splits.
package struct StepReport: Codable, Sendable {
  package var size: Int
  package var features: Int
  package var batch_size: Int
  package var threads: Int
  package var isa: String
  package var critic_gflops: Double
  package var generator_gflops: Double
  package var rss_mb: Double
  package var peak_gflops: Double
  package var doubts: [String]
  package var steps: [SplitStep]
}

package struct SplitStep: Codable, Sendable {
  /// "critic" or "generator".
  package var step: String
  package var milliseconds: Timing
  /// Milliseconds; empty: not split.
  package var kinds: [String: Double]
  package var notConvolutionShare: Double
  package var parts: [Part]

  package struct Part: Codable, Sendable {
    package var layer: String
    package var kind: String
    package var pass: String
    package var milliseconds: Double
    package var waitingMilliseconds: Double
    package var share: Double
    package var gflops: Double?
    package var percentOfPeak: Double?
  }
}

/// Pictures per second, stage by stage.
package struct DataReport: Codable, Sendable {
  package var data: String
  package var size: Int
  package var channels: Int
  package var rounds: Int
  package var files: Int
  package var tried: Int
  package var bad: Int
  package var doubts: [String]
  package var results: [Row]

  package struct Row: Codable, Sendable {
    package var threads: Int
    package var format: String
    package var pictures: Int
    package var bytes: Int
    package var stages: [Stage]
  }

  package struct Stage: Codable, Sendable {
    package var stage: String
    package var milliseconds: Timing
    package var picturesPerSecond: Double
    package var megabytesPerSecond: Double
    package var share: Double
  }
}

extension StepReport {
  /// Totals only.
  static func measure(
    _ configuration: TrainingConfiguration, on processor: Processor, warmUps: Int, repeats: Int
  ) throws -> StepReport {
    let trainer = try Trainer(configuration, on: processor)
    var random = RandomStream(seed: 1, purpose: .test)
    let batch = configuration.batchSize
    let pixels = (0..<batch * configuration.size * configuration.size * configuration.channels).map { _ in
      UInt8(truncatingIfNeeded: random.nextWord())
    }
    let critic = Timing.of(warmUps: warmUps, repeats: repeats) {
      _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: batch) }
    }
    let generator = Timing.of(warmUps: warmUps, repeats: repeats) { _ = trainer.generatorStep() }
    let work = trainer.multiplyAddsPerStep()
    func whole(_ step: String, _ timing: Timing) -> SplitStep {
      SplitStep(step: step, milliseconds: timing, kinds: [:], notConvolutionShare: 0, parts: [])
    }
    return StepReport(
      size: configuration.size, features: configuration.features, batch_size: batch, threads: processor.threads,
      isa: processor.instructionSet.rawValue, critic_gflops: 2e-6 * Double(work.critic) / critic.median,
      generator_gflops: 2e-6 * Double(work.generator) / generator.median, rss_mb: 0, peak_gflops: 0,
      doubts: ["nobody looked what other processes did meanwhile"],
      steps: [whole("critic", critic), whole("generator", generator)])
  }
}
