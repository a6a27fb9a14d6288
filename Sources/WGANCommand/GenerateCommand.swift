// wgan generate

import ArgumentParser
import CommandSupport
import Configuration
import WGAN

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Draw pictures with a trained generator.",
    discussion: "Picture i depends on the checkpoint, the seed and i alone: more pictures don't change the first ones.")

  @OptionGroup var source: GeneratorOptions

  @Option(help: "How many pictures.")
  var count = 64

  @Option(help: "Of the noise (default: the run's own: the pictures of its galleries).")
  var seed: UInt64?

  @Option(help: ArgumentHelp("A folder for the pictures: 000000.png and so on.", valueName: "folder"))
  var out: String?

  @Option(help: ArgumentHelp("All pictures as one PNG; - is standard output.", valueName: "file"))
  var grid: Output?

  @Option(
    help: ArgumentHelp(
      "All pictures and their noise as numbers, in safetensors: to compare with other programs; - is standard output.",
      valueName: "file"))
  var tensors: Output?

  @Flag(help: "Write into --out also where it has pictures of another seed or generator.")
  var force = false

  @Option(help: "Pictures in a row of the grid.")
  var columns = 8

  @OptionGroup var speed: ParameterOptions<ThreadsParameter>

  @OptionGroup(title: "The net of --generator")
  var network: NetworkOptions

  func validate() throws {
    try source.validate(network)
    if out == "" || grid?.isEmpty == true || tensors?.isEmpty == true {
      throw ValidationError("--out, --grid or --tensors is empty: give a path")
    }
    if out == nil && grid == nil && tensors == nil {
      throw ValidationError("give --out for single pictures, --grid for one, or --tensors for numbers")
    }
    if grid?.isStandardOutput == true && tensors?.isStandardOutput == true {
      throw ValidationError("--grid - and --tensors - are both standard output: give one of them a path")
    }
    if force && out == nil { throw ValidationError("--force is for the pictures in --out: give that") }
    if !(1...1_000_000).contains(count) { throw ValidationError("--count \(count): must be from 1 to 1000000") }
    if grid != nil && count > 10_000 { throw ValidationError("--count \(count): a --grid has 10000 pictures at most") }
    if tensors != nil && count > 1000 {
      throw ValidationError("--count \(count): --tensors hold 1000 pictures at most")
    }
    if !(1...1000).contains(columns) { throw ValidationError("--columns \(columns): must be from 1 to 1000") }
  }

  func run() throws {
    let threads = speed[\.threads]
    if let threads { try RunParameters.declared.threads.check(threads) }
    try grid?.check(.png)
    try tensors?.check(.safetensors)
    try Output.check(("--grid", grid), ("--tensors", tensors))
    // Between pictures, so that no half-written file stays behind.
    Interruption.watch()
    let generator = try PictureGenerator(
      try source.source(network), live: source.liveGenerator, threads: threads,
      isCancelled: { Interruption.isRequested }
    ) { Console.note("wgan: \($0)") }
    let choice = PictureChoice.series(seed: seed ?? generator.configuration.seed, 0..<count)
    func say(_ path: String) throws { try Output.say(path, beside: grid, tensors) }
    if let out {
      try generator.write(choice, to: out, replacing: force)
      try say(out)
    }
    if let tensors {
      try generator.writeTensors(choice, to: tensors.path)
      if !tensors.isStandardOutput { try say(tensors.path) }
    }
    if let grid {
      try generator.writeGrid(choice, columns: columns, to: grid.path)
      if !grid.isStandardOutput { try say(grid.path) }
    }
  }
}

enum ThreadsParameter: ParameterSelection {
  typealias Parameters = RunParameters
  static var selected: [any Declaration] { [RunParameters.declared.threads] }
}
