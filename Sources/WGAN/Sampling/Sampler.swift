// The net behind every gallery and file of pictures: a generator that makes pictures from noise and never trains.

import TensorFiles
import Configuration
import SystemSupport
import Compute
import Graph
import Images
import Randomness

/// A generator that only samples. Picture i of a seed is the same whatever else is asked for with it: its noise is
/// keyed by (seed, i), and with running statistics no picture of a batch knows the others. With the batch's own (the
/// authors' way) the batch is always the same one: picture i is made with all of its block, min(batchSize, 64)
/// pictures; and a latent vector of no series takes the place of picture 0 of the run's own seed, in its block.
package final class Sampler {
  private let configuration: TrainingConfiguration
  private let device: Device
  private let generator: Executor
  private let noise: Activations

  /// - Parameters:
  ///   - tensors: a checkpoint's, or those of its `group` alone.
  ///   - group: of the generator's tensors; nil: the averaged one's where there is one.
  package init(_ configuration: TrainingConfiguration, tensors: TensorSet, group: String? = nil, on device: Device)
    throws
  {
    self.configuration = configuration
    self.device = device
    let plan = try Self.plan(configuration, on: device)
    try requireMemory(Self.bytes(of: plan), for: "the generator")
    generator = Executor(plan, on: device)
    noise = Activations(Slab(count: plan.inputLayout.count(batch: plan.batch)).all, plan.inputLayout)
    try update(tensors, group: group)
  }

  private static func plan(_ configuration: TrainingConfiguration, on device: Device) throws -> ExecutionPlan {
    try configuration.check(on: device)
    // A block is a training batch, but no more than a gallery has; else the batch bounds the memory and changes no
    // picture.
    let batch = configuration.samplingStatistics == .batch ? min(configuration.batchSize, 64) : 32
    return try ExecutionPlan(
      configuration.generator, batch: batch, purpose: .sampling, algorithm: configuration.algorithm,
      precision: configuration.precision, on: device)
  }

  private static func bytes(of plan: ExecutionPlan) -> Int {
    ArenaPlan(alone: plan).bytes + plan.parameterBytes
      + MemoryLayout<Float>.stride * plan.inputLayout.count(batch: plan.batch)
  }

  /// What a sampler takes.
  static func bytes(_ configuration: TrainingConfiguration, on device: Device) throws -> Int {
    bytes(of: try plan(configuration, on: device))
  }

  /// Takes on the generator of these tensors.
  /// - Parameter group: of the generator's tensors; nil: the averaged one's where there is one.
  package func update(_ tensors: TensorSet, group: String? = nil) throws(Failure) {
    let group = group ?? configuration.group(of: .generator)
    try generator.places(group: group).set(from: tensors)
    generator.parametersChanged()
  }

  // MARK: - Drawing

  /// The pictures that are chosen.
  package func pictures(_ choice: PictureChoice) -> [Picture] {
    var pictures: [Picture] = []
    pictures.reserveCapacity(choice.count)
    forEachBatch(choice) { _, wanted in
      for n in wanted {
        pictures.append(
          Picture(
            width: configuration.size, height: configuration.size, channels: configuration.channels,
            pixels: generator.output.pixels(of: n)))
      }
    }
    return pictures
  }

  /// The same as numbers: the noise [picture][latent], and what the net makes of it, [picture][channel][y][x] in [-1,
  /// 1].
  package func values(_ choice: PictureChoice) -> (noise: [Float], pictures: [Float]) {
    var allNoise: [Float] = []
    allNoise.reserveCapacity(choice.count * configuration.latent)
    let values = configuration.channels * configuration.size * configuration.size
    let pictures = [Float](unsafeUninitializedCapacity: choice.count * values) { buffer, count in
      forEachBatch(choice) { noise, wanted in
        allNoise += noise[wanted.lowerBound * configuration.latent..<wanted.upperBound * configuration.latent]
        let end = count + wanted.count * values
        generator.output.copy(
          pictures: wanted, to: UnsafeMutableBufferPointer(rebasing: buffer[count..<end]), on: device)
        count = end
      }
    }
    return (allNoise, pictures)
  }

  /// Calls `body` with each batch's noise and the places of the pictures in it that were asked for; the pictures are
  /// the generator's output.
  private func forEachBatch(_ choice: PictureChoice, _ body: (_ noise: [Float], _ wanted: Range<Int>) -> Void) {
    let batch = generator.plan.batch
    let wholeBlocks = configuration.samplingStatistics == .batch
    let saved = generator.buffers.array
    func draw(_ values: [Float], wanted: Range<Int>) {
      noise.set(values, batch: values.count / configuration.latent)
      device.withTeam {
        generator.forward(
          batch: values.count / configuration.latent, input: noise, statistics: wholeBlocks ? .batch : .running)
      }
      body(values, wanted)
    }
    switch choice.untruncated(latent: configuration.latent) {
    case .series(let seed, let indices):
      var first = wholeBlocks ? indices.lowerBound / batch * batch : indices.lowerBound
      while first < indices.upperBound {
        let end = wholeBlocks ? first + batch : min(first + batch, indices.upperBound)
        draw(
          series(seed, first..<end), wanted: max(0, indices.lowerBound - first)..<min(end, indices.upperBound) - first)
        first = end
      }
    case .latents(let latents) where wholeBlocks:
      let others = latents.isEmpty ? [] : series(configuration.seed, 1..<batch)
      for latent in latents { draw(latent.values + others, wanted: 0..<1) }
    case .latents(let latents):
      for first in stride(from: 0, to: latents.count, by: batch) {
        let some = latents[first..<min(first + batch, latents.count)]
        draw(some.flatMap(\.values), wanted: 0..<some.count)
      }
    }
    generator.buffers.copy(from: saved)
  }

  private func series(_ seed: UInt64, _ indices: Range<Int>) -> [Float] {
    indices.flatMap { LatentVector(seed: seed, index: $0, count: configuration.latent).values }
  }

  // MARK: - The latent space

  /// The generator's main directions, that of the greatest share first.
  package func directions() throws(Failure) -> [LatentDirection] {
    let group = NetRole.generator.rawValue
    return try LatentDirection.all(of: configuration, tensors: generator.places(group: group).tensors, group: group)
  }
}
