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
