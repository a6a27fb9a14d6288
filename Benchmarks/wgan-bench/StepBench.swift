// wgan-bench step: whole critic and generator steps of the blog post's recipe, and where their time goes.

import Configuration
import ArgumentParser
import CommandSupport
import Compute
import WGAN
import SystemSupport

struct StepBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step", abstract: "Time a critic step and a generator step of the preset blog on random pictures.",
    discussion: """
      The first lines are of steps as training runs them. Steps in turn with those are recorded, call by call: the \
      tables say which layer, kind of work and pass takes how long (real and fake pictures together), and how near \
      the convolutions come to the machine's measured peak (in GFLOP/s of the direct method, whatever the \
      algorithm). "limit": the multiplications that the algorithm leaves at that peak, and the operands at memory's \
      bandwidth. "waiting": what the threads had nothing to do for in the calls' parallel loops, divided by their \
      number; a call's milliseconds and GFLOP/s include it, the summary of kinds shows it apart. "other": outside of \
      calls.
      """)

  @OptionGroup var parameters: ParameterOptions<MeasuredParameters>
  @Flag(inversion: .prefixedNo, help: "Say where a step's time goes, next to the machine's peak.")
  var split = true
  @Option(help: "Seconds for that peak, before and after the steps.")
  var peakSeconds = 0.3
  @OptionGroup var measurement: MeasurementOptions

  func validate() throws {
    guard peakSeconds > 0, peakSeconds <= 3600 else {
      throw ValidationError("--peak-seconds takes a number above 0, to 3600")
    }
  }

  func run() throws {
    let configuration = try parameters.configuration()
    let device = try measurement.device()
    waitForTurn()
    let report = try StepReport.measure(
      configuration, on: device, warmUps: measurement.warmUps, repeats: measurement.repeats,
      splits: split, peakSeconds: peakSeconds)
    switch measurement.format {
    case .json: try printJSONLine(report)
    case .table: printTable(report, of: configuration)
    }
  }

  private func printTable(_ report: StepReport, of configuration: TrainingConfiguration) {
    print(
      "\(report.isa), \(report.threads) threads, size \(configuration.size), features \(configuration.features), "
        + "batch \(configuration.batchSize), "
        + String(printf: "peak %.0f MB resident", report.rss_mb)
        + (split ? String(printf: ", %.1f GFLOP/s at most", report.peak_gflops) : "")
        + (report.bf16_peak_gflops.map { String(printf: ", %.1f of bf16", $0) } ?? ""))
    for (name, timing, speed) in [
      ("critic step   ", report.critic_ms, report.critic_gflops),
      ("generator step", report.generator_ms, report.generator_gflops),
    ] {
      print(name + String(printf: "  min %8.2f ms  median %8.2f ms  %7.1f GFLOP/s", timing.min, timing.median, speed))
    }
    for step in report.steps { print("\n" + step.text) }
    print("\n" + Peak.verdict(report.doubts))
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

  func device() throws -> Device {
    try Device.fromEnvironment(threads: threads ?? Device.coreCount)
  }
}
