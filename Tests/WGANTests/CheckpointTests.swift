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
      (training.fraction, training.heldOut, training.phaseAtEpochEnd) = (0.005, 0.2, .cut)
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

  /// The names that are left after so many saves.
  func left(_ path: String) throws -> [String] {
    try folderNames(path).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(".json".count)) }
  }

  /// Those kept for good stay, also when a later part of the run keeps others; each has both files.
  @Test func checkpointsAreKeptForGood() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      func save(_ steps: ClosedRange<Int>, keepEvery: Int) throws {
        for step in steps {
          let plan = CheckpointPlan(every: 1, keepEvery: keepEvery)
          try folder.save(state(step), tensors: tensors(step), configuration: .demo, plan: plan)
          if step == 3 {
            // Between critic steps: not a step of the plan.
            try folder.save(state(step, phase: 2), tensors: tensors(step), configuration: .demo, plan: plan)
          }
        }
      }
      try save(1...10, keepEvery: 3)
      #expect(try left(path) == ["000003", "000006", "000008", "000009", "000010"])
      try save(11...15, keepEvery: 0)
      #expect(try left(path) == ["000003", "000006", "000009", "000013", "000014", "000015"])
      try save(16...21, keepEvery: 10)
      #expect(try left(path) == ["000003", "000006", "000009", "000019", "000020", "000021"])
      #expect(try folder.all() == left(path).map { joinPath(path, $0 + ".safetensors") })
      #expect(try folderNames(path).count == 12)
      // One whose file can't be read may be one of them.
      try writeFile(Array("{".utf8), to: joinPath(path, "000006.json"))
      try save(22...25, keepEvery: 0)
      #expect(try left(path) == ["000003", "000006", "000009", "000020", "000023", "000024", "000025"])
      #expect(try newest(folder) == (25, []))
    }
  }

  /// As people name them, with and without zeros; a number alone also names what Ctrl-C saved behind that step.
  @Test func statesAreFoundByTheirNames() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for (step, phase) in [(3, 0), (3, 2), (4, 1), (4, 2)] {
        try folder.save(
          state(step, phase: phase), tensors: tensors(step), configuration: .demo,
          plan: CheckpointPlan(every: 1, keepEvery: 1))
      }
      func found(_ name: String) throws -> String { try splitPath(folder.file(named: name)).name }
      #expect(try left(path) == ["000003-2", "000003", "000004-1", "000004-2"])
      #expect(try ["3", "000003"].map(found) == ["000003.safetensors", "000003.safetensors"])
      #expect(try ["3-2", "000003-2"].map(found) == ["000003-2.safetensors", "000003-2.safetensors"])
      #expect(try ["4", "4-1"].map(found) == ["000004-2.safetensors", "000004-1.safetensors"])
      for name in ["5", "4-3", "-4", "x", ""] {
        #expect(throws: Failure.self) { try folder.file(named: name) }
      }
    }
  }

  /// One more at most, however often a run that was done goes on.
  @Test func theLastEndIsKept() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      #expect(try folder.markEnd(generatorSteps: 4) == nil)
      for step in 1...12 {
        try save(folder, step)
        if [4, 9].contains(step) { #expect(try folder.markEnd(generatorSteps: step) == "\(step)") }
        // The next save takes the former one away.
        let end = step < 4 ? nil : step <= 9 ? 4 : 9
        let last = Array(max(1, step - 2)...step)
        #expect(try left(path).map { Int($0) } == (end.map { last.contains($0) ? [] : [$0] } ?? []) + last)
      }
      // It's whole, and its bits are those of any state.
      let file = try folder.file(named: "9")
      #expect(try Checkpoint(at: file).state().wasEnd == true)
    }
  }

  /// Of those that were evaluated the one with the least distance stays, however long ago it was.
  @Test func theBestIsKept() throws {
    let distances: [Float?] = [nil, 9, .nan, 5, 7, nil, 5, 6, 8, 8, 3, 4, .infinity, 5]
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      #expect(#expect(throws: Failure.self) { try folder.file(named: "best") }?.kind == .missing)
      var best: (step: Int, distance: Float)?
      for (step, distance) in distances.enumerated() {
        var state = state(step)
        state.distance = distance
        try folder.save(state, tensors: tensors(step), configuration: .demo)
        if let distance, distance.isFinite, distance <= best?.distance ?? .infinity { best = (step, distance) }
        guard let best else { continue }
        #expect(
          try folder.file(named: "best")
            == joinPath(path, (best.step < 10 ? "00000" : "0000") + "\(best.step).safetensors"))
        let last = Array(max(0, step - 2)...step)
        #expect(try left(path).map { Int($0) } == ((last.contains(best.step) ? [] : [best.step]) + last))
      }
      #expect(best?.step == 10)
      #expect(try folder.file(named: "13") == folder.file(named: "000013"))
      let error = #expect(throws: Failure.self) { try folder.file(named: "14") }
      #expect(error?.kind == .missing)
      #expect(error?.description == "\(path): has no checkpoint 14; it has 000010, 000011, 000012, 000013")
    }
  }

  /// A run that is stopped again and again still has the checkpoint of the plan that it would go back to.
  @Test func theLastOneOfThePlanIsKept() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      let plan = CheckpointPlan(every: 10)
      for steps in [10, 20, 21, 22, 23, 24] {
        try folder.save(state(steps), tensors: tensors(steps), configuration: .demo, plan: plan)
      }
      #expect(try left(path) == ["000020", "000022", "000023", "000024"])
      let target = try #require(try folder.newest(of: plan, broken: { _, _ in })).state.position
      #expect(target.generatorSteps == 20)
      try folder.setAside(behind: target)
      #expect(try left(path) == ["000020"])
      #expect(try folderNames(path).contains("000024.safetensors.rolled-back"))
    }
  }

  /// Nothing that isn't finite is written over anything, and nothing is removed for it; read, it is broken.
  @Test(arguments: [Float.nan, .infinity]) func whatIsNotFiniteIsNeitherSavedNorRead(bad: Float) throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...3 { try save(folder, steps) }
      let names = try folderNames(path)
      var poisoned = Array(tensors(3))
      poisoned[1].values[1] = bad
      for steps in [3, 4] {
        let error = #expect(throws: Failure.self) {
          try folder.save(state(steps), tensors: TensorSet(poisoned), configuration: .demo)
        }
        #expect(error?.kind == .diverged && error?.description.contains("tensor critic.w has \(bad)") == true)
      }
      #expect(try folderNames(path) == names)
      #expect(try newest(folder) == (3, []))
      let file = joinPath(path, "000003.safetensors")
      try Safetensors.write(TensorSet(poisoned), metadata: SafetensorsFile(at: file).metadata, to: file)
      #expect(try newest(folder) == (2, ["000003"]))
      let error = #expect(throws: Failure.self) { try Checkpoint(at: file) }
      #expect(error?.kind == .badData)
      #expect(error?.description.hasPrefix("\(file): tensor critic.w has \(bad)") == true)
      // The other net's are none of a sampler's business.
      #expect(try Checkpoint(at: file, groups: { _ in ["generator"] }).tensors.count == 1)
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

  /// A process that was killed when the tensors had their name and the JSON hadn't has saved the state all the same.
  @Test func aSaveThatWasAllButDoneIsCompleted() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...2 { try save(folder, steps) }
      for (name, temporary) in [("000001", ".000002.json.1-a.partial"), ("000002", ".000002.json.1-b.partial")] {
        try renameFile(joinPath(path, name + ".json"), to: joinPath(path, temporary))
      }
      // Half a JSON, and one whose tensors aren't there.
      try writeFile(Array("{".utf8), to: joinPath(path, ".000001.json.1-c.partial"))
      let whole = try readFile(joinPath(path, ".000002.json.1-b.partial"))
      try writeFile(whole, to: joinPath(path, ".000003.json.1-d.partial"))
      folder.completeSaves()
      #expect(try newest(folder) == (2, []))
      #expect(try folder.withoutState() == ["000001.safetensors"])
      #expect(!fileExists(joinPath(path, "000003.json")))
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

  /// Counters that were changed, also to ones that a run can have: the file of tensors says the same ones.
  @Test(arguments: [
    ("\"batch\" : 0", "\"batch\" : 3", "position.batch"), ("\"epoch\" : 0", "\"epoch\" : 3", "position.epoch"),
    ("\"picturesPerEpoch\" : 100", "\"picturesPerEpoch\" : 101", "picturesPerEpoch"),
    ("\"fakeLoss\" : 0.1", "\"fakeLoss\" : 0.2", "fakeLoss"),
    ("\"realLoss\" : \"nan\"", "\"realLoss\" : 1", "realLoss"),
    ("\"dataFingerprint\" : \"f\"", "\"dataFingerprint\" : \"f\", \"rollbacks\" : []", "rollbacks"),
  ]) func aChangedStateIsBroken(old: String, new: String, field: String) throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...2 { try save(folder, steps) }
      let statePath = joinPath(path, "000002.json")
      let text = String(decoding: try readFile(statePath), as: UTF8.self)
      let changed = text.replacingOccurrences(of: old, with: new)
      #expect(changed != text, "\(text)")
      try writeFile(Array(changed.utf8), to: statePath)
      var lines: [String] = []
      #expect(try folder.newest { lines.append($1) }?.state.position.generatorSteps == 1)
      #expect(lines.count == 1 && lines[0].contains("\"\(field)\""), "\(lines)")
      #expect(throws: Failure.self) { try Checkpoint(at: joinPath(path, "000002.safetensors")).state() }
      // A file of an earlier version doesn't say them.
      let file = joinPath(path, "000002.safetensors")
      var metadata = try SafetensorsFile(at: file).metadata
      #expect(metadata.removeValue(forKey: "determined_state") != nil)
      try Safetensors.write(tensors(2), metadata: metadata, to: file)
      #expect(try newest(folder) == (2, []))
    }
  }

  /// What hangs on the clock or on flags that change no number is the JSON's alone.
  @Test func tensorFilesHaveTheSameBitsAtAnyTime() throws {
    try inTemporaryFolder { path in
      var (first, second) = (state(1), state(1))
      (first.seconds, first.distance) = (1, nil)
      (second.seconds, second.distance) = (2, 0.5)
      let files = try [("a", first), ("b", second)].map { name, state in
        let folder = CheckpointFolder(joinPath(path, name))
        try makeFolder(folder.path)
        return try readFile(
          folder.save(
            state, tensors: tensors(1), configuration: .demo, plan: CheckpointPlan(keepEvery: name == "a" ? 0 : 1)))
      }
      #expect(files[0] == files[1])
    }
  }

  /// Where nobody can take a state, it's broken.
  @Test func aStateThatCannotBeUsedIsBroken() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for steps in 1...3 { try save(folder, steps) }
      var broken: [String] = []
      let newest = try folder.newest(
        use: { state, _ in if state.position.generatorSteps > 1 { throw Failure(.badData, "no") } },
        broken: { name, _ in broken.append(name) })
      #expect(newest?.state.position.generatorSteps == 1 && broken == ["000003", "000002"])
      let error = #expect(throws: Failure.self) {
        try folder.newest(use: { _, _ in throw Failure(.badData, "no") }, broken: { _, _ in })
      }
      #expect(error?.kind == .badData && error?.description.contains("--begin-anew") == true)
    }
  }

  /// Tensors that lost their JSON stay when the run comes to the same step again; and so does what is set aside twice.
  @Test func whatIsKeptIsNotWrittenOver() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for round in 1...2 {
        try writeFile([UInt8(round)], to: joinPath(path, "000002.safetensors"))
        removeFile(joinPath(path, "000002.json"))
        for steps in 1...9 { try save(folder, steps) }
        let place = joinPath(path, "000002.safetensors.kept" + (round == 1 ? "" : "-2"))
        #expect(try readFile(place) == [UInt8(round)])
      }
      #expect(try newest(folder) == (9, []))
      for steps in [9, 10] {
        folder.setAside(try #require(left(path).last))
        try save(folder, steps)
        folder.setAside("000009")
      }
      #expect(try folderNames(path).filter { $0.hasPrefix("000009.safetensors.broken") }.count == 2)
    }
  }

  /// Every state that may be the best and can't be read is told of.
  @Test func theBestIsNotTakenInSilence() throws {
    try inTemporaryFolder { path in
      let folder = CheckpointFolder(path)
      for (steps, distance) in [(1, Float(3)), (2, 1), (3, 2)] {
        var state = state(steps)
        state.distance = distance
        try folder.save(state, tensors: tensors(steps), configuration: .demo)
      }
      var lines: [String] = []
      #expect(try folder.file(named: "best", notice: { lines.append($0) }).hasSuffix("000002.safetensors"))
      #expect(lines.isEmpty)
      let file = joinPath(path, "000002.json")
      try writeFile(Array(readFile(file).dropLast(10)), to: file)
      #expect(try folder.file(named: "best", notice: { lines.append($0) }).hasSuffix("000003.safetensors"))
      #expect(lines.count == 1 && lines[0].contains(file) && lines[0].contains("left out"))
    }
  }
}
