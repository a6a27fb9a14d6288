// wgan-bench: how fast the engine is on this machine, and how fast it could be.

import ArgumentParser
import SystemSupport
import Foundation
import WGAN

@main
struct WGANBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan-bench", abstract: "Measure the training engine on this machine, next to the machine's limits.",
    version: "wgan-bench \(wganVersion)",
    subcommands: [PeakBench.self, ConvolutionBench.self, StepBench.self, DataBench.self, ReportBench.self])
}

/// Ends with one line on standard error.
///
/// - Parameter code: as `wgan`'s: 64 usage, 65 a file that isn't what it should be, 66 a file that isn't there, 74 one
///   that can't be read; 1 where a comparison failed.
func failure(_ code: Int32, _ message: String) -> ExitCode {
  FileHandle.standardError.write(Data("wgan-bench: \(message)\n".utf8))
  return ExitCode(code)
}

/// Ends with the error's line and the exit code of its kind.
func failure(_ error: any ClassifiedError) -> ExitCode { failure(error.failureKind.exitCode, error.description) }
