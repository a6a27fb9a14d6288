// Which points of the latent space `wgan generate` and `wgan walk` take, and how their pictures are laid out.

import ArgumentParser
import CommandSupport
import SystemSupport
import WGAN

/// One list of points, for `generate`. (A walk may have several.)
struct LatentOptions: ParsableArguments {
  @Option(
    name: .customLong("seeds"),
    help: ArgumentHelp(
      """
      One picture of each of these seeds, the first of its series, instead of --seed and --count: 1,5,9-20. Given \
      again: more.
      """, valueName: "seeds"),
    transform: { try SeedList($0) })
  var seedLists: [SeedList] = []

  @Option(help: latentsHelp) var latents: String?

  @Option(help: truncationHelp, transform: { try LatentOptions.truncation($0) }) var truncation: Float = 1

  static let latentsHelp = ArgumentHelp(
    """
    Latent vectors from a file, a picture of each: .npy, or safetensors as --tensors writes them; float32 numbers, \
    [n, latent].
    """, valueName: "file")

  static let truncationHelp = ArgumentHelp(
    """
    Latent vectors are multiplied by this, from 0.000001 to 1: the smaller, the more typical, and the more alike the \
    pictures.
    """, valueName: "psi")

  /// Those of all lists; nil where none is given.
  var seeds: [UInt64]? { seedLists.isEmpty ? nil : seedLists.flatMap(\.seeds) }
  var areGiven: Bool { seeds != nil || latents != nil }

  func validate() throws {
    if seeds != nil && latents != nil {
      throw ValidationError("--seeds and --latents both say which: give one of them")
    }
    if latents == "" { throw ValidationError("--latents is empty: give a file") }
  }

  /// Below a millionth all pictures are the same, and what is nearly 0 would be shown as if it were.
  static func truncation(_ text: String) throws -> Float {
    guard let value = Float(text), 0.000_001...1 ~= value else {
      throw ValidationError("'\(text)' isn't a number from 0.000001 to 1")
    }
    return value
  }

  /// Nil where none are given.
  func read(for generator: PictureGenerator) throws -> [LatentVector]? {
    if let seeds { return generator.latents(seeds: seeds) }
    return try latents.map { try LatentFile.read($0, latent: generator.configuration.latent) }
  }
}

struct SheetOptions: ParsableArguments {
  @Option(help: "Make each picture 2 or 4 times as wide and high, of squares.")
  var upscale: Int?

  @Option(help: ArgumentHelp("Pixels around and between the pictures of a sheet (default: 2).", valueName: "pixels"))
  var gap: Int?

  func validate() throws {
    if let upscale, ![1, 2, 4].contains(upscale) {
      throw ValidationError("--upscale \(upscale): must be 2 or 4 (or 1: as it is)")
    }
    if let gap { try check("--gap", gap, in: 0...100) }
  }

  func sheet(columns: Int) -> Sheet { Sheet(columns: columns, gap: gap ?? 2, upscale: upscale ?? 1) }
}
