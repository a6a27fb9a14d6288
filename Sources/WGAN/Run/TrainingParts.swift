// What a part of a run trains with, made of its configuration, its data and where it begins: the same on every rank.

import Configuration
import Datasets
import Ranks
import Training

struct TrainingParts {
  let schedule: Schedule
  let batches: LoadedBatches
  let heldOut: HeldOutPictures?
  /// The generator steps of the run, where learning rates fall over them.
  let stepsOfDecay: Int?

  /// - Throws: `Failure`.
  init(
    _ configuration: RunConfiguration, _ dataset: Dataset, _ position: RunPosition, ranks: (any RankGroup)?
  ) throws {
    let training = configuration.training
    schedule = Schedule(training, picturesPerEpoch: dataset.count(.training), length: configuration.length)
    let loader = try BatchLoader(
      dataset: dataset, batchSize: training.batchSize, crop: CropMode(training.crop), mirror: training.mirror,
      seed: training.seed, ranks: ranks, startEpoch: position.epoch,
      startBatch: position.batch - schedule.batchesSeenAgain(at: position))
    batches = LoadedBatches(loader: loader, pictureBytes: training.size * training.size * training.channels)
    heldOut = configuration.evaluateEvery > 0 ? try HeldOutPictures(of: dataset, training, ranks: ranks) : nil
    stepsOfDecay = training.decay == .none ? nil : schedule.steps.generator
  }
}

/// The loader as the loop sees it.
final class LoadedBatches: BatchSource {
  let loader: BatchLoader
  let pictureBytes: Int

  init(loader: BatchLoader, pictureBytes: Int) {
    self.loader = loader
    self.pictureBytes = pictureBytes
  }

  func withNextBatch<Result>(_ body: (_ pixels: UnsafeBufferPointer<UInt8>, _ count: Int) -> Result) throws -> Result {
    let batch = try loader.next()
    let result = batch.pixels.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[..<(batch.own * pictureBytes)]), batch.count)
    }
    loader.recycle(batch)
    return result
  }
}
