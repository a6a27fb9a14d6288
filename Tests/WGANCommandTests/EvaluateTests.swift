import TestSupport
import SystemSupport
import Foundation
import Images
import Testing

/// `wgan evaluate` as a person runs it: finds the pictures, prints the same figures on any machine, and refuses in one
/// line.
@Suite struct EvaluateTests {
  func train(_ run: String, _ more: [String] = [], in folder: String) throws {
    try succeed(
      ["train", "--out", run, "--generator-steps", "2", "--checkpoint-every", "1"] + Tool.tiny + more, in: folder)
  }

  @Test func aRunIsComparedWithItsHeldOutPictures() throws {
    try inTemporaryFolder { folder in
      try train("run", in: folder)
      let result = try succeed(["evaluate", "--run", "run", "--neighbours", "near.png"], in: folder)
      #expect(result.errors.isEmpty, "\(result)")
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines[0] == "run/checkpoints/000002.safetensors, 2 generator steps")
      // The number of held-out ones of some 50 pictures.
      #expect(lines[1].hasSuffix(" held-out pictures of synthetic"), "\(lines[1])")
      #expect(lines[3].hasPrefix("16x16 ") && lines[4].hasPrefix("mean "))
      let numbers = lines[4].split(separator: " ").compactMap { Double($0) }
      // Nobody learns in two steps: far above what real pictures get.
      #expect(numbers.count >= 2 && numbers[0] > 2 * (numbers.last ?? 0), "\(lines[4])")
      for word in ["near-duplicates:", "copies:", "training picture samples are"] {
        #expect(result.output.contains(word), "\(word)")
      }
      #expect(lines.last == "near.png")
      // Eight rows: samples and held-out pictures, two of each and their neighbours, words above each.
      let sheet = try PictureDecoder.decode(path: folder / "near.png", channels: 3, shortSide: nil)
      #expect(sheet.height == 8 * (20 + 7 + 2 + 2) + 3 * (8 - 2) + 2)
      #expect(lines[lines.count - 4] == "in pairs of rows: samples, below each its nearest training picture;")
      // The first letter: F, 5 x 7 pixels.
      let letter = (0..<7).map { y in (0..<5).map { x in sheet[2 + x, 2 + y, 0] == 0 ? "#" : "." }.joined() }
      #expect(letter == ["#####", "#....", "#....", "####.", "#....", "#....", "#...."], "\(letter)")

      // The same figures from the checkpoint's file, on any number of threads, on every set with FMA, of the run's
      // data by name, and after another evaluation.
      let checkpoint = ["evaluate", "--checkpoint", "run/checkpoints/000002.safetensors"]
      func figures(_ output: String) -> String { output.split(separator: "\n").prefix(11).joined(separator: "\n") }
      for more in [["--threads", "1"], ["--threads", "3"], ["--data", "synthetic"]] {
        #expect(figures(try succeed(checkpoint + more, in: folder).output) == figures(result.output), "\(more)")
      }
      #expect(figures(try succeed(checkpoint, in: folder).output) == figures(result.output))
      // Fewer samples are other figures; another seed, too.
      let other = try succeed(checkpoint + ["--count", "5", "--seed", "9"], in: folder).output
      #expect(other.contains("5 samples beside 5 held-out pictures"))
    }
  }

  @Test func everyCheckpointIsALine() throws {
    try inTemporaryFolder { folder in
      try train("run", in: folder)
      let result = try succeed(["evaluate", "--run", "run", "--all", "--plot", "plot.svg"], in: folder)
      let lines = result.output.split(separator: "\n").map(String.init)
      let rows = lines.filter { $0.hasPrefix("1 ") || $0.hasPrefix("2 ") || $0.hasPrefix("real pictures ") }
      #expect(rows.count == 3, "\(result)")
      #expect(lines.last == "plot.svg")
      let svg = String(decoding: try readFile(folder / "plot.svg"), as: UTF8.self)
      #expect(svg.hasPrefix("<svg ") && svg.contains("real pictures") && svg.contains("16x16"))
      // A broken one is told of and left out.
      try writeFile([1, 2, 3], to: folder / "run/checkpoints/000001.safetensors")
      let broken = try succeed(["evaluate", "--run", "run", "--all"], in: folder)
      #expect(broken.errorLines.count == 1 && broken.errors.contains("000001.safetensors"), "\(broken)")
    }
  }

  /// The figures that are printed, as docs/Events.md names them, and nothing else anywhere.
  @Test func asJSON() throws {
    try inTemporaryFolder { folder in
      try train("run", in: folder)
      let evaluate = ["evaluate", "--run", "run", "--neighbours", "near.png"]
      let text = try succeed(evaluate, in: folder).output
      let result = try succeed(evaluate + ["--force", "--json"], in: folder)
      let object = try jsonObject(result)
      #expect(object["event"] as? String == "evaluate" && object["neighbours"] as? String == folder / "near.png")
      let generator = try #require((object["generators"] as? [[String: Any]])?.first)
      let distances = try #require(generator["distances"] as? [String: Any])
      let mean = try #require(distances["mean"] as? Double)
      let printed = try #require(text.split(separator: "\n").first { $0.hasPrefix("mean ") })
      #expect(printed.split(separator: " ")[1] == String(format: "%.2f", mean), "\(mean) \(text)")
      #expect(generator["step"] as? Int == 2 && (generator["copies"] as? [String: Double])?.count == 4)
      #expect((object["pictures"] as? [String: Any])?["kind"] as? String == "heldOut")

      let all = try jsonObject(
        succeed(["evaluate", "--run", "run", "--all", "--plot", "plot.svg", "--json"], in: folder))
      #expect((all["generators"] as? [[String: Any]])?.compactMap { $0["step"] as? Int } == [1, 2])
      #expect(fileExists(folder / "plot.svg"))
      try expectLine(64, evaluate.dropLast() + ["-", "--json"], ["--json", "--neighbours"], in: folder)

      // What standard error has otherwise.
      try train("none", ["--held-out", "0"], in: folder)
      let none = try jsonObject(succeed(["evaluate", "--run", "none", "--json"], in: folder))
      #expect((none["warnings"] as? [String])?.first?.contains("holds no pictures out") == true, "\(none)")
    }
  }

  /// A run that holds none out is compared with what it was trained on, and says so; other data is taken whole.
  @Test func withoutHeldOutPictures() throws {
    try inTemporaryFolder { folder in
      try train("run", ["--held-out", "0"], in: folder)
      let result = try succeed(["evaluate", "--run", "run"], in: folder)
      #expect(result.errorLines.count == 1 && result.errors.contains("holds no pictures out"), "\(result)")
      #expect(result.output.contains(" training pictures of synthetic"))

      try succeed(["generate", "--run", "run", "--count", "10", "--out", "other"], in: folder)
      let other = try succeed(["evaluate", "--run", "run", "--data", "other"], in: folder)
      #expect(other.errors.isEmpty && other.output.contains("5 samples beside 5 pictures of other"), "\(other)")
      // They are the generator's own: the nearest picture is the sample itself.
      #expect(other.output.contains("copies: 100.0 % of the samples"), "\(other)")

      try succeed(["export", "--run", "run", "--format", "safetensors", "--out", "g.safetensors"], in: folder)
      let weights = try succeed(["evaluate", "--generator", "g.safetensors", "--data", "other"], in: folder)
      func figures(_ output: String) -> [Substring] { Array(output.split(separator: "\n").dropFirst()) }
      #expect(figures(weights.output) == figures(other.output))
    }
  }

  static let refusals: [(code: Int32, arguments: [String], says: [String])] = [
    (64, ["evaluate"], ["--run", "--checkpoint", "--generator"]),
    (64, ["evaluate", "--run", "a", "--checkpoint", "b"], ["--run", "--checkpoint"]),
    (64, ["evaluate", "--run", "a", "--count", "1"], ["--count 1"]),
    (64, ["evaluate", "--run", "a", "--size", "32"], ["--generator"]),
    (64, ["evaluate", "--run", "a", "--plot", "b"], ["--plot", "--all"]),
    (64, ["evaluate", "--checkpoint", "a", "--all"], ["--all", "--run"]),
    (64, ["evaluate", "--run", "a", "--all", "--neighbours", "b"], ["--neighbours", "--all"]),
    (64, ["evaluate", "--run", "a", "--neighbours", ""], ["--neighbours"]),
    (64, ["evaluate", "--generator", "a"], ["--data", "weights"]),
    (66, ["evaluate", "--run", "nowhere"], ["nowhere"]),
    (66, ["evaluate", "--checkpoint", "nowhere.safetensors"], ["nowhere.safetensors"]),
    (66, ["evaluate", "--generator", "nowhere.pth", "--data", "synthetic"], ["nowhere.pth"]),
  ]

  @Test(arguments: refusals) func refused(code: Int32, arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      try expectLine(code, arguments, says, in: folder)
      #expect(try folderNames(folder).isEmpty)
    }
  }

  @Test func refusedOfARun() throws {
    try inTemporaryFolder { folder in
      try train("run", in: folder)
      try expectLine(66, ["evaluate", "--run", "run", "--data", "nowhere"], ["nowhere"], in: folder)
      try makeFolder(folder / "few")
      try succeed(["generate", "--run", "run", "--count", "3", "--out", "few"], in: folder)
      try expectLine(65, ["evaluate", "--run", "run", "--data", "few"], ["few", "4 at least"], in: folder)
      try renameFile(folder / "run/checkpoints/000002.safetensors", to: folder / "alone.safetensors")
      try expectLine(64, ["evaluate", "--checkpoint", "alone.safetensors"], ["--data", "config.json"], in: folder)
      // Before the work: nothing is printed.
      try expectLine(
        73, ["evaluate", "--run", "run", "--neighbours", "no/folder.png"], ["no/folder.png"], in: folder)
    }
  }

  func expectLine(
    _ code: Int32, _ arguments: [String], _ says: [String], in folder: String,
    location: SourceLocation = #_sourceLocation
  ) throws {
    let result = try Tool.run(arguments, in: folder)
    #expect(result.code == code, "\(result)", sourceLocation: location)
    let lines = result.errorLines.filter { !$0.contains("a checkpoint is broken") }
    #expect(lines.count == 1 && result.output.isEmpty, "\(result)", sourceLocation: location)
    for word in ["wgan: "] + says { #expect(result.errors.contains(word), "\(result)", sourceLocation: location) }
  }
}
