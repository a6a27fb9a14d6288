// wgan inspect

import ArgumentParser
import Compute
import Graph
import WGAN

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show a WGAN's layers, shapes, parameters, work and memory.",
    discussion:
      "Shapes are channels x height x width of one picture; multiply-adds are those of one picture's forward pass.")

  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder, instead of the flags below.", valueName: "run"))
  var runPath: String?

  @OptionGroup(title: "The nets")
  var network: NetworkOptions

  func validate() throws {
    if runPath != nil && (network.preset != nil || !network.overrides.isEmpty) {
      throw ValidationError("give either --run or the nets' own flags")
    }
  }

  func run() throws {
    let configuration =
      try runPath.map { try RunFolder.configuration(of: $0).training }
      ?? (network.preset.map(TrainingConfiguration.preset(named:)) ?? .seed).overridden(by: network.overrides)
    try configuration.validate()
    let plan = try TrainingPlan(configuration, threads: Processor.coreCount)
    let (critic, generator) = (configuration.criticFeatures, configuration.generatorFeatures)
    let features = critic == generator ? "\(critic)" : "\(critic) (critic) and \(generator) (generator)"
    var text = [
      "preset \(configuration.preset): \(configuration.size)x\(configuration.size), \(configuration.channels) "
        + "\(configuration.channels == 1 ? "channel" : "channels"), features \(features), latent "
        + "\(configuration.latent), extra layers \(configuration.extraLayers), batch \(configuration.batchSize)"
    ]
    for (name, net) in [("critic", plan.critic), ("generator", plan.generator)] { text += ["", describe(name, net)] }
    text += ["", memory(plan)]
    try Console.print(text.joined(separator: "\n"))
  }

  private func describe(_ name: String, _ net: ExecutionPlan) -> String {
    let steps = net.summary
    var rows = [[name, "operation", "output", "parameters", "multiply-adds"]]
    for step in steps {
      rows.append([
        "  " + step.name, step.operation, step.outputShape.map(String.init).joined(separator: "x"),
        grouped(step.parameters), grouped(step.multiplyAdds),
      ])
    }
    rows.append(["  total", "", "", grouped(net.parameters.parameterCount), grouped(net.multiplyAdds)])
    return table(rows, rightAligned: [3, 4])
  }

  private func memory(_ plan: TrainingPlan) -> String {
    func mebibytes(_ bytes: Int) -> String { "\(fixed(Double(bytes) / 0x1p20, 1)) MiB" }
    var rows = [["memory for training", "planned"]]
    for (name, net) in [("critic", plan.critic), ("generator", plan.generator)] {
      rows.append(["  \(name): tensors, parameters, gradients", mebibytes(net.plannedBytes)])
      rows.append(["  \(name): optimizer", mebibytes(plan.optimizerBytes(net))])
    }
    rows.append(["  total", mebibytes(plan.bytes)])
    return table(rows, rightAligned: [1])
  }
}
