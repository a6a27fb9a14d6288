import SystemSupport
import TestSupport
import Testing
import WGAN

/// Protects: a run's events say what metrics.csv and its galleries do, whoever wrote them, and change no number.
@Suite struct TensorBoardTests {
  let train = ["train", "--out", "run", "--sample-every", "2", "--checkpoint-every", "2"]

  /// Whole records of all files in order, without their clocks: kind of event and the rest of it.
  func events(_ folder: String) throws -> [[UInt8]] {
    try folderNames(folder).sorted().flatMap { name in
      var (records, rest) = ([[UInt8]](), try readFile(joinPath(folder, name))[...])
      while rest.count >= 12 {
        let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard rest.count >= length + 16 else { break }
        let event = Array(rest.dropFirst(12).prefix(length))
        rest = rest.dropFirst(length + 16)
        // Field 1 is the clock: a key and 8 bytes.
        #expect(event.first == 9 && EventRecord.framed(event).count == length + 16)
        records.append(Array(event.dropFirst(9)))
      }
      return records
    }
  }

  /// The step of an event that has one, and whether a session starts there.
  func step(_ event: [UInt8]) -> (Int, starts: Bool)? {
    event.first == 16 && event[1] < 128 ? (Int(event[1]), event[2] == 58) : nil
  }

  @Test func aRunWritesEventsThatAnOldOneIsGiven() throws {
    try inTemporaryFolder { folder in
      let steps = ["--generator-steps", "5"]
      try succeed(train + steps + Tool.tiny + ["--tensorboard"], in: folder)
      #expect(try RunPaths(folder / "run").configuration().tensorboard)
      let live = try events(folder / "run/tensorboard")
      // The version, the session, five rows, galleries of 2, 4 and 5.
      #expect(live.compactMap(step).map(\.0) == [1, 1, 2, 2, 3, 4, 4, 5, 5] && live.count == 10)
      try succeed(["export", "--format", "tensorboard", "--run", "run", "--out", "old"], in: folder)
      #expect(try Array(events(folder / "old").dropFirst(2)) == Array(live.dropFirst(2)))

      // Other bits of nothing, and none without the flag.
      try succeed(["train", "--out", "plain"] + steps + Tool.tiny, in: folder)
      #expect(!fileExists(folder / "plain/tensorboard"))
      let tensors = "checkpoints/000005.safetensors"
      #expect(try readFile(folder / "plain" / tensors) == readFile(folder / "run" / tensors))

      // What is there isn't mixed with another.
      for out in [[], ["--out", "old"]] {
        let result = try Tool.run(["export", "--format", "tensorboard", "--run", "run"] + out, in: folder)
        #expect(result.code == 73 && result.errors.contains("is there already"), "\(result)")
      }
      for wrong in [["--run", "run", "--net", "critic"], ["--checkpoint", "x"], ["--run", "run", "--out", "-"]] {
        #expect(try Tool.run(["export", "--format", "tensorboard"] + wrong, in: folder).code == 64)
      }
      #expect(try Tool.run(["export", "--format", "onnx", "--run", "run"], in: folder).code == 64)
    }
  }

  /// What isn't whole is exported as far as it goes, and what is missing is said.
  @Test func ofADamagedRunItIsSaidWhatIsMissing() throws {
    try inTemporaryFolder { folder in
      try succeed(train + ["--generator-steps", "5"] + Tool.tiny, in: folder)
      let path = folder / "run/metrics.csv"
      let lines = String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n").map(String.init)
      #expect(lines.count == 6)
      func export(_ text: String?) throws -> [String] {
        removeFile(path)
        if let text { try writeFile(Array(text.utf8), to: path) }
        let out = "out\(UInt32.random(in: 0 ... .max))"
        let result = try succeed(
          ["export", "--format", "tensorboard", "--run", "run", "--out", out], in: folder)
        #expect(result.output == "\(out)/events.out.tfevents.000001.wgan\n")
        return result.errorLines.map(String.init)
      }
      func whole(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }
      let galleries = "wgan: written: 0 rows of metrics.csv, 3 galleries"
      #expect(try export(whole(lines)) == ["wgan: written: 5 rows of metrics.csv, 3 galleries"])
      #expect(
        try export(whole(lines[..<3] + ["nonsense", "3,x"] + lines[4...])) == [
          "wgan: run/metrics.csv: lines 4, 5 aren't rows: left out",
          "wgan: run/metrics.csv: the row of step 3 is missing, the others are kept",
          "wgan: written: 4 rows of metrics.csv, 3 galleries",
        ])
      // Cut in the middle of a row: those that the checkpoint has behind it are missing.
      #expect(
        try export(whole(Array(lines[..<3])) + lines[3].prefix(9)) == [
          "wgan: run/metrics.csv: the rows of steps 3 to 5 are missing, the others are kept",
          "wgan: written: 2 rows of metrics.csv, 3 galleries",
        ])
      #expect(try export(nil) == ["wgan: run/metrics.csv: isn't there: galleries alone are shown", galleries])
      for text in ["\u{0}\u{1}\n" + whole(Array(lines[1...])), whole(Array(lines[1...]))] {
        #expect(
          try export(text) == [
            "wgan: run/metrics.csv: its first line doesn't name the columns: galleries alone are shown", galleries,
          ])
      }
      #expect(
        try export("") == [
          "wgan: run/metrics.csv: has no row: galleries alone are shown", galleries,
        ])
    }
  }

  /// A part that goes on says from where; one that begins with events in the middle has the past, too.
  @Test func aRunThatGoesOnBeginsAnotherFile() throws {
    try inTemporaryFolder { folder in
      try succeed(train + ["--generator-steps", "3"] + Tool.tiny, in: folder)
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "4", "--tensorboard"], in: folder)
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "6"], in: folder)
      let names = try folderNames(folder / "run/tensorboard").sorted()
      #expect(names == ["events.out.tfevents.000001.wgan", "events.out.tfevents.000002.wgan"])
      let found = try events(folder / "run/tensorboard").compactMap(step)
      #expect(found.map(\.0) == [1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6])
      #expect(found.enumerated().filter(\.element.starts).map(\.offset) == [5, 8])
      try succeed(["train", "--out", "run", "--resume", "--begin-anew", "--no-tensorboard"], in: folder)
      #expect(!fileExists(folder / "run/tensorboard") && isFolder(folder / "run/tensorboard.before"))
    }
  }
}
