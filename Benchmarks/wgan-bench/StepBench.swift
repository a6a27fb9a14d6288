// wgan-bench step: whole critic and generator steps of the seed's recipe.

import ArgumentParser
import Compute
import Foundation
import Randomness
import WGAN

struct StepBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Time a critic step and a generator step of the seed preset on random pictures.")

  @Option(help: "Picture size.")
  var size = 64
  @Option(help: "Channels of the critic's first and the generator's last hidden layer.")
  var features = 64
  @Option(help: "Length of the noise vector.")
  var latent = 100
  @Option(help: "Extra 3x3 layers in each net.")
  var extraLayers = 0
  @Option(help: "Pictures a step.")
  var batchSize = 64
  @OptionGroup var measurement: MeasurementOptions

  private struct Result: Codable {
    var size: Int
    var features: Int
    var batch_size: Int
    var threads: Int
    var isa: String
    var critic_ms: Timing
    var generator_ms: Timing
    var critic_gflops: Double
    var generator_gflops: Double
    var rss_mb: Double
  }

  func run() throws {
    var configuration = TrainingConfiguration.seed
    configuration.size = size
    configuration.features = features
    configuration.latent = latent
    configuration.extraLayers = extraLayers
    configuration.batchSize = batchSize
    do { try configuration.validate() } catch { throw ValidationError("\(error)") }
    let processor = try measurement.processor()
    waitForTurn()
    let trainer = try Trainer(configuration, on: processor)

    var random = RandomStream(seed: 1, purpose: .test)
    let pixels = (0..<batchSize * size * size * configuration.channels).map { _ in
      UInt8(truncatingIfNeeded: random.nextWord())
    }
    let critic = Timing.of(warmUps: measurement.warmUps, repeats: measurement.repeats) {
      _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: batchSize) }
    }
    let generator = Timing.of(warmUps: measurement.warmUps, repeats: measurement.repeats) {
      _ = trainer.generatorStep()
    }
    let work = trainer.multiplyAddsPerStep()
    let result = Result(
      size: size, features: features, batch_size: batchSize, threads: processor.threads,
      isa: processor.instructionSet.rawValue, critic_ms: critic, generator_ms: generator,
      critic_gflops: 2e-6 * Double(work.critic) / critic.median,
      generator_gflops: 2e-6 * Double(work.generator) / generator.median, rss_mb: peakResidentMegabytes())
    switch measurement.format {
    case .json:
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(result), as: UTF8.self))
    case .table:
      print(
        "\(result.isa), \(result.threads) threads, size \(size), features \(features), batch \(batchSize), "
          + String(format: "peak %.0f MB resident", result.rss_mb))
      for (name, timing, speed) in [
        ("critic step   ", critic, result.critic_gflops), ("generator step", generator, result.generator_gflops),
      ] {
        print(name + String(format: "  min %8.2f ms  median %8.2f ms  %7.1f GFLOP/s", timing.min, timing.median, speed))
      }
    }
  }
}

/// Options of the measurement.
struct MeasurementOptions: ParsableArguments {
  @Option(help: "Threads (default: all cores).")
  var threads: Int?

  @Option(name: .customLong("repeat"), help: "Times each piece of work is measured.")
  var repeats = 9

  @Option(help: "Times each piece of work runs before it is measured.")
  var warmUps = 2

  @Option(help: "table or json.")
  var format = OutputFormat.table

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads takes a number from 1") }
    if repeats < 1 { throw ValidationError("--repeat takes a number from 1") }
    if warmUps < 0 { throw ValidationError("--warm-ups takes a number from 0") }
  }

  func processor() throws -> Processor {
    do {
      return try Processor.fromEnvironment(threads: threads ?? Processor.coreCount)
    } catch { throw ValidationError(error.description) }
  }
}

/// The largest resident size of this process so far.
private func peakResidentMegabytes() -> Double {
  var usage = rusage()
  #if canImport(Glibc)
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  #else
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}
