import Configuration
import Testing
import Training
import WGAN

/// Protects: a time as a person says it, and the generator steps that it is turned into.
@Suite struct PlannedLengthTests {
  @Test func timesAreReadAndSaid() {
    for (text, seconds, words, again) in [
      ("90s", 90, "1 minute 30 seconds", "1m30s"), ("45m", 2700, "45 minutes", "45m"), ("1h", 3600, "1 hour", "1h"),
      ("1h30m", 5400, "1 hour 30 minutes", "1h30m"), ("1h1s", 3601, "1 hour 1 second", "1h1s"),
      ("120m", 7200, "2 hours", "2h"), ("0s", 0, "0 seconds", "0s"), ("0h5m", 300, "5 minutes", "5m"),
      ("30min", 1800, "30 minutes", "30m"), ("0.5h", 1800, "30 minutes", "30m"), ("8 min", 480, "8 minutes", "8m"),
      (" 1 Hour 30 MINS ", 5400, "1 hour 30 minutes", "1h30m"), ("45M", 2700, "45 minutes", "45m"),
      ("1.5h30s", 5430, "1 hour 30 minutes 30 seconds", "1h30m30s"), (".5m", 30, "30 seconds", "30s"),
      ("0.01h", 36, "36 seconds", "36s"), ("2 hrs", 7200, "2 hours", "2h"),
    ] {
      let time = TimeSpan(text: text)
      #expect(time?.seconds == seconds && time?.words == words && time?.text == again, "\(text)")
      #expect(time.map { TimeSpan(text: $0.text) } == time && time.map { TimeSpan(bits: $0.bits) } == time)
      #expect(time?.isOne == (text == "1h"))
    }
    for text in [
      "", " ", "5", "m", "5x", "-5m", "30m1h", "5m5m", "5mm", "1h30", "9223372036854775807h", "٣m", "1.5.5h", ".h",
      "1:30", "h5", "infh", "nanm", "5e3s", "0x5m", "1 0m",
    ] {
      #expect(TimeSpan(text: text) == nil, "\(text)")
    }
  }

  @Test func impossibleTimesNameTheFlag() throws {
    let error = #expect(throws: ConfigurationError.self) { try PlannedLength.time(TimeSpan(seconds: 0)).check() }
    #expect(error?.description == "--for 0s: must be from 1s to 10000h")
    #expect(throws: ConfigurationError.self) { try PlannedLength.time(TimeSpan(seconds: 36_000_001)).check() }
    #expect(throws: ConfigurationError.self) { try PlannedLength.steps(.epochs(0)).check() }
    #expect(throws: ConfigurationError.self) { try PlannedLength.steps(.generatorSteps(0)).check() }
    for good in [PlannedLength.time(TimeSpan(seconds: 1)), .time(TimeSpan(seconds: 36_000_000)), .steps(.epochs(1))] {
      try good.check()
    }
  }

  /// The presets of the references go on for the 5 epochs that they had.
  @Test(arguments: TrainingConfiguration.presets) func presetsHaveALength(preset: TrainingConfiguration) throws {
    let length = preset.preset == "photos" ? PlannedLength.time(TimeSpan(seconds: 1800)) : .steps(.epochs(5))
    #expect(PlannedLength.ofPreset(preset.preset) == length)
    try PlannedLength.ofPreset(preset.preset).check()
  }

  /// Five epochs of a few pictures are a handful of steps: nothing would be learned, and nobody asked for that.
  @Test(arguments: TrainingConfiguration.presets) func epochsOfFewPicturesAreNoLength(
    preset: TrainingConfiguration
  ) throws {
    func fitting(_ pictures: Int, _ length: RunLength = .epochs(5)) -> RunLength? {
      PlannedLength.fitting(length, preset, picturesPerEpoch: pictures)
    }
    for pictures in [1, 16, 300] {
      guard case .generatorSteps(let steps) = fitting(pictures) else {
        Issue.record("\(pictures)")
        continue
      }
      let shown = Expectation.of(preset).last?.generatorSteps ?? 2000
      #expect(steps == shown)
    }
    // As many as the references had.
    #expect(fitting(200_000) == nil)
    #expect(fitting(16, .generatorSteps(3)) == nil)
  }

  /// A few ways to be round: at most 1 % away, and the nearest.
  @Test func numbersAreRound() {
    let times = StepTimes(critic: 0, generator: 1)
    for (seconds, steps) in [
      (1, 1), (9, 9), (99, 99), (100, 100), (101, 102), (124, 124), (1243, 1240), (12_437, 12_400), (999, 1000),
      (99_900, 100_000),
    ] {
      #expect(generatorSteps(times, seconds) == steps, "\(seconds)")
    }
    for seconds in 1...3000 {
      #expect(abs(Double(generatorSteps(times, seconds) - seconds)) <= 0.01 * Double(seconds))
    }
  }

  func generatorSteps(
    _ times: StepTimes, _ seconds: Int, pictures: Int = 64_000, from position: RunPosition = .init(),
    _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) -> Int {
    var training = TrainingConfiguration.blog
    change(&training)
    return times.generatorSteps(
      in: TimeSpan(seconds: seconds), of: training, picturesPerEpoch: pictures, from: position)
  }

  /// Critic steps cost their time, as many as the schedule has: warm-up phases, and phases that an epoch's end cuts.
  @Test func theScheduleCounts() {
    let times = StepTimes(critic: 0.5, generator: 1.5)
    #expect(generatorSteps(times, 400) == 100)
    // 10 phases of 100 at the beginning: 515 s, and 4 s each from there on.
    let warm: (inout TrainingConfiguration) -> Void = { $0.warmUpGeneratorSteps = 10 }
    #expect(generatorSteps(times, 515 + 80, warm) == 30)
    var later = RunPosition()
    later.generatorSteps = 10
    #expect(generatorSteps(times, 80, from: later, warm) == 20)
    // One batch an epoch: one critic step before each.
    #expect(generatorSteps(times, 40, pictures: 1) == 20)
    // However little time there is, and however much.
    #expect(generatorSteps(StepTimes(critic: 50, generator: 50), 1) == 1)
    #expect(generatorSteps(StepTimes(critic: 1e-7, generator: 1e-7), 36_000_000) == 1_000_000_000)
    #expect(generatorSteps(StepTimes(critic: 0, generator: 0), 5) == 1_000_000_000)
    #expect(generatorSteps(StepTimes(critic: 2e-4, generator: 1e-3), 20_000) == 10_000_000)
  }
}
