// Evaluation on held-out pictures: a critic that learns its pictures by heart tells them from fakes better than it
// tells others.

/// Some of the held-out pictures, the same ones all through a run, in batches as training has them.
package struct HeldOutPictures {
  package struct Batch: Sendable {
    /// Bytes [picture][y][x][channel], this process's share of `count` pictures.
    var pixels: [UInt8]
    var count: Int

    package init(pixels: [UInt8], count: Int) {
      self.pixels = pixels
      self.count = count
    }
  }

  /// So many are enough for a mean, and few enough to cost little: with an evaluation in 100 generator steps, less than
  /// 1 % of the run.
  package static let pictures = 256

  private let batches: [Batch]

  package init(_ batches: [Batch]) { self.batches = batches }

  /// The critic's means over all of them and over as many fakes.
  package func evaluate(_ engine: some TrainingEngine) -> CriticLosses {
    // Of a loss what it is more than the difference of the means: Wasserstein's is that difference to the last bit.
    var (real, fake, more, count) = (0.0, 0.0, 0.0, 0.0)
    for (number, batch) in batches.enumerated() {
      let losses = batch.pixels.withUnsafeBufferPointer {
        engine.evaluate(pixels: $0, count: batch.count, batch: number)
      }
      real += Double(losses.real) * Double(batch.count)
      fake += Double(losses.fake) * Double(batch.count)
      more += Double(losses.loss - (losses.real - losses.fake)) * Double(batch.count)
      count += Double(batch.count)
    }
    let (meanReal, meanFake) = (Float(real / count), Float(fake / count))
    return CriticLosses(real: meanReal, fake: meanFake, loss: meanReal - meanFake + Float(more / count))
  }
}
