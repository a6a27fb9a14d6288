// wgan walk

import ArgumentParser
import CommandSupport
import Configuration
import SystemSupport
import WGAN

struct WalkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "walk",
    abstract: "Walk from picture to picture through what a generator has learned: a film that loops.",
    discussion: """
      The pictures of --seeds pass into one another, in their order and back to the first, along arcs of the latent \
      space (docs/Sampling.md). Each is a frame, and there are as many between two as between others.
      """)

  @OptionGroup var source: GeneratorOptions

  @Option(
    help: ArgumentHelp(
      """
      The seeds of a walk: 1,5,9-20, the first picture of each. Given again: another walk, beside it.
      """, valueName: "seeds"),
    transform: { try SeedList($0) })
  var seeds: [SeedList] = []

  @Option(
    help: ArgumentHelp(
      """
      Instead of --seeds, the latent vectors of a walk from a file: .npy, or safetensors as 'wgan generate --tensors' \
      writes them.
      """, valueName: "file"))
  var latents: String?

  @Option(help: LatentOptions.truncationHelp, transform: { try LatentOptions.truncation($0) })
  var truncation: Float = 1

  @Option(help: "Frames of the whole walk.")
  var frames = 60

  @Option(help: "Frames a second (default: 20).")
  var fps: Double?

  @OptionGroup var film: FilmOptions

  @Option(help: "Walks in a row, where there are several (default: 8).")
  var columns: Int?

  @OptionGroup var sheet: SheetOptions

  @OptionGroup var speed: ParameterOptions<ThreadsParameter>

  @OptionGroup(title: NetworkOptions.titleOfGenerators)
  var network: NetworkOptions

  func validate() throws {
    try source.validate(network)
    if seeds.isEmpty == (latents == nil) {
      throw ValidationError("give --seeds (two or more, as in 1,5,9) or --latents: what the walk goes through")
    }
    if latents == "" { throw ValidationError("--latents is empty: give a file") }
    if seeds.count > 100 { throw ValidationError("\(seeds.count) walks: 100 are the most in a film") }
    if let short = seeds.first(where: { $0.seeds.count < 2 }) {
      throw ValidationError("--seeds \(short.seeds[0]): a walk goes through two seeds at least, as in 1,5")
    }
    try film.check(rate: fps)
    try check("--frames", frames, in: 2...100_000)
    if let long = seeds.map(\.seeds.count).max(), frames < long {
      throw ValidationError(
        "--frames \(frames): a walk through \(long) seeds has a frame for each: give \(long) or more")
    }
    if let columns { try check("--columns", columns, in: 1...100) }
    if seeds.count + (latents == nil ? 0 : 1) < 2, columns != nil || sheet.gap != nil {
      throw ValidationError(
        "\(columns == nil ? "--gap" : "--columns") is for several walks: give --seeds once more, or leave it out"
      )
    }
  }

  func run() throws {
    let threads = speed[\.threads]
    if let threads { try RunParameters.declared.threads.check(threads) }
    try film.check(latents: latents)
    Interruption.watch()
    let generator = try PictureGenerator(
      try source.source(network), live: source.liveGenerator, threads: threads,
      isCancelled: { Interruption.isRequested }
    ) { Console.note("wgan: \($0)") }
    var walks = seeds.map { generator.latents(seeds: $0.seeds) }
    if let latents {
      let points = try LatentFile.read(latents, latent: generator.configuration.latent)
      guard points.count >= 2 else {
        throw Failure(.badData, "\(latents): has one latent vector: a walk goes through two at least")
      }
      guard points.count <= frames else {
        throw Failure(
          .usage, "--frames \(frames): a walk through \(points.count) latent vectors has a frame for each: give more")
      }
      walks.append(points)
    }
    try film.write(
      generator.film(
        walks.map { LatentVector.loop(through: $0, frames: frames) }, truncation: truncation,
        sheet: sheet.sheet(columns: columns ?? 8), rate: fps ?? 20))
  }
}
