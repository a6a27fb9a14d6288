import Images
import SystemSupport
import TestSupport
import Testing

/// Protects: what a person chooses is what is drawn, in files of the kind that their names say; and what can't be is
/// one line.
@Suite struct SamplingTests {
  static let generate = ["generate", "--run", "run", "--threads", "1"]
  static let walk = ["walk", "--run", "run", "--threads", "1"]

  /// A tiny run with galleries after 1, 2, 3 and 4 generator steps.
  func train(in folder: String) throws {
    try succeed(["train", "--out", "run", "--generator-steps", "4", "--sample-every", "1"] + Tool.tiny, in: folder)
  }

  func picture(_ path: String) throws -> Picture {
    try PictureDecoder.decode(path: path, channels: 3, shortSide: nil)
  }

  /// The types of a PNG's chunks.
  func chunks(_ path: String) throws -> [String: Int] {
    let bytes = try readFile(path)
    var (counts, place) = ([String: Int](), 8)
    while place + 12 <= bytes.count {
      counts[String(decoding: bytes[place + 4..<place + 8], as: UTF8.self), default: 0] += 1
      place += 12 + bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    return counts
  }

  // MARK: - generate

  @Test func seedsAreTheFirstPicturesOfTheirSeries() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      try succeed(Self.generate + ["--seeds", "7,1-3", "--out", "p"], in: folder)
      #expect(try folderNames(folder / "p").count == 4)
      for (i, seed) in [7, 1, 2, 3].enumerated() {
        try succeed(Self.generate + ["--seed", "\(seed)", "--count", "1", "--out", "\(i).png"], in: folder)
        #expect(try readFile(folder / "\(i).png") == readFile(folder / "p/00000\(i).png"))
      }
      // Others don't go among them; the same and more of the same may.
      #expect(try Tool.run(Self.generate + ["--seeds", "7,1", "--out", "p"], in: folder).code == 73)
      #expect(try Tool.run(Self.generate + ["--seeds", "1-4", "--out", "p"], in: folder).code == 73)
      try succeed(Self.generate + ["--seeds", "7,1-3", "--seeds", "9", "--out", "p"], in: folder)
    }
  }

  /// What --tensors writes is drawn again, to the last bit.
  @Test func numbersAreDrawnAgain() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      for choice in [["--count", "5"], ["--seeds", "4-6"], ["--seed", "3", "--count", "4", "--truncation", "0.5"]] {
        try succeed(Self.generate + choice + ["--force", "--tensors", "z", "--grid", "a.png"], in: folder)
        try succeed(Self.generate + ["--force", "--latents", "z", "--grid", "b.png"], in: folder)
        #expect(try readFile(folder / "a.png") == readFile(folder / "b.png"), "\(choice)")
      }
      try succeed(Self.generate + ["--seed", "3", "--count", "4", "--grid", "c.png"], in: folder)
      #expect(try readFile(folder / "b.png") != readFile(folder / "c.png"))
    }
  }

  @Test func sheetsAreAsTheyAreAskedFor() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let six = Self.generate + ["--seeds", "1-6"]
      try succeed(six + ["--grid", "plain.png", "--columns", "3"], in: folder)
      let plain = try picture(folder / "plain.png")
      #expect(plain.width == 3 * 18 + 2 && plain.height == 2 * 18 + 2)
      try succeed(six + ["--grid", "large.png", "--columns", "2", "--gap", "0", "--upscale", "4"], in: folder)
      let large = try picture(folder / "large.png")
      #expect(large.width == 128 && large.height == 192)
      let first = Gallery.cell(row: 0, column: 0, of: plain, size: 16)
      #expect(large.cropped(x: 0, y: 0, width: 64, height: 64) == first.enlarged(by: 4))
      for name in ["a.jpg", "b.JPEG"] {
        try succeed(six + ["--grid", name, "--columns", "3"], in: folder)
        let information = try PictureDecoder.information(path: folder / name)
        #expect(information.format == .jpeg && information.width == plain.width)
      }
      try succeed(Self.generate + ["--seeds", "1", "--out", "face.jpg", "--upscale", "2"], in: folder)
      #expect(try PictureDecoder.information(path: folder / "face.jpg").width == 32)
      // A file of another kind isn't replaced, by whatever name.
      try writeFile(Array("text".utf8), to: folder / "mine")
      #expect(try Tool.run(six + ["--grid", "mine"], in: folder).code == 73)
      try succeed(six + ["--grid", "a.jpg", "--force"], in: folder)
    }
  }

  // MARK: - walk

  @Test func aWalkIsAFilmOrAFolder() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let walk = Self.walk + ["--seeds", "5,1,9", "--frames", "7"]
      let result = try succeed(walk + ["--out", "walk.png"], in: folder)
      #expect(result.output == "walk.png\n")
      #expect(result.errorLines.first?.hasPrefix("7 frames of 16x16 pixels, 0.3 s: about ") == true, "\(result)")
      let size = try readFile(folder / "walk.png").count
      #expect(result.errorLines.last == "written: \((size + 500) / 1000) kB", "\(result) \(size)")
      let chunks = try chunks(folder / "walk.png")
      #expect(chunks["fcTL"] == 7 && chunks["acTL"] == 1 && (chunks["fdAT"] ?? 0) >= 6)
      // The first of the film and of the folder is the first seed's picture; the others are where they belong.
      try succeed(Self.generate + ["--seeds", "5,1,9", "--out", "p"], in: folder)
      #expect(try picture(folder / "walk.png") == picture(folder / "p/000000.png"))
      for out in ["frames", "frames/"] {
        try succeed(walk + ["--out", out], in: folder)
        #expect(try folderNames(folder / "frames").count == 7)
        for (seed, frame) in [0, 2, 4].enumerated() {
          #expect(try readFile(folder / "frames/00000\(frame).png") == readFile(folder / "p/00000\(seed).png"))
        }
      }
      let other = try Tool.run(Self.walk + ["--seeds", "5,2", "--frames", "7", "--out", "frames"], in: folder)
      #expect(other.code == 73 && other.errors.contains("--force") && other.errorLines.count == 1, "\(other)")
      try succeed(Self.walk + ["--seeds", "5,2", "--frames", "7", "--out", "frames", "--force"], in: folder)
      // Through the points of a file: the same.
      try succeed(Self.generate + ["--seeds", "5,1,9", "--tensors", "z"], in: folder)
      try succeed(Self.walk + ["--latents", "z", "--frames", "7", "--out", "again.png"], in: folder)
      #expect(try readFile(folder / "again.png") == readFile(folder / "walk.png"))
    }
  }

  /// Whatever is said of force and however it ends, no folder has pictures of two outputs.
  @Test func aFolderHasPicturesOfOneOutput() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      func bytes() throws -> [[UInt8]] { try folderNames(folder / "w").map { try readFile(folder / "w" / $0) } }
      let walk = Self.walk + ["--out", "w", "--seeds"]
      try succeed(walk + ["5,1,9", "--frames", "7"], in: folder)
      try writeFile([1], to: folder / "w/mine.txt")
      let before = try bytes()
      // Fewer: the others would stay among them, and nobody has named those.
      for fewer in [
        walk + ["5,2", "--frames", "5"], Self.generate + ["--count", "3", "--out", "w"],
        Self.generate + ["--seeds", "1,2", "--out", "w"], ["timelapse", "--run", "run", "--out", "w"],
      ] {
        for force in [[], ["--force"]] {
          let result = try Tool.run(fewer + force, in: folder)
          #expect(result.code == 73 && result.errorLines.count == 1, "\(result)")
          #expect(result.errors.contains("or remove them") && !result.errors.contains("--force"), "\(result)")
        }
      }
      #expect(try bytes() == before)
      // The same ones may be fewer.
      try succeed(Self.generate + ["--count", "9", "--out", "p"], in: folder)
      for force in [[], ["--force"]] {
        try succeed(Self.generate + ["--count", "2", "--out", "p"] + force, in: folder)
        #expect(try folderNames(folder / "p").count == 9)
      }
      // As many, and a disk that is full after some: what is there is of the new ones alone.
      let cut = try Tool.limited("ulimit -f 1", walk + ["5,2", "--frames", "7", "--force"], in: folder)
      let rest = try folderNames(folder / "w").filter { $0 != "mine.txt" }
      #expect(cut.code == 74 && rest.isEmpty, "\(cut) \(rest)")
      try succeed(walk + ["5,1,9", "--frames", "7"], in: folder)
      #expect(try bytes() == before)
      // More.
      try succeed(walk + ["5,2", "--frames", "9", "--force"], in: folder)
      try succeed(walk + ["5,2", "--frames", "9"], in: folder)
      #expect(try folderNames(folder / "w").count == 10 && readFile(folder / "w/mine.txt") == [1])
    }
  }

  /// What is said of a sheet that is too large is what makes it smaller.
  @Test(.enabled(if: isLinux)) func aSheetThatIsTooLarge() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let result = try Tool.limited(
        "ulimit -v 1000000",
        Self.generate + ["--count", "10000", "--columns", "100", "--upscale", "4", "--gap", "100", "--grid", "x.png"],
        in: folder)
      #expect(result.code == 71 && result.errorLines.count == 1, "\(result)")
      for words in ["fewer pictures", "--upscale or --gap", "--out FOLDER instead of --grid"] {
        #expect(result.errors.contains(words), "\(result)")
      }
      #expect(!result.errors.contains("--batch-size"), "\(result)")
      #expect(!fileExists(folder / "x.png"))
    }
  }

  @Test func severalWalksAreSideBySide() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      try succeed(
        Self.walk + ["--seeds", "5,1", "--seeds", "2,3,4", "--seeds", "8,9", "--frames", "6", "--columns", "2"]
          + ["--gap", "1", "--out", "w"], in: folder)
      try succeed(Self.walk + ["--seeds", "2,3,4", "--frames", "6", "--out", "one"], in: folder)
      for frame in 0..<6 {
        let sheet = try picture(folder / "w/00000\(frame).png")
        #expect(sheet.width == 35 && sheet.height == 35)
        #expect(try sheet.cropped(x: 18, y: 1, width: 16, height: 16) == picture(folder / "one/00000\(frame).png"))
      }
    }
  }

  // MARK: - timelapse

  @Test func aTimelapseIsTheGalleries() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let timelapse = ["timelapse", "--run", "run"]
      try succeed(timelapse + ["--out", "t"], in: folder)
      let names = try folderNames(folder / "run/samples")
      #expect(names == ["000001.png", "000002.png", "000003.png", "000004.png"])
      for (i, name) in names.enumerated() {
        #expect(try picture(folder / "t/00000\(i).png") == picture(folder / "run/samples" / name))
      }
      // The third of three is the last one.
      try succeed(timelapse + ["--out", "e", "--every", "2"], in: folder)
      #expect(try folderNames(folder / "e").count == 3)
      #expect(try readFile(folder / "e/000001.png") == readFile(folder / "t/000002.png"))
      #expect(try readFile(folder / "e/000002.png") == readFile(folder / "t/000003.png"))
      try succeed(timelapse + ["--out", "c", "--cell", "1,1", "--cell", "8,3", "--upscale", "2"], in: folder)
      let (cells, gallery) = (try picture(folder / "c/000003.png"), try picture(folder / "run/samples/000004.png"))
      #expect(cells.width == 2 * 34 + 2 && cells.height == 36)
      #expect(
        cells.cropped(x: 36, y: 2, width: 32, height: 32)
          == Gallery.cell(row: 7, column: 2, of: gallery, size: 16).enlarged(by: 2))
      let half = try succeed(timelapse + ["--out", "h.png", "--scale", "0.5"], in: folder)
      #expect(try picture(folder / "h.png").width == 73 && half.errors.contains("4 frames of 73x73 pixels, 2.4 s"))
      // What else lies there isn't shown; what looks like a gallery and is none is named.
      try writeFile(readFile(folder / "c/000000.png"), to: folder / "run/samples/mine.png")
      try succeed(timelapse + ["--out", "t"], in: folder)
      try writeFile(readFile(folder / "c/000000.png"), to: folder / "run/samples/000009.png")
      let wrong = try Tool.run(timelapse + ["--out", "w.png"], in: folder)
      #expect(wrong.code == 65 && wrong.errors.contains("000009.png: isn't one of the run's galleries"), "\(wrong)")
      #expect(!fileExists(folder / "w.png") && wrong.errorLines.count == 1)
    }
  }

  /// A gallery of small pictures is enlarged at the end, in a file of its own; begun anew it's set aside.
  @Test func theLastGalleryIsLargeEnoughToBeSeen() throws {
    try inTemporaryFolder { folder in
      try train(in: folder)
      let last = try picture(folder / "run/samples/000004.png")
      #expect(try picture(folder / "run/final.png") == last.enlarged(by: 2))
      let result = try Tool.run(Self.generate + ["--grid", "run/final.png"], in: folder)
      #expect(result.code == 73 && result.errors.contains("the files that the run"), "\(result)")
      try succeed(
        ["train", "--out", "run", "--resume", "--begin-anew", "--generator-steps", "1"], in: folder)
      #expect(try picture(folder / "run/final.png.before") == last.enlarged(by: 2))
      #expect(try picture(folder / "run/final.png") != last.enlarged(by: 2))
    }
  }

  // MARK: - Errors

  func expect(_ code: Int32, _ arguments: [String], says: [String], in folder: String) throws {
    let result = try Tool.run(arguments, in: folder)
    #expect(result.code == code && result.errorLines.count == 1 && result.output.isEmpty, "\(arguments): \(result)")
    for words in ["wgan: "] + says { #expect(result.errors.contains(words), "\(arguments): \(result)") }
  }

  @Test(arguments: [
    (["--seeds", "1,", "--grid", "x.png"], ["--seeds", "a seed is missing", "1,5,9-20"]),
    (["--seeds", "a", "--grid", "x.png"], ["\"a\" is no seed"]),
    (["--seeds", "9-1", "--grid", "x.png"], ["backwards"]),
    (["--seeds", "1,2", "--count", "3", "--grid", "x.png"], ["leave --count out"]),
    (["--latents", "z", "--seed", "3", "--grid", "x.png"], ["--latents", "leave --seed out"]),
    (["--latents", "z", "--seeds", "3", "--grid", "x.png"], ["--latents", "--seeds"]),
    (["--truncation", "0", "--grid", "x.png"], ["--truncation", "'0'", "from 0.000001 to 1"]),
    (["--truncation", "1.5", "--grid", "x.png"], ["--truncation", "'1.5'"]),
    // What is too small to be a number is shown as it was given.
    (["--truncation", "1e-320", "--grid", "x.png"], ["--truncation", "'1e-320'"]),
    (["--truncation", "nan", "--grid", "x.png"], ["--truncation", "'nan'"]),
    (["--upscale", "3", "--grid", "x.png"], ["--upscale 3", "2 or 4"]),
    (["--gap", "101", "--grid", "x.png"], ["--gap 101"]),
    (["--grid", "x.gif"], ["--grid x.gif", ".png or .jpg"]),
    (["--out", "x.webp"], ["--out x.webp", ".png or .jpg"]),
    (["--out", "x.jpg"], ["--out x.jpg", "there are 64", "--grid"]),
    (["--seeds", "1", "--out", "x.jpg", "--grid", "x.jpg"], ["--out and --grid are both x.jpg"]),
    (["--seeds", "1-20000", "--grid", "x.png"], ["20,000 pictures", "10000"]),
  ]) func generateUsage(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      try expect(64, Self.generate + arguments, says: says, in: folder)
      #expect(try folderNames(folder).isEmpty)
    }
  }

  @Test(arguments: [
    (["walk", "--run", "run", "--out", "x.png"], ["--seeds", "--latents"]),
    (["walk", "--run", "run", "--seeds", "1", "--out", "x.png"], ["two seeds"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--frames", "0", "--out", "x.png"], ["--frames 0"]),
    (["walk", "--run", "run", "--seeds", "1-3", "--frames", "2", "--out", "x.png"], ["--frames 2", "3 or more"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--out", "x.gif"], ["--out x.gif", ".png"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--out", ""], ["--out is empty"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--out", "x.png", "--fps", "0"], ["--fps"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--out", "-", "--force"], ["--force"]),
    (["walk", "--run", "run", "--seeds", "1,2"], ["--out"]),
    (["walk", "--run", "run", "--seeds", "1,2", "--out", "x.png", "--truncation", "1e-320"], ["'1e-320'"]),
    (["timelapse", "--run", "run", "--out", "x.png", "--cell", "0,1"], ["--cell", "1 to 8"]),
    (["timelapse", "--run", "run", "--out", "x.png", "--cell", "3"], ["as in 3,5"]),
    (["timelapse", "--run", "run", "--out", "x.png", "--every", "0"], ["--every 0"]),
    (["timelapse", "--run", "run", "--out", "x.png", "--scale", "2"], ["--scale 2", "--upscale"]),
    (["timelapse", "--run", "run", "--out", "x.png", "--gap", "1"], ["--gap", "--cell"]),
    (["timelapse", "--out", "x.png"], ["--run"]),
  ]) func filmUsage(arguments: [String], says: [String]) throws {
    try inTemporaryFolder { folder in
      try expect(64, arguments, says: says, in: folder)
      #expect(try folderNames(folder).isEmpty)
    }
  }

  @Test func filesThatCannotBe() throws {
    try inTemporaryFolder { folder in
      try expect(66, Self.walk + ["--seeds", "1,2", "--out", "x.png"], says: ["run: isn't there"], in: folder)
      try expect(66, ["timelapse", "--run", "run", "--out", "x.png"], says: ["run: isn't there"], in: folder)
      try train(in: folder)
      let grid = Self.generate + ["--grid", "x.png", "--latents"]
      try expect(66, grid + ["none"], says: ["none: isn't there"], in: folder)
      try writeFile([], to: folder / "empty.npy")
      try expect(65, grid + ["empty.npy"], says: ["empty.npy: is empty"], in: folder)
      try expect(65, grid + ["run/real.png"], says: ["neither a .npy nor"], in: folder)
      try expect(
        65, grid + ["run/checkpoints/000004.safetensors"], says: ["none is called \"noise\""], in: folder)
      try succeed(
        ["train", "--out", "other", "--generator-steps", "1"] + Tool.tiny.map { $0 == "8" ? "9" : $0 }, in: folder)
      try succeed(["generate", "--run", "other", "--count", "1", "--tensors", "z9"], in: folder)
      try expect(65, grid + ["z9"], says: ["z9: has latent vectors of 9 numbers, this generator takes 8"], in: folder)
      try succeed(Self.generate + ["--count", "1", "--tensors", "one"], in: folder)
      try expect(
        65, Self.walk + ["--latents", "one", "--out", "x.png"], says: ["one: has one latent vector"], in: folder)
      try succeed(Self.generate + ["--count", "9", "--tensors", "nine"], in: folder)
      try expect(
        64, Self.walk + ["--latents", "nine", "--frames", "5", "--out", "x.png"], says: ["--frames 5", "9 latent"],
        in: folder)
      // Galleries that are gone, and an output that is somebody else's.
      try expect(73, Self.walk + ["--seeds", "1,2", "--out", "no/x.png"], says: ["no/x.png"], in: folder)
      try expect(
        73, Self.walk + ["--seeds", "1,2", "--out", "run/samples/000001.png"], says: ["the files that the run"],
        in: folder)
      try expect(73, ["timelapse", "--run", "run", "--out", "nine"], says: ["nine", "isn't a PNG"], in: folder)
      for name in try folderNames(folder / "run/samples") { removeFile(folder / "run/samples" / name) }
      try expect(
        66, ["timelapse", "--run", "run", "--out", "x.png"], says: ["no gallery yet", "--resume"], in: folder)
      // Checkpoints that are gone, and their folder with them.
      let walk = ["walk", "--run", "other", "--seeds", "1,2", "--out", "x.png"]
      for name in try folderNames(folder / "other/checkpoints") { removeFile(folder / "other/checkpoints" / name) }
      try expect(66, walk, says: ["other: has no checkpoint yet", "--resume"], in: folder)
      removeFolder(folder / "other/checkpoints")
      try expect(66, walk, says: ["other: has no checkpoint yet", "--resume"], in: folder)
      #expect(!fileExists(folder / "x.png"))
      // A full disk: what was there stays, and nothing half-written does.
      try succeed(Self.walk + ["--seeds", "1,2", "--frames", "9", "--out", "film.png"], in: folder)
      let before = try readFile(folder / "film.png")
      let full = try Tool.limited(
        "ulimit -f 4", Self.walk + ["--seeds", "3,4", "--force", "--out", "film.png"], in: folder)
      #expect(full.code == 74 && full.errorLines.last?.hasPrefix("wgan: film.png: can't be written") == true, "\(full)")
      #expect(try readFile(folder / "film.png") == before)
      #expect(try folderNames(folder).allSatisfy { !TemporaryName.matches($0) })
    }
  }
}
