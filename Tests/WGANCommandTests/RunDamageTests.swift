import Foundation
import SystemSupport
import TestSupport
import Testing

/// What another program, or another person, may do to a run's folder.
extension RunTests {
  /// The lines of standard error that aren't the run's usual ones.
  private func problems(_ result: Tool.Result) -> [Substring] {
    result.errorLines.filter { line in ["broken", "missing", "damaged", "wgan: "].contains { line.contains($0) } }
  }

  /// A run in `run` of 20 steps, with the checkpoints 000010, 000015 and 000020.
  private func trainTwenty(in folder: String, _ flags: [String] = []) throws {
    try succeed(
      ["train", "--out", "run", "--generator-steps", "20", "--checkpoint-every", "5", "--sample-every", "0"]
        + Tool.tiny + flags, in: folder)
  }

  private func resume(to steps: Int, in folder: String) throws -> Tool.Result {
    try Tool.run(["train", "--out", "run", "--resume", "--generator-steps", "\(steps)"], in: folder)
  }

  private func edit(_ path: String, _ old: String, _ new: String, location: SourceLocation = #_sourceLocation) throws {
    let text = String(decoding: try readFile(path), as: UTF8.self)
    let changed = text.replacing(old, with: new)
    #expect(changed != text, "\(text)", sourceLocation: location)
    try writeFile(Array(changed.utf8), to: path)
  }

  /// Another run begins where this one's folder was: it gets nothing of it.
  @Test(arguments: [["--checkpoint-every", "50"], ["--sample-every", "50"]])
  func aRunWhoseFolderWasMovedEnds(flags: [String]) throws {
    try inTemporaryFolder { folder in
      let process = try startLongRun(Tool.tiny + flags, in: folder)
      try wait("some steps") { fileExists(folder / "run/metrics.csv") }
      for part in ["checkpoints", "samples"] { try makeFolder(folder / "other" / part) }
      try renameFile(folder / "run", to: folder / "run_old")
      try renameFile(folder / "other", to: folder / "run")
      try wait("its end") { !process.isRunning }
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 73)
      let log = String(decoding: try readFile(folder / "log"), as: UTF8.self)
      let lines = log.split(separator: "\n").filter { $0.hasPrefix("wgan: ") || $0.contains("isn't written") }
      #expect(lines.count == 1, "\(log)")
      #expect(try folderNames(folder / "run") == ["checkpoints", "samples"])
      for part in ["checkpoints", "samples"] { #expect(try folderNames(folder / "run" / part).isEmpty) }
    }
  }

  /// A checkpoint that holds something else than the run's tensors is one that is damaged.
  @Test func aCheckpointOfOtherTensorsIsBroken() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder)
      let checkpoints = folder / "run/checkpoints"
      try succeed(["export", "--run", "run", "--format", "safetensors", "--out", "g"], in: folder)
      let exported = try readFile(folder / "g")
      try writeFile(exported, to: checkpoints / "000020.safetensors")
      let grid = try succeed(["generate", "--run", "run", "--grid", "grid.png"], in: folder)
      #expect(grid.errorLines.count == 1 && grid.errors.contains("the one before it is taken"), "\(grid)")
      let resumed = try resume(to: 21, in: folder)
      #expect(resumed.code == 0 && resumed.errors.contains("goes on after generator step 15"), "\(resumed)")
      #expect(problems(resumed).count == 1 && resumed.errors.contains("the one before it is taken"), "\(resumed)")
      #expect(try readFile(checkpoints / "000020.safetensors.broken") == exported)
      // None is left: what mends it is said, and does.
      let states = try folderNames(checkpoints).filter { $0.hasSuffix(".safetensors") }
      for name in states { try writeFile(exported, to: checkpoints / name) }
      let refused = try resume(to: 22, in: folder)
      #expect(refused.code == 65 && refused.errorLines.count == states.count, "\(refused)")
      #expect(!refused.errors.contains("is taken") && refused.errors.contains("--begin-anew"), "\(refused)")
      try succeed(["train", "--out", "run", "--resume", "--begin-anew", "--generator-steps", "2"], in: folder)
    }
  }

  /// However many are broken, what is taken is said once; of `best`, too.
  @Test func whatIsTakenInsteadIsSaidOnce() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder, ["--evaluate-every", "5"])
      let checkpoints = folder / "run/checkpoints"
      let best = try succeed(["generate", "--run", "run", "--checkpoint", "best", "--grid", "a.png"], in: folder)
      #expect(best.errors.isEmpty, "\(best)")
      let states = try folderNames(checkpoints).filter { $0.hasSuffix(".json") }
      for name in states.dropFirst() {
        try writeFile(Array(readFile(checkpoints / name).dropLast(10)), to: checkpoints / name)
      }
      let other = try succeed(["generate", "--run", "run", "--checkpoint", "best", "--grid", "b.png"], in: folder)
      #expect(other.errorLines.count == states.count - 1, "\(other)")
      #expect(other.errorLines.allSatisfy { $0.contains("broken and left out") }, "\(other)")
      let newest = try succeed(["generate", "--run", "run", "--grid", "c.png"], in: folder)
      #expect(newest.errorLines.count == states.count - 1, "\(newest)")
      #expect(newest.errorLines.count { $0.contains("is taken") } == 1, "\(newest)")
      let resumed = try resume(to: 21, in: folder)
      #expect(resumed.code == 0 && problems(resumed).count == states.count - 1, "\(resumed)")
      #expect(problems(resumed).count { $0.contains("is taken") } == 1, "\(resumed)")
    }
  }

  @Test func aTableWithoutALineIsKept() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder)
      let csv = folder / "run/metrics.csv"
      let rows = try readFile(csv)
      try writeFile(rows.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: "\r") : $0 }, to: csv)
      let same = try resume(to: 21, in: folder)
      #expect(same.code == 0 && problems(same).isEmpty, "\(same)")
      #expect(try readFile(csv).starts(with: rows) && !fileExists(csv + ".damaged"))
      try writeFile(Array("a word".utf8), to: csv)
      let lost = try resume(to: 22, in: folder)
      #expect(lost.errors.contains("1 to 21 are missing; the file as it was is run/metrics.csv.damaged"), "\(lost)")
      #expect(try readFile(csv + ".damaged") == Array("a word".utf8))
    }
  }

  /// Files that are taken away while the run trains are there again at its next checkpoint, and that is told.
  @Test func filesThatAreTakenAwayAreWrittenAgain() throws {
    try inTemporaryFolder { folder in
      let process = try startLongRun(Tool.tiny, in: folder)
      let csv = folder / "run/metrics.csv"
      try wait("some steps") { try fileExists(csv) && readFile(csv).count { $0 == UInt8(ascii: "\n") } > 3 }
      try writeFile(Array("step\n".utf8), to: csv)
      let config = try readFile(folder / "run/config.json")
      removeFile(folder / "run/config.json")
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 130)
      let log = String(decoding: try readFile(folder / "log"), as: UTF8.self)
      for words in ["the other file is run/metrics.csv.damaged", "run/config.json: was removed"] {
        #expect(log.components(separatedBy: words).count == 2, "\(log)")
      }
      #expect(try readFile(folder / "run/config.json") == config)
      #expect(try readFile(csv + ".damaged") == Array("step\n".utf8))
      let steps = try metrics(folder / "run").dropFirst().map { $0[0] }
      #expect(steps.count > 3 && steps == (1...steps.count).map(String.init))
      let resumed = try succeed(["train", "--out", "run", "--resume", "--generator-steps", "1"], in: folder)
      #expect(problems(resumed).isEmpty, "\(resumed)")
    }
  }

  /// Counters are in both files of a checkpoint.
  @Test func aChangedCounterIsNamed() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder)
      let state = folder / "run/checkpoints/000020.json"
      let text = String(decoding: try readFile(state), as: UTF8.self)
      let epoch = try #require(text.firstMatch(of: /"epoch" : (\d+)/)?.0)
      try edit(state, String(epoch), "\"epoch\" : 77")
      let resumed = try resume(to: 21, in: folder)
      #expect(resumed.code == 0 && resumed.errors.contains("goes on after generator step 15"), "\(resumed)")
      #expect(problems(resumed).count == 1 && resumed.errors.contains("\"position.epoch\""), "\(resumed)")
    }
  }

  /// "It's kept" is true, also when the run comes to that step again.
  @Test func tensorsWithoutTheirStateStay() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder)
      let file = folder / "run/checkpoints/000020.safetensors"
      let bytes = try readFile(file) + [0]
      try writeFile(bytes, to: file)
      removeFile(folder / "run/checkpoints/000020.json")
      let resumed = try resume(to: 60, in: folder)
      #expect(resumed.code == 0 && resumed.errors.contains("it's kept"), "\(resumed)")
      #expect(try readFile(file + ".kept") == bytes)
    }
  }

  /// What a run says that goes on with it does, whatever the folder is called.
  @Test(arguments: ["-x", "a b", "\u{1b}[31mred\nline"]) func theLineThatGoesOnCanBePasted(name: String) throws {
    try inTemporaryFolder { folder in
      try writeFile([], to: folder / "log")
      let log = try #require(FileHandle(forWritingAtPath: folder / "log"))
      let process = try Tool.start(
        ["train", "--out=\(name)", "--generator-steps", "50000"] + Tool.tiny, in: folder,
        output: FileHandle.nullDevice, errors: log)
      try wait("some steps") { fileExists(folder / name / "metrics.csv") }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      let lines = String(decoding: try readFile(folder / "log"), as: UTF8.self).components(separatedBy: "\n")
      let place = try #require(lines.lastIndex { $0 == "go on with:" })
      let command = lines[place + 1]
      #expect(command.hasPrefix("  " + Tool.path))
      let pasted = try Tool.run(["-c", "\(command) --generator-steps 1"], in: folder, program: "/bin/bash")
      #expect(pasted.code == 0, "\(pasted)")
      #expect(try metrics(folder / name).count > 1)
    }
  }

  /// What is wrong in config.json is named, in a line that can be read.
  @Test func aChangedConfigurationIsNamed() throws {
    try inTemporaryFolder { folder in
      try trainTwenty(in: folder)
      let config = folder / "run/config.json"
      let whole = try readFile(config)
      let before = try folderNames(folder / "run/checkpoints")
      func refuse(_ words: String) throws {
        let result = try resume(to: 21, in: folder)
        #expect(result.code == 65 && result.errorLines.count == 1 && result.errors.utf8.count < 500, "\(result.code)")
        #expect(result.errors.contains(words), "\(result.errors.prefix(500))")
      }
      try edit(config, "\"criticSteps\" : 5", "\"criticSteps\" : 4")
      try refuse(
        "isn't the configuration that run/checkpoints/000020.safetensors was trained with: "
          + "\"training.criticSteps\" is 4, it was 5")
      #expect(try folderNames(folder / "run/checkpoints") == before)
      try writeFile(whole, to: config)
      try edit(config, "\"threads\" :", "\"\(String(repeating: "x", count: 100_000))\" : 1, \"threads\" :")
      try refuse("xx…xx")
      try writeFile(whole, to: config)
      try edit(config, "\"version\" : \"", "\"version\" : \"9\(String(repeating: "9", count: 100_000)).")
      try refuse("99…99")
      try writeFile(Array("[]".utf8), to: config)
      try refuse("all of it has the wrong type")
      try writeFile(whole, to: config)
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "21"], in: folder)
    }
  }
}
