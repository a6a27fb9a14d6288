// What a person should know before training, of the pictures and of the recipe: a line each that ends with what to do.

import Configuration
import Datasets
import Images
import SystemSupport
import Training

package struct StartAdvice {
  package let lines: [String]

  /// Pictures whose colours are looked at.
  private static let looked = 100
  /// Fewer than so many a critic soon knows by heart.
  private static let fewPictures = 500
  /// Of fewer than so many nothing but copies can come.
  private static let veryFewPictures = 50
  /// Of fewer than so many not even that.
  private static let leastPictures = 8

  package init(_ dataset: Dataset, _ schedule: Schedule) throws {
    let configuration = schedule.configuration
    lines = try [
      Self.few(dataset.count(.training), configuration), Self.enlarged(dataset), Self.grey(dataset),
      Self.cutPhases(schedule.batchesPerEpoch, configuration), Self.clipped(configuration),
    ].compactMap(\.self)
  }

  /// No advice yet, a fact that surprises: not all pictures are learned from.
  static func heldOut(_ dataset: Dataset, share: Double) -> String? {
    let (heldOut, all) = (dataset.count(.heldOut), dataset.count)
    if heldOut == 0 {
      // Each is drawn for itself: of few it may be none.
      return share > 0 ? "none of \(all) pictures is held out, they are so few: samples can't be judged" : nil
    }
    let percent = Int((100 * Double(heldOut) / Double(all)).rounded())
    return "\(heldOut) of \(all) pictures (\(percent) %) are held out: samples are judged by them, and none is learned "
      + "from; --held-out 0 learns from all"
  }

  /// - Parameters:
  ///   - heldOut: those that aren't trained on.
  ///   - source: whose pictures they are.
  /// - Throws: where a run of so few can't be of any use.
  static func refuseFew(_ count: Int, heldOut: Int, of source: String) throws(Failure) {
    if count >= leastPictures { return }
    let others = heldOut > 0 ? " (\(heldOut) more held out: --held-out 0 learns from all)" : ""
    throw Failure(
      .badData,
      "\(source): \(counted(count, "picture")) to train on\(others): a run takes \(leastPictures) at least, and some "
        + "hundreds to learn more than copies; give more")
  }

  private static func few(_ count: Int, _ configuration: TrainingConfiguration) -> String? {
    if count >= fewPictures { return nil }
    // No augmentation yet: in a run of minutes it costs more than it gives (docs/Experiments.md). TrainingAdvice has it
    // for a critic that knows its pictures by heart.
    let help = configuration.mirror ? "" : "; try --mirror"
    if count < veryFewPictures {
      return "\(count) pictures are very few: samples will be copies of them and mixtures of copies, however long it "
        + "trains. Some hundreds are the least\(help)"
    }
    return "\(count) pictures are few: the critic soon knows them by heart, and samples may copy them. "
      + "Thousands are better\(help)"
  }

  private static func enlarged(_ dataset: Dataset) -> String? {
    if dataset.enlargedShare < 0.05 { return nil }
    let percent = Int((dataset.enlargedShare * 100).rounded())
    return "about \(percent) % of the pictures are smaller than \(dataset.size) pixels and were enlarged: samples "
      + "will be as blurred. A smaller --size is learned faster and looks sharper"
  }

  private static func grey(_ dataset: Dataset) throws -> String? {
    guard dataset.channels == 3, try dataset.samples(looked, seed: 0).allSatisfy(\.isGrey) else { return nil }
    return "the pictures are all grey: --channels 1 learns them in less time"
  }

  /// An epoch's end cuts the critic phase that it falls into; of few phases an epoch that is a large share.
  private static func cutPhases(_ batches: Int, _ configuration: TrainingConfiguration) -> String? {
    let criticSteps = configuration.criticSteps
    if configuration.phaseAtEpochEnd == .goesOn { return nil }
    let phases = (batches - 1) / criticSteps + 1
    let last = batches - (phases - 1) * criticSteps
    if last == criticSteps || phases > 4 { return nil }
    let which = phases == 1 ? "each" : "one in \(phases)"
    return "an epoch is \(counted(batches, "batch", "batches")), so \(which) of the phases of \(criticSteps) "
      + "critic steps is cut to \(last): --phase-at-epoch-end continue mends it"
  }

  /// Clipping's recipes have rates of 5e-5 to 2e-4. `--objective wgan` on top of a preset with a penalty keeps that
  /// preset's rate.
  private static func clipped(_ configuration: TrainingConfiguration) -> String? {
    let rate = configuration.criticLearningRate
    guard !configuration.objective.isPenalised, rate > 4e-4 else { return nil }
    return "a critic whose weights are clipped learns at a rate of 5e-5 to 2e-4, and this one has \(rate): give "
      + "--learning-rate 5e-5 and --critic-steps 5, or begin with --preset blog"
  }
}

extension Picture {
  /// Every pixel has as much red as green and blue.
  fileprivate var isGrey: Bool {
    // JPEG's rounding may be off by one or two.
    func isNear(_ a: UInt8, _ b: UInt8) -> Bool { abs(Int(a) - Int(b)) <= 2 }
    for i in stride(from: 0, to: pixels.count - 2, by: 3) {
      if !isNear(pixels[i], pixels[i + 1]) || !isNear(pixels[i], pixels[i + 2]) { return false }
    }
    return true
  }
}
