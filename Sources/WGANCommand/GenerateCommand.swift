// wgan generate

import ArgumentParser
import CommandSupport
import Configuration
import Images
import SystemSupport
import WGAN

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Draw pictures with a trained generator.",
    discussion: """
      Picture i depends on the checkpoint, the seed and i alone: more pictures don't change the first ones. \
      docs/Sampling.md says more of seeds, latent vectors and truncation.
      """)

  @OptionGroup var source: GeneratorOptions

  @Option(help: "How many pictures of --seed (default: 64).")
  var count: Int?

  @Option(help: "Of the noise (default: the run's own: the pictures of its galleries).")
  var seed: UInt64?

  @OptionGroup var points: LatentOptions

  @Option(
    help: ArgumentHelp(
      """
      A folder for the pictures: 000000.png and so on. Or a file for one picture, if it ends with .png or .jpg.
      """, valueName: "path"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      """
      All pictures as one: a PNG, or a JPEG of quality \(JPEGEncoder.quality) if the name ends with .jpg; - is \
      standard output.
      """, valueName: "file"))
  var grid: Output?

  @Option(
    help: ArgumentHelp(
      """
      All pictures and their noise as numbers, in safetensors: to compare with other programs, and for --latents; - is \
      standard output.
      """,
      valueName: "file"))
  var tensors: Output?

  @OptionGroup var replacing: ReplaceOption

  @Option(help: "Pictures in a row of the grid (default: 8).")
  var columns: Int?

  @OptionGroup var sheet: SheetOptions

  @OptionGroup var speed: ParameterOptions<ThreadsParameter>

  @OptionGroup(title: NetworkOptions.titleOfGenerators)
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
    try replacing.check(files: picture, grid, tensors, folder: folder)
    if let count { try check("--count", count, in: 1...1_000_000) }
    if points.areGiven, count != nil || seed != nil {
      let flag = points.seeds == nil ? "--latents" : "--seeds"
      throw ValidationError("\(flag) says which pictures: leave \(count == nil ? "--seed" : "--count") out")
    }
    if let columns { try check("--columns", columns, in: 1...1000) }
    if grid == nil && (columns != nil || sheet.gap != nil) {
      throw ValidationError("\(columns == nil ? "--gap" : "--columns") is for a sheet of pictures: give --grid, too")
    }
    if out == nil && grid == nil && sheet.upscale != nil {
      throw ValidationError("--upscale is for pictures, --tensors are numbers: give --out or --grid, too")
    }
    _ = try grid?.pictureFormat("--grid")
    _ = try picture?.pictureFormat("--out")
    try checkCount(points.seeds?.count ?? (points.latents == nil ? count ?? 64 : 1))
  }

  /// What is too many for an output.
  private func checkCount(_ count: Int) throws {
    let given = self.count.map { "--count \($0)" } ?? counted(count, "picture")
    if grid != nil && count > 10_000 { throw ValidationError("\(given): a --grid has 10000 pictures at most") }
    if tensors != nil && count > 1000 { throw ValidationError("\(given): --tensors hold 1000 pictures at most") }
    if let picture, count != 1 {
      throw ValidationError(
        "--out \(picture.path) is a file for one picture, and there are \(count): give a folder, --grid for all on one "
          + "sheet, or one seed in --seeds")
    }
  }

  /// `--out` as the folder or as the file that it is.
  private var folder: String? { picture == nil ? out : nil }
  private var picture: Output? { out.flatMap { Output(pictureOrFolder: $0) } }

  func run() throws {
    let threads = speed[\.threads]
    if let threads { try RunParameters.declared.threads.check(threads) }
    for output in [picture, grid, tensors] {
      try output?.check(
        isNot: ("--checkpoint", source.checkpoint), ("--generator", source.generator), ("--latents", points.latents))
    }
    if let grid { try grid.check(FileKind(grid.pictureFormat("--grid")), replacing) }
    if let picture { try picture.check(FileKind(picture.pictureFormat("--out")), replacing) }
    try tensors?.check(.safetensors, replacing)
    try Output.check(("--grid", grid), ("--tensors", tensors))
    try Output.check(("--out", picture), ("--grid", grid))
    if let folder { try Output.check(folder: folder) }
    // Between pictures, so that no half-written file stays behind.
    Interruption.watch()
    let generator = try PictureGenerator(
      try source.source(network), live: source.liveGenerator, threads: threads,
      isCancelled: { Interruption.isRequested }
    ) { Console.note("wgan: \($0)") }
    let choice: PictureChoice
    if let latents = try points.read(for: generator) {
      choice = .latents(latents, truncation: points.truncation)
    } else {
      choice = .series(
        seed: seed ?? generator.configuration.seed, 0..<(count ?? 64), truncation: points.truncation)
    }
    try checkCount(choice.count)
    try write(choice, generator)
  }

  private func write(_ choice: PictureChoice, _ generator: PictureGenerator) throws {
    func say(_ path: String) throws { try Output.say(path, beside: grid, tensors) }
    if let folder {
      try generator.write(choice, to: folder, upscale: sheet.upscale ?? 1, replacing: replacing.force)
      try say(folder)
    }
    let sheet = sheet.sheet(columns: columns ?? 8)
    if let picture {
      try generator.write(choice, on: sheet, as: picture.pictureFormat("--out"), alone: true, to: picture.path)
      try say(picture.path)
    }
    if let tensors {
      try generator.writeTensors(choice, to: tensors.path)
      if !tensors.isStandardOutput { try say(tensors.path) }
    }
    if let grid {
      try generator.write(choice, on: sheet, as: grid.pictureFormat("--grid"), to: grid.path)
      if !grid.isStandardOutput { try say(grid.path) }
    }
  }
}

enum ThreadsParameter: ParameterSelection {
  typealias Parameters = RunParameters
  static var selected: [any Declaration] { [RunParameters.declared.threads] }
}
