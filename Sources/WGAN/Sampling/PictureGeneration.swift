// What `wgan generate` does: opens a checkpoint or a file of weights, makes a Sampler of its generator, and writes the
// pictures as files, as a grid or as numbers. Picture i of a series depends on (checkpoint, seed, i) alone, one of a
// latent vector on (checkpoint, vector).

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
        try configuration.refuseWithoutEffect(overrides)
      }
      let found = try NetWeights(in: weights, for: .generator, of: configuration, live: live)
      (tensors, group) = (try found.tensors(of: weights), NetRole.generator.rawValue)
    }
    let device = try Device.fromEnvironment(threads: threads ?? Device.coreCount)
    sampler = try Sampler(configuration, tensors: tensors, group: group, on: device)
  }

  /// Of a file of weights, or of a checkpoint's.
  /// - Parameter foreign: what a file of another program doesn't say of its net.
  /// - Throws: `Failure`, `ConfigurationError`, `NetworkError`.
  init(weights path: String, of foreign: TrainingConfiguration, live: Bool, threads: Int?) throws {
    let weights = try WeightsFile(at: path)
    configuration = try weights.provenance?.configuration ?? foreign
    try configuration.validate()
    let tensors = try NetWeights(in: weights, for: .generator, of: configuration, live: live).tensors(of: weights)
    let device = try Device.fromEnvironment(threads: threads ?? Device.coreCount)
    sampler = try Sampler(configuration, tensors: tensors, group: NetRole.generator.rawValue, on: device)
    isCancelled = { false }
  }

  /// The pictures that are chosen, with their places in the choice.
  ///
  /// - Throws: `Failure`, what `body` throws.
  package func forEach(_ choice: PictureChoice, _ body: (Int, Picture) throws -> Void) throws {
    try choice.check(latent: configuration.latent)
    var start = 0
    while start < choice.count {
      let end = min(choice.count, start + Self.chunk)
      try stopIfCancelled()
      for (i, picture) in zip(start..<end, sampler.pictures(choice[start..<end])) {
        try stopIfCancelled()
        try body(i, picture)
      }
      start = end
    }
  }

  /// All of them at once.
  package func pictures(_ choice: PictureChoice) throws -> [Picture] {
    var pictures: [Picture] = []
    try forEach(choice) { _, picture in pictures.append(picture) }
    return pictures
  }

  /// The latent vectors of the first pictures of these seeds.
  package func latents(seeds: [UInt64]) -> [LatentVector] {
    seeds.map { LatentVector(seed: $0, count: configuration.latent) }
  }

  /// The generator's main directions, that of the greatest share first.
  package func directions() throws(Failure) -> [LatentDirection] { try sampler.directions() }

  private func stopIfCancelled() throws(Failure) {
    if isCancelled() { throw Failure(.cancelled, "stopped") }
  }

  // MARK: - Files

  /// Writes the pictures into `folder` as 000000.png and so on.
  ///
  /// - Parameter replacing: also where the folder has pictures of another choice, no more than these, which are lost.
  package func write(_ choice: PictureChoice, to folder: String, upscale: Int = 1, replacing: Bool) throws {
    try choice.check(latent: configuration.latent)
    try makeFolder(folder)
    let others = try NumberedPictures.check(folder, count: choice.count, replacing: replacing) { number in
      try choice.picture(at: number).flatMap { try pictures($0).first?.enlarged(by: upscale) }
    }
    NumberedPictures.remove(others, in: folder)
    try forEach(choice) { number, picture in
      try PNGEncoder.write(picture.enlarged(by: upscale), to: NumberedPictures.path(number, in: folder))
    }
  }

  /// Writes the pictures as one.
  /// - Parameter alone: one picture is itself, without a gap around it.
  package func write(
    _ choice: PictureChoice, on sheet: Sheet, as format: PictureFormat = .png, alone: Bool = false, to path: String
  ) throws {
    try sheet.check(
      count: choice.count, size: configuration.size, channels: configuration.channels,
      advice: "give fewer pictures, a smaller --upscale or --gap, or --out FOLDER instead of --grid")
    let picture = sheet.compose(try pictures(choice), alone: alone)
    try stopIfCancelled()
    try format.write(picture, to: path)
  }

  /// Writes the pictures and their noise as numbers, tensors "pictures" and "noise": for comparison with other
  /// programs, and to be drawn again.
  package func writeTensors(_ choice: PictureChoice, to path: String) throws {
    try choice.check(latent: configuration.latent)
    let size = configuration.size
    // The numbers, and the file's bytes.
    try requireMemory(
      2 * MemoryLayout<Float>.stride * choice.count * configuration.channels * size * size,
      for: "\(choice.count) pictures as numbers", advice: "give fewer pictures")
    let (noise, pictures) = sampler.values(choice)
    try stopIfCancelled()
    try Safetensors.write(
      [
        NamedTensor(name: "noise", shape: [choice.count, configuration.latent], values: noise),
        NamedTensor(
          name: "pictures", shape: [choice.count, configuration.channels, size, size], values: pictures),
      ], metadata: choice.metadata, to: path)
  }
}
