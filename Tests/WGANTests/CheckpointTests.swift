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
      #expect(try Checkpoint(at: newest.checkpoint.path, groups: ["critic"]).tensors.map(\.name) == ["critic.w"])
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
      // The next save sweeps up.
      try save(folder, 3)
      #expect(try !folderNames(path).contains("000002.safetensors"))
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
