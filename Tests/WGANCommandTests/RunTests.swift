import TestSupport
import SystemSupport
import Foundation
import Images
import Testing

/// Whole runs of the tool.
@Suite struct RunTests {
  /// metrics.csv without the seconds, which no two runs share.
  func metrics(_ run: String) throws -> [[String]] {
    String(decoding: try readFile(run / "metrics.csv"), as: UTF8.self).split(separator: "\n").map { line in
      var fields = line.components(separatedBy: ",")
      fields.remove(at: 2)
      return fields
    }
  }

  func expectSameRun(_ a: String, _ b: String, step: String, location: SourceLocation = #_sourceLocation) throws {
    for file in ["checkpoints/\(step).safetensors", "samples/\(step).png", "real.png"] {
      let same = try readFile(a / file) == readFile(b / file)
      #expect(same, "\(file) differs", sourceLocation: location)
    }
    #expect(try metrics(a) == metrics(b), sourceLocation: location)
  }

  @Test func aRunLeavesWhatItPromises() throws {
    try inTemporaryFolder { folder in
      let result = try succeed(
        ["train", "--out", "run", "--epochs", "2", "--sample-every", "3", "--checkpoint-every", "2"] + Tool.tiny,
        in: folder)
      // Progress isn't a result, and nothing but a terminal gets control characters.
      #expect(result.output.isEmpty)
      #expect(!result.errors.contains("\r") && !result.errors.contains("\u{1b}"))
      let losses = result.errorLines.filter { $0.hasPrefix("epoch ") }
      #expect(losses.count == 2)
      #expect(losses.allSatisfy { line in ["d_loss", "g_loss", "real_loss", "fake_loss"].allSatisfy(line.contains) })
      let run = folder / "run"
      #expect(
        try folderNames(run) == [
          "checkpoints", "config.json", "curves.svg", "final.png", "metrics.csv", "pictures.txt", "real.png", "samples",
        ])
      let rows = try metrics(run)
      #expect(
        rows[0] == [
          "step", "epoch", "d_loss", "g_loss", "real_loss", "fake_loss", "wasserstein", "at_bound",
          "variance_below_eps", "rollbacks", "held_out_d_loss", "held_out_wasserstein", "swd_16", "swd", "duplicates",
        ])
      #expect(rows.dropFirst().map(\.[0]) == (1..<rows.count).map(String.init))
      #expect(rows.last?[1] == "2")
      let samples = try folderNames(run / "samples")
      #expect(samples.first == "000003.png")
      #expect(result.errorLines.contains("samples: run/final.png"))
      let gallery = try PictureDecoder.information(path: run / "samples" / samples[0])
      #expect(gallery.width == 8 * 18 + 2 && gallery.height == gallery.width)
      let real = try PictureDecoder.information(path: run / "real.png")
      #expect(real.width == 4 * 18 + 2 && real.height == 3 * 18 + 2)
      #expect(try folderNames(run / "checkpoints").count <= 6)
    }
  }

  @Test func tenStepsAreFourAndSix() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "whole", "--generator-steps", "10"] + Tool.tiny, in: folder)
      try succeed(["train", "--out", "parts", "--generator-steps", "4"] + Tool.tiny, in: folder)
      // Other threads and other pauses change nothing.
      try succeed(
        [
          "train", "--out", "parts", "--resume", "--generator-steps", "10", "--threads", "2", "--checkpoint-every", "1",
        ],
        in: folder)
      try expectSameRun(folder / "whole", folder / "parts", step: "000010")
      // What the first part had come to is there, for who likes it better.
      try succeed(["generate", "--run", "parts", "--checkpoint", "4", "--grid", "before.png"], in: folder)
      let again = try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "10"], in: folder)
      #expect(again.errors.contains("nothing left to do"))
      // Nor does the file of a run that is longer than what is asked for say that it's shorter.
      let config = try readFile(folder / "parts/config.json")
      let shorter = try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "7"], in: folder)
      #expect(shorter.errors.contains("nothing left to do"))
      #expect(try readFile(folder / "parts/config.json") == config)
      try expectSameRun(folder / "whole", folder / "parts", step: "000010")
    }
  }

  /// Takes the newest checkpoints of a run away, as if it had been stopped there.
  func rewind(_ run: String, behind step: String) throws {
    for name in try folderNames(run / "checkpoints") where name.prefix(6) > step {
      removeFile(run / "checkpoints" / name)
    }
  }

  /// An averaged generator, an optimizer for each net and rates that decay: in two parts as in one, to the last bit.
  /// Galleries are the averaged generator's; the live one can be had; so can both as files.
  @Test func anAveragedRunGoesOnExactly() throws {
    try inTemporaryFolder { folder in
      let flags =
        [
          "--ema", "0.9", "--decay", "cosine", "--decay-to", "0.1", "--critic-optimizer", "adam",
          "--critic-adam-beta1", "0", "--generator-steps", "6", "--checkpoint-every", "1", "--learning-rate", "1e-3",
        ] + Tool.tiny
      for run in ["whole", "parts"] { try succeed(["train", "--out", run] + flags, in: folder) }
      try rewind(folder / "parts", behind: "000004")
      let resumed = try succeed(["train", "--out", "parts", "--resume", "--threads", "2"], in: folder)
      #expect(resumed.errors.contains("goes on after generator step 4"))
      try expectSameRun(folder / "whole", folder / "parts", step: "000006")

      try succeed(["generate", "--run", "whole", "--grid", "averaged.png"], in: folder)
      try succeed(["generate", "--run", "whole", "--live-generator", "--grid", "live.png"], in: folder)
      let (averaged, live) = try (readFile(folder / "averaged.png"), readFile(folder / "live.png"))
      #expect(try averaged == readFile(folder / "whole/samples/000006.png") && averaged != live)
      for (name, flags, picture) in [("averaged", [], averaged), ("live", ["--live-generator"], live)] {
        let export = ["export", "--run", "whole", "--format"]
        try succeed(export + ["safetensors", "--force", "--out", "g.safetensors"] + flags, in: folder)
        try succeed(["generate", "--force", "--generator", "g.safetensors", "--grid", "again.png"], in: folder)
        #expect(try readFile(folder / "again.png") == picture)
        try succeed(export + ["onnx", "--out", "\(name).onnx"] + flags, in: folder)
      }
      #expect(try readFile(folder / "averaged.onnx") != readFile(folder / "live.onnx"))
      let inspected = try succeed(["inspect", "--run", "whole"], in: folder).output
      #expect(inspected.contains("averaged generator (--ema 0.9)") && inspected.contains("  averaged generator "))
      // Another end is another decay; and what the run has can't be changed.
      try rewind(folder / "parts", behind: "000005")
      try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "7"], in: folder)
      let same = try metrics(folder / "parts")[6] == metrics(folder / "whole")[6]
      #expect(!same)
      let other = try Tool.run(["train", "--out", "parts", "--resume", "--ema", "0.5"], in: folder)
      #expect(other.code == 64 && other.errors.contains("--ema 0.5") && other.errors.contains("has 0.9"))
    }
  }

  /// A run of before there were averages: it goes on without, and is drawn from as ever.
  @Test func aRunWithoutAnAverageGoesOn() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "whole", "--generator-steps", "4"] + Tool.tiny, in: folder)
      try succeed(["train", "--out", "old", "--generator-steps", "2"] + Tool.tiny, in: folder)
      let config = folder / "old/config.json"
      let later = [
        "ema", "decay", "decayTo", "penaltyDecayTo", "generatorOptimizer", "generatorAdamBeta1", "generatorAdamBeta2",
      ]
      let text = String(decoding: try readFile(config), as: UTF8.self).split(separator: "\n")
        .filter { line in !later.contains { line.contains("\"\($0)\"") } }.joined(separator: "\n")
        .replacing("\"criticOptimizer\"", with: "\"optimizer\"")
        .replacing("\"criticAdamBeta", with: "\"adamBeta")
      try writeFile(Array(text.utf8), to: config)
      try succeed(["train", "--out", "old", "--resume", "--generator-steps", "4"], in: folder)
      try expectSameRun(folder / "whole", folder / "old", step: "000004")
      try succeed(["generate", "--run", "old", "--grid", "a.png"], in: folder)
      try succeed(["generate", "--run", "old", "--live-generator", "--grid", "b.png"], in: folder)
      #expect(try readFile(folder / "a.png") == readFile(folder / "b.png"))
    }
  }

  /// A time becomes generator steps, which are told and kept: the run is the one of so many steps.
  @Test func aTimeBecomesGeneratorSteps() throws {
    try inTemporaryFolder { folder in
      // Steps of some milliseconds, so that a second has some tens or hundreds.
      let flags = ["--preset", "blog", "--size", "32", "--features", "64", "--batch-size", "32", "--decay", "linear"]
      let rest = ["--data", "synthetic", "--latent", "8", "--fraction", "0.005", "--threads", "1"] + flags
      let result = try succeed(["train", "--out", "run", "--for", "1s", "--sample-every", "0"] + rest, in: folder)
      let told = try #require(
        result.errors.firstMatch(of: /1 second is about ([0-9,]+) generator steps on this machine/)
      ).output.1
      let steps = try #require(Int(told.filter { $0 != "," }))
      let config = String(decoding: try readFile(folder / "run/config.json"), as: UTF8.self)
      #expect(config.contains("\"generatorSteps\" : \(steps)") && !config.contains("epochs"))
      #expect(try metrics(folder / "run").count == steps + 1)
      try succeed(
        ["train", "--out", "same", "--generator-steps", "\(steps)", "--sample-every", "0"] + rest, in: folder)
      let name = String(repeating: "0", count: 6 - String(steps).count) + String(steps)
      try expectSameRun(folder / "run", folder / "same", step: name)
      // More of it is counted from there.
      let more = try succeed(["train", "--out", "run", "--resume", "--for", "1s"], in: folder)
      let end = try #require(more.errors.firstMatch(of: /on this machine, up to step ([0-9,]+)/)).output.1
      #expect(try metrics(folder / "run").count - 1 == Int(end.filter { $0 != "," }))

      let dry = try succeed(["train", "--dry-run", "--for", "1h"] + rest, in: folder).output
      let values = flagValues(dry)
      #expect(values["--for"] == "1h, on this machine:" && values["--generator-steps"] != nil)
      for words in ["falling over the run", "half-way", "--resume with another length"] {
        #expect(dry.contains(words), "\(words) in \(dry)")
      }
      #expect(dry.firstMatch(of: /critic's learning rate +5e-05 +2.5e-05 +0\n/) != nil)
    }
  }

  /// A look at held-out pictures is a look: the run with and without it is the same run, but for its columns.
  @Test func evaluationIsOnlyItsColumns() throws {
    try inTemporaryFolder { folder in
      for every in ["0", "1", "3"] {
        try succeed(
          ["train", "--out", "run\(every)", "--generator-steps", "7", "--evaluate-every", every] + Tool.tiny, in: folder
        )
      }
      let rows = try ["0", "1", "3"].map { try metrics(folder / "run\($0)") }
      for (number, every) in [(1, 1), (2, 3)] {
        for file in ["checkpoints/000007.safetensors", "samples/000007.png"] {
          let same = try readFile(folder / "run0" / file) == readFile(folder / "run\(every)" / file)
          #expect(same, "\(file) differs")
        }
        #expect(rows[number].map { $0.dropLast(5) } == rows[0].map { $0.dropLast(5) })
        for (step, row) in rows[number].enumerated().dropFirst() {
          #expect(row.suffix(5).allSatisfy { (Float($0) != nil) == (step % every == 0) }, "row \(step)")
        }
        #expect(rows[number][3].suffix(3) == rows[1][3].suffix(3))
        let curves = String(decoding: try readFile(folder / "run\(every)/curves.svg"), as: UTF8.self)
        #expect(curves.contains("(swd)"))
      }
      #expect(rows[0].dropFirst().allSatisfy { $0.suffix(3) == ["", "", ""] })
      // It can begin later, and with none held out there is nothing to look at.
      try succeed(
        ["train", "--out", "run0", "--resume", "--generator-steps", "9", "--evaluate-every", "2"], in: folder)
      #expect(try metrics(folder / "run0").map(\.last).filter { $0 != "" }.count == 2)
      try succeed(["train", "--out", "none", "--generator-steps", "1", "--held-out", "0"] + Tool.tiny, in: folder)
    }
  }

  @Test func galleriesComeAsOftenAsAsked() throws {
    try inTemporaryFolder { folder in
      for (every, expected) in [("0", ["000004"]), ("1", ["000001", "000002", "000003", "000004"])] {
        try succeed(
          ["train", "--out", "run\(every)", "--generator-steps", "4", "--sample-every", every] + Tool.tiny, in: folder)
        #expect(try folderNames(folder / "run\(every)/samples") == expected.map { $0 + ".png" })
      }
    }
  }

  /// The authors' preset, in two parts: block order, initial values, warm-up phases and samples with the batch's
  /// statistics are part of the state's names and of the schedule, so nothing may depend on where it was cut.
  @Test(arguments: ["original", "paper", "fastai"]) func presetsTrainAndGoOn(preset: String) throws {
    try inTemporaryFolder { folder in
      let flags = Tool.tiny(preset: preset)
      try succeed(["train", "--out", "whole", "--generator-steps", "5"] + flags, in: folder)
      try succeed(["train", "--out", "parts", "--generator-steps", "2"] + flags, in: folder)
      try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "5"], in: folder)
      try expectSameRun(folder / "whole", folder / "parts", step: "000005")
      try succeed(["generate", "--run", "whole", "--grid", "grid.png"], in: folder)
      #expect(try readFile(folder / "grid.png") == readFile(folder / "whole/samples/000005.png"))
    }
  }

  /// Runs, checkpoints and scripts of version 0.1 call the preset blog by its name of then.
  @Test func aRunWithAFormerPresetNameGoesOn() throws {
    try inTemporaryFolder { folder in
      func write(_ file: String, _ change: (String, String)) throws {
        let (old, new) = (Array(change.0.utf8), Array(change.1.utf8))
        var bytes = try readFile(folder / file)
        let place = try #require(bytes.indices.first { bytes[$0...].starts(with: old) })
        bytes.replaceSubrange(place..<(place + old.count), with: new)
        try writeFile(bytes, to: folder / file)
      }
      let flags = Tool.tiny(preset: "seed")
      try succeed(["train", "--out", "whole", "--generator-steps", "4"] + flags, in: folder)
      try succeed(["train", "--out", "run", "--generator-steps", "2"] + flags, in: folder)
      try write("run/config.json", (#""preset" : "blog""#, #""preset" : "seed""#))
      try write("run/checkpoints/000002.safetensors", (#"\"preset\" : \"blog\""#, #"\"preset\" : \"seed\""#))
      try succeed(["generate", "--run", "run", "--grid", "grid.png"], in: folder)
      try succeed(
        ["train", "--out", "run", "--resume", "--generator-steps", "3", "--preset", "seed"], in: folder)
      try succeed(
        ["train", "--out", "run", "--resume", "--generator-steps", "4", "--preset", "blog"], in: folder)
      try expectSameRun(folder / "whole", folder / "run", step: "000004")
      #expect(try readFile(folder / "run/config.json") == readFile(folder / "whole/config.json"))
    }
  }

  /// As CIFAR-10 is exported: a folder for each class, the same names in each.
  @Test func classFolders() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "source", "--generator-steps", "1"] + Tool.tiny, in: folder)
      for (seed, name) in ["airplane", "bird", "cat"].enumerated() {
        try makeFolder(folder / "cifar/train" / name)
        try succeed(
          ["generate", "--run", "source", "--count", "9", "--seed", "\(seed)", "--out", "cifar/train/\(name)"],
          in: folder)
      }
      let flags = ["--size", "16", "--features", "4", "--latent", "8", "--batch-size", "8", "--held-out", "0"]
      let result = try succeed(
        ["train", "--preset", "blog", "--out", "run", "--data", "cifar", "--epochs", "2"] + flags, in: folder)
      #expect(result.errors.contains("27 pictures of 16x16"))
      #expect(try metrics(folder / "run").count == 1 + 2)
    }
  }

  /// The lines of a table that begin with a flag: the words behind it.
  func flagValues(_ text: String) -> [String: String] {
    var values: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if let flag = words.first, flag.hasPrefix("--") {
        values[String(flag)] = words.dropFirst().joined(separator: " ")
      }
    }
    return values
  }

  /// Every value by the name of its flag; what isn't the preset's is marked; nothing is left behind.
  @Test func aDryRunShowsEverythingAndWritesNothing() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "pictures")
      for i in 0..<12 { try writeFile([], to: folder / "pictures/\(i).png") }
      let flags = ["--size", "16", "--features", "4", "--batch-size", "8", "--clip-lower", "-0.02", "--epochs", "3"]
      let result = try succeed(
        ["train", "--preset", "original", "--dry-run", "--data", "pictures", "--out", "run"] + flags, in: folder)
      // It takes some seconds, and says so.
      #expect(result.errorLines.count == 1 && result.errors.contains("measuring"))
      #expect(try folderNames(folder) == ["pictures"])
      let values = flagValues(result.output)
      #expect(values["--size"] == "16 the preset has 64")
      #expect(values["--clip-lower"] == "-0.02 the preset has -0.01")
      #expect(values["--clip-upper"] == "0.01")
      #expect(values["--warm-up-critic-steps"] == "100")
      #expect(values["--epochs"] == "3")
      #expect(values.count > 25)
      let help = try succeed(["train", "--help-all"], in: folder).output
      let words = Set(help.split(whereSeparator: \.isWhitespace).map(String.init))
      for flag in values.keys {
        #expect(words.contains(flag) || words.contains("--[no-]" + flag.dropFirst(2)), "\(flag) is no flag")
      }
      // Layers, memory, and the schedule's own counts: 2 batches an epoch, cut into one phase each.
      for word in ["initial.conv", "multiply-adds", "MiB", "at most 12 pictures to train on"] {
        #expect(result.output.contains(word), "\(word)")
      }
      #expect(result.output.contains("2 critic steps, 1 generator step\n"))
      #expect(result.output.contains("6 critic steps, 3 generator steps"))
      let without = try succeed(["train", "--preset", "blog", "--dry-run"] + flags, in: folder).output
      #expect(without.contains("100,000 pictures") && without.contains("not given"))
    }
  }

  /// A broken newest checkpoint costs its steps and nothing else.
  @Test func aBrokenCheckpointIsToldAndTheOneBeforeTaken() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "whole", "--generator-steps", "6"] + Tool.tiny, in: folder)
      try succeed(
        ["train", "--out", "parts", "--generator-steps", "4", "--checkpoint-every", "1"] + Tool.tiny, in: folder)
      let newest = folder / "parts/checkpoints/000004.safetensors"
      try writeFile(try readFile(newest).dropLast(1), to: newest)
      let resumed = try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "6"], in: folder)
      #expect(resumed.errors.contains("000004.safetensors") && resumed.errors.contains("after generator step 3"))
      try expectSameRun(folder / "whole", folder / "parts", step: "000006")
    }
  }

  /// A run that outlasts the test, but not for ever should the test fail. It writes no checkpoint before its end.
  func startLongRun(_ flags: [String], in folder: String) throws -> Process {
    let log = folder / "log"
    try writeFile([], to: log)
    let errors = try #require(FileHandle(forWritingAtPath: log))
    let process = try Tool.start(
      ["train", "--out", "run", "--generator-steps", "50000", "--sample-every", "0", "--checkpoint-every", "0"]
        + flags,
      in: folder, output: FileHandle.nullDevice, errors: errors)
    return process
  }

  func wait(_ what: String, seconds: Double = 60, _ condition: () throws -> Bool) throws {
    let end = Date() + seconds
    while try !condition() {
      if Date() > end {
        Issue.record("waited \(seconds) s for \(what)")
        return
      }
      usleep(5000)
    }
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func aSignalSavesTheRunAndItGoesOnExactly(number: Int32) throws {
    try inTemporaryFolder { folder in
      let process = try startLongRun(Tool.tiny, in: folder)
      let csv = folder / "run/metrics.csv"
      try wait("some steps") { try fileExists(csv) && readFile(csv).count { $0 == UInt8(ascii: "\n") } > 3 }
      kill(process.processIdentifier, number)
      process.waitUntilExit()
      // `wgan train && next` doesn't go on.
      #expect(process.terminationReason == .exit && process.terminationStatus == 128 + number)
      let log = String(decoding: try readFile(folder / "log"), as: UTF8.self)
      #expect(log.contains("wgan train --out run --resume"))
      #expect(log.contains("finishing this step, saving (again: stop at once, back to step 0)"))

      let done = try metrics(folder / "run").count - 1
      let steps = String(done + 3)
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", steps], in: folder)
      try succeed(["train", "--out", "whole", "--generator-steps", steps] + Tool.tiny, in: folder)
      let name = String(repeating: "0", count: 6 - steps.count) + steps
      try expectSameRun(folder / "whole", folder / "run", step: name)
    }
  }

  @Test func theSecondSignalEndsItAtOnce() throws {
    try inTemporaryFolder { folder in
      // Steps long enough to be met by the second signal.
      let process = try startLongRun(
        ["--data", "synthetic", "--fraction", "0.02", "--batch-size", "128", "--threads", "1"], in: folder)
      try wait("the start") { String(decoding: try readFile(folder / "log"), as: UTF8.self).contains("run in run") }
      kill(process.processIdentifier, SIGINT)
      // Said from the handler: the step goes on for long.
      try wait("a word") {
        String(decoding: try readFile(folder / "log"), as: UTF8.self).contains("finishing this step")
      }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      let log = String(decoding: try readFile(folder / "log"), as: UTF8.self)
      #expect(
        log.hasSuffix("wgan: stopped at once: no generator step is lost, --resume goes on after step 0\n"), "\(log)")
    }
  }

  /// It ends between two pictures, with nothing half-written.
  @Test func aSignalEndsGenerating() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      let log = folder / "log"
      try writeFile([], to: log)
      let errors = try #require(FileHandle(forWritingAtPath: log))
      let process = try Tool.start(
        ["generate", "--run", "run", "--out", "many", "--count", "1000000"], in: folder, output: FileHandle.nullDevice,
        errors: errors)
      try wait("some pictures") { try fileExists(folder / "many") && folderNames(folder / "many").count > 3 }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 130)
      let names = try folderNames(folder / "many")
      #expect(names.count < 1_000_000 && names.allSatisfy { $0.hasSuffix(".png") })
      #expect(String(decoding: try readFile(log), as: UTF8.self) == "wgan: stopping (again: at once)\nwgan: stopped\n")
    }
  }

  /// SIGQUIT ends it with one line, which says what is lost, and with no stack of anything.
  @Test func quittingSaysWhatIsLost() throws {
    try inTemporaryFolder { folder in
      let process = try startLongRun(Tool.tiny, in: folder)
      let csv = folder / "run/metrics.csv"
      try wait("some steps") { try fileExists(csv) && readFile(csv).count { $0 == UInt8(ascii: "\n") } > 3 }
      kill(process.processIdentifier, SIGQUIT)
      process.waitUntilExit()
      #expect(process.terminationReason == .exit && process.terminationStatus == 131)
      let last = String(decoding: try readFile(folder / "log"), as: UTF8.self).split(separator: "\n").last ?? ""
      #expect(
        last.contains(/stopped at once: generator steps 1 to \d+ are lost, --resume goes on after step 0/), "\(last)")
    }
  }

  @Test func twoProcessesCannotTrainOneRun() throws {
    try inTemporaryFolder { folder in
      let process = try startLongRun(Tool.tiny, in: folder)
      try wait("the start") { fileExists(folder / "run/metrics.csv") }
      let second = try Tool.run(["train", "--out", "run", "--resume"], in: folder)
      #expect(second.code == 73 && second.errors.contains("another process"), "\(second)")
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      // Killed before its first checkpoint: it can begin anew.
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "2"], in: folder)
      #expect(try metrics(folder / "run").count == 3)
    }
  }

  @Test func pictureIDependsOnTheSeedAndIAlone() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "2"] + Tool.tiny, in: folder)
      let few = try succeed(["generate", "--run", "run", "--count", "3", "--out", "few"], in: folder)
      #expect(few.output == "few\n" && few.errors.isEmpty)
      try succeed(
        [
          "generate", "--checkpoint", "run/checkpoints/000002.safetensors", "--count", "70", "--out", "many",
          "--threads", "2",
        ],
        in: folder)
      try succeed(["generate", "--run", "run", "--count", "3", "--seed", "5", "--out", "other"], in: folder)
      #expect(try folderNames(folder / "many").count == 70)
      for name in ["000000.png", "000001.png", "000002.png"] {
        let picture = try readFile(folder / "few" / name)
        #expect(try readFile(folder / "many" / name) == picture)
        #expect(try readFile(folder / "other" / name) != picture)
      }
      // The run's gallery is the series of its own seed.
      try succeed(["generate", "--run", "run", "--grid", "grid.png"], in: folder)
      #expect(try readFile(folder / "grid.png") == readFile(folder / "run/samples/000002.png"))
    }
  }

  @Test func greyPicturesAndEveryInstructionSet() throws {
    try inTemporaryFolder { folder in
      for set in ["portable", ""] {
        try succeed(
          ["train", "--out", "run\(set)", "--generator-steps", "2", "--channels", "1", "--extra-layers", "1"]
            + Tool.tiny,
          in: folder, environment: ["WGAN_ISA": set])
      }
      let picture = try PictureDecoder.information(path: folder / "run/samples/000002.png")
      #expect(picture.width == 146)
    }
  }

  /// From the flags to the gallery, and on from a checkpoint.
  @Test(arguments: [
    ["--critic-net", "mlp", "--generator-net", "mlp", "--critic-features", "24", "--channels", "1"],
    ["--generator-net", "mlp", "--no-critic-batch-norm", "--initialisation", "dcgan"],
    ["--critic-net", "mlp", "--no-batch-norm", "--extra-layers", "1", "--generator-extra", "convolution"],
  ]) func otherNets(flags: [String]) throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny + flags, in: folder)
      try succeed(["train", "--out", "run", "--generator-steps", "2", "--resume"] + flags, in: folder)
      try succeed(["train", "--out", "whole", "--generator-steps", "2"] + Tool.tiny + flags, in: folder)
      let gallery = "samples/000002.png"
      #expect(try readFile(folder / "run" / gallery) == readFile(folder / "whole" / gallery))
      try succeed(["generate", "--run", "run", "--grid", "grid.png"], in: folder)
    }
  }

  @Test func helpAndVersionAreResults() throws {
    try inTemporaryFolder { folder in
      for arguments in [["--help"], ["train", "--help"], ["help", "generate"], ["--version"], ["inspect"], []] {
        let result = try succeed(arguments, in: folder)
        #expect(!result.output.isEmpty && result.errors.isEmpty, "\(arguments)")
      }
    }
  }

  /// The counts that the references' nets have, computed by hand.
  @Test func inspectCountsAsTheReferencesDo() throws {
    try inTemporaryFolder { folder in
      let plain = try succeed(["inspect", "--preset", "blog"], in: folder).output
      for count in ["3,576,704", "2,765,568"] { #expect(plain.contains(count)) }
      let extra = try succeed(["inspect", "--preset", "blog", "--extra-layers", "1"], in: folder).output
      for count in ["3,613,696", "2,802,560"] { #expect(extra.contains(count)) }
      let linear = try succeed(
        ["inspect", "--critic-net", "mlp", "--generator-net", "mlp", "--features", "512"], in: folder
      ).output
      for count in ["6,880,768", "6,817,793", "linear + ReLU", "linear + mean"] { #expect(linear.contains(count)) }
    }
  }
}
