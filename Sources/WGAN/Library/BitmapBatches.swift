// Batches of pictures that are in memory: the order, the crops and the mirrored are those of `BatchLoader`, which
// reads a data set's; and the ones that are held out.

import Training
import Configuration
import Datasets

final class BitmapBatches: BatchSource {
  private let pictures: [Bitmap]
  private let configuration: TrainingConfiguration
  private let batches: Int
  private var epoch: Int
  /// The next one of the epoch.
  private var batch: Int
  private var order: [UInt32]
  private var pixels: [UInt8]

  /// - Precondition: each picture's short side is the configuration's size; `position.batch` is at most the batches of
  ///   an epoch.
  init(_ pictures: [Bitmap], _ schedule: Schedule, from position: RunPosition) {
    self.pictures = pictures
    configuration = schedule.configuration
    batches = schedule.batchesPerEpoch
    epoch = position.epoch
    batch = position.batch - schedule.batchesSeenAgain(at: position)
    order = Self.order(of: pictures.count, configuration, epoch: position.epoch)
    pixels = []
    pixels.reserveCapacity(configuration.batchSize * pictureBytes)
  }

  private var pictureBytes: Int { configuration.size * configuration.size * configuration.channels }

  func withNextBatch<Result>(_ body: (_ pixels: UnsafeBufferPointer<UInt8>, _ count: Int) -> Result) -> Result {
    if batch == batches {
      (epoch, batch) = (epoch + 1, 0)
      order = Self.order(of: pictures.count, configuration, epoch: epoch)
    }
    let start = batch * configuration.batchSize
    let chosen = order[start..<min(start + configuration.batchSize, order.count)]
    batch += 1
    let (size, channels, bytes) = (configuration.size, configuration.channels, pictureBytes)
    let crop = CropMode(configuration.crop)
    if pixels.count < chosen.count * bytes { pixels = [UInt8](repeating: 0, count: chosen.count * bytes) }
    pixels.withUnsafeMutableBytes { target in
      for (i, number) in chosen.enumerated() {
        let picture = pictures[Int(number)]
        picture.pixels.withUnsafeBytes {
          crop.copySquare(
            of: $0, width: picture.width, height: picture.height, channels: channels, size: size,
            mirror: configuration.mirror, seed: configuration.seed, epoch: epoch, index: Int(number),
            to: UnsafeMutableRawBufferPointer(rebasing: target[i * bytes..<(i + 1) * bytes]))
        }
      }
    }
    return pixels.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[..<(chosen.count * bytes)]), chosen.count)
    }
  }

  private static func order(of count: Int, _ configuration: TrainingConfiguration, epoch: Int) -> [UInt32] {
    Selection.shuffled(Array(0..<UInt32(count)), seed: configuration.seed, epoch: epoch)
  }
}

extension HeldOutPictures {
  /// Cropped at the centre. Nil where there are none.
  init?(_ pictures: [Bitmap], _ configuration: TrainingConfiguration) {
    let some = Array(pictures.prefix(Self.pictures))
    if some.isEmpty { return nil }
    var plain = configuration
    (plain.crop, plain.mirror) = (.center, false)
    let schedule = Schedule(plain, picturesPerEpoch: some.count, length: .epochs(1))
    let batches = BitmapBatches(some, schedule, from: RunPosition())
    self.init(
      (0..<schedule.batchesPerEpoch).map { _ in batches.withNextBatch { Batch(pixels: Array($0), count: $1) } })
  }
}
