// wgan-bench sample: pictures from an untrained generator, many at once and one alone, as numbers.

import ArgumentParser
import CommandSupport
import Configuration
import SystemSupport

struct SampleBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Time the preset blog's generator: a batch of pictures, and one alone.",
    discussion: """
      What `wgan generate --tensors` computes, without its files: noise is drawn, the generator runs, and its pictures \
      are laid out as numbers in [-1, 1]. Every call makes other pictures. The weights are those that training begins \
      with. With the split, calls in turn with those are recorded: the tables are as those of `step`.
      """)

  @OptionGroup var parameters: ParameterOptions<MeasuredParameters>
  @Flag(inversion: .prefixedNo, help: "Say where a call's time goes.")
  var split = true
  @OptionGroup var measurement: MeasurementOptions

  func run() throws {
    let configuration = try parameters.configuration()
    let device = try measurement.device()
    waitForTurn()
    let report = try SampleReport.measure(
      configuration, on: device, warmUps: measurement.warmUps, repeats: measurement.repeats, splits: split)
    switch measurement.format {
    case .json: try printJSONLine(report)
    case .table: printTable(report, of: configuration)
    }
  }

  private func printTable(_ report: SampleReport, of configuration: TrainingConfiguration) {
    print(
      "\(report.isa), \(report.threads) threads, size \(configuration.size), features \(configuration.features)")
    for (count, timing) in [(report.batch_size, report.batch_ms), (1, report.picture_ms)] {
      print(
        String(printf: "%4d at once  min %8.2f ms  median %8.2f ms", count, timing.min, timing.median)
          + String(printf: "  %7.0f pictures/s", 1e3 * Double(count) / timing.median))
    }
    for step in report.steps { print("\n" + step.text) }
    print("\n" + Peak.verdict(report.doubts))
  }
}
