// `wgan train --dry-run`: what a request would train and how long that would take. Reads names, writes nothing.

import Training
import Configuration
import SystemSupport
import Compute
import Datasets
import Graph

package struct DryRun {
  package let configuration: RunConfiguration
  package let plan: TrainingPlan
  /// Bytes that the run takes beside the plan's.
  package let otherBytes: Int
  /// What the preset has in the place of each field.
  package let preset: TrainingConfiguration
  /// Of the request's data, by their names alone. Nil where it names none.
  package let pictures: (training: Int, heldOut: Int)?
  /// Files may turn out to be bad, and then they are fewer.
  package let areMost: Bool
  /// The time that was asked for, which `configuration` has in generator steps.
  package let time: TimeSpan?
  package let stepTimes: StepTimes

  /// Pictures of an epoch that is told of where there is no data.
  package static let picturesWithoutData = 100_000

  /// - Throws: what `TrainingRun` would of the same request: `ConfigurationError`, `Failure`.
  /// - Parameter measures: called before what takes some seconds.
  package init(
    _ request: TrainingRequest, isCancelled: @escaping @Sendable () -> Bool = { false }, measures: () -> Void = {}
  ) throws {
    let (length, resolved) = try request.resolved()
    var configuration = resolved
    let training = configuration.training
    preset = try TrainingConfiguration.preset(named: training.preset)
    let device = try Device.fromEnvironment(threads: configuration.threads)
    plan = try TrainingPlan(training, on: device)
    otherBytes = try RunMemory.besides(plan, resolved, on: device)
    try plan.checkMemory(besides: { try RunMemory.besides($0, resolved, on: device) }, on: device)
    let source = resolved.data.isEmpty ? nil : try DatasetSource(arguments: resolved.data)
    let pictures = try source.map { source in
      let count = try source.count(
        fraction: training.fraction, heldOut: training.heldOut, seed: training.seed, isCancelled: isCancelled)
      if count.training == 0 { throw Failure(.badData, "\(source): has no file to train on") }
      try StartAdvice.refuseFew(count.training, heldOut: count.heldOut, of: source.description)
      return count
    }
    areMost = source.map { $0 != .synthetic } ?? false
    measures()
    stepTimes = try StepTimes(measuring: training, on: device, isCancelled: isCancelled)
    time = length.time
    if time == nil, request.hasPresetsLength, let pictures,
      let length = PlannedLength.fitting(configuration.length, training, picturesPerEpoch: pictures.training)
    {
      configuration.length = length
    }
    if let time {
      configuration.length = .generatorSteps(
        stepTimes.generatorSteps(
          in: time, of: training, picturesPerEpoch: pictures?.training ?? Self.picturesWithoutData, from: RunPosition()
        ))
    }
    (self.configuration, self.pictures) = (configuration, pictures)
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
      seconds: Double(criticSteps) * stepTimes.critic + Double(generatorSteps) * stepTimes.generator)
  }
}
