// A trained generator by itself, from any file that `wgan generate` reads.

import Configuration
import Images
import SystemSupport

/// A generator that draws and doesn't learn: a tenth of a GAN's memory, from every file that the tool reads.
///
/// Like ``WassersteinGAN`` it isn't `Sendable`: calls are made one at a time.
public final class Generator {
  /// What the nets are, and how they were trained where the file says so.
  public let settings: TrainingSettings
  private let generator: PictureGenerator

  /// Reads a run's folder (its newest checkpoint), a checkpoint, or a file of a generator's weights: safetensors, as
  /// `WassersteinGAN.export`, `wgan export` or PyTorch write them, or a state_dict of PyTorch (`.pth`).
  ///
  /// - Parameters:
  ///   - path: The file's or folder's.
  ///   - settings: What a file of another program doesn't say of its net. Files of ours say it: then they are left
  ///     unread.
  ///   - live: The generator as it was training, where there is an averaged one too (``TrainingParameters/ema``).
  ///   - threads: How many threads to compute with, 1 to 1024; nil for as many as there are cores. Changes no result.
  /// - Throws: ``WGANError`` of kind `fileNotFound`, `inputOutput`, `invalidFile` or `invalidSettings`; of kind
  ///   `invalidArgument` for an impossible number of threads.
  public init(
    contentsOf path: String, settings: TrainingSettings? = nil, live: Bool = false, threads: Int? = nil
  ) throws(WGANError) {
    try checkThreads(threads)
    generator = try withPublicErrors {
      if isFolder(path) {
        return try PictureGenerator(.trained(.run(path)), live: live, threads: threads, notice: { _ in })
      }
      let foreign = settings?.configuration ?? .defaultPreset
      return try PictureGenerator(weights: path, of: foreign, live: live, threads: threads)
    }
    self.settings = TrainingSettings(configuration: generator.configuration)
  }

  /// As ``WassersteinGAN/sample(count:from:seed:live:)``.
  public func sample(count: Int, from first: Int = 0, seed: UInt64? = nil) throws(WGANError) -> [Bitmap] {
    try checkSeries(count, first)
    return try pictures(.series(seed: seed ?? settings.seed, first..<first + count))
  }

  /// As ``WassersteinGAN/sample(latents:live:)``.
  public func sample(latents: [LatentVector]) throws(WGANError) -> [Bitmap] { try pictures(.latents(latents)) }

  /// As ``WassersteinGAN/latents(seeds:)``.
  public func latents(seeds: [UInt64]) -> [LatentVector] { generator.latents(seeds: seeds) }

  /// As ``WassersteinGAN/directions(live:)``.
  public func directions() throws(WGANError) -> [LatentDirection] {
    try withPublicErrors { try generator.directions() }
  }

  private func pictures(_ choice: PictureChoice) throws(WGANError) -> [Bitmap] {
    do {
      try choice.check(latent: settings.latent)
    } catch {
      throw WGANError(.invalidArgument, error.description)
    }
    return try withPublicErrors { try generator.pictures(choice).map(Bitmap.init) }
  }
}
