// Pictures from a trained generator.

import Compute
import Graph
import Images
import Randomness

/// A generator that only samples. Picture i of a seed is the same whatever else is made with it: with running statistics no
/// picture of a batch knows the others, and its noise is keyed by (seed, i).
package final class Sampler {
  private let configuration: TrainingConfiguration
  private let processor: Processor
  private let generator: Executor
  private let noise: Activations

  /// - Parameters:
  ///   - tensors: a checkpoint's; of them "generator.…" is read.
  ///   - batch: pictures made at once; no picture depends on it.
  package init(
    _ configuration: TrainingConfiguration, tensors: [NamedTensor], batch: Int = 16, on processor: Processor
  ) throws {
    self.configuration = configuration
    self.processor = processor
    let plan = try ExecutionPlan(
      configuration.generator, batch: batch, purpose: .sampling, algorithm: configuration.algorithm,
      threads: processor.threads)
    generator = Executor(plan, on: processor)
    noise = Activations(Slab(count: plan.inputLayout.count(batch: batch)).all, plan.inputLayout)
    try update(tensors)
  }

  /// Takes on the generator of these tensors.
  package func update(_ tensors: [NamedTensor]) throws(RunError) {
    let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for parameter in generator.plan.parameters.all {
      let name = "generator." + parameter.name
      try parameter.check(byName[name], name: name)
      if let tensor = byName[name] {
        parameter.set(tensor.values, in: parameter.isBuffer ? generator.buffers : generator.parameters)
      }
    }
    generator.parametersChanged()
  }

  /// The pictures `indices` of `seed`.
  ///
  /// With `SamplingStatistics.batch` (the authors' own way) the norms see the pictures made together, so those of one call
  /// depend on each other.
  package func pictures(seed: UInt64, indices: Range<Int>) -> [Picture] {
    var pictures: [Picture] = []
    pictures.reserveCapacity(indices.count)
    forEachBatch(seed: seed, indices: indices) { _, count in
      for n in 0..<count {
        pictures.append(
          Picture(
            width: configuration.size, height: configuration.size, channels: configuration.channels,
            pixels: generator.output.pixels(of: n)))
      }
    }
    return pictures
  }

  /// The same as numbers: the noise [picture][latent], and what the net makes of it, [picture][channel][y][x] in [-1, 1].
  package func values(seed: UInt64, indices: Range<Int>) -> (noise: [Float], pictures: [Float]) {
    var result: (noise: [Float], pictures: [Float]) = ([], [])
    forEachBatch(seed: seed, indices: indices) { noise, count in
      result.noise += noise
      result.pictures += generator.output.array(batch: count)
    }
    return result
  }

  /// Calls `body` with each batch's noise and number of pictures, these being the generator's output.
  private func forEachBatch(seed: UInt64, indices: Range<Int>, _ body: (_ noise: [Float], _ count: Int) -> Void) {
    let statistics: Executor.Statistics = configuration.samplingStatistics == .running ? .running : .batch
    let saved = generator.buffers.array
    var first = indices.lowerBound
    while first < indices.upperBound {
      let count = min(generator.plan.batch, indices.upperBound - first)
      var values: [Float] = []
      for i in first..<first + count {
        var random = RandomStream(seed: seed, purpose: .sampleNoise, step: i)
        values += random.normals(configuration.latent)
      }
      noise.set(values, batch: count)
      generator.forward(batch: count, input: noise, statistics: statistics)
      body(values, count)
      first += count
    }
    generator.buffers.copy(from: saved)
  }
}
