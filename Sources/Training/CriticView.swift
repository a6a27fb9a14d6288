// What the critic sees of pictures: with augmentation changed ones, else the pictures themselves.

import Compute
import Configuration

/// Objectives show all pictures to the critic through this, and take their gradients back through it.
package final class CriticView {
  package typealias Sight = PictureAugmentation.Sight

  private let augmentation: PictureAugmentation?
  private let device: Device
  /// Only where there is augmentation.
  private let changed: (real: Activations, fake: Activations)?

  /// - Parameters:
  ///   - layout: the critic's input.
  ///   - batch: the most pictures that it sees.
  init(_ configuration: TrainingConfiguration, _ layout: ActivationLayout, batch: Int, on device: Device) {
    func buffer() -> Activations { Activations(Slab(count: layout.count(batch: batch)).all, layout) }
    augmentation = PictureAugmentation(configuration)
    changed = augmentation == nil ? nil : (buffer(), buffer())
    self.device = device
  }

  /// What the critic sees of the first `count` pictures, in this batch's step of the sight's kind. Without augmentation
  /// it is `pictures`; else a copy that holds until the next one of real (or of fake) pictures.
  func see(_ pictures: Activations, _ sight: Sight, count: Int, of batch: StepBatch) -> Activations {
    guard let augmentation, let target = buffer(sight) else { return pictures }
    device.recorder?.begin("critic.input", .elementwise, .forward)
    augmentation.apply(
      sight, step: batch.step, first: batch.first, batch: count, from: pictures, to: target, on: device)
    device.recorder?.end()
    return target
  }

  /// The pictures' gradient, from that of what the critic saw of them. With augmentation it takes the place of what the
  /// critic saw.
  func gradient(_ gradient: Activations, _ sight: Sight, count: Int, of batch: StepBatch) -> Activations {
    guard let augmentation, let target = buffer(sight) else { return gradient }
    device.recorder?.begin("critic.input", .elementwise, .backward)
    augmentation.adjoint(
      sight, step: batch.step, first: batch.first, batch: count, gradient: gradient, to: target, on: device)
    device.recorder?.end()
    return target
  }

  private func buffer(_ sight: Sight) -> Activations? {
    switch sight {
    case .criticReal, .generatorReal: changed?.real
    case .criticFake, .generatorFake: changed?.fake
    }
  }
}
