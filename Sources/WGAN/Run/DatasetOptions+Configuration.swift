// How a configuration's pictures are prepared, in the words of Datasets.

import Configuration
import Datasets
import Images

extension DatasetOptions {
  /// - Parameters:
  ///   - fraction, heldOut: nil: the configuration's.
  init(
    _ training: TrainingConfiguration, threads: Int, cache: String?, fraction: Double? = nil, heldOut: Double? = nil
  ) {
    self.init(
      size: training.size, channels: training.channels, fraction: fraction ?? training.fraction,
      heldOut: heldOut ?? training.heldOut, seed: training.seed, threads: threads, cacheDirectory: cache,
      fit: PictureFit(training.fit), crop: CropMode(training.crop))
  }
}

extension CropMode {
  package init(_ crop: Crop) {
    switch crop {
    case .random: self = .random
    case .center: self = .center
    case .top: self = .top
    case .bottom: self = .bottom
    }
  }
}

extension PictureFit {
  package init(_ fit: Fit) {
    switch fit {
    case .crop: self = .crop
    case .pad: self = .pad
    case .stretch: self = .stretch
    }
  }
}
