// `wgan train --dry-run`: what a request would train and how long that would take. Reads names, writes nothing.

import Training
import Configuration
import SystemSupport
import Compute
import Datasets
import Graph
import Randomness
import Statistics

package struct DryRun {
  package let configuration: RunConfiguration
  package let plan: TrainingPlan
  /// What the preset has in the place of each field.
  package let preset: TrainingConfiguration
  /// Of the request's data, by their names alone. Nil where it names none.
  package let pictures: (training: Int, heldOut: Int)?
  /// Of one step, measured.
  package let criticStepSeconds: Double
  package let generatorStepSeconds: Double

  /// Pictures of an epoch that is told of where there is no data.
  package static let picturesWithoutData = 100_000

  /// - Throws: what `TrainingRun` would of the same request: `ConfigurationError`, `Failure`.
  package init(_ request: TrainingRequest) throws {
    configuration = try request.resolved(data: request.data ?? "")
    let training = configuration.training
    preset = try TrainingConfiguration.preset(named: training.preset)
    let device = try Device.fromEnvironment(threads: configuration.threads)
    plan = try TrainingPlan(training, on: device)
    try plan.checkMemory()
    pictures = try request.data.map {
      let source = try DatasetSource(argument: $0)
      let count = try source.count(fraction: training.fraction, heldOut: training.heldOut, seed: training.seed)
      if count.training == 0 { throw Failure(.badData, "\(source): has no file to train on") }
      return count
    }
    (criticStepSeconds, generatorStepSeconds) = try Self.time(training, on: device)
  }

  /// Steps on made-up pixels: one of each kind that isn't timed, then three, or as many as begin within some seconds.
  /// Medians.
  private static func time(_ training: TrainingConfiguration, on device: Device) throws -> (Double, Double) {
    let trainer = try Trainer(training, on: device)
    var random = RandomStream(seed: training.seed, purpose: .test)
    let bytes = training.batchSize * training.size * training.size * training.channels
    let pixels = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
    let clock = ContinuousClock()
    let end = clock.now + .seconds(6)
    var times: (critic: [Double], generator: [Double]) = ([], [])
    for _ in 0..<4 {
      let start = clock.now
      _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: training.batchSize) }
      let between = clock.now
      _ = trainer.generatorStep()
      times.critic.append((between - start) / .seconds(1))
      times.generator.append((clock.now - between) / .seconds(1))
      if times.critic.count > 1 && clock.now > end { break }
    }
    return (median(times.critic.dropFirst()) ?? 0, median(times.generator.dropFirst()) ?? 0)
  }

  /// What the schedule makes of an epoch, or of the whole run.
  package struct Estimate: Sendable, Equatable {
    package var criticSteps = 0
    package var generatorSteps = 0
    package var seconds = 0.0
  }

  /// The first epoch, the one with all warm-up phases.
  package var epoch: Estimate { estimate(.epochs(1)) }
  package var run: Estimate { estimate(configuration.length) }

  private func estimate(_ length: RunLength) -> Estimate {
    let schedule = Schedule(
      configuration.training, picturesPerEpoch: pictures?.training ?? Self.picturesWithoutData, length: length)
    let (criticSteps, generatorSteps) = schedule.steps
    return Estimate(
      criticSteps: criticSteps, generatorSteps: generatorSteps,
      seconds: Double(criticSteps) * criticStepSeconds + Double(generatorSteps) * generatorStepSeconds)
  }
}
