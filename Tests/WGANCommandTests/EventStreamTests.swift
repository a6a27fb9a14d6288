import Foundation
import SystemSupport
import Testing
import TestSupport
import WGAN

/// Protects: a program that starts runs learns all of them from standard output, as docs/Events.md says; and a
/// configuration goes from one run to another.
@Suite struct EventStreamTests {
  typealias Event = [String: Any]

  func events(_ output: String) throws -> [Event] {
    try output.split(separator: "\n").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? Event, "\(line)")
    }
  }

  func kinds(_ events: [Event]) -> [String] { events.compactMap { $0["event"] as? String } }

  @Test func aRunTellsWhatHappens() throws {
    try inTemporaryFolder { folder in
      let train = ["train", "--out", "run", "--json"] + Tool.tiny
      let result = try succeed(
        train + ["--generator-steps", "4", "--sample-every", "2", "--checkpoint-every", "2", "--evaluate-every", "2"],
        in: folder)
      #expect(result.errors.isEmpty, "\(result)")
      let events = try events(result.output)
      let kinds = kinds(events)
      #expect(kinds.count == events.count && kinds.last == "end")
      // One plan, and nothing of training before it.
      #expect(kinds.count { $0 == "plan" } == 1 && kinds.count { $0 == "end" } == 1)
      let begin = try #require(kinds.firstIndex(of: "plan"))
      #expect(kinds[..<begin].allSatisfy { ["warning", "preparing"].contains($0) })
      for kind in ["step", "evaluation", "gallery", "checkpoint"] { #expect(kinds[begin...].contains(kind), "\(kind)") }
      // The page that describes them knows each.
      let page = String(decoding: try readFile(docsPath + "/Events.md"), as: UTF8.self)
      for kind in Set(kinds) { #expect(page.contains("`\(kind)`"), "\(kind)") }
      for key in Set(events.flatMap(\.keys)) { #expect(page.contains("`\(key)`"), "\(key)") }

      let plan = events[begin]
      #expect(plan["steps"] as? Int == 4 && plan["step"] as? Int == 0)
      #expect((plan["criticSteps"] as? Int).map { $0 >= 4 } == true)
      let configuration = try #require(plan["configuration"] as? NSDictionary)
      let file = try JSONSerialization.jsonObject(with: Data(readFile(folder / "run/config.json"))) as? NSDictionary
      #expect(configuration == file)

      // The last step is told, with metrics.csv's numbers.
      let step = try #require(events.last { $0["event"] as? String == "step" })
      #expect(step["step"] as? Int == 4 && step["secondsLeft"] as? Double == 0)
      let rows = String(decoding: try readFile(folder / "run/metrics.csv"), as: UTF8.self).split(separator: "\n")
      let cells = zip(rows[0].split(separator: ","), rows[4].split(separator: ",", omittingEmptySubsequences: false))
      let row = Dictionary(uniqueKeysWithValues: cells.map { (String($0), Float($1)) })
      let evaluation = try #require(events.last { $0["event"] as? String == "evaluation" })
      for event in [step, evaluation] {
        let metrics = try #require(event["metrics"] as? [String: Double])
        #expect(metrics.count >= 3)
        for (name, value) in metrics { #expect(row[name] == Float(value), "\(name)") }
      }

      let end = try #require(events.last)
      #expect(end["outcome"] as? String == "done" && end["step"] as? Int == 4)
      for path in [end["run"], end["gallery"]] + events.map({ $0["path"] }) {
        if let path { #expect((path as? String).map { $0.hasPrefix("/") && fileExists($0) } == true, "\(path)") }
      }
    }
  }

  /// An error is its line, on standard error, and the last event.
  @Test func aRunThatFails() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "empty")
      let result = try Tool.run(["train", "--out", "run", "--json", "--data", "empty"], in: folder)
      #expect(result.code == 65 && result.errorLines.count == 1, "\(result)")
      let end = try #require(try events(result.output).last)
      let error = try #require(end["error"] as? String)
      #expect(end["outcome"] as? String == "failed" && result.errors == "wgan: \(error)\n")
      let unread = try Tool.run(["train", "--out", "run", "--json", "--config", "nowhere.json"], in: folder)
      #expect(try unread.code == 66 && kinds(events(unread.output)) == ["end"], "\(unread)")
    }
  }

  /// Events have what is told; --quiet takes nothing of them, and a warning with many lines is one.
  @Test func aWarningIsOneEvent() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "data")
      for i in 0..<3 { try writeFile(Array("no picture".utf8), to: folder / "data/bad\(i).png") }
      try succeed(["train", "--out", "first", "--generator-steps", "1"] + Tool.tiny, in: folder)
      try succeed(["generate", "--run", "first", "--count", "20", "--out", "data/good"], in: folder)
      let flags = Tool.tiny.dropFirst(2) + ["--fraction", "1", "--generator-steps", "1"]
      let result = try succeed(["train", "--out", "run", "--json", "--quiet", "--data", "data"] + flags, in: folder)
      let warnings = try events(result.output).filter { $0["event"] as? String == "warning" }
      let bad = warnings.filter { ($0["text"] as? String)?.contains("can't be used") == true }
      #expect(result.errors.isEmpty && bad.count == 1, "\(result)")
      let details = bad.first?["details"] as? [String] ?? []
      #expect(details.count == 3 && details.allSatisfy { $0.contains("bad") }, "\(details)")
      #expect(!warnings.contains { ($0["text"] as? String)?.contains(/bad\d/) == true })
    }
  }

  /// Ctrl-C before the first step: somebody stopped it, nothing failed.
  @Test func aRunThatIsStoppedAsItPreparesItsPictures() throws {
    try inTemporaryFolder { folder in
      let output = folder / "events"
      try writeFile([], to: output)
      let process = try Tool.start(
        ["train", "--data", "synthetic", "--size", "256", "--features", "8", "--json"], in: folder,
        output: try #require(FileHandle(forWritingAtPath: output)), errors: FileHandle.nullDevice)
      while process.isRunning, try readFile(output).isEmpty { usleep(10_000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      #expect(process.terminationStatus == 130)
      let end = try #require(try events(String(decoding: try readFile(output), as: UTF8.self)).last)
      #expect(end["event"] as? String == "end" && end["outcome"] as? String == "stopped", "\(end)")
      #expect(!fileExists(folder / "runs"))
    }
  }

  @Test func aReaderThatGoesAwayDoesNotEndTheRun() throws {
    try inTemporaryFolder { folder in
      let (output, errors) = (Pipe(), Pipe())
      try output.fileHandleForReading.close()
      let process = try Tool.start(
        ["train", "--out", "run", "--json", "--generator-steps", "2"] + Tool.tiny, in: folder, output: output,
        errors: errors)
      process.waitUntilExit()
      #expect(process.terminationStatus == 0 && fileExists(folder / "run/checkpoints/000002.json"))
    }
  }

  /// What a dry run prints, and what a run keeps, begin the same run; flags change single values.
  @Test func aConfigurationBeginsAnotherRun() throws {
    try inTemporaryFolder { folder in
      let flags = Tool.tiny + ["--generator-steps", "2", "--sample-every", "1", "--ema", "0.5"]
      let plan = try succeed(["train", "--dry-run", "--json"] + flags, in: folder)
      let event = try #require(try events(plan.output).first)
      #expect(plan.errors.isEmpty && event["event"] as? String == "plan" && event["run"] == nil)
      for name in ["seconds", "secondsPerCriticStep", "secondsPerGeneratorStep", "memoryBytes"] {
        #expect((event[name] as? Double).map { $0 > 0 } == true, "\(name)")
      }
      try writeFile(Array(plan.output.utf8), to: folder / "plan.json")
      let threads = ["--threads", "1"]
      try succeed(["train", "--out", "first", "--config", "plan.json"] + threads, in: folder)
      try succeed(["train", "--out", "second", "--config", "first"] + threads, in: folder)
      try succeed(["train", "--out", "third"] + flags, in: folder)
      let config = try readFile(folder / "third/config.json")
      #expect(try readFile(folder / "first/config.json") == config && readFile(folder / "second/config.json") == config)
      let last = "checkpoints/000002.safetensors"
      #expect(try readFile(folder / "first" / last) == readFile(folder / "third" / last))

      try succeed(
        ["train", "--out", "fourth", "--config", "plan.json", "--generator-steps", "1", "--latent", "4"] + threads,
        in: folder)
      let changed = String(decoding: try readFile(folder / "fourth/config.json"), as: UTF8.self)
      let expected = String(decoding: config, as: UTF8.self)
        .replacing("\"latent\" : 8", with: "\"latent\" : 4")
        .replacing("\"generatorSteps\" : 2", with: "\"generatorSteps\" : 1")
      #expect(changed == expected)
    }
  }

  /// Another run's threads and cache are of its machine: this one has its own.
  @Test func aConfigurationIsOfTheRunNotOfTheMachine() throws {
    try inTemporaryFolder { folder in
      let flags = ["--threads", "7", "--cache", "scaled", "--sample-every", "3"]
      let plan = try succeed(["train", "--dry-run", "--json"] + Tool.tiny.dropLast(2) + flags, in: folder)
      #expect(plan.output.contains("\"threads\":7") && plan.output.contains("/scaled\""))
      try writeFile(Array(plan.output.utf8), to: folder / "plan.json")
      let again = try succeed(["train", "--dry-run", "--json", "--config", "plan.json"], in: folder)
      let own = try succeed(["train", "--dry-run", "--json"] + Tool.tiny.dropLast(2), in: folder)
      func run(_ output: String) throws -> [String: Any] {
        try #require(try events(output).first?["configuration"] as? [String: Any])
      }
      let taken = try run(again.output)
      var wanted = try run(own.output)
      wanted["sampleEvery"] = 3
      #expect(NSDictionary(dictionary: taken) == NSDictionary(dictionary: wanted), "\(taken) \(wanted)")
    }
  }

  @Test func configurationsThatNoRunCanHave() throws {
    try inTemporaryFolder { folder in
      let plan = try succeed(["train", "--dry-run", "--json"] + Tool.tiny, in: folder).output
      func expect(_ code: Int32, _ text: String, _ says: String) throws {
        try writeFile(Array(text.utf8), to: folder / "file.json")
        let result = try Tool.run(["train", "--out", "run", "--config", "file.json"], in: folder)
        #expect(result.code == code && result.errorLines.count == 1 && result.errors.contains(says), "\(result)")
        #expect(!fileExists(folder / "run"))
      }
      try expect(65, plan.replacing("\"latent\":8", with: "\"latent\":8,\"latents\":9"), "training.latents\"")
      try expect(65, plan.replacing("\"latent\":8,", with: ""), "training.latent\" is missing")
      try expect(65, plan.replacing("\"latent\":8", with: "\"latent\":0"), "latent 0")
      try expect(65, plan.replacing("\"latent\":8", with: "\"latent\":\"many\""), "latent")
      try expect(65, "latent = 8", "isn't JSON")
      try makeFolder(folder / "other")
      let other = try Tool.run(["train", "--out", "run", "--config", "other"], in: folder)
      #expect(other.code == 66 && other.errors.contains("--config other: isn't a run's folder"), "\(other)")
      let missing = try Tool.run(["train", "--out", "run", "--config", "nowhere.json"], in: folder)
      #expect(missing.code == 66 && missing.errors.contains("nowhere.json"), "\(missing)")
    }
  }

  @Test func quietTellsOnlyWhatIsWrong() throws {
    try inTemporaryFolder { folder in
      let train = ["train", "--generator-steps", "2"] + Tool.tiny
      let all = try succeed(train + ["--out", "all"], in: folder)
      let quiet = try succeed(train + ["--out", "quiet", "--quiet"], in: folder)
      #expect(all.errors.contains("done at generator step 2") && all.output.isEmpty)
      // Where a run is that nobody has named: a shell takes it from there.
      #expect(quiet.output == "quiet\n")
      let unnamed = try succeed(train + ["--quiet"], in: folder)
      #expect(unnamed.output == "runs/synthetic-1\n")
      // All that is left are warnings that the other had too.
      #expect(quiet.errorLines.count < all.errorLines.count)
      for line in quiet.errorLines { #expect(all.errorLines.contains(line), "\(line)") }
      #expect(!quiet.errors.contains("d_loss") && !quiet.errors.contains("wgan watch"))
    }
  }

  /// A preset's epochs of few pictures would be over before anything is learned; and nothing is promised that comes
  /// after the run's end.
  @Test func whatIsSaidOfTheLengthIsTrue() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "first", "--generator-steps", "1"] + Tool.tiny, in: folder)
      try succeed(["generate", "--run", "first", "--count", "20", "--out", "data"], in: folder)
      let train = ["train", "--data", "data"] + Tool.tiny.dropFirst(2) + ["--fraction", "1", "--out", "run"]
      let plan = try succeed(train + ["--dry-run"], in: folder)
      #expect(plan.output.contains(/--generator-steps +2000/), "\(plan)")
      let process = try Tool.run(
        ["-c", "exec \"$@\" & sleep 2; kill -TERM $!; wait $!", "sh", Tool.path] + train, in: folder, program: "/bin/sh"
      )
      #expect(
        process.errors.contains("the preset's 5 epochs are ") && process.errors.contains("the run has 2000;"),
        "\(process)")
      let given = try succeed(
        ["train", "--data", "data", "--preset", "blog", "--generator-steps", "1", "--out", "given"], in: folder)
      #expect(
        given.errors.contains("the run has 1 generator step, and portraits show blobs from step 600 on"), "\(given)")
      #expect(!given.errors.contains("to expect of") && !given.errors.contains("epochs are"))
    }
  }

  /// The lines at the end can be pasted, whatever the run is called.
  @Test func theEndSaysWhatToDoNext() throws {
    try inTemporaryFolder { folder in
      let result = try succeed(
        ["train", "--out", "my runs/it's", "--generator-steps", "1"] + Tool.tiny(preset: "photos"), in: folder)
      // The tool is called as it was.
      let lines = result.errorLines.filter { $0.hasPrefix("  \(shellWord(Tool.path)) ") }
      #expect(lines.count == 4, "\(result)")
      // One critic step for each of the generator's: one rate.
      #expect(result.errors.contains("steps/s") && !result.errors.contains("it/s"), "\(result)")
      let again = try succeed(["train", "--out", "my runs/it's", "--resume"], in: folder)
      #expect(again.errorLines.contains { $0.hasPrefix("nothing left to do") }, "\(again)")
      let next = again.errorLines.drop { $0 != "go on with:" }.dropFirst().first
      #expect(next?.hasSuffix(#"train --out 'my runs/it'\''s' --resume --for 30m"#) == true, "\(again)")
      for line in lines where !line.contains(" watch ") {
        let pasted = try Tool.run(["-c", String(line)], in: folder, program: "/bin/sh")
        #expect(pasted.code == 0, "\(line): \(pasted)")
      }
      #expect(fileExists(folder / "grid.png") && fileExists(folder / "walk.png"))
    }
  }
}
