// wgan export

import ArgumentParser
import CommandSupport
import Configuration
import WGAN

extension NetRole: ExpressibleByArgument {}
extension WeightsFormat: ExpressibleByArgument {}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a trained net as a file for other programs.",
    discussion: """
      safetensors: the tensors of the net's state_dict in PyTorch, under its names. onnx: the net itself, for \
      onnxruntime and its like. docs/Weights.md describes both.
      """)

  @Option(
    name: .customLong("run"), help: ArgumentHelp("A run's folder: its newest checkpoint is taken.", valueName: "run"))
  var runPath: String?

  @Option(help: CheckpointSource.help)
  var checkpoint: String?

  @Option(help: "safetensors or onnx.")
  var format: WeightsFormat

  @Option(help: "generator or critic.")
  var net = NetRole.generator

  @Flag(help: "Write the generator as it trains, where the run has an averaged one too (--ema).")
  var liveGenerator = false

  @Option(
    help: ArgumentHelp(
      "The file to write; it's replaced where it is there already. - is standard output.",
      valueName: "file"))
  var out: Output

  func validate() throws {
    _ = try CheckpointSource(run: runPath, checkpoint: checkpoint)
    if liveGenerator && net == .critic {
      throw ValidationError("--live-generator says which generator is written, and --net critic writes none")
    }
    if out.isEmpty { throw ValidationError("--out is empty: give a path") }
  }

  func run() throws {
    let source = try CheckpointSource(run: runPath, checkpoint: checkpoint)
    try out.check(format == .onnx ? .onnx : .safetensors)
    try WeightsExport.write(net, of: source, live: liveGenerator, as: format, to: out.path) {
      Console.note("wgan: \($0)")
    }
    if !out.isStandardOutput { try Console.print(out.path) }
  }
}
