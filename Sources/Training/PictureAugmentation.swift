// How each picture that the critic sees is changed: the random numbers of differentiable augmentation (Zhao et al.,
// "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020). Compute makes the change.

import Compute
import Configuration
import Randomness

/// What a configuration's `augment` does to pictures. Each picture's change is a pure function of (seed, step, real or
/// fake, picture): a run that is resumed sees the same.
package struct PictureAugmentation: Sendable {
  /// The step that looks at pictures, and which.
  package enum Sight: Sendable, CaseIterable {
    case criticReal, criticFake, generatorReal, generatorFake

    fileprivate var purpose: RandomPurpose {
      switch self {
      case .criticReal: .criticRealAugmentation
      case .criticFake: .criticFakeAugmentation
      case .generatorReal: .generatorRealAugmentation
      case .generatorFake: .generatorFakeAugmentation
      }
    }
  }

  private let kinds: Augmentations
  private let size: Int
  private let seed: UInt64

  /// Nil where nothing is to be changed.
  package init?(_ configuration: TrainingConfiguration) {
    kinds = configuration.augment
    size = configuration.size
    seed = configuration.seed
    if kinds.isEmpty { return nil }
  }

  /// `target` = the first pictures of `source`, as they look at this sight of step number `step` of its kind.
  ///
  /// - Parameter first: the number of the first one in the whole batch.
  package func apply(
    _ sight: Sight, step: Int, first: Int = 0, batch: Int, from source: Activations, to target: Activations,
    on device: Device
  ) {
    target.setAugmented(source, parameters(sight, step: step, first: first, batch: batch), on: device)
  }

  /// `target` = the gradient of those first pictures, from that of how they looked.
  package func adjoint(
    _ sight: Sight, step: Int, first: Int = 0, batch: Int, gradient: Activations, to target: Activations,
    on device: Device
  ) {
    target.setAugmentationGradient(gradient, parameters(sight, step: step, first: first, batch: batch), on: device)
  }

  package func parameters(_ sight: Sight, step: Int, first: Int = 0, batch: Int) -> [AugmentationParameters] {
    (first..<first + batch).map { picture in
      var random = RandomStream(seed: seed, purpose: sight.purpose, step: step, index: picture)
      return parameters(&random)
    }
  }

  /// All numbers are drawn whichever are used: a kind's are the same beside any others.
  private func parameters(_ random: inout RandomStream) -> AugmentationParameters {
    let (brightness, saturation, contrast) = (random.uniform(), random.uniform(), random.uniform())
    let shift = size / 8
    let (shiftY, shiftX) = (random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift)
    let cut = size / 2
    // The square's middle may be on the edge: a quarter of it at least is inside.
    let places = size + 1 - cut % 2
    let (cutY, cutX) = (random.below(places) - cut / 2, random.below(places) - cut / 2)

    var result = AugmentationParameters()
    if kinds.contains(.color) {
      result.brightness = brightness - 0.5
      result.saturation = 2 * saturation
      result.contrast = contrast + 0.5
    }
    if kinds.contains(.translate) { (result.shiftY, result.shiftX) = (shiftY, shiftX) }
    if kinds.contains(.cutout) {
      result.cutRows = (cutY..<cutY + cut).clamped(to: 0..<size)
      result.cutColumns = (cutX..<cutX + cut).clamped(to: 0..<size)
    }
    return result
  }
}
