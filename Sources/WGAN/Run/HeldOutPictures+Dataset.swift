// Held-out pictures of a data set, in memory for the whole run.

import Configuration
import Datasets
import Ranks
import Training

extension HeldOutPictures {
  /// Chosen by the configuration's seed, cropped as `CropMode.still` says. Nil where no picture is held out.
  ///
  /// - Parameter ranks: those that share the batches.
  init?(of dataset: Dataset, _ configuration: TrainingConfiguration, ranks: (any RankGroup)?) throws {
    let size = configuration.batchSize
    let all = dataset.batchesPerEpoch(batchSize: size, subset: .heldOut)
    if all == 0 { return nil }
    let loader = try BatchLoader(
      dataset: dataset, subset: .heldOut, batchSize: size, crop: CropMode(configuration.crop).still,
      seed: configuration.seed, ranks: ranks)
    let batches = try (0..<min(all, max(1, Self.pictures / size))).map { _ in
      let batch = try loader.next()
      return Batch(pixels: batch.pixels, count: batch.count)
    }
    self.init(batches)
  }
}
