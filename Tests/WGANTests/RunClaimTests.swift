import TestSupport
import SystemSupport
import Foundation
import Testing
import Training
import WGAN

/// Protects: a run has one writer, any number of readers, and a folder that isn't one is named.
@Suite struct RunClaimTests {
  let configuration = RunConfiguration(
    data: ["synthetic"], training: .demo, length: .generatorSteps(7)
  ).overridden(by: [
    RunOverride(\.threads, 2), RunOverride(\.sampleEvery, 3), RunOverride(\.checkpointEvery, 0),
    RunOverride(\.evaluateEvery, 5),
  ])

  @Test func theConfigurationComesBackWhole() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "a/b/run")
      try RunClaim.create(at: path).write(configuration)
      #expect(try RunPaths(path).configuration() == configuration)
      var epochs = configuration
      epochs.length = .epochs(3)
      try RunClaim.open(path).write(epochs)
      #expect(try RunPaths(path).configuration() == epochs)
    }
  }

  /// A file as the first version wrote it: what it hasn't is what that version's code did, so that such a run goes on
  /// as it was.
  @Test func theFirstVersionsRunsAreRead() throws {
    let text = """
      {
        "checkpointEvery" : 0, "data" : "synthetic", "generatorSteps" : 7, "sampleEvery" : 3, "threads" : 2,
        "training" : {
          "batchSize" : 32, "blockOrder" : "conv-act-norm", "channels" : 3, "clip" : 0.02, "clipTime" : "before-step",
          "criticNoiseBatch" : "real", "criticSteps" : 5, "crop" : "random", "extraLayers" : 0, "features" : 32,
          "fraction" : 1, "heldOut" : 0.2, "initialisation" : "pytorch", "latent" : 100, "learningRate" : 0.0002,
          "optimizer" : "rmsprop", "preset" : "demo", "samplingStatistics" : "running", "seed" : 42, "size" : 32,
          "warmUpCriticSteps" : 5, "warmUpEvery" : 0, "warmUpGeneratorSteps" : 0
        },
        "version" : "0.1.0"
      }
      """
    try inTemporaryFolder { folder in
      try writeFile(Array(text.utf8), to: joinPath(folder, "config.json"))
      var expected = configuration
      expected.version = "0.1.0"
      expected.evaluateEvery = 0
      (expected.training.algorithm, expected.training.phaseAtEpochEnd) = (.direct, .cut)
      expected.training.warmUpCriticSteps = 5
      (expected.training.clipLower, expected.training.clipUpper) = (-0.02, 0.02)
      (expected.training.criticLearningRate, expected.training.generatorLearningRate) = (2e-4, 2e-4)
      (expected.training.adamBeta1, expected.training.adamBeta2) = (0.9, 0.999)
      #expect(try RunPaths(folder).configuration() == expected)
    }
  }

  /// Runs from before the nets could differ.
  @Test func aRunWithOneWidthHasItInBothNets() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunClaim.create(at: path).write(configuration)
      let file = joinPath(path, "config.json")
      let text = String(decoding: try readFile(file), as: UTF8.self)
      let later = ["criticNet", "generatorNet", "generatorFeatures", "criticNorm", "generatorNorm", "generatorExtra"]
      let lines = text.split(separator: "\n").filter { line in !later.contains { line.contains("\"\($0)\"") } }
      #expect(lines.count == text.split(separator: "\n").count - later.count)
      let former = lines.joined(separator: "\n").replacingOccurrences(of: "\"criticFeatures\"", with: "\"features\"")
      try writeFile(Array(former.utf8), to: file)
      #expect(try RunPaths(path).configuration() == configuration)
      // Neither the one nor the other: an error, and no width that nobody asked for.
      try writeFile(Array(former.replacingOccurrences(of: "\"features\"", with: "\"width\"").utf8), to: file)
      #expect(throws: Failure.self) { try RunPaths(path).configuration() }
    }
  }

  @Test func aFolderWithFilesIsNotWrittenOver() throws {
    try inTemporaryFolder { folder in
      try writeFile([], to: joinPath(folder, "mine"))
      let error = #expect(throws: Failure.self) { try RunClaim.create(at: folder) }
      #expect(error?.kind == .cannotCreate)
      #expect(try folderNames(folder) == ["mine"])
      #expect(throws: Failure.self) { try RunClaim.create(at: joinPath(folder, "mine")) }
      #expect(throws: Failure.self) { try RunClaim.create(at: joinPath(folder, "mine/run")) }
    }
  }

  /// What a process leaves that is killed as it begins a run.
  @Test func aFolderWithEmptyPartsOnlyIsNew() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      for part in ["samples", "checkpoints"] { try makeFolder(joinPath(path, part)) }
      try writeFile([1], to: joinPath(path, ".config.json.77-1.partial"))
      try RunClaim.create(at: path).write(configuration)
      #expect(try folderNames(path) == ["checkpoints", "config.json", "samples"])
      // But nothing else is.
      let other = joinPath(folder, "other")
      for part in ["samples", "mine"] { try makeFolder(joinPath(other, part)) }
      #expect(throws: Failure.self) { try RunClaim.create(at: other) }
      let third = joinPath(folder, "third")
      try makeFolder(joinPath(third, "samples"))
      try writeFile([1], to: joinPath(third, "samples/mine.png"))
      #expect(throws: Failure.self) { try RunClaim.create(at: third) }
    }
  }

  /// A run whose states are gone doesn't begin anew by itself.
  @Test func aRunWithoutItsStatesIsRefused() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunClaim.create(at: path).write(configuration)
      var every = configuration
      every.checkpointEvery = 2
      let claim = try RunClaim.open(path)
      func refusal() -> String? { #expect(throws: Failure.self) { try claim.checkStates(every) }?.description }
      // Before its first checkpoint: nothing is amiss.
      #expect(try claim.checkStates(every) == nil)
      try writeFile(Array("step\n1\n2\n".utf8), to: claim.paths.metrics)
      #expect(try claim.checkStates(every) == nil)
      try writeFile(Array("step\n1\n2\n3\n".utf8), to: claim.paths.metrics)
      #expect(refusal()?.contains("3 steps") == true)
      let checkpoints = claim.paths.checkpoints
      try writeFile([1], to: joinPath(checkpoints.path, "000002.safetensors"))
      #expect(refusal()?.contains("000002.safetensors") == true)
      let state = CheckpointState(
        position: RunPosition(), seconds: 0, picturesPerEpoch: 1, dataFingerprint: "", criticLosses: .none)
      try checkpoints.save(state, tensors: [], configuration: .demo)
      #expect(try claim.checkStates(every)?.contains("000002.safetensors") == true)
      for name in try folderNames(checkpoints.path) { removeFile(joinPath(checkpoints.path, name)) }
      try writeFile([1], to: joinPath(checkpoints.path, "000002.safetensors.broken"))
      #expect(refusal()?.contains("000002.safetensors.broken") == true)
      // Nothing is removed, whatever is meant.
      #expect(try claim.setAside().map { splitPath($0).name } == ["checkpoints.before", "metrics.csv.before"])
      #expect(fileExists(joinPath(path, "checkpoints.before/000002.safetensors.broken")))
      #expect(refusal()?.contains("isn't there") == true)
      for word in ["checkpoints", "--begin-anew"] { #expect(refusal()?.contains(word) == true) }
    }
  }

  @Test func aRunThatNeverBeganLeavesNothing() throws {
    try inTemporaryFolder { folder in
      _ = try RunClaim.create(at: joinPath(folder, "run"))
      let names = try folderNames(folder)
      #expect(names.isEmpty)
      _ = try RunClaim.create(at: folder)
      #expect(isFolder(folder))
    }
  }

  @Test func oneRunHasOneWriter() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      let first = try RunClaim.create(at: path)
      try first.write(configuration)
      #expect(#expect(throws: Failure.self) { try RunClaim.open(path) }?.kind == .cannotCreate)
      withExtendedLifetime(first) {}
    }
  }

  /// Who writes sees that the folder at the path isn't its own any more.
  @Test func aFolderThatWasMovedIsNotWrittenTo() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      do {
        let claim = try RunClaim.create(at: path)
        try claim.check()
        try renameFile(path, to: path + "_old")
        #expect(#expect(throws: Failure.self) { try claim.check() }?.kind == .cannotCreate)
        try makeFolder(path)
        let error = #expect(throws: Failure.self) { try claim.check() }
        #expect(error?.kind == .cannotCreate && error?.description.contains("another folder") == true)
        #expect(throws: Failure.self) { try claim.write(configuration) }
        #expect(throws: Failure.self) { try claim.setAside() }
        #expect(try folderNames(path).isEmpty)
      }
      // Nor is it removed.
      #expect(isFolder(path))
    }
  }

  /// A reader has no lock to take: neither does a claim keep it out, nor it a claim.
  @Test func readersDontMeetTheLock() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      let reader = RunPaths(path)
      do {
        let writer = try RunClaim.create(at: path)
        try writer.write(configuration)
        #expect(try reader.configuration() == configuration)
        #expect(try reader.checkpoints.newest(broken: { _, _ in }) == nil)
        withExtendedLifetime(writer) {}
      }
      _ = try RunClaim.open(path)
      #expect(try reader.configuration() == configuration)
    }
  }

  @Test func goingOnWithWhatIsNoRunIsRefused() throws {
    try inTemporaryFolder { folder in
      #expect(#expect(throws: Failure.self) { try RunClaim.open(folder) }?.kind == .missing)
      #expect(#expect(throws: Failure.self) { try RunClaim.open(joinPath(folder, "no")) }?.kind == .missing)
    }
  }

  @Test func theRestOfAKilledProcessIsSweptUp() throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunClaim.create(at: path).write(configuration)
      let rest = joinPath(path, "checkpoints/.000001.json.77.partial")
      try writeFile([1], to: rest)
      _ = try RunClaim.open(path)
      #expect(!fileExists(rest))
    }
  }

  /// The number that is wrong is looked for among all that are there: not by as many readings of the file.
  @Test(.timeLimit(.minutes(1))) func aConfigurationOfManyNumbersIsRefusedAtOnce() throws {
    let file = String(decoding: try RunJSON.encode(configuration), as: UTF8.self)
    func problem(_ fields: Int) -> String {
      let more = (0..<fields).map { "\"a\($0)\":1," }.joined()
      let text = file.replacingOccurrences(of: "\"threads\" : 2,", with: "\"threads\" : 1.5," + more)
      let error = #expect(throws: Failure.self) {
        try RunJSON.decode(RunConfiguration.self, from: Array(text.utf8), source: "config.json")
      }
      return error?.description ?? ""
    }
    #expect(problem(10_000) == "config.json: \"threads\" has a number that isn't possible")
    #expect(problem(20_000).contains("bytes of JSON, at most 131072"))
  }

  @Test(arguments: [
    ("", "it isn't JSON"), ("{", "it isn't JSON"), ("[]", "all of it has the wrong type"),
    ("null", "it isn't a JSON object"), ("{}", "\"version\" is missing"),
    ("\"size\" : 32|\"size\" : \"x\"", "\"training.size\" has the wrong type"),
    ("\"size\" : 32|\"size\" : 48", "--size 48"), ("\"size\" : 32|\"siz\" : 32", "\"training.size\" is missing"),
    ("\"conv-act-norm\"|\"conv-norm\"", "\"training.blockOrder\" has a value that isn't possible"),
    ("\"threads\" : 2|\"threads\" : 0", "--threads 0"),
    ("\"threads\" : 2|\"threads\" : 1.5", "\"threads\" has a number that isn't possible"),
    ("\"size\" : 32|\"size\" : 1e300", "\"training.size\" has a number that isn't possible"),
    ("\"seed\" : 42|\"seed\" : -1", "\"training.seed\" has a number that isn't possible"),
    ("\"size\" : 32|\"size\" : 32, \"depth\" : 3", "\"training.depth\" isn't known"),
    ("\"threads\" : 2|\"threads\" : 2, \"thread\" : 2", "\"thread\" isn't known"),
    ("\"version\" : \"0.|\"version\" : \"9.", "of version 9."),
    ("\"generatorSteps\" : 7|\"x\" : 7", "\"epochs\" is missing"),
  ]) func aBrokenConfigurationIsOneClearLine(change: String, says: String) throws {
    try inTemporaryFolder { folder in
      let path = joinPath(folder, "run")
      try RunClaim.create(at: path).write(configuration)
      let file = joinPath(path, "config.json")
      var text = change
      if let bar = change.firstIndex(of: "|") {
        let old = String(decoding: try readFile(file), as: UTF8.self)
        text = old.replacingOccurrences(of: change[..<bar], with: change[change.index(after: bar)...])
        #expect(text != old)
      }
      try writeFile(Array(text.utf8), to: file)
      let error = #expect(throws: Failure.self) { try RunPaths(path).configuration() }
      #expect(error?.kind == .badData)
      #expect(error?.description.hasPrefix(file) == true)
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
      #expect(error?.description.contains("\n") == false)
    }
  }
}
