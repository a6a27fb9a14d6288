// wgan-bench: how fast the engine is on this machine.

import ArgumentParser

@main
struct WGANBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan-bench", abstract: "Measure the training engine on this machine.",
    subcommands: [StepBench.self, ConvolutionBench.self])
}

/// How a result is printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table
  case json
}
