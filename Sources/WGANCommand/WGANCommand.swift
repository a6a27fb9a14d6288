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
        wgan walk --run runs/faces --seeds 1,5,9 --out walk.png
      """,
    version: "wgan \(wganVersion)",
    subcommands: [
      TrainCommand.self, WatchCommand.self, GenerateCommand.self, WalkCommand.self, TimelapseCommand.self,
      EvaluateCommand.self, ExportCommand.self, InspectCommand.self, DataCommand.self,
    ])
}
