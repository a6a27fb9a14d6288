// wgan inspect

import ArgumentParser
import WGAN

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Show a WGAN's layers, shapes, parameters, work and memory.")

  @Option(name: .customLong("run"), help: ArgumentHelp("A run's folder, instead of the flags below.", valueName: "run"))
  var runPath: String?

  @OptionGroup(title: "The nets")
  var network: NetworkOptions

  func run() throws {
  }
}
