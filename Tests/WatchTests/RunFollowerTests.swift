import Configuration
import SystemSupport
import TestSupport
import Testing
import Training
import WGAN

import Watch

/// Protects: the page says of a run what is true of its folder, whatever happens to that.
@Suite struct RunFollowerTests {
  @Test func whatThereIs() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 7, galleries: [1, 500])
      var run = RunFollower(paths.path)
      run.follow()
      #expect(run.metrics.rows == 7 && run.totalSteps == 12 && run.galleries.map(\.step) == [1, 500])
      #expect(run.realPictures == nil && run.notes.isEmpty && run.state == .stopped)
      #expect(run.stepsPerSecond == 2)
      // A gallery comes, one is written again.
      let before = run.galleries
      usleep(20_000)
      for step in [500, 600] { try writeFile([1], to: paths.sample(generatorSteps: step)) }
      run.follow()
      #expect(run.galleries.map(\.step) == [1, 500, 600])
      #expect(run.galleries[0] == before[0] && run.galleries[1] != before[1])
    }
  }

  /// By the claim, without touching it.
  @Test(.enabled(if: isLinux)) func itIsSeenWhetherSomebodyTrains() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 3)
      var run = RunFollower(paths.path)
      do {
        let claim = try RunClaim.open(paths.path)
        run.follow()
        #expect(run.state == .training)
        withExtendedLifetime(claim) {}
      }
      run.follow()
      #expect(run.state == .stopped)
      try writeFile(Array(metrics(1...12).utf8), to: paths.metrics)
      run.follow()
      #expect(run.state == .finished)
    }
  }

  @Test func withoutLocksTheRowsSayIt() {
    #expect(RunState(isHeld: nil, step: 5, of: 10, lastRow: (1, 1)) == .unknown)
    #expect(RunState(isHeld: nil, step: 5, of: 10, lastRow: (1000, 1)) == .stopped)
    #expect(RunState(isHeld: nil, step: 5, of: nil, lastRow: nil) == .unknown)
    #expect(RunState(isHeld: nil, step: 10, of: 10, lastRow: (1, 1)) == .finished)
    #expect(RunState(isHeld: true, step: 10, of: 10, lastRow: nil) == .training)
  }

  @Test func aRunThatIsRemovedAndComesBack() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 5)
      var run = RunFollower(paths.path)
      run.follow()
      try renameFile(paths.path, to: folder / "away")
      run.follow()
      #expect(run.state == .gone && run.metrics.rows == 5)
      try makeRun(paths.path, steps: 20, rows: 2, galleries: [1])
      run.follow()
      #expect(run.state == .stopped && run.metrics.rows == 2 && run.totalSteps == 20 && run.galleries.count == 1)
    }
  }

  /// Each part for itself: the rest is shown.
  @Test func whatIsBrokenIsNamed() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 5, galleries: [1])
      try writeFile(Array("{".utf8), to: paths.config)
      var run = RunFollower(paths.path)
      run.follow()
      #expect(run.notes.count == 1 && run.notes[0].contains("config.json"))
      #expect(run.metrics.rows == 5 && run.galleries.count == 1 && run.totalSteps == nil)
    }
  }

  /// Nothing outside the folder is listed, read or named by a link inside it.
  @Test func linksAreNotFollowed() throws {
    try inTemporaryFolder { folder in
      let other = try makeRun(folder / "other", rows: 5, galleries: [1, 2])
      let paths = RunPaths(folder / "run")
      try makeFolder(paths.path)
      for (link, target) in [
        (paths.config, other.config), (paths.samples, other.samples), (paths.metrics, other.metrics),
        (paths.checkpoints.path, other.checkpoints.path), (paths.real, other.sample(generatorSteps: 1)),
      ] {
        try systemCall(link) { symlink(target, $0) }
      }
      var run = RunFollower(paths.path)
      run.follow()
      #expect(run.metrics.rows == 0 && run.galleries.isEmpty && run.configuration == nil && run.realPictures == nil)
      // And a gallery that is one.
      removeFile(paths.samples)
      try makeFolder(paths.samples)
      try systemCall(paths.sample(generatorSteps: 3)) { symlink(other.sample(generatorSteps: 1), $0) }
      run.follow()
      #expect(run.galleries.isEmpty)
    }
  }

  /// The run itself may be named through one.
  @Test func aRunByALinkOfItsOwn() throws {
    try inTemporaryFolder { folder in
      try makeRun(folder / "run", rows: 5)
      try systemCall(folder / "newest") { symlink(folder / "run", $0) }
      var run = RunFollower(folder / "newest")
      run.follow()
      #expect(run.metrics.rows == 5)
    }
  }

  /// What the page warns of is what `wgan train` has warned of, word for word: here of a critic that is all clipped.
  @Test func warningsAreThoseOfTraining() throws {
    try inTemporaryFolder { folder in
      let request = TrainingRequest(
        out: folder / "run", preset: "blog",
        overrides: [
          ConfigurationOverride(\.size, 16), ConfigurationOverride(\.features, 4), ConfigurationOverride(\.latent, 8),
          ConfigurationOverride(\.batchSize, 4), ConfigurationOverride(\.fraction, 0.003),
          ConfigurationOverride(\.criticSteps, 1),
          ConfigurationOverride(\.criticLearningRate, 0.5),
        ], data: ["synthetic"], cache: folder / "cache", length: .steps(.generatorSteps(210)),
        runOverrides: [RunOverride(\.threads, 1), RunOverride(\.sampleEvery, 0), RunOverride(\.checkpointEvery, 0)])
      var told: [String] = []
      _ = try TrainingRun(request, report: { _ in }, isCancelled: { false })
        .train(shouldStop: { false }) { event in if case .advice(let line) = event { told.append(line) } }
      #expect(told.contains { $0.contains("at a clipping bound") })
      var run = RunFollower(folder / "run")
      run.follow()
      #expect(run.metrics.advice.map(\.line) == told)
    }
  }

  /// Whatever comes to the path of a run that is gone is another one, and has none of its files.
  @Test func aFolderThatBecomesAFileAndAnEmptyFolder() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 5, galleries: [1, 500])
      var run = RunFollower(paths.path)
      run.follow()
      #expect(run.galleries.count == 2 && run.configuration != nil && run.totalSteps == 12)
      try renameFile(paths.path, to: folder / "away")
      try writeFile([], to: paths.path)
      run.follow()
      #expect(run.state == .gone)
      removeFile(paths.path)
      try makeFolder(paths.path)
      run.follow()
      #expect(run.galleries.isEmpty && run.configuration == nil && run.totalSteps == nil && run.metrics.rows == 0)
      #expect(run.state == .stopped && run.notes.count == 2)
      // At once, without a look in between.
      try makeRun(paths.path, rows: 3, galleries: [7])
      run.follow()
      #expect(run.galleries.map(\.step) == [7])
      try renameFile(paths.path, to: folder / "away2")
      try makeFolder(paths.path)
      run.follow()
      #expect(run.galleries.isEmpty && run.configuration == nil)
    }
  }

  /// What was wrong with a part that isn't there any more isn't told on.
  @Test func aProblemThatIsGone() throws {
    try inTemporaryFolder { folder in
      let paths = try makeRun(folder / "run", rows: 5)
      removeFolder(paths.samples)
      try writeFile([], to: paths.samples)
      var run = RunFollower(paths.path)
      run.follow()
      #expect(run.notes.count == 1 && run.notes.first?.contains("samples") == true)
      removeFile(paths.samples)
      run.follow()
      #expect(run.notes.isEmpty)
    }
  }

  // MARK: - Which run

  @Test func theNewestOfSeveralIsTaken() throws {
    try inTemporaryFolder { folder in
      for name in ["a", "b", "c"] { try makeRun(folder / name, rows: 1) }
      try makeFolder(folder / "none")
      usleep(20_000)
      try append(row(2) + "\n", to: RunPaths(folder / "b").metrics)
      let found = try RunFinder(folder)
      #expect(found.run == folder / "b" && found.note?.contains("newest of 3 runs") == true)
      let only = try RunFinder(folder / "none/..")
      #expect(only.note?.contains("newest of 3 runs") == true)
      try makeFolder(folder / "one")
      try makeRun(folder / "one/run", rows: 1)
      #expect(try RunFinder(folder / "one").note == nil)
      let own = try RunFinder(folder / "a")
      #expect(own.run == folder / "a" && own.note == nil)
    }
  }

  @Test func aFolderWithoutRuns() throws {
    try inTemporaryFolder { folder in
      for path in [folder, folder / "missing"] {
        let failure = #expect(throws: Failure.self) { try RunFinder(path) }
        #expect(failure?.kind == .missing && failure?.description.contains(path) == true)
      }
    }
  }

  // MARK: - Words

  /// Whatever an objective measures, the page says what it is.
  @Test func everyColumnHasASentence() throws {
    for objective in ObjectiveKind.allCases {
      var training = try TrainingConfiguration.preset(named: "photos")
      training.objective = objective
      let columns = (MetricColumn.all(of: training.makeObjective(), rollbacks: 0) + SampleDistances.columns(training))
        .map(\.name).filter { $0 != MetricColumn.step }
      let groups = ColumnText.groups(columns, training)
      let shown = groups.flatMap(\.columns)
      #expect(Set(shown.map(\.name)) == Set(columns) && shown.count == columns.count)
      #expect(shown.allSatisfy { !$0.text.isEmpty } && !groups.contains { $0.title == "Others" })
    }
    #expect(ColumnText.groups(["new_one"], nil).map(\.title) == ["Others"])
  }
}
