// Pictures from a trained generator: picture i depends on (checkpoint, seed, i) alone.

import Compute
import Files
import Graph
import Images

/// A generator read from a run's newest checkpoint, or from a checkpoint's file.
package struct PictureGenerator {
  package let configuration: TrainingConfiguration
  /// How long it was trained.
  package let generatorSteps: Int
  private let sampler: Sampler

  /// Pictures made at once: bounds the memory, changes no picture.
  private static let chunk = 64

  package enum Source: Sendable {
    case run(String)
    case checkpoint(String)
  }

  /// - Throws: `FileError`, `RunError`.
  package init(_ source: Source, threads: Int?, notice: (String) -> Void) throws {
    let checkpoint: Checkpoint
    let prefixes = ["generator."]
    switch source {
    case .checkpoint(let path): checkpoint = try Checkpoint(at: path, prefixes: prefixes)
    case .run(let path):
      _ = try RunFolder.configuration(of: path)
      let folder = CheckpointFolder(joinPath(path, "checkpoints"))
      let newest = try folder.newest(prefixes: prefixes) { _, line in
        notice("a checkpoint is broken, the one before it is taken: \(line)")
      }
      guard let newest else {
        throw RunError(.missing, "\(path): has no checkpoint yet; train it with `wgan train --out \(path) --resume`")
      }
      checkpoint = newest.checkpoint
    }
    configuration = checkpoint.configuration
    generatorSteps = checkpoint.generatorSteps
    let processor = try Processor.fromEnvironment(threads: threads ?? Processor.coreCount)
    do {
      // Before anything of the size that the file declares is allocated: are its tensors those of such a net?
      let plan = try ExecutionPlan(configuration.generator, batch: 1, purpose: .sampling, threads: 1)
      let byName = Dictionary(checkpoint.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      for parameter in plan.parameters.all {
        let name = "generator." + parameter.name
        try parameter.check(byName[name], name: name)
      }
      sampler = try Sampler(configuration, tensors: checkpoint.tensors, on: processor)
    } catch let error as RunError {
      throw RunError(error.kind, "\(checkpoint.path): \(error)")
    }
  }

  /// Pictures `indices` of the series `seed`.
  package func forEach(seed: UInt64, indices: Range<Int>, _ body: (Int, Picture) throws -> Void) throws {
    var start = indices.lowerBound
    while start < indices.upperBound {
      let end = min(indices.upperBound, start + Self.chunk)
      for (i, picture) in zip(start..<end, sampler.pictures(seed: seed, indices: start..<end)) { try body(i, picture) }
      start = end
    }
  }

  /// Writes `count` pictures into `folder` as 000000.png and so on.
  package func write(count: Int, seed: UInt64, to folder: String) throws {
    try makeFolder(folder)
    try forEach(seed: seed, indices: 0..<count) { i, picture in
      try PNGEncoder.write(picture, to: joinPath(folder, zeroPadded(i) + ".png"))
    }
  }

  /// Writes `count` pictures as one.
  package func writeGrid(count: Int, columns: Int, seed: UInt64, to path: String) throws {
    var pictures: [Picture] = []
    try forEach(seed: seed, indices: 0..<count) { _, picture in pictures.append(picture) }
    try PNGEncoder.write(Gallery.compose(pictures, columns: columns), to: path)
  }
}
