// The order of a run's steps, as a pure function of the position: critic phases, generator steps, epochs. Nothing here
// trains; the training loop asks what comes next, does it, and advances the position.

import Configuration

/// When a run ends.
package enum RunLength: Sendable, Equatable {
  /// After so many passes over the pictures.
  case epochs(Int)
  /// After exactly so many generator steps, however many epochs they take.
  case generatorSteps(Int)
}

/// How far a run is: all that decides what comes next. A checkpoint holds it.
package struct RunPosition: Sendable, Equatable, Codable {
  /// 0-based; epochs that are over.
  package var epoch = 0
  /// The next batch of this epoch, 0-based.
  package var batch = 0
  /// Critic steps since the last generator step.
  package var criticStepsInPhase = 0
  package var criticSteps = 0
  package var generatorSteps = 0

  package init() {}
}

/// How many critic steps precede a generator step.
package struct CriticPhases: Sendable {
  private let usual: Int
  private let warmUp: Int
  private let warmUpGeneratorSteps: Int
  private let warmUpEvery: Int

  package init(_ configuration: TrainingConfiguration) {
    usual = configuration.criticSteps
    warmUp = configuration.warmUpCriticSteps
    warmUpGeneratorSteps = configuration.warmUpGeneratorSteps
    warmUpEvery = configuration.warmUpEvery
  }

  /// - Parameter step: the generator step, 0-based.
  package func steps(before step: Int) -> Int {
    let isWarmUp = step < warmUpGeneratorSteps || (warmUpEvery > 0 && step % warmUpEvery == 0)
    return isWarmUp ? warmUp : usual
  }
}

/// The reference's loop: while the epoch has batches, up to `CriticPhases.steps(before:)` critic steps, one batch
/// each, then a generator step. An epoch that ends inside a critic phase cuts it; the generator step still runs, and
/// the next epoch begins with a new phase. Where phases go on over an epoch's end, the run's end alone cuts one.
package struct Schedule: Sendable {
  package enum Step: Sendable, Equatable {
    case critic
    case generator
  }

  package let configuration: TrainingConfiguration
  /// The tail batch included.
  package let batchesPerEpoch: Int
  package let length: RunLength
  private let phases: CriticPhases
  private let generatorSeesReals: Bool
  private let phasesGoOn: Bool

  /// - Parameter picturesPerEpoch: pictures that are trained on, at least 1.
  package init(_ configuration: TrainingConfiguration, picturesPerEpoch: Int, length: RunLength) {
    precondition(picturesPerEpoch > 0 && configuration.batchSize > 0)
    self.configuration = configuration
    batchesPerEpoch = (picturesPerEpoch - 1) / configuration.batchSize + 1
    self.length = length
    phases = CriticPhases(configuration)
    generatorSeesReals = configuration.makeObjective().generatorSeesReals
    phasesGoOn = configuration.phaseAtEpochEnd == .goesOn
  }

  /// What comes next; nil at the run's end.
  package func next(at position: RunPosition) -> Step? {
    switch length {
    case .epochs(let count): if position.epoch >= count { return nil }
    case .generatorSteps(let count): if position.generatorSteps >= count { return nil }
    }
    let phase = phases.steps(before: position.generatorSteps)
    return position.criticStepsInPhase < phase && batchesOfPhase(at: position) > 0 ? .critic : .generator
  }

  /// Batches that a critic phase may still take: those of this epoch, or where phases go on those of the run.
  private func batchesOfPhase(at position: RunPosition) -> Int {
    guard phasesGoOn else { return batchesPerEpoch - position.batch }
    guard case .epochs(let count) = length else { return .max }
    let (batches, overflow) = batchesPerEpoch.multipliedReportingOverflow(by: count - position.epoch)
    return overflow ? .max : batches - position.batch
  }

  /// Batches before the position's that whoever starts here has to see once more: 1 in front of a generator step that
  /// reads the real pictures of the critic step before it.
  package func batchesSeenAgain(at position: RunPosition) -> Int {
    generatorSeesReals && position.criticStepsInPhase > 0 ? min(1, position.batch) : 0
  }

  /// Where a run stands that goes on with other pictures: at the beginning of the next epoch, or of the last one.
  package func withOtherPictures(at position: RunPosition) -> RunPosition {
    var position = position
    if batchesSeenAgain(at: position) > 0 { position.criticStepsInPhase = 0 }
    let isLast = if case .epochs(let count) = length { position.epoch + 1 >= count } else { false }
    if position.batch > 0, !isLast { position.epoch += 1 }
    position.batch = 0
    return position
  }

  package func advance(_ position: inout RunPosition, by step: Step) {
    switch step {
    case .critic: takeBatches(1, &position)
    case .generator:
      position.generatorSteps += 1
      position.criticStepsInPhase = 0
      if position.batch == batchesPerEpoch {
        position.batch = 0
        position.epoch += 1
      }
    }
  }

  /// Critic steps of one phase. Where it goes on, an epoch ends with the first batch of the next one, not before: so
  /// the position behind an epoch's last batch is the same as where phases are cut.
  private func takeBatches(_ count: Int, _ position: inout RunPosition) {
    if count == 0 { return }
    let last = position.batch + count
    let epochs = (last - 1) / batchesPerEpoch
    position.epoch += epochs
    position.batch = last - epochs * batchesPerEpoch
    position.criticStepsInPhase += count
    position.criticSteps += count
  }

  /// To behind the next generator step, however many critic steps are before it, at once.
  private func advanceOverPhase(_ position: inout RunPosition) {
    let left = phases.steps(before: position.generatorSteps) - position.criticStepsInPhase
    takeBatches(max(0, min(left, batchesOfPhase(at: position))), &position)
    advance(&position, by: .generator)
  }

  /// Batches from here to the run's end: for the time that is left.
  package func batchesLeft(from position: RunPosition) -> Int {
    if case .epochs(let count) = length {
      let (batches, overflow) = batchesPerEpoch.multipliedReportingOverflow(by: count - position.epoch)
      return overflow ? .max : max(0, batches - position.batch)
    }
    // The phases' lengths vary, so it takes counting; past a million the rest is as the average so far.
    guard case .generatorSteps(let count) = length else { return 0 }
    var ahead = position
    let limit = position.generatorSteps + 1_000_000
    while ahead.generatorSteps < limit, next(at: ahead) != nil { advanceOverPhase(&ahead) }
    let counted = ahead.criticSteps - position.criticSteps
    if ahead.generatorSteps >= count { return counted }
    return Int(Double(counted) / 1e6 * Double(count - position.generatorSteps))
  }

  /// All steps of the run, from its beginning.
  package var steps: (critic: Int, generator: Int) {
    var position = RunPosition()
    while position.generatorSteps < 1_000_000, next(at: position) != nil { advanceOverPhase(&position) }
    if next(at: position) == nil { return (position.criticSteps, position.generatorSteps) }
    // The rest is as the average so far.
    let critic = batchesLeft(from: RunPosition())
    if case .generatorSteps(let count) = length { return (critic, count) }
    return (critic, Int(Double(critic) / Double(position.criticSteps) * Double(position.generatorSteps)))
  }
}
