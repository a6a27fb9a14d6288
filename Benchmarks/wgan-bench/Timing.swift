// Timing of a piece of work: warmed up, repeated, its smallest and its median duration.

import Statistics

/// Milliseconds.
package struct Timing: Codable, Equatable, Sendable {
  package var min: Double
  package var median: Double

  package init(min: Double, median: Double) {
    self.min = min
    self.median = median
  }

  init(_ milliseconds: [Double]) {
    let spread = Spread(milliseconds)
    min = spread.min
    median = spread.median
  }

  /// Runs `work` `warmUps` times, then `repeats` times.
  static func of(warmUps: Int, repeats: Int, _ work: () -> Void) -> Timing {
    for _ in 0..<warmUps { work() }
    return Timing((0..<repeats).map { _ in milliseconds(of: work) })
  }

  /// Runs `work` for at least `seconds` and `repeats` samples. One sample is as many runs as take a millisecond, so
  /// that the clock's resolution and its own cost don't show; it counts as one run's share of that time.
  ///
  /// - Returns: the durations of single runs, and how many samples they are taken from.
  static func steady(
    seconds: Double, repeats: Int, _ work: () -> Void
  ) -> (timing: Timing, samples: Int) {
    let samples = steadySamples(seconds: seconds, repeats: repeats, work)
    return (Timing(samples), samples.count)
  }

  /// As `steady`: the sample of each single run, in milliseconds.
  static func steadySamples(seconds: Double, repeats: Int, _ work: () -> Void) -> [Double] {
    work()  // pages, caches, the processor's clock
    let first = milliseconds(of: work)
    let runs = first < 1 ? Int((1 / Swift.max(first, 1e-5)).rounded(.up)) : 1
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var samples: [Double] = []
    while samples.count < repeats || clock.now < end {
      samples.append(milliseconds { for _ in 0..<runs { work() } } / Double(runs))
    }
    return samples
  }

  static func milliseconds(of work: () -> Void) -> Double {
    let duration = ContinuousClock().measure(work)
    return Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
  }
}

/// How a figure varied while it was measured again and again.
package struct Spread: Codable, Equatable, Sendable {
  package var min: Double
  package var median: Double
  package var max: Double

  package init(_ values: [Double]) {
    min = values.min() ?? 0
    median = Statistics.median(values) ?? 0
    max = values.max() ?? 0
  }
}
