// How long a step takes here, and so how many fit into a time.

import Compute
import Configuration
import Randomness
import Statistics
import SystemSupport
import Training

/// Seconds of one step of each kind.
package struct StepTimes: Sendable, Equatable {
  package let critic: Double
  package let generator: Double

  package init(critic: Double, generator: Double) {
    self.critic = critic
    self.generator = generator
  }

  /// Steps on made-up pixels: one of each kind that isn't timed, then three and more for half a second, or as many as
  /// begin within some seconds. Medians.
  /// - Throws: also `Failure(.cancelled)`.
  package init(
    measuring training: TrainingConfiguration, on device: Device, isCancelled: () -> Bool = { false }
  ) throws {
    let trainer = try Trainer(training, on: device)
    var random = RandomStream(seed: training.seed, purpose: .test)
    let own = trainer.plan.share.own(of: training.batchSize).count
    let bytes = own * training.size * training.size * training.channels
    let pixels = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
    let clock = ContinuousClock()
    let (enough, end) = (clock.now + .seconds(0.5), clock.now + .seconds(6))
    var times: (critic: [Double], generator: [Double]) = ([], [])
    // Ranks make as many steps, and end together.
    func agreed(_ answer: Bool) -> Bool { device.ranks?.any(answer) ?? answer }
    while agreed(times.critic.count < 2 || clock.now < (times.critic.count < 4 ? end : enough)) {
      if agreed(isCancelled()) { throw Failure(.cancelled, "stopped while steps were being measured") }
      let start = clock.now
      _ = pixels.withUnsafeBufferPointer { trainer.criticStep(pixels: $0, count: training.batchSize) }
      let between = clock.now
      _ = trainer.generatorStep()
      times.critic.append((between - start) / .seconds(1))
      times.generator.append((clock.now - between) / .seconds(1))
    }
    self.init(critic: median(times.critic.dropFirst()) ?? 0, generator: median(times.generator.dropFirst()) ?? 0)
  }

  /// About so many generator steps, at least one, with the critic steps before them, take `time` from `position` on: a
  /// round number.
  package func generatorSteps(
    in time: TimeSpan, of training: TrainingConfiguration, picturesPerEpoch: Int, from position: RunPosition
  ) -> Int {
    let schedule = Schedule(training, picturesPerEpoch: picturesPerEpoch, length: .generatorSteps(.max))
    var ahead = position
    var seconds = 0.0
    func done() -> Int { ahead.generatorSteps - position.generatorSteps }
    while done() < 1_000_000, seconds < Double(time.seconds), let step = schedule.next(at: ahead) {
      schedule.advance(&ahead, by: step)
      seconds += step == .critic ? critic : generator
    }
    // The rest is as the average so far.
    let share = max(1, Double(time.seconds) / max(seconds, 1e-9))
    let limit = max(1, LengthParameters.mostGeneratorSteps - position.generatorSteps)
    return min(limit, Self.round(max(1, Int(min(Double(done()) * share, Double(limit))))))
  }

  /// The nearest multiple of the largest 1, 2 or 5 times a power of ten that is a fiftieth of it at most.
  static func round(_ count: Int) -> Int {
    var (quantum, decade) = (1, 1)
    while decade <= count / 50 {
      quantum = [5 * decade, 2 * decade].first { $0 <= count / 50 } ?? decade
      decade *= 10
    }
    return (count + quantum / 2) / quantum * quantum
  }
}
