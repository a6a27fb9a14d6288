// The sliced Wasserstein distance between samples and held-out pictures while a run trains: a small one, often.

import Compute
import Configuration
import Datasets
import Evaluation
import Training

/// Some held-out pictures, kept as what samples are compared with. The samples are those of the galleries' series:
/// always of the same noise, so that the curve is the generator's.
package final class SampleDistances: SampleJudge {
  /// So many of each at most, along fewer directions than `wgan evaluate` takes: a tenth of a second for two cores, and
  /// 25 MB, at 64x64. The distance of few pictures is greater, at every step by about as much.
  static let pictures = 256
  static let directions = 64

  /// The column of the mean over the scales.
  static let mean = "swd"

  static func column(size: Int) -> String { "\(mean)_\(size)" }

  package static func columns(_ configuration: TrainingConfiguration) -> [MetricColumn] {
    let names = LaplacianPyramid.sizes(of: configuration.size).map(column) + [mean]
    return (names + [TrainingAdvice.duplicates]).map { name in MetricColumn(name) { $0.distances[name] } }
  }

  /// About what it takes: sorted places along the directions at each scale and once more, the points of one scale, and
  /// both sets of pictures.
  static func bytes(_ configuration: TrainingConfiguration) -> Int {
    let points = pictures * PatchDescriptors.perPicture
    let scales = LaplacianPyramid.sizes(of: configuration.size).count
    let dimensions = PatchDescriptors.side * PatchDescriptors.side * configuration.channels
    return MemoryLayout<Float>.stride * points * ((scales + 1) * directions + dimensions)
      + 3 * pictures * configuration.size * configuration.size * configuration.channels
  }

  private let configuration: TrainingConfiguration
  private let device: Device
  private let reference: SlicedReference
  /// From each held-out picture to the nearest other one.
  private let normal: [Double]
  private let sampler: Sampler

  /// Nil where no picture is held out.
  ///
  /// - Parameter sampler: takes on the generator that is judged.
  init?(of dataset: Dataset, _ configuration: TrainingConfiguration, by sampler: Sampler, on device: Device) throws {
    let numbers = dataset.shuffled(.heldOut, seed: configuration.seed).prefix(Self.pictures)
    if numbers.isEmpty { return nil }
    (self.configuration, self.sampler, self.device) = (configuration, sampler, device)
    var metric = SlicedWasserstein(seed: configuration.seed, on: device)
    metric.directions = Self.directions
    let pictures = PictureSet(count: numbers.count, size: dataset.size, channels: dataset.channels) {
      dataset.squareOrBlack(numbers[$0])
    }
    reference = SlicedReference(pictures, metric, on: device)
    normal = Self.nearest(pictures, on: device)
    try dataset.checkReading()
  }

  package func distances(of engine: some TrainingEngine) throws -> [String: Float] {
    try sampler.update(engine.tensors(groups: [configuration.group(of: .generator)]))
    let pictures = sampler.pictures(.series(seed: configuration.seed, 0..<reference.count))
    let samples = PictureSet(pictures.map(\.pixels), size: configuration.size, channels: configuration.channels)
    let distances = reference.distances(of: samples)
    var result = [Self.mean: Float(distances.mean)]
    for scale in distances { result[Self.column(size: scale.size)] = Float(scale.distance) }
    let near = NeighbourSummary(Self.nearest(samples, on: device), normal: normal)?.near
    result[TrainingAdvice.duplicates] = near.map { Float($0) }
    return result
  }

  private static func nearest(_ pictures: PictureSet, on device: Device) -> [Double] {
    NearestPictures.find(pictures, in: pictures, itself: true, on: device).compactMap { $0?.distance }
  }
}
