// Which generator `wgan generate` and `wgan evaluate` take: a run's, a checkpoint's, or one of a file of weights.

import ArgumentParser
import CommandSupport
import Configuration
import SystemSupport
import WGAN

struct GeneratorOptions: ParsableArguments {
  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder: its newest checkpoint is taken.", valueName: "run"))
  var runPath: String?

  @Option(help: CheckpointSource.help)
  var checkpoint: String?

  @Option(
    help: ArgumentHelp(
      """
      A generator's weights, instead of --run: safetensors, or a state_dict of PyTorch (.pth). What a file of another \
      program doesn't say of its net is taken from the nets' flags. See docs/Weights.md.
      """, valueName: "file"))
  var generator: String?

  @Flag(help: "The generator as it trains, where the run has an averaged one too (--ema).")
  var liveGenerator = false

  func validate() throws {
    if (generator == nil) == (runPath == nil && checkpoint == nil) {
      throw ValidationError("give one of --run, --checkpoint and --generator")
    }
    if let generator { try CheckpointSource.refuseFolder(generator, as: "--generator") }
    if generator == nil { _ = try CheckpointSource(run: runPath, checkpoint: checkpoint) }
  }

  /// - Parameter network: what a file of weights doesn't say.
  func source(_ network: NetworkOptions) throws -> PictureGenerator.Source {
    if let generator { return .weights(generator, preset: network.preset, overrides: network.overrides) }
    return .trained(try CheckpointSource(run: runPath, checkpoint: checkpoint))
  }

  /// - Throws: where flags of a net describe none.
  func validate(_ network: NetworkOptions) throws {
    if generator == nil && !network.isEmpty {
      throw ValidationError("the nets' flags describe a --generator; a run or checkpoint knows what it has")
    }
    if network.parameters[\.batchSize] != nil {
      throw ValidationError("--batch-size is training's: pictures are drawn by themselves, leave it out")
    }
    let given = network.parameters
    if given[\.criticNet] != nil || given[\.criticFeatures] != nil || given[\.criticNorm] != nil {
      throw ValidationError("the critic draws no pictures: leave --critic-net, --critic-features and the like out")
    }
  }
}

extension CheckpointSource {
  static var help: ArgumentHelp {
    ArgumentHelp(
      """
      A checkpoint's safetensors file, instead of --run; or with --run one of its checkpoints: \
      '\(CheckpointFolder.best)' (the least distance that was measured while it trained) or a generator step.
      """, valueName: "file")
  }

  /// What `--run` and `--checkpoint` say together.
  init(run: String?, checkpoint: String?) throws {
    switch (run, checkpoint) {
    case (let run?, nil): self = .run(run)
    case (nil, let file?):
      try Self.refuseFolder(file, as: "--checkpoint")
      self = .checkpoint(file)
    case (let run?, let name?):
      if name != CheckpointFolder.best, name.contains(where: { !$0.isNumber && $0 != "-" }) {
        throw ValidationError(
          "--checkpoint \(name): with --run it is 'best' or a generator step; a file goes without --run"
        )
      }
      self = .named(name, run: run)
    case (nil, nil): throw ValidationError("give --run or --checkpoint")
    }
  }

  /// Whoever names a run where one of its files was to be given means its newest checkpoint.
  static func refuseFolder(_ path: String, as flag: String) throws {
    guard isFolder(path) else { return }
    let run = [path, splitPath(path).folder].first(where: RunFolders.isRun)
    let remedy = run.map { "give " + shellFlag("--run", $0) } ?? "give one of the files in it"
    throw ValidationError("\(shellFlag(flag, path)): is a folder, and a file was to be given: \(remedy)")
  }
}
