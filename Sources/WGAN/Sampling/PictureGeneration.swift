// What `wgan generate` does: opens a checkpoint or a file of weights, makes a Sampler of its generator, and writes the
// pictures as files, as a grid or as numbers. Picture i depends on (checkpoint, seed, i) alone.

import TensorFiles
import Configuration
import Compute
import SystemSupport
import Graph
import Images
import Training

/// A generator read from a run's newest checkpoint, from a checkpoint's file, or from a file of weights.
package struct PictureGenerator {
  package let configuration: TrainingConfiguration
  private let sampler: Sampler
  private let isCancelled: () -> Bool

  /// Pictures made at once: bounds the memory, changes no picture.
  private static let chunk = 64

  package enum Source: Sendable {
    case trained(CheckpointSource)
    /// A file of weights. What it doesn't say of its net is the preset's, or the overrides'.
    case weights(String, preset: String?, overrides: [ConfigurationOverride])
  }

  /// - Parameters:
  ///   - live: the generator as it trains, where there is an averaged one too.
  ///   - isCancelled: asked before each picture; then what is drawing throws `Failure(.cancelled)`.
  /// - Throws: `Failure`, `ConfigurationError`, `NetworkError`.
  package init(
    _ source: Source, live: Bool = false, threads: Int?, isCancelled: @escaping () -> Bool = { false },
    notice: (String) -> Void
  ) throws {
    self.isCancelled = isCancelled
    // Before anything of the size that a file declares is allocated: are its tensors those of such a net?
    let (tensors, group): (TensorSet, String)
    switch source {
    case .trained(let source):
      let checkpoint = try source.open(.generator, live: live, notice: notice)
      configuration = checkpoint.provenance.configuration
      (tensors, group) = (checkpoint.tensors, configuration.group(of: .generator, live: live))
      _ = try checkpoint.tensors(of: .generator, live: live)
    case .weights(let file, let preset, let overrides):
      let weights = try WeightsFile(at: file)
      if let trained = try weights.provenance?.configuration {
        configuration = trained
        if let flag = trained.firstContradiction(ConfigurationOverride.list(preset: preset, overrides)) {
          throw Failure(
            .usage,
            "\(flag.text): \(file) says it was trained with \(flag.current(trained)); leave the flag out")
        }
      } else {
        configuration = try TrainingConfiguration(preset: preset, overrides)
        try configuration.validate()
      }
      let found = try NetWeights(in: weights, for: .generator, of: configuration, live: live)
      (tensors, group) = (try found.tensors(of: weights), NetRole.generator.rawValue)
    }
    let device = try Device.fromEnvironment(threads: threads ?? Device.coreCount)
    sampler = try Sampler(configuration, tensors: tensors, group: group, on: device)
  }

  /// Pictures `indices` of the series `seed`.
  package func forEach(seed: UInt64, indices: Range<Int>, _ body: (Int, Picture) throws -> Void) throws {
    var start = indices.lowerBound
    while start < indices.upperBound {
      let end = min(indices.upperBound, start + Self.chunk)
      try stopIfCancelled()
      for (i, picture) in zip(start..<end, sampler.pictures(seed: seed, indices: start..<end)) {
        try stopIfCancelled()
        try body(i, picture)
      }
      start = end
    }
  }

  private func stopIfCancelled() throws(Failure) {
    if isCancelled() { throw Failure(.cancelled, "stopped") }
  }

  /// Writes `count` pictures into `folder` as 000000.png and so on.
  ///
  /// - Parameter replacing: also where the folder has pictures of another series, which would be lost or, worse, be
  ///   left among these.
  package func write(count: Int, seed: UInt64, to folder: String, replacing: Bool) throws {
    try makeFolder(folder)
    if !replacing { try checkSeries(in: folder, seed: seed) }
    try forEach(seed: seed, indices: 0..<count) { i, picture in
      try PNGEncoder.write(picture, to: joinPath(folder, zeroPadded(i) + ".png"))
    }
  }

  /// The same generator and seed draw the same bytes, so a picture that is there tells its series: the first and the
  /// last are looked at.
  private func checkSeries(in folder: String, seed: UInt64) throws {
    let numbers = try folderNames(folder).compactMap { name -> Int? in
      guard name.hasSuffix(".png"), let number = Int(name.dropLast(4)), number >= 0, number < 1 << 40 else {
        return nil
      }
      return zeroPadded(number) + ".png" == name ? number : nil
    }
    guard let first = numbers.min(), let last = numbers.max() else { return }
    for number in Set([first, last]).sorted() {
      let path = joinPath(folder, zeroPadded(number) + ".png")
      try forEach(seed: seed, indices: number..<number + 1) { _, picture in
        guard try readFile(path) == PNGEncoder.encode(picture) else {
          throw Failure(
            .cannotCreate,
            "\(folder): has pictures of another seed or generator (\(zeroPadded(number)).png is one): give another "
              + "folder, or --force to write over them")
        }
      }
    }
  }

  /// Writes `count` pictures as one.
  package func writeGrid(count: Int, columns: Int, seed: UInt64, to path: String) throws {
    var pictures: [Picture] = []
    try forEach(seed: seed, indices: 0..<count) { _, picture in pictures.append(picture) }
    try PNGEncoder.write(Gallery.compose(pictures, columns: columns), to: path)
  }

  /// Writes `count` pictures and their noise as numbers, tensors "pictures" and "noise": for comparison with other
  /// programs.
  package func writeTensors(count: Int, seed: UInt64, to path: String) throws {
    let (noise, pictures) = sampler.values(seed: seed, indices: 0..<count)
    try stopIfCancelled()
    let size = configuration.size
    try Safetensors.write(
      [
        NamedTensor(name: "noise", shape: [count, configuration.latent], values: noise),
        NamedTensor(name: "pictures", shape: [count, configuration.channels, size, size], values: pictures),
      ], metadata: ["seed": String(seed)], to: path)
  }
}
