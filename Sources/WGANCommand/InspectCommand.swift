// wgan inspect

import Training
import Configuration
import ArgumentParser
import CommandSupport
import Compute
import SystemSupport
import WGAN

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show a WGAN's layers, shapes, parameters, work and memory.",
    discussion:
      "Shapes are channels x height x width of one picture; multiply-adds are those of one picture's forward pass.")

  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder, instead of the nets' flags.", valueName: "run"))
  var runPath: String?

  @OptionGroup var result: ResultOptions

  @OptionGroup(title: "The nets")
  var network: NetworkOptions

  func validate() throws {
    if runPath != nil && !network.isEmpty {
      throw ValidationError("give either --run or the nets' own flags")
    }
  }

  func run() throws {
    var configuration =
      try runPath.map { try RunPaths($0).configuration().training }
      ?? TrainingConfiguration(preset: network.preset, network.overrides)
    try configuration.validate()
    try configuration.refuseWithoutEffect(network.overrides)
    let device = try Device.fromEnvironment(threads: Device.coreCount)
    // A run may be looked at where it can't go on.
    if device.refusal(configuration.precision) != nil { configuration.precision = .float32 }
    let plan = try TrainingPlan(configuration, on: device)
    if result.json { return try result.write(InspectResult(configuration, plan)) }
    try Console.print(([heading(of: configuration).shownOnOneLine, ""] + planText(plan)).joined(separator: "\n"))
  }

  private func heading(of configuration: TrainingConfiguration) -> String {
    let (critic, generator) = (configuration.criticFeatures, configuration.generatorFeatures)
    let features = critic == generator ? "\(critic)" : "\(critic) (critic) and \(generator) (generator)"
    return "preset \(configuration.preset): \(configuration.size)x\(configuration.size), "
      + "\(counted(configuration.channels, "channel")), features \(features), latent "
      + "\(configuration.latent), extra layers \(configuration.extraLayers), batch \(configuration.batchSize)"
      + (configuration.ema > 0 ? ", pictures by the averaged generator (--ema \(configuration.ema))" : "")
  }
}
