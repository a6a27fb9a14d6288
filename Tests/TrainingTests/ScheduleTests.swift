import Training
import Configuration
import Testing

@Suite struct ScheduleTests {
  typealias Step = Schedule.Step

  /// The reference's loop, written down as it stands there: every step with its epoch.
  static func simulate(_ configuration: TrainingConfiguration, pictures: Int, epochs: Int) -> [(Step, epoch: Int)] {
    var steps: [(Step, epoch: Int)] = []
    var generatorIterations = 0
    for epoch in 0..<epochs {
      var i = 0
      let n = (pictures + configuration.batchSize - 1) / configuration.batchSize
      while i < n {
        let first = generatorIterations < configuration.warmUpGeneratorSteps
        let each = configuration.warmUpEvery > 0 && generatorIterations % configuration.warmUpEvery == 0
        let criticIterations = first || each ? configuration.warmUpCriticSteps : configuration.criticSteps
        var j = 0
        while j < criticIterations && i < n {
          j += 1
          i += 1
          steps.append((.critic, epoch))
        }
        steps.append((.generator, epoch))
        generatorIterations += 1
      }
    }
    return steps
  }

  func steps(_ schedule: Schedule, limit: Int = 100_000) -> [(Step, epoch: Int)] {
    var position = RunPosition()
    var steps: [(Step, epoch: Int)] = []
    while steps.count < limit, let step = schedule.next(at: position) {
      steps.append((step, position.epoch))
      schedule.advance(&position, by: step)
    }
    return steps
  }

  static let variants: [TrainingConfiguration] = {
    var one = TrainingConfiguration.blog
    one.criticSteps = 1
    var small = TrainingConfiguration.original
    (small.batchSize, small.warmUpCriticSteps, small.warmUpGeneratorSteps, small.warmUpEvery) = (3, 7, 2, 4)
    return [.blog, .fastai, .original, one, small]
  }()

  /// Phases that divide the epoch, that don't, that are longer than it; with and without a tail batch.
  @Test(arguments: variants, [1, 5, 63, 64, 65, 640, 641, 64 * 13])
  func itIsTheReferencesLoop(configuration: TrainingConfiguration, pictures: Int) {
    let expected = Self.simulate(configuration, pictures: pictures, epochs: 4)
    let schedule = Schedule(configuration, picturesPerEpoch: pictures, length: .epochs(4))
    let actual = steps(schedule)
    #expect(actual.map(\.0) == expected.map(\.0))
    #expect(actual.map(\.epoch) == expected.map(\.epoch))
    #expect(schedule.batchesLeft(from: RunPosition()) == expected.count { $0.0 == .critic })
    #expect(schedule.steps == (expected.count { $0.0 == .critic }, expected.count { $0.0 == .generator }))

    // So many generator steps: the same steps, cut behind the last of them.
    for count in [1, 3, 7] {
      let long = Self.simulate(configuration, pictures: pictures, epochs: 1500)
      let end = long.indices.filter { long[$0].0 == .generator }[count - 1]
      let schedule = Schedule(configuration, picturesPerEpoch: pictures, length: .generatorSteps(count))
      #expect(steps(schedule).map(\.0) == long[...end].map(\.0))
      #expect(schedule.batchesLeft(from: RunPosition()) == end + 1 - count)
    }
  }

  @Test func theSeedsEpochCutsItsLastPhase() {
    // 13 batches: 5 + 5 + 3 critic steps, a generator step after each; by hand.
    let schedule = Schedule(.blog, picturesPerEpoch: 64 * 12 + 1, length: .epochs(1))
    let text = steps(schedule).map { $0.0 == .critic ? "c" : "G" }.joined()
    #expect(text == "cccccGcccccGcccG")
  }

  @Test func theTimeLeftIsGuessedForVeryLongRuns() {
    let schedule = Schedule(.blog, picturesPerEpoch: 64 * 5, length: .generatorSteps(3_000_000))
    #expect(schedule.batchesLeft(from: RunPosition()) == 15_000_000)
    #expect(schedule.steps == (15_000_000, 3_000_000))
    let endless = Schedule(.blog, picturesPerEpoch: .max / 2, length: .epochs(1_000_000))
    #expect(endless.batchesLeft(from: RunPosition()) > 0)
    let long = Schedule(.blog, picturesPerEpoch: 64 * 50, length: .epochs(400_000))
    #expect(long.steps == (20_000_000, 4_000_000))
  }

  /// Protects `--dry-run` and the time that is left: what is counted phase by phase is what is counted step by step.
  @Test func countsAreThoseOfTheSteps() {
    for (pictures, batch, critic, warmUp, every) in [
      (100, 8, 5, 20, 10), (7, 8, 3, 2, 0), (64, 8, 100, 100, 3), (1000, 1, 1, 7, 1), (33, 4, 2, 1, 2),
    ] {
      for atEnd in PhaseAtEpochEnd.allCases {
        var configuration = TrainingConfiguration.blog
        configuration.phaseAtEpochEnd = atEnd
        (configuration.batchSize, configuration.criticSteps) = (batch, critic)
        (configuration.warmUpCriticSteps, configuration.warmUpEvery) = (warmUp, every)
        configuration.warmUpGeneratorSteps = 4
        for length in [RunLength.epochs(3), .generatorSteps(37)] {
          let schedule = Schedule(configuration, picturesPerEpoch: pictures, length: length)
          let all = steps(schedule)
          let critics = all.count { $0.0 == .critic }
          #expect(schedule.steps == (critics, all.count - critics))
          var position = RunPosition()
          for (i, (step, _)) in all.enumerated() {
            #expect(schedule.batchesLeft(from: position) == all[i...].count { $0.0 == .critic })
            schedule.advance(&position, by: step)
          }
        }
      }
    }
  }

  /// Phases that go on have their length whatever an epoch's: only the run's end cuts one. Epochs end where they did.
  @Test(arguments: [1, 2, 5, 13], [1, 3, 5, 40]) func phasesGoOnOverAnEpochsEnd(batches: Int, criticSteps: Int) {
    var configuration = TrainingConfiguration.demo
    (configuration.batchSize, configuration.criticSteps) = (1, criticSteps)
    for length in [RunLength.epochs(4), .generatorSteps(6)] {
      let schedule = Schedule(configuration, picturesPerEpoch: batches, length: length)
      let all = steps(schedule)
      let text = all.map { $0.0 == .critic ? "c" : "G" }.joined()
      let phases = text.split(separator: "G", omittingEmptySubsequences: false).dropLast()
      #expect(phases.dropLast().allSatisfy { $0.count == criticSteps } && text.last == "G", "\(text)")
      var position = RunPosition()
      for (i, (step, _)) in all.enumerated() {
        schedule.advance(&position, by: step)
        let batch = all[...i].count { $0.0 == .critic }
        #expect(position.epoch * batches + position.batch == batch && position.batch <= batches)
      }
      if case .epochs(let count) = length { #expect(all.count { $0.0 == .critic } == count * batches) }
      if case .generatorSteps(let count) = length { #expect(all.count { $0.0 == .generator } == count) }
    }
  }

  /// One critic step a phase: whether phases go on changes nothing, so the preset photos has the bits that it had.
  @Test func aPhaseOfOneStepIsNeverCut() {
    var (cut, goesOn) = (TrainingConfiguration.photos, TrainingConfiguration.photos)
    (cut.phaseAtEpochEnd, goesOn.phaseAtEpochEnd) = (.cut, .goesOn)
    for pictures in [1, 31, 32, 33, 100] {
      let both = [cut, goesOn].map { steps(Schedule($0, picturesPerEpoch: pictures, length: .epochs(5))) }
      #expect(both[0].map(\.0) == both[1].map(\.0) && both[0].map(\.epoch) == both[1].map(\.epoch))
    }
  }

  /// A million critic steps before each generator step took eight seconds to count.
  @Test(.timeLimit(.minutes(1))) func manyCriticStepsAreCountedAtOnce() {
    var configuration = TrainingConfiguration.blog
    configuration.criticSteps = 1_000_000
    let schedule = Schedule(configuration, picturesPerEpoch: 1 << 40, length: .generatorSteps(1_000_000_000))
    let took = ContinuousClock().measure { #expect(schedule.steps.generator == 1_000_000_000) }
    #expect(took < .seconds(2))
  }
}
