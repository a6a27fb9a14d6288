import Configuration
import TestSupport
import Training
import TensorFiles
import SystemSupport
import Foundation
import Testing
import WGAN

@Suite struct CheckpointTests {
  func state(_ steps: Int, phase: Int = 0) -> CheckpointState {
    var position = RunPosition()
    position.generatorSteps = steps
    position.criticStepsInPhase = phase
    position.criticSteps = 5 * steps + phase
    return CheckpointState(
      position: position, seconds: 1.5, picturesPerEpoch: 100, dataFingerprint: "f",
      criticLosses: CriticLosses(real: .nan, fake: 0.1))
  }

  func tensors(_ value: Int) -> TensorSet {
    TensorSet(["generator.w", "critic.w"].map { NamedTensor(name: $0, shape: [2], values: [Float(value), 1]) })
  }

  func save(_ folder: CheckpointFolder, _ steps: Int, phase: Int = 0) throws {
    try folder.save(state(steps, phase: phase), tensors: tensors(steps), configuration: .demo)
  }

  /// The newest state's steps, and the names of those that were refused.
  func newest(_ folder: CheckpointFolder) throws -> (Int?, [String]) {
    var broken: [String] = []
    let newest = try folder.newest { name, line in
      broken.append(name)
      #expect(!line.contains("\n"))
    }
    if let newest { #expect(newest.checkpoint.tensors[0].values[0] == Float(newest.state.position.generatorSteps)) }
    return (newest?.state.position.generatorSteps, broken)
  }

  @Test func theStateComesBackWhole() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      #expect(try folder.newest(broken: { _, _ in }) == nil)
      try save(folder, 500, phase: 3)
      let newest = try #require(try folder.newest(broken: { _, _ in }))
      #expect(newest.state.position == state(500, phase: 3).position)
      #expect(newest.state.realLoss.isNaN && newest.state.fakeLoss == 0.1)
      #expect(newest.state.seconds == 1.5 && newest.state.picturesPerEpoch == 100)
      #expect(newest.state.version == wganVersion)
      #expect(newest.checkpoint.provenance.configuration == .demo)
      #expect(newest.checkpoint.tensors == tensors(500))
      #expect(
        try Checkpoint(at: newest.checkpoint.path, groups: { _ in ["critic"] }).tensors.map(\.name) == ["critic.w"])
    }
  }

  /// The two files as version 0.1.0 wrote them. Its runs go on: random numbers are keyed by the counters here, whatever
  /// version draws them.
  @Test func theFirstVersionsCheckpointsAreRead() throws {
    let state = """
      {
        "dataFingerprint" : "6169b759ab8e5dde", "fakeLoss" : 0.0015717853, "picturesPerEpoch" : 43,
        "position" : {
          "batch" : 3, "criticSteps" : 6, "criticStepsInPhase" : 0, "epoch" : 1, "generatorSteps" : 2
        },
        "realLoss" : -0.026787668, "seconds" : 0.110012548, "version" : "0.1.0"
      }
      """
    let configuration = """
      {
        "adamBeta1" : 0.5, "adamBeta2" : 0.999, "algorithm" : "auto", "batchSize" : 8, "blockOrder" : "conv-act-norm",
        "channels" : 3, "clipLower" : -0.01, "clipTime" : "before-step", "clipUpper" : 0.01, "criticFeatures" : 16,
        "criticLearningRate" : 0.0002, "criticNet" : "dcgan", "criticNoiseBatch" : "real", "criticNorm" : true,
        "criticSteps" : 5, "crop" : "random", "extraLayers" : 0, "fraction" : 0.005, "generatorExtra" : "transposed",
        "generatorFeatures" : 16, "generatorLearningRate" : 0.0002, "generatorNet" : "dcgan", "generatorNorm" : true,
        "heldOut" : 0.2, "initialisation" : "pytorch", "latent" : 100, "optimizer" : "rmsprop", "preset" : "demo",
        "samplingStatistics" : "running", "seed" : 42, "size" : 32, "warmUpCriticSteps" : 100, "warmUpEvery" : 0,
        "warmUpGeneratorSteps" : 0
      }
      """
    try inTemporaryFolder { path in
      try writeFile(Array(state.utf8), to: joinPath(path, "000002.json"))
      try Safetensors.write(
        tensors(2),
        metadata: [
          "configuration": configuration, "critic_steps": "6", "format": "wgan", "generator_steps": "2",
          "version": "0.1.0",
        ], to: joinPath(path, "000002.safetensors"))
      let newest = try #require(
        try CheckpointFolder(path).newest(broken: { _, line in Issue.record("\(line)") }))
      var position = RunPosition()
      (position.epoch, position.batch, position.criticSteps, position.generatorSteps) = (1, 3, 6, 2)
      var expected = CheckpointState(
        position: position, seconds: 0.110012548, picturesPerEpoch: 43, dataFingerprint: "6169b759ab8e5dde",
        criticLosses: CriticLosses(real: -0.026787668, fake: 0.0015717853))
      expected.version = "0.1.0"
      #expect(newest.state == expected)
      var training = TrainingConfiguration.demo
      (training.batchSize, training.criticFeatures, training.generatorFeatures) = (8, 16, 16)
      (training.fraction, training.heldOut) = (0.005, 0.2)
      #expect(newest.checkpoint.provenance.configuration == training)
      #expect(newest.checkpoint.tensors == tensors(2))
    }
  }

  @Test func theLastThreeAreKept() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in [8, 9, 10, 999_999] { try save(folder, steps) }
      try save(folder, 999_999, phase: 2)
      try save(folder, 1_000_000)
      #expect(
        try folderNames(path)
          == ["1000000", "999999", "999999-2"].flatMap { ["\($0).json", "\($0).safetensors"] }
          .sorted())
      #expect(try newest(folder) == (1_000_000, []))
    }
  }

  @Test func halfWrittenStatesAreNotTakenForStates() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      try save(folder, 1)
      try writeFile([1, 2, 3], to: joinPath(path, "000002.safetensors"))
      try writeFile([1, 2, 3], to: joinPath(path, ".000002.json.123.partial"))
      #expect(try newest(folder) == (1, []))
      // Somebody may have removed the JSON, and these are all that is left: they are named, and stay.
      #expect(try folder.withoutState() == ["000002.safetensors"])
      for steps in 3...9 { try save(folder, steps) }
      #expect(try folder.withoutState() == ["000002.safetensors"])
      #expect(try readFile(joinPath(path, "000002.safetensors")) == [1, 2, 3])
    }
  }

  /// A bit of a tensor that has turned: found, named, and the state before is taken.
  @Test func aDamagedTensorIsFound() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...2 { try save(folder, steps) }
      let file = joinPath(path, "000002.safetensors")
      var bytes = try readFile(file)
      bytes[bytes.count - 1] ^= 1
      try writeFile(bytes, to: file)
      var lines: [String] = []
      #expect(try folder.newest { lines.append($1) }?.state.position.generatorSteps == 1)
      #expect(lines.count == 1 && lines[0].contains("critic.w") && lines[0].contains(file))
    }
  }

  /// That a file can't be read now doesn't mean that it's damaged: nothing is taken instead, nothing renamed.
  @Test(arguments: ["safetensors", "json"]) func unreadableIsNotBroken(part: String) throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...2 { try save(folder, steps) }
      // A link to itself: root may read everything else.
      let file = joinPath(path, "000002.\(part)")
      try renameFile(file, to: joinPath(path, "away"))
      symlink(file, file)
      let error = #expect(throws: Failure.self) { try newest(folder) }
      #expect(error?.kind == .inputOutput && error?.description.contains("can't be read") == true)
      removeFile(file)
      try renameFile(joinPath(path, "away"), to: file)
      #expect(try newest(folder) == (2, []))
    }
  }

  @Test func aBrokenStateIsToldAndTheOneBeforeTaken() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...3 { try save(folder, steps) }
      let cut = try readFile(joinPath(path, "000003.safetensors")).dropLast(3)
      try writeFile(Array(cut), to: joinPath(path, "000003.safetensors"))
      #expect(try newest(folder) == (2, ["000003"]))
      try writeFile(Array("{\"position\": 3".utf8), to: joinPath(path, "000002.json"))
      #expect(try newest(folder) == (1, ["000003", "000002"]))
      folder.setAside("000003")
      #expect(try newest(folder) == (1, ["000002"]))
      // One step's JSON beside another's tensors.
      try writeFile(try readFile(joinPath(path, "000001.safetensors")), to: joinPath(path, "000002.safetensors"))
      try save(folder, 4)
      try writeFile(try readFile(joinPath(path, "000001.safetensors")), to: joinPath(path, "000004.safetensors"))
      #expect(try newest(folder) == (1, ["000004", "000002"]))
    }
  }

  @Test func noneWholeIsAnError() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      try save(folder, 1)
      try writeFile([], to: joinPath(path, "000001.safetensors"))
      #expect(#expect(throws: Failure.self) { try newest(folder) }?.kind == .badData)
    }
  }

  @Test func impossibleCountersAreRefused() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      try save(folder, 1)
      let statePath = joinPath(path, "000001.json")
      let text = String(decoding: try readFile(statePath), as: UTF8.self)
      for value in ["-1", "9223372036854775807", "1e300", "\"x\"", "null"] {
        let changed = text.replacingOccurrences(of: "\"batch\" : 0", with: "\"batch\" : \(value)")
        #expect(changed != text)
        try writeFile(Array(changed.utf8), to: statePath)
        #expect(throws: Failure.self) { try newest(folder) }
      }
    }
  }

  /// Every field that a file may have wrong is named; none is counted on before it's checked.
  @Test(arguments: [
    ("\"seconds\" : 1.5", "\"seconds\" : 1e300", "\"seconds\""),
    ("\"seconds\" : 1.5", "\"seconds\" : \"nan\"", "\"seconds\""),
    ("\"seconds\" : 1.5", "\"seconds\" : -1", "\"seconds\""),
    ("\"seconds\" : 1.5", "\"seconds\" : 1e999", "\"seconds\""),
    ("\"picturesPerEpoch\" : 100", "\"picturesPerEpoch\" : -1", "\"picturesPerEpoch\""),
    ("\"picturesPerEpoch\" : 100", "\"picturesPerEpoch\" : 1e300", "\"picturesPerEpoch\""),
    ("\"picturesPerEpoch\" : 100", "\"picturesPerEpoch\" : 1.5", "\"picturesPerEpoch\""),
    ("\"epoch\" : 0", "\"epoch\" : 99999999999999999999", "\"position.epoch\""),
    ("\"criticSteps\" : 5", "\"criticSteps\" : 7", "another state"),
    ("\"criticStepsInPhase\" : 0", "\"criticStepsInPhase\" : 6", "\"position.criticStepsInPhase\""),
    ("\"fakeLoss\" : 0.1", "\"fakeLoss\" : 1e39", "\"fakeLoss\""),
    ("\"fakeLoss\" : 0.1", "\"fakeLoss\" : [", "isn't JSON"),
  ]) func anImpossibleFieldIsNamed(old: String, new: String, says: String) throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      try save(folder, 1)
      let statePath = joinPath(path, "000001.json")
      let text = String(decoding: try readFile(statePath), as: UTF8.self)
      let changed = text.replacingOccurrences(of: old, with: new)
      #expect(changed != text, "\(text)")
      try writeFile(Array(changed.utf8), to: statePath)
      let error = #expect(throws: Failure.self) { try newest(folder) }
      #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }
  }

  @Test func anotherSafetensorsFileIsNotACheckpoint() throws {
    try inTemporaryFolder { path in
      let file = joinPath(path, "x.safetensors")
      try Safetensors.write(tensors(1), metadata: [:], to: file)
      #expect(#expect(throws: Failure.self) { try Checkpoint(at: file) }?.kind == .badData)
      try Safetensors.write(
        tensors(1), metadata: ["configuration": "{}", "generator_steps": "1"], to: file)
      #expect(#expect(throws: Failure.self) { try Checkpoint(at: file) }?.kind == .badData)
    }
  }
}
