// Timing of a piece of work: warmed up, repeated, its smallest and its median duration.

import ArgumentParser
import Compute

/// Milliseconds.
struct Timing: Codable {
  var min: Double
  var median: Double

  init(_ milliseconds: [Double]) {
    let sorted = milliseconds.sorted()
    min = sorted.first ?? 0
    median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
  }

  /// Runs `work` `warmUps` times, then `repeats` times.
  static func of(warmUps: Int, repeats: Int, _ work: () -> Void) -> Timing {
    for _ in 0..<warmUps { work() }
    let clock = ContinuousClock()
    return Timing(
      (0..<repeats).map { _ in
        let duration = clock.measure(work)
        return Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
      })
  }
}

/// Options that every measurement has.
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
