import Foundation
import Images
import SystemSupport
import TestSupport
import Testing

/// What may happen to a run's folder while nobody trains, and to a process that writes one.
extension RunTests {
  /// A gallery or a plot whose place is taken: a line, and the same run as without.
  @Test func picturesThatCannotBeWrittenCostNothing() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "whole", "--generator-steps", "4"] + Tool.tiny, in: folder)
      try succeed(["train", "--out", "run", "--generator-steps", "1"] + Tool.tiny, in: folder)
      for path in ["run/samples/000002.png", "run/samples/000004.png", "run/curves.svg"] {
        removeFile(folder / path)
        try makeFolder(folder / path)
      }
      let result = try succeed(
        ["train", "--out", "run", "--resume", "--generator-steps", "4", "--sample-every", "1"], in: folder)
      for path in ["run/samples/000002.png", "run/samples/000004.png", "run/curves.svg"] {
        #expect(result.errorLines.count { $0.contains("training goes on: \(path)") } == 1, "\(result)")
      }
      let weights = "checkpoints/000004.safetensors"
      #expect(try readFile(folder / "run" / weights) == readFile(folder / "whole" / weights))
      #expect(try metrics(folder / "run") == metrics(folder / "whole"))
      #expect(fileExists(folder / "run/samples/000003.png"))
    }
  }

  /// A picture that was replaced by one of the same name and size: the run goes on, and says that it is another one.
  @Test func otherPixelsAreTold() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "data")
      let pictures = try [UInt8(10), 200].map { shade in
        try (0..<8).map { i in
          let pixels = [UInt8](repeating: shade + UInt8(i), count: 16 * 16 * 3)
          return try PNGEncoder.encode(Picture(width: 16, height: 16, channels: 3, pixels: pixels))
        }
      }
      for (i, bytes) in pictures[0].enumerated() { try writeFile(bytes, to: folder / "data/\(i).png") }
      let (steps, words) = (["--generator-steps"], "have other pixels than before")
      let own = ["--data", "data", "--cache", "cache", "--fraction", "1", "--held-out", "0"]
      let rest = Array(Tool.tiny.drop { $0 != "--preset" }.prefix { $0 != "--fraction" }) + own
      try succeed(["train", "--out", "run"] + rest + steps + ["1"], in: folder)
      let same = try succeed(["train", "--out", "run", "--resume"] + steps + ["2"], in: folder)
      #expect(!same.errors.contains(words), "\(same)")
      let other = try #require(pictures[1].first { $0.count == pictures[0][3].count })
      try writeFile(other, to: folder / "data/3.png")
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: folder / "data/3.png")
      let changed = try succeed(["train", "--out", "run", "--resume"] + steps + ["3"], in: folder)
      #expect(changed.errors.contains(words), "\(changed)")
      let again = try succeed(["train", "--out", "run", "--resume"] + steps + ["4"], in: folder)
      #expect(!again.errors.contains(words), "\(again)")
    }
  }

  /// A file that may not grow further is an error like a full disk; what was saved stays.
  @Test func aLimitOfFileSizesIsALine() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "2"] + Tool.tiny, in: folder)
      let before = try folderNames(folder / "run/checkpoints")
      for arguments in [
        ["train", "--out", "run", "--resume", "--generator-steps", "3"],
        ["generate", "--run", "run", "--grid", "grid.png"], ["data", "preview", "run/samples", "--out", "p.png"],
      ] {
        let result = try Tool.limited("ulimit -f 4", arguments, in: folder)
        #expect([73, 74].contains(result.code) && result.errors.contains("File too large"), "\(result)")
      }
      #expect(try folderNames(folder / "run/checkpoints") == before && !fileExists(folder / "grid.png"))
      try succeed(["train", "--out", "run", "--resume", "--generator-steps", "3"], in: folder)
    }
  }

  /// More memory than the process may have is said before anything of that size is taken.
  @Test(.enabled(if: isLinux)) func memoryIsCheckedAgainstTheLimits() throws {
    try inTemporaryFolder { folder in
      let train = ["train", "--data", "synthetic", "--fraction", "0.005", "--batch-size", "256", "--out", "run"]
      let result = try Tool.limited("ulimit -v 900000", train, in: folder)
      #expect(result.code == 64 && result.errorLines.count == 1, "\(result)")
      for word in ["--batch-size 256", "MiB", "ulimit -v leaves"] { #expect(result.errors.contains(word), "\(result)") }
      #expect(!fileExists(folder / "run"))
      let dry = try succeed(["train", "--dry-run"] + Tool.tiny, in: folder).output
      #expect(dry.contains("a checkpoint's copy"))
    }
  }

  /// Checkpoints that somebody removed, in whole or in part: refused, named, and nothing is deleted.
  @Test func aRunWithoutItsCheckpointsBeginsAnewOnlyWhereThatIsMeant() throws {
    try inTemporaryFolder { folder in
      try succeed(
        ["train", "--out", "run", "--generator-steps", "4", "--checkpoint-every", "2"] + Tool.tiny, in: folder)
      let resume = ["train", "--out", "run", "--resume", "--generator-steps", "4"]
      let checkpoints = folder / "run/checkpoints"
      for name in ["000002.json", "000004.json"] { removeFile(checkpoints / name) }
      let rows = try metrics(folder / "run")
      func refuse(_ words: [String]) throws {
        let result = try Tool.run(resume, in: folder)
        #expect(result.code == 66 && result.errorLines.count == 1, "\(result)")
        for word in words + ["--begin-anew"] { #expect(result.errors.contains(word), "\(result)") }
        #expect(try metrics(folder / "run") == rows)
      }
      try refuse(["000002.safetensors", "000004.safetensors", "JSON"])
      #expect(try folderNames(checkpoints) == ["000002.safetensors", "000004.safetensors"])
      try renameFile(checkpoints, to: folder / "elsewhere")
      try refuse(["run/checkpoints", "isn't there"])
      try makeFolder(checkpoints)
      try refuse(["run/checkpoints", "4 steps"])
      removeFolder(checkpoints)
      try renameFile(folder / "elsewhere", to: checkpoints)
      let anew = try succeed(resume + ["--begin-anew"], in: folder)
      #expect(anew.errors.contains("kept: run/checkpoints.before"))
      #expect(try folderNames(folder / "run/checkpoints.before").count == 2)
      #expect(try metrics(folder / "run") == rows && fileExists(folder / "run/metrics.csv.before"))
      try succeed(["train", "--out", "whole", "--generator-steps", "4"] + Tool.tiny, in: folder)
      try expectSameRun(folder / "whole", folder / "run", step: "000004")
    }
  }

  /// Rows that are damaged or gone are told when the run goes on; the others stay.
  @Test func damagedMetricsAreTold() throws {
    try inTemporaryFolder { folder in
      try succeed(["train", "--out", "run", "--generator-steps", "5"] + Tool.tiny, in: folder)
      let csv = folder / "run/metrics.csv"
      var lines = String(decoding: try readFile(csv), as: UTF8.self).components(separatedBy: "\n")
      lines[2] = "damaged"
      try writeFile(Array(lines.joined(separator: "\n").utf8), to: csv)
      let resumed = try succeed(["train", "--out", "run", "--resume", "--generator-steps", "6"], in: folder)
      #expect(resumed.errors.contains("step 2 is missing") && resumed.errors.contains("run/metrics.csv.damaged"))
      #expect(try metrics(folder / "run").map(\.[0]) == ["step", "1", "3", "4", "5", "6"])
      removeFile(csv)
      let again = try succeed(["train", "--out", "run", "--resume", "--generator-steps", "7"], in: folder)
      #expect(again.errors.contains("steps 1 to 6 are missing"))
      #expect(try metrics(folder / "run").map(\.[0]) == ["step", "7"])
    }
  }
}
