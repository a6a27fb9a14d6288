import Foundation
import Images
import SystemSupport
import TestSupport
import Testing

/// Runs as people begin them: on their own folder, without a word about where the run goes, and with more pictures
/// later.
extension RunTests {
  /// Small runs of pictures in `data`.
  private var tiny: [String] {
    ["--fraction", "1", "--held-out", "0.2"] + Tool.tiny(preset: "demo").dropFirst(2).dropLast(4)
  }

  private func makePictures(_ numbers: Range<Int>, in folder: String) throws {
    try makeFolder(folder)
    for i in numbers {
      let pixels = (0..<16 * 16 * 3).map { UInt8(truncatingIfNeeded: $0 * (i + 3) + 11 * i) }
      try PNGEncoder.write(Picture(width: 16, height: 16, channels: 3, pixels: pixels), to: folder / "\(i).png")
    }
  }

  @Test func aRunThatNobodyNamesHasAPlace() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<20, in: folder / "my faces")
      func train(_ flags: [String]) throws -> Tool.Result {
        try succeed(["train", "--threads", "1", "--generator-steps", "2"] + flags + tiny, in: folder)
      }
      #expect(try train(["my faces"]).errors.contains("run in runs/my-faces-1"))
      let second = try train(["--data", "my faces"])
      #expect(second.errors.contains("run in runs/my-faces-2") && second.errors.contains("held out"), "\(second)")
      // What fails leaves nothing behind, and neither does a look ahead.
      #expect(try Tool.run(["train", "--data", "my faces", "--size", "48"], in: folder).code == 64)
      #expect(try Tool.run(["train", "--data", "nowhere"], in: folder).code == 66)
      try succeed(["train", "--dry-run", "my faces"] + tiny, in: folder)
      #expect(try folderNames(folder / "runs") == ["my-faces-1", "my-faces-2"])
      // Of two runs none is meant; each can be.
      let which = try Tool.run(["train", "--resume"], in: folder)
      #expect(which.code == 64 && which.errors.contains("train --resume --out runs/my-faces-2"), "\(which)")
      try makePictures(0..<20, in: folder / "other")
      _ = try train(["other"])
      let resumed = try succeed(["train", "--data", "other", "--resume", "--generator-steps", "3"], in: folder)
      #expect(
        resumed.errors.contains("run in runs/other-1") && resumed.errors.contains("goes on after generator step 2"))
      #expect(try Tool.run(["train", "--resume", "--data", "nowhere"], in: folder).code == 66)
    }
  }

  /// The line that the end of a run says works as it is.
  @Test func theLinesAtTheEndCanBePasted() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<20, in: folder / "a b")
      let result = try succeed(["train", "a b", "--threads", "1", "--generator-steps", "2"] + tiny, in: folder)
      let line = try #require(result.errorLines.first { $0.contains("--resume") })
      // As it is, but for its thousand steps.
      let command = try #require(line.components(separatedBy: "to go on: ").last)
        .replacing("steps 1000", with: "steps 4")
      #expect(command.hasPrefix(Tool.path), "\(line)")
      let pasted = try Tool.run(["-c", command], in: folder, program: "/bin/bash")
      #expect(pasted.code == 0 && pasted.errors.contains("generator step 4"), "\(pasted)")
    }
  }

  /// A line that is offered has all that was typed: pasted, it does what was meant.
  @Test func offeredLinesHaveWhatWasTyped() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<20, in: folder / "faces")
      let begin = ["train", "faces", "--threads", "1", "--generator-steps", "2"] + tiny
      for run in ["a b", "runs/x", "runs/y"] { try succeed(begin + ["--out", run], in: folder) }
      func paste(_ result: Tool.Result) throws -> Tool.Result {
        let line = try #require(result.errorLines.first { $0.contains(Tool.path) })
        let command = try #require(line.range(of: Tool.path).map { line[$0.lowerBound...] })
        let end = command.range(of: "; before it")?.lowerBound ?? command.endIndex
        return try Tool.run(["-c", String(command[..<end])], in: folder, program: "/bin/bash")
      }
      func expectStep4(_ result: Tool.Result) {
        #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
      }
      // The same command once more, longer.
      let again = begin.map { $0 == "2" ? "4" : $0 } + ["--out", "a b", "--quiet"]
      expectStep4(try paste(Tool.run(again, in: folder)))
      expectSteps(4, of: "a b", in: folder)
      // One of several runs.
      let which = try paste(Tool.run(["train", "--resume", "--generator-steps", "5", "--quiet"], in: folder))
      #expect(which.code == 0, "\(which)")
      expectSteps(5, of: "runs/y", in: folder)
      // Other pictures.
      try makePictures(20..<30, in: folder / "faces")
      let resume = ["train", "--resume", "--generator-steps", "6", "--quiet", "--out", "a b", "--", "faces"]
      let accepted = try paste(Tool.run(resume, in: folder))
      #expect(accepted.code == 0, "\(accepted)")
      expectSteps(6, of: "a b", in: folder)
      // What the run can't go on with isn't offered.
      let other = try Tool.run(begin + ["--out", "a b", "--channels", "1"], in: folder)
      #expect(other.code == 73 && other.errors.contains("train --out 'a b' --resume\n"), "\(other)")
    }
  }

  private func expectSteps(_ steps: Int, of run: String, in folder: String) {
    #expect(fileExists(folder / run / "checkpoints/00000\(steps).json"), "\(run)")
  }

  /// A shell parts a name at its spaces: the words are put together again, in both orders in which they may come.
  @Test func aFolderWithASpaceInItsName() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<10, in: folder / "My Pictures")
      for words in [
        ["train", "My", "Pictures"], ["train", "--data", "My", "Pictures"], ["data", "scan", "My", "Pictures"],
      ] {
        let result = try Tool.run(words, in: folder)
        #expect(result.code == 66 && result.errors.contains("write 'My Pictures'"), "\(words) \(result)")
      }
      let held = try Tool.run(["train", "My Pictures", "--held-out", "0.5"] + tiny, in: folder)
      #expect(held.code == 65 && held.errors.contains("more held out: --held-out 0 learns from all"), "\(held)")
    }
  }

  /// A run that goes on to an earlier end than planned: somebody may have meant "so long more".
  @Test func aShorterPlanIsTold() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<20, in: folder / "pictures")
      try succeed(["train", "pictures", "--out", "run", "--generator-steps", "4"] + tiny, in: folder)
      // As if it had been stopped.
      let file = folder / "run/config.json"
      let text = String(decoding: try readFile(file), as: UTF8.self)
      try writeFile(Array(text.replacing("\"generatorSteps\" : 4", with: "\"generatorSteps\" : 40").utf8), to: file)
      let result = try succeed(["train", "--out", "run", "--resume", "--generator-steps", "6"], in: folder)
      #expect(result.errors.contains("was planned to end at generator step 40, and now ends at 6"), "\(result)")
      let longer = try succeed(["train", "--out", "run", "--resume", "--generator-steps", "7"], in: folder)
      #expect(!longer.errors.contains("was planned"), "\(longer)")
    }
  }

  @Test func fewPicturesAreTold() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<5, in: folder / "few")
      for flags in [[], ["--dry-run"]] {
        let result = try Tool.run(["train", "few", "--held-out", "0"] + tiny.dropFirst(4) + flags, in: folder)
        #expect(result.code == 65 && result.errors.contains("5 pictures to train on"), "\(result)")
        #expect(result.errors.contains("8 at least") && !fileExists(folder / "runs"), "\(result)")
      }
      try makePictures(5..<20, in: folder / "few")
      let dry = try succeed(["train", "--dry-run", "few"] + tiny, in: folder)
      #expect(dry.output.contains("at most 1"), "\(dry)")
      let some = try succeed(["train", "few", "--threads", "1", "--generator-steps", "1"] + tiny, in: folder)
      #expect(some.errors.contains("very few"), "\(some)")
    }
  }

  /// Galleries that appear among the pictures are none: the run goes on, and is the run that it was.
  @Test func aRunInItsOwnFolderOfPicturesGoesOn() throws {
    try inTemporaryFolder { folder in
      for data in ["apart", "own"] { try makePictures(0..<24, in: folder / data) }
      func train(_ data: String, _ out: String, _ steps: Int, _ flags: [String]) throws -> Tool.Result {
        try succeed(
          ["train", "--out", out, "--generator-steps", "\(steps)", "--threads", "1", "--sample-every", "1"] + flags,
          in: folder / data)
      }
      _ = try train("apart", "../run", 6, ["."] + tiny)
      _ = try train("own", "run", 3, ["."] + tiny)
      let resumed = try train("own", "run", 6, ["--resume"])
      #expect(resumed.errors.contains("the folder run is a run: its pictures are left out"), "\(resumed)")
      try expectSameRun(folder / "run", folder / "own/run", step: "000006")
      // Another run there learns from the same pictures.
      let next = try succeed(["train", ".", "--generator-steps", "1", "--threads", "1"] + tiny, in: folder / "own")
      #expect(next.errors.contains("run in runs/own-1"))
      let lists = try ["run", "runs/own-1"].map { try readFile(folder / "own" / $0 / "pictures.txt") }
      #expect(lists[0] == lists[1])
      // A run is no data.
      let error = try Tool.run(["train", "run"], in: folder / "own")
      #expect(error.code == 65 && error.errors.contains("run --resume"), "\(error)")
    }
  }

  @Test func severalDataAreOneSetAndStayIt() throws {
    try inTemporaryFolder { folder in
      try makePictures(0..<12, in: folder / "one")
      try makePictures(12..<24, in: folder / "two")
      let begin = ["--data", "one", "--data", "two", "--threads", "1"] + tiny
      try succeed(["train", "--out", "whole", "--generator-steps", "4"] + begin, in: folder)
      try succeed(["train", "--out", "parts", "--generator-steps", "2"] + begin, in: folder)
      try succeed(["train", "--out", "parts", "--resume", "--generator-steps", "4"], in: folder)
      try expectSameRun(folder / "whole", folder / "parts", step: "000004")
      #expect(String(decoding: try readFile(folder / "whole/pictures.txt"), as: UTF8.self).contains(" two/13.png"))
      let scan = try succeed(["data", "scan", "one", "--data", "two", "one", "--size", "16"], in: folder)
      #expect(scan.output.hasPrefix("24 pictures"), "\(scan)")
      try succeed(["data", "preview", "one", "two", "--out", "p.png", "--fit", "pad", "--crop-at", "top"], in: folder)
      #expect(try Tool.run(["data", "scan"], in: folder).code == 64)
    }
  }

  /// With more pictures a run goes on where that is meant, and from then on exactly so, however often it is stopped.
  @Test(arguments: ["demo", "photos"]) func otherPicturesCanBeAccepted(preset: String) throws {
    try inTemporaryFolder { folder in
      // Without a decay: rates that fall know the run's length, and the parts have others.
      let tiny =
        ["--fraction", "1", "--held-out", "0.2", "--decay", "none"] + Tool.tiny(preset: preset).dropFirst(2).dropLast(4)
      try makePictures(0..<30, in: folder / "data")
      func train(_ out: String, _ steps: Int, _ flags: [String]) throws -> Tool.Result {
        try Tool.run(["train", "--out", out, "--generator-steps", "\(steps)", "--threads", "1"] + flags, in: folder)
      }
      for run in ["whole", "parts", "killed"] { #expect(try train(run, 3, ["--data", "data"] + tiny).code == 0) }
      try makePictures(30..<40, in: folder / "data")
      #expect(try train("whole", 9, ["--resume"]).code == 65)
      #expect(try train("whole", 9, ["--accept-new-data", "--data", "data"]).code == 64)
      let accepted = try train("whole", 9, ["--resume", "--accept-new-data"])
      #expect(accepted.code == 0 && accepted.errors.contains("10 are new"), "\(accepted)")
      for steps in [4, 7, 9] {
        let flags = steps == 4 ? ["--resume", "--accept-new-data"] : ["--resume"]
        let result = try train("parts", steps, flags)
        #expect(result.code == 0, "\(result)")
      }
      try expectSameRun(folder / "whole", folder / "parts", step: "000009")
      let config = String(decoding: try readFile(folder / "parts/config.json"), as: UTF8.self)
      #expect(config.contains("pictureChanges") && config.components(separatedBy: "10 are new").count == 2, "\(config)")
      #expect(fileExists(folder / "parts/pictures.txt.before"))
      // Killed before it saved a state with the new pictures: config.json has them.
      #expect(try train("killed", 4, ["--resume", "--accept-new-data"]).code == 0)
      for name in ["000004.json", "000004.safetensors"] { removeFile(folder / "killed/checkpoints" / name) }
      let again = try train("killed", 9, ["--resume"])
      #expect(again.code == 0 && again.errors.contains("goes on after generator step 3"), "\(again)")
      try expectSameRun(folder / "whole", folder / "killed", step: "000009")
    }
  }
}
