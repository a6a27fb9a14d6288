import Foundation
import Images
import SystemSupport
import TestSupport
import Testing

/// Protects `wgan data` and what it hands to `wgan train`, whatever bytes the pictures' names are.
@Suite struct DataTests {
  /// Three names that text takes for two, and one that isn't text; not where the file system changes them.
  static func fill(_ folder: String) throws -> [FilePath] {
    try makeFolder(folder)
    let odd: [FilePath] =
      ["a,\u{301}b.png", "cafe\u{301}.png", "caf\u{E9}.png", FilePath(bytes: [0x64, 0xFF])]
      + (0..<4).map { "\($0).png" }
    for (i, name) in odd.enumerated() {
      let pixels = [UInt8](repeating: UInt8(30 * i), count: 16 * 16 * 3)
      try PNGEncoder.write(Picture(width: 16, height: 16, channels: 3, pixels: pixels), to: folder / "picture.png")
      _ = try? renameFile(folder / "picture.png", to: FilePath(folder).appending(name))
    }
    return try folderEntries(folder)
  }

  @Test func picturesGoThroughAListAndBack() throws {
    try inTemporaryFolder { folder in
      let names = try Self.fill(folder / "pictures")
      let scan = try Tool.run(["data", "scan", "pictures", "--size", "16"], in: folder)
      #expect(
        scan.code == 0 && scan.output.hasPrefix("\(names.count) pictures: 0 JPEG, \(names.count) PNG\n"), "\(scan)")

      let list = try Tool.run(["data", "list", "pictures", "--out", "list.csv"], in: folder)
      #expect(list.code == 0 && list.errors.isEmpty, "\(list)")
      let bytes = try readFile(folder / "list.csv")
      #expect(bytes.split(separator: UInt8(ascii: "\n")).count == names.count && bytes.last == UInt8(ascii: "\n"))
      // The same on standard output, byte by byte.
      try writeFile([], to: folder / "printed.csv")
      let output = try #require(FileHandle(forWritingAtPath: folder / "printed.csv"))
      let process = try Tool.start(
        ["data", "list", "pictures"], in: folder, output: output, errors: FileHandle.nullDevice)
      process.waitUntilExit()
      #expect(try readFile(folder / "printed.csv") == bytes)

      // A list of the list is the list, and training has each picture, once.
      let again = try Tool.run(["data", "list", "list.csv", "--out", "again.csv"], in: folder)
      #expect(again.code == 0, "\(again)")
      #expect(try readFile(folder / "again.csv") == bytes)
      for data in ["pictures", "printed.csv"] {
        let run = try Tool.run(
          [
            "train", "--data", data, "--out", "run-\(data)", "--generator-steps", "1", "--batch-size", "2",
            "--held-out", "0",
          ]
            + ["--size", "16", "--features", "4", "--latent", "8", "--threads", "1"], in: folder)
        #expect(run.code == 0 && run.errors.contains("\(names.count) pictures"), "\(run)")
      }
    }
  }

  /// What is printed otherwise, for programs.
  @Test func asJSON() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "pictures")
      for i in 0..<3 {
        let pixels = [UInt8](repeating: UInt8(40 * i), count: 16 * 20 * 3)
        try PNGEncoder.write(
          Picture(width: 16, height: 20, channels: 3, pixels: pixels), to: folder / "pictures/\(i).png")
      }
      try writeFile(Array("no picture".utf8), to: folder / "pictures/bad.png")
      func expectBad(_ object: [String: Any]) throws {
        let bad = try #require(object["bad"] as? [[String: String]])
        #expect(bad.count == 1 && bad.first?["path"]?.hasSuffix("bad.png") == true && bad.first?["reason"] != nil)
      }
      let scan = try jsonObject(succeed(["data", "scan", "pictures", "--json"], in: folder))
      #expect(scan["event"] as? String == "scan" && scan["pictures"] as? Int == 3 && scan["png"] as? Int == 3)
      #expect(scan["width"] as? [Int] == [16, 16] && scan["height"] as? [Int] == [20, 20])
      #expect(scan["small"] as? Int == 3 && scan["size"] as? Int == 64)
      try expectBad(scan)
      let list = try jsonObject(succeed(["data", "list", "pictures", "--out", "l.csv", "--json"], in: folder))
      #expect(list["event"] as? String == "list" && list["pictures"] as? Int == 3)
      #expect(list["path"] as? String == folder / "l.csv")
      try expectBad(list)
      let preview = try jsonObject(succeed(["data", "preview", "pictures", "--out", "p.png", "--json"], in: folder))
      #expect(preview["event"] as? String == "preview" && preview["pictures"] as? Int == 3)
      try expectBad(preview)
      let faces = try jsonObject(succeed(["data", "scan", "synthetic", "--json"], in: folder))
      #expect((faces["synthetic"] as? Int).map { $0 > 0 && $0 == faces["pictures"] as? Int } == true)

      // One object or another output, not both; and errors are as ever.
      for arguments in [["list"], ["scan", "--report", "-"], ["list", "--out", "-"], ["preview", "--out", "-"]] {
        let result = try Tool.run(["data"] + arguments + ["pictures", "--json"], in: folder)
        #expect(result.code == 64 && result.errors.contains("--json") && result.output.isEmpty, "\(result)")
      }
      try makeFolder(folder / "empty")
      let empty = try Tool.run(["data", "list", "empty", "--out", "e.csv", "--json"], in: folder)
      #expect(empty.code == 65 && empty.errorLines.count == 1 && empty.output.isEmpty, "\(empty)")
    }
  }

  /// The nets' figures add up.
  @Test func netsAsJSON() throws {
    try inTemporaryFolder { folder in
      let object = try jsonObject(succeed(["inspect", "--size", "32", "--features", "8", "--json"], in: folder))
      #expect((object["configuration"] as? [String: Any])?["size"] as? Int == 32)
      for net in ["critic", "generator"] {
        let net = try #require(object[net] as? [String: Any])
        let layers = try #require(net["layers"] as? [[String: Any]])
        #expect(layers.count >= 4 && layers.allSatisfy { ($0["output"] as? [Int])?.count == 3 })
        for sum in ["parameters", "multiplyAdds"] {
          #expect(layers.compactMap { $0[sum] as? Int }.reduce(0, +) == net[sum] as? Int, "\(sum)")
        }
      }
      #expect((object["memoryBytes"] as? Int).map { $0 > 0 } == true)
    }
  }

  @Test func aListThatCantBeFilledSaysWhy() throws {
    try inTemporaryFolder { folder in
      try makeFolder(folder / "pictures")
      try writeFile([1], to: folder / "pictures/no\n\u{1B}picture")
      let list = try Tool.run(["data", "list", "pictures"], in: folder)
      #expect(list.code == 65 && list.output.isEmpty, "\(list)")
      #expect(list.errorLines.first == "left out no??picture: is neither a JPEG nor a PNG picture", "\(list)")
    }
  }
}
