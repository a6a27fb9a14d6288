// The `wgan` tool: one file per subcommand. They parse and print; what they do is in the modules below.

import ArgumentParser
import WGAN

struct WGANCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wgan",
    abstract: "Train, sample and inspect Wasserstein GANs on the CPU.",
    discussion: """
      Begin with made-up faces, and look on in the browser:
        wgan train --data synthetic --out runs/first --for 5m
        wgan watch runs/first --open

      Then with your own pictures, all of one kind:
        wgan train --data ~/Pictures/faces --out runs/faces
        wgan generate --run runs/faces --grid faces.png
        wgan walk --run runs/faces --seeds 1,5,9 --out walk.png

      Pages such as docs/Weights.md are in share/doc/wgan, where wgan is installed.
      """,
    version: "wgan \(wganVersion)",
    subcommands: [
      TrainCommand.self, WatchCommand.self, GenerateCommand.self, WalkCommand.self, TimelapseCommand.self,
      EvaluateCommand.self, ExportCommand.self, InspectCommand.self, DataCommand.self,
    ])
}
