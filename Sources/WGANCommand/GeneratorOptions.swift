// Which generator `wgan generate` and `wgan evaluate` take: a run's, a checkpoint's, or one of a file of weights.

import ArgumentParser
import CommandSupport
import Configuration
import WGAN

struct GeneratorOptions: ParsableArguments {
  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder: its newest checkpoint is taken.", valueName: "run"))
  var runPath: String?

  @Option(help: ArgumentHelp("A checkpoint's safetensors file, instead of --run.", valueName: "file"))
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      """
      A generator's weights, instead of --run: safetensors, or a state_dict of PyTorch (.pth). What a file of another \
      program doesn't say of its net is taken from the flags below. See docs/Weights.md.
      """, valueName: "file"))
  var generator: String?

  @Flag(help: "The generator as it trains, where the run has an averaged one too (--ema).")
  var liveGenerator = false

  func validate() throws {
    if [runPath, checkpoint, generator].count(where: { $0 != nil }) != 1 {
      throw ValidationError("give one of --run, --checkpoint and --generator")
    }
  }

  /// - Parameter network: what a file of weights doesn't say.
  func source(_ network: NetworkOptions) -> PictureGenerator.Source {
    if let generator { return .weights(generator, preset: network.preset, overrides: network.overrides) }
    return .trained(runPath.map(CheckpointSource.run) ?? .checkpoint(checkpoint ?? ""))
  }

  /// - Throws: where flags of a net describe none.
  func validate(_ network: NetworkOptions) throws {
    if generator == nil && !network.isEmpty {
      throw ValidationError("the nets' flags describe a --generator; a run or checkpoint knows what it has")
    }
    if network.parameters[\.batchSize] != nil {
      throw ValidationError("--batch-size is training's: pictures are drawn by themselves, leave it out")
    }
  }
}
