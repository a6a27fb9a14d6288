// How far a GAN's pictures are from real ones: the distance that `wgan evaluate` measures.

import Configuration
import Evaluation
import Images
import SystemSupport

/// The sliced Wasserstein distance between drawn and real pictures, scale by scale (Karras et al., ICLR 2018).
/// docs/Evaluation.md says how to read it.
public struct PictureDistance: Sendable, Equatable {
  /// The distance at one scale.
  public struct Scale: Sendable, Equatable {
    /// The pictures' side at this scale, in pixels.
    public let size: Int
    /// The distance, times 1000.
    public let distance: Double
    /// The contrast of drawn pictures over that of real ones: what the distance doesn't see.
    public let contrast: Double
    /// What the distance may be off by, being of these pictures and no others; nil for fewer than 16.
    public let standardError: Double?
  }

  /// The finest scale first.
  public let scales: [Scale]
  /// Over the scales.
  public let mean: Double
  /// Of the mean; nil for fewer than 16 pictures.
  public let standardError: Double?

  init(_ distances: [ScaleDistance]) {
    scales = distances.map {
      Scale(size: $0.size, distance: $0.distance, contrast: $0.contrast, standardError: $0.standardError)
    }
    mean = distances.mean
    standardError = distances.standardError
  }
}

extension WassersteinGAN {
  /// How far the generator's pictures are from real ones: as many of the series of ``sample(count:from:seed:live:)`` as
  /// there are real pictures, best some thousand, which it hasn't been trained on.
  ///
  /// - Parameters:
  ///   - pictures: Two or more, such as `train` takes; of what isn't square the middle counts.
  ///   - seed: Of the noise, the patches and the directions; nil for the settings' own. Distances of one seed and the
  ///     same pictures can be compared.
  ///   - live: Of the generator as it trains, where there is an averaged one too (``TrainingParameters/ema``).
  /// - Throws: ``WGANError`` of kind `invalidPictures`, or `diverged` after training that was.
  /// - Complexity: O(n log n) for n pictures.
  public func distance(
    to pictures: [Bitmap], seed: UInt64? = nil, live: Bool = false
  ) throws(WGANError) -> PictureDistance {
    guard pictures.count >= 2 else {
      throw WGANError(
        .invalidPictures,
        "\(counted(pictures.count, "picture")) to compare with: there must be 2 at least")
    }
    try check(pictures)
    let seed = seed ?? settings.seed
    let drawn = try sample(count: pictures.count, seed: seed, live: live)
    let (size, channels) = (settings.size, settings.channels)
    func set(_ pictures: [Bitmap]) -> PictureSet {
      PictureSet(pictures.map { $0.picture.centreCropped(size: size).pixels }, size: size, channels: channels)
    }
    return PictureDistance(SlicedWasserstein(seed: seed, on: device).distances(of: set(drawn), to: set(pictures)))
  }
}
