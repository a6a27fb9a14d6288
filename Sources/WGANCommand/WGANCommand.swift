// The `wgan` tool: one file per subcommand. They parse and print; what they do is in the modules below.

import ArgumentParser
import WGAN

struct WGANCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan",
    abstract: "Train, sample and inspect Wasserstein GANs on the CPU.",
    discussion: """
      Begin with:
        wgan train --data synthetic --out runs/first --preset demo --generator-steps 300
        wgan train --data ~/Pictures/faces --out runs/faces
        wgan generate --run runs/faces --grid faces.png
      """,
    version: "wgan \(wganVersion)",
    subcommands: [
      TrainCommand.self, GenerateCommand.self, EvaluateCommand.self, ExportCommand.self, InspectCommand.self,
      DataCommand.self, WatchCommand.self,
    ])
}
