import Datasets
import Foundation
import Images
import Testing
import WGANBench

/// Protects what `data` counts and reports, on a folder of our own fixtures: two JPEGs, a PNG, a file cut short and a
/// text.
@Suite struct DataTests {
  static func inFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("wgan-bench-data-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("below"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
  }

  static func fill(_ folder: String) throws {
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../ImagesTests/Fixtures").standardized
    for (file, name) in [("ycc-420.jpg", "a.jpg"), ("orientation-6.jpg", "below/b.jpg"), ("rgb-8.png", "c.png")] {
      try FileManager.default.copyItem(
        at: fixtures.appendingPathComponent(file), to: URL(fileURLWithPath: folder + "/" + name))
    }
    let whole = try Data(contentsOf: fixtures.appendingPathComponent("ycc-420.jpg"))
    try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: folder + "/short.jpg"))
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
  }

  static func bytes(_ path: String) throws -> Int {
    try Data(contentsOf: URL(fileURLWithPath: path)).count
  }

  @Test func picturesAreCountedByFormatAndBadOnesLeftOut() throws {
    try Self.inFolder { folder in
      try Self.fill(folder)
      var options = DataReport.Options()
      options.size = 16
      options.threads = [1, 2]
      options.rounds = 3
      let report = try DataReport.measure(DatasetSource(argument: folder), options)
      #expect(report.files == 5 && report.tried == 4 && report.bad == 2)
      #expect(report.data == folder.split(separator: "/").last.map(String.init))
      #expect(report.results.map(\.threads) == [1, 1, 1, 2, 2, 2])
      #expect(report.results.map(\.format) == ["all", "jpeg", "png", "all", "jpeg", "png"])
      #expect(report.results.map(\.pictures) == [3, 2, 1, 3, 2, 1])
      let jpegs = try Self.bytes(folder + "/a.jpg") + Self.bytes(folder + "/below/b.jpg")
      let png = try Self.bytes(folder + "/c.png")
      #expect(report.results.prefix(3).map(\.bytes) == [jpegs + png, jpegs, png])
      for row in report.results {
        #expect(row.stages.map(\.stage) == ["read", "decode", "resize", "crop", "whole"])
        #expect(row.stages.allSatisfy { $0.picturesPerSecond > 0 && $0.megabytesPerSecond > 0 })
        #expect(row.stages.allSatisfy { $0.milliseconds.min <= $0.milliseconds.median })
        #expect(row.whole?.share == 1)
      }
      #expect(report.text.contains("2 bad files left out") && report.text.contains("PNG"), "\(report.text)")
    }
  }

  @Test func oneFormatIsNotSplitAndManyFilesAreThinnedOut() throws {
    try Self.inFolder { folder in
      let picture = Picture(width: 20, height: 12, channels: 3, pixels: [UInt8](repeating: 7, count: 720))
      for i in 0..<9 { try PNGEncoder.write(picture, to: "\(folder)/\(i).png") }
      var options = DataReport.Options()
      options.size = 8
      options.rounds = 1
      options.limit = 4
      let report = try DataReport.measure(.folder(folder), options)
      #expect(report.files == 9 && report.tried == 4 && report.bad == 0)
      #expect(report.results.map(\.format) == ["all"] && report.results.map(\.pictures) == [4])
    }
  }

  /// Times by hand: 2 threads, 4 pictures of 1000 bytes.
  @Test func ratesByHand() throws {
    let rounds = [(0.1, 1.0), (0.2, 4.0), (0.3, 2.0)].map { decode, whole in
      var round = DataReport.Round()
      round.stageSeconds = [0, decode, 0, 0]
      round.wholeSeconds = whole
      return round
    }
    let row = DataReport.Row(threads: 2, format: "all", pictures: 4, bytes: 4000, rounds: rounds)
    let decode = row.stages[1]
    #expect(decode.stage == "decode" && decode.milliseconds == Timing(min: 25, median: 50))
    #expect(decode.picturesPerSecond == 40 && abs(decode.megabytesPerSecond - 0.04) < 1e-12)
    #expect(abs(decode.share - 0.1) < 1e-12)
    // Whole: 2 thread-seconds for 4 pictures are 1 second on two threads.
    #expect(row.whole?.picturesPerSecond == 4 && row.whole?.milliseconds == Timing(min: 250, median: 500))
    // Of one format among others the whole is the sum of the stages.
    let part = DataReport.Row(
      threads: 2, format: "png", pictures: 4, bytes: 4000,
      rounds: rounds.map {
        var round = $0
        round.wholeSeconds = nil
        return round
      })
    #expect(part.whole?.milliseconds == Timing(min: 25, median: 50))
    #expect(row.stages[0].picturesPerSecond == 0)
  }

  @Test func json() throws {
    try Self.inFolder { folder in
      try Self.fill(folder)
      let result = try ToolTests.run(
        ["data", "--data", folder, "--size", "16", "--rounds", "1", "--threads", "1", "--format", "json"])
      #expect(result.code == 0, "\(result.errors)")
      let top = try #require(JSONSerialization.jsonObject(with: result.output) as? [String: Any])
      #expect(
        Set(top.keys) == [
          "machine", "data", "size", "channels", "rounds", "files", "tried", "bad", "doubts", "results",
        ])
      let row = try #require((top["results"] as? [[String: Any]])?.first)
      #expect(Set(row.keys) == ["threads", "format", "pictures", "bytes", "stages"])
      let stage = try #require((row["stages"] as? [[String: Any]])?.first)
      #expect(Set(stage.keys) == ["stage", "milliseconds", "picturesPerSecond", "megabytesPerSecond", "share"])
      #expect(try JSONDecoder().decode(DataReport.self, from: result.output).results.count == 3)
    }
  }

  @Test func aFolderWithoutPicturesIsOneClearLine() throws {
    try Self.inFolder { folder in
      for (files, says) in [(false, "there are no pictures in"), (true, "all 2 files are bad")] {
        if files {
          try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
          try Data([0xFF, 0xD8, 0xFF, 0xE0]).write(to: URL(fileURLWithPath: folder + "/short.jpg"))
        }
        let result = try ToolTests.run(["data", "--data", folder])
        #expect(result.code == 65 && result.output.isEmpty)
        #expect(result.errors.contains(says), "\(result.errors)")
        let lines = result.errors.split(separator: "\n").filter { !$0.contains("waiting for it to end") }
        #expect(lines.count == 1, "\(result.errors)")
      }
    }
  }
}
