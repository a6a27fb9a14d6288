// wgan-bench: how fast the engine is on this machine, and how fast it could be.

import ArgumentParser
import CommandSupport
import SystemSupport
import WGAN

struct WGANBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan-bench", abstract: "Measure the training engine on this machine, next to the machine's limits.",
    version: "wgan-bench \(wganVersion)",
    subcommands: [
      PeakBench.self, ConvolutionBench.self, StepBench.self, SampleBench.self, DataBench.self, ReportBench.self,
    ])
}

@main
enum Main {
  static func main() { Tool(WGANBench.self, named: "wgan-bench").run() }
}

/// Says what was computed wrong, and ends with 1 if anything was.
func failIfWrong(_ lines: [String]) throws {
  for line in lines { Console.note("wgan-bench: FAILED: \(line)") }
  if !lines.isEmpty { throw ExitCode(1) }
}
