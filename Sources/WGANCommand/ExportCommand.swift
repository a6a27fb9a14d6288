// wgan export

import ArgumentParser
import CommandSupport
import Configuration
import SystemSupport
import WGAN

extension NetRole: ExpressibleByArgument {}

enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
  case safetensors, onnx, tensorboard

  /// nil: of a run's course, not of a net.
  var weights: WeightsFormat? {
    switch self {
    case .safetensors: .safetensors
    case .onnx: .onnx
    case .tensorboard: nil
    }
  }

  /// What a file of this name is to be; nil where its ending doesn't say it.
  /// - Throws: `ValidationError` for the ending of another program's format.
  init?(ofFile path: String) throws {
    switch FilePath(path).fileExtension {
    case "onnx": self = .onnx
    case "safetensors": self = .safetensors
    case let ending where ["pt", "pth", "ckpt", "bin", "h5", "pkl", "npz", "npy", "tflite", "pb"].contains(ending):
      throw ValidationError(
        "--out \(path): no .\(ending) is written: give a name that ends with .safetensors, which PyTorch reads "
          + "(docs/Weights.md), or with .onnx")
    default: return nil
    }
  }
}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a trained net, or a run's course, for other programs.",
    discussion: """
      safetensors: the tensors of the net's state_dict in PyTorch, under its names. onnx: the net itself, for \
      onnxruntime and its like. docs/Weights.md describes both. tensorboard: an event file of all of a run's \
      metrics.csv and galleries, as `wgan train --tensorboard` writes them while it trains.
      """)

  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder: its newest checkpoint is taken.", valueName: "run"))
  var runPath: String?

  @Option(help: CheckpointSource.help)
  var checkpoint: String?

  @Option(help: "safetensors, onnx or tensorboard (default: as the ending of --out says).")
  var format: ExportFormat?

  @Option(help: "generator or critic (default: generator).")
  var net: NetRole?

  @Flag(help: "Write the generator as it trains, where the run has an averaged one too (--ema).")
  var liveGenerator = false

  @Option(
    help: ArgumentHelp(
      """
      The file to write; - is standard output. Of tensorboard the folder of \
      the event file (default: the run's folder tensorboard).
      """, valueName: "file"))
  var out: Output?

  @OptionGroup var replacing: ReplaceOption

  /// `--format`, or what the name in `--out` says.
  private func chosenFormat() throws -> ExportFormat {
    let file = format == .tensorboard || out?.isStandardOutput == true ? nil : out?.path
    let named = try file.flatMap(ExportFormat.init(ofFile:))
    if let format, let named, let out, format != named {
      throw ValidationError(
        "--out \(out.path): a file of that name is \(named.rawValue), and --format says \(format.rawValue): "
          + "leave --format out, or give another name")
    }
    if let chosen = format ?? named { return chosen }
    throw ValidationError(
      "what is to be written? Give --out with a name that ends with .safetensors or .onnx, or --format: "
        + ExportFormat.allCases.map(\.rawValue).joined(separator: ", "))
  }

  func validate() throws {
    if out?.isEmpty == true { throw ValidationError("--out is empty: give a path") }
    if try chosenFormat() == .tensorboard {
      if runPath == nil || checkpoint != nil || net != nil || liveGenerator {
        throw ValidationError("--format tensorboard is of a whole run: give --run, no checkpoint and no net")
      }
      if out?.isStandardOutput == true {
        throw ValidationError("--format tensorboard writes a folder: give one as --out")
      }
      try replacing.check()
      return
    }
    _ = try CheckpointSource(run: runPath, checkpoint: checkpoint)
    if liveGenerator && net == .critic {
      throw ValidationError("--live-generator says which generator is written, and --net critic writes none")
    }
    if out == nil { throw ValidationError("--out is needed: the file to write, or - for standard output") }
    try replacing.check(files: out)
  }

  func run() throws {
    func notice(_ line: String) { Console.note("wgan: \(line)") }
    let format = try chosenFormat()
    if let runPath, format == .tensorboard {
      return try Console.print(RunEvents.export(run: runPath, to: out?.path, notice: notice))
    }
    guard let out, let weights = format.weights else { return }
    let source = try CheckpointSource(run: runPath, checkpoint: checkpoint)
    try out.check(isNot: ("--checkpoint", checkpoint))
    try out.check(weights == .onnx ? .onnx : .safetensors, replacing)
    try WeightsExport.write(
      net ?? .generator, of: source, live: liveGenerator, as: weights, to: out.path, notice: notice)
    if !out.isStandardOutput { try Console.print(out.path) }
  }
}
