import SystemSupport
import Datasets
import Foundation
import Images
import Testing

/// Protects: every usable file is found once, everything else is named once, and nothing hangs or traps.
@Suite struct SourceTests {
  let folder: TemporaryFolder
  let cache: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    cache = try TemporaryFolder()
  }

  func open(_ source: DatasetSource, fraction: Double = 1, heldOut: Double = 0) throws -> Dataset {
    try Dataset(
      source,
      DatasetOptions(size: 16, fraction: fraction, heldOut: heldOut, threads: 2, cacheDirectory: cache.path))
  }

  func names(_ dataset: Dataset) -> [FilePath] { (0..<dataset.count).map(dataset.name) }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/" + name, withDestinationPath: target)
  }

  // MARK: - Copies

  /// A copy tells nothing new: it is held out with its picture, or not at all.
  @Test func copiesAreToldAndStayTogether() throws {
    for i in 0..<40 { try folder.writePicture("p/\(i).png", shade: 5 * i) }
    let alone = try open(.folder(folder.path + "/p"), heldOut: 0.4)
    #expect(alone.notes.isEmpty)
    func heldOut(_ dataset: Dataset) -> Set<FilePath> { Set(dataset.shuffled(.heldOut, seed: 1).map(dataset.name)) }
    for i in 0..<40 { try folder.writePicture("p/copy\(i).png", shade: 5 * i) }
    let both = try open(.folder(folder.path + "/p"), heldOut: 0.4)
    // A picture's name is before its copy's.
    #expect(heldOut(both) == heldOut(alone).union(heldOut(alone).map { FilePath("copy\($0)") }))
    #expect(both.notes.count == 1 && both.notes[0].contains("40 pictures are copies"), "\(both.notes)")
    let scan = try DatasetScan(.folder(folder.path + "/p"), size: 16, threads: 2)
    #expect(scan.notes == both.notes)
    #expect(try open(.synthetic(count: 30, seed: 1)).notes.isEmpty)
  }

  /// Somebody gave a text.
  @Test func aTextIsNoList() throws {
    try folder.write("README.txt", Array("My pictures\nThey are of faces.\n".utf8))
    let error = #expect(throws: Failure.self) { try open(DatasetSource(argument: folder.path + "/README.txt")) }
    let text = error?.description ?? ""
    #expect(text.contains("taken for a list") && text.contains("none of its 2 lines"), "\(text)")
  }

  // MARK: - Folders

  /// CR alone ends a line too, as old spreadsheets write.
  @Test(arguments: ["\n", "\r\n", "\r"]) func everyEndOfLineEndsALine(end: String) throws {
    let lines = ["a.png,0", "\"b, c.png\",1", "", "  ", "d.png", "\"open"]
    for last in ["", end, end + end] {
      let (names, bad) = ListFile.parse(Array((lines.joined(separator: end) + last).utf8), shownAs: "l")
      #expect(names == ["a.png", "b, c.png", "d.png"])
      #expect(bad.map(\.path) == ["l line 6"])
    }
  }

  @Test func aMarkOfUTF8IsNoPartOfAName() {
    for text in ["\u{FEFF}a.png\nb.png", "\u{FEFF}\"a.png\",0\r\nb.png"] {
      #expect(ListFile.parse(Array(text.utf8), shownAs: "l").names == ["a.png", "b.png"])
    }
    // In the second line it is.
    #expect(ListFile.parse(Array("a\n\u{FEFF}b".utf8), shownAs: "l").names == ["a", "\u{FEFF}b"])
  }

  /// A list in pieces is the list: the pieces are a megabyte, and a line may lie in two.
  @Test func listsAreReadPieceByPiece() throws {
    let folder = try TemporaryFolder()
    let end = Array("\r\n".utf8)
    for shift in 0..<4 {
      let blank = [UInt8](repeating: UInt8(ascii: "\n"), count: (1 << 20) - 4 - shift)
      try folder.write("list.csv", blank + Array("abc,0".utf8) + end + Array("def,0".utf8) + end)
      let listing = try SourceListing.names(ofList: folder.path + "/list.csv")
      #expect(listing == ["abc", "def"])
    }
  }

  @Test func whatIsNoListIsRefusedByName() throws {
    let folder = try TemporaryFolder()
    func refusal(_ bytes: [UInt8]) throws -> String {
      try folder.write("list.csv", bytes)
      let error = #expect(throws: Failure.self) { try SourceListing.names(ofList: folder.path + "/list.csv") }
      #expect(error?.kind == .badData)
      return error?.description ?? ""
    }
    let text = "a.png,0\n".utf16
    let little = text.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let big = text.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
    for bytes in [little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big] {
      #expect(try refusal(bytes).contains("UTF-16"))
    }
    #expect(try refusal([1, 2, 3, 0]).contains("isn't a list"))
    #expect(try refusal([UInt8](repeatElement([0x2C, 0x0A], count: 1_000_001).joined())).contains("can't be read"))
    // A line longer than any path is one bad line.
    let long = [UInt8](repeating: UInt8(ascii: "x"), count: 200_000)
    let (names, bad) = ListFile.parse(long + Array("\na.png".utf8), shownAs: "l")
    #expect(names == ["a.png"] && bad.map(\.path) == ["l line 1"])
  }

  @Test func foldersAreReadInOrderAtAllLevels() throws {
    let some = ["b.png", "a/z.png", "a/b/c.jpeg", "B.PNG", "é.png", "no extension", "a b, \"c\".png"]
    for (i, name) in some.enumerated() { try folder.writePicture(name, shade: i) }
    try folder.writePicture(".hidden.png", shade: 1)
    try folder.writePicture(".git/x.png", shade: 1)
    let dataset = try open(.folder(folder.path))
    #expect(names(dataset) == ["B.PNG", "a b, \"c\".png", "a/b/c.jpeg", "a/z.png", "b.png", "no extension", "é.png"])
    #expect(dataset.badFiles.isEmpty && dataset.notes.isEmpty)
  }

  @Test func loopsOfLinksEnd() throws {
    try folder.writePicture("a/x.png", shade: 1)
    try folder.writePicture("z/y.png", shade: 2)
    try link("a/up", to: "..")
    try link("a/self", to: ".")
    try link("0", to: "z")
    try link("file.png", to: "a/x.png")
    try link("dangling.png", to: "nowhere.png")
    try link("ring.png", to: "ring.png")
    #expect(mkfifo(folder.path + "/pipe.png", 0o644) == 0)
    let dataset = try open(.folder(folder.path))
    // A folder goes by its real name even if a link to it comes first.
    #expect(names(dataset) == ["a/x.png", "file.png", "z/y.png"])
    #expect(dataset.badFiles.map(\.path) == ["dangling.png", "ring.png"])
  }

  @Test func linksLeadOutOfTheFolderOnce() throws {
    let other = try TemporaryFolder()
    try other.writePicture("deep/p.png", shade: 3)
    try link("one", to: other.path)
    try link("two", to: other.path)
    #expect(names(try open(.folder(folder.path))) == ["one/deep/p.png"])
  }

  /// A run in its own folder of pictures doesn't learn from its galleries, and isn't another run for each of them.
  @Test func foldersOfRunsAreNoData() throws {
    try folder.writePicture("a.png", shade: 1)
    try folder.writePicture("runs/b.png", shade: 2)
    let before = try open(.folder(folder.path)).fingerprint
    for (run, sign) in [("run", "metrics.csv"), ("runs/c-1", "checkpoints/000100.json")] {
      try folder.write(run + "/config.json", "{}")
      try folder.write(run + "/" + sign, "")
      try folder.writePicture(run + "/samples/000100.png", shade: 3)
      try folder.writePicture(run + "/real.png", shade: 4)
    }
    let dataset = try open(.folder(folder.path))
    #expect(names(dataset) == ["a.png", "runs/b.png"] && dataset.fingerprint == before && dataset.badFiles.isEmpty)
    #expect(dataset.notes.count == 1 && dataset.notes[0].hasPrefix("2 folders are runs"), "\(dataset.notes)")
    #expect(try DatasetScan(.folder(folder.path), size: 16, threads: 2).notes == dataset.notes)
    let error = failure { _ = try DatasetSource(argument: folder.path + "/run") }
    #expect(error?.kind == .badData && error?.description.contains("--resume") == true, "\(error!)")
    // One of the two signs alone is anybody's.
    try folder.write("mine/config.json", "{}")
    try folder.writePicture("mine/d.png", shade: 3)
    #expect(names(try open(.folder(folder.path))).contains("mine/d.png"))
  }

  // MARK: - Several

  @Test func severalSourcesAreTheUnion() throws {
    for i in 0..<3 { try folder.writePicture("one/faces/\(i).png", shade: 10 * i) }
    for i in 0..<3 { try folder.writePicture("two/faces/\(i).png", shade: 100 + 10 * i) }
    try folder.write("list.csv", "one/faces/2.png,0\ntwo/faces/0.png,0\n")
    let (one, two) = (folder.path + "/one/faces", folder.path + "/two/faces")
    let both = try open(DatasetSource(arguments: [one, two]))
    #expect(
      names(both) == [
        "faces/0.png", "faces/1.png", "faces/2.png", "faces-2/0.png", "faces-2/1.png", "faces-2/2.png",
      ])
    #expect(try (0..<6).map { try both.picture($0).pixels[0] } == [0, 10, 20, 100, 110, 120])
    // A file that is in two of them counts once, whatever it is called there; the same source again is nothing new.
    let again = try open(DatasetSource(arguments: [one, one, folder.path + "/list.csv", two, folder.path + "/one"]))
    #expect(try (0..<again.count).map { try again.picture($0).pixels[0] } == [0, 10, 20, 100, 110, 120])
    #expect(again.notes.contains("5 files are given twice, and taken once"), "\(again.notes)")
    #expect(try open(DatasetSource(arguments: [one])).fingerprint == open(.folder(one)).fingerprint)
    #expect(try open(DatasetSource(arguments: [one, two])).decodedCount == 0)
    #expect(try open(DatasetSource(arguments: [one, "synthetic"]), fraction: 0.01).count > 50)
  }

  // MARK: - What it is instead

  @Test func whatIsNoDataIsToldWhatItIs() throws {
    try folder.writePicture("p/a.png", shade: 1)
    try folder.write("b.webp", "RIFF....WEBPVP8 ")
    try folder.write("c.7z", [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])
    for (path, words) in [
      (folder.path + "/nowhere", ["a folder of pictures", "'synthetic'"]),
      (folder.path + "/p/a.png", ["single picture", "--data \(folder.path)/p"]),
      (folder.path + "/b.webp", ["a WebP picture", "mogrify"]), (folder.path + "/c.7z", ["7z", "unpack"]),
    ] {
      let error = failure { _ = try DatasetSource(argument: path) }?.description ?? ""
      #expect(words.allSatisfy(error.contains) && !error.contains("\n"), "\(error)")
    }
    try makeFolder(folder.path + "/empty")
    #expect(failure { _ = try open(.folder(folder.path + "/empty")) }?.description.contains("it is empty") == true)
    // In a folder: by its name, with what to do, also where files are only listed.
    try folder.write("p/b.webp", "RIFF....WEBPVP8 ")
    try folder.write("p/c.zip", [0x50, 0x4B, 3, 4])
    let files = try DatasetFiles(.folder(folder.path + "/p"), fraction: 1, seed: 0)
    let bad = try open(.folder(folder.path + "/p")).badFiles
    #expect(files.bad == bad && bad.map(\.path) == ["b.webp", "c.zip"])
    #expect(bad[0].reason.contains("mogrify -format png '*.webp'") && bad[1].reason.contains("--data"), "\(bad)")
  }

  @Test func badFilesAreNamedOnceAndSkipped() throws {
    try folder.writePicture("good.png", shade: 7)
    try folder.writePicture("short.png", shade: 7)
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/short.png"))
    try folder.write("short.png", Array(whole.prefix(whole.count / 2)))
    try folder.write("empty.png", [])
    try folder.write("notes.txt", "not a picture")
    try folder.write("two\nlines \u{1B}[31m", "not a picture either")
    for _ in 0..<2 {
      let dataset = try open(.folder(folder.path))
      #expect(names(dataset) == ["good.png"])
      #expect(dataset.badFiles.map(\.path) == ["empty.png", "notes.txt", "short.png", "two\nlines \u{1B}[31m"])
      for file in dataset.badFiles {
        #expect(!file.reason.isEmpty && !file.description.contains { $0 == "\n" || $0 == "\u{1B}" })
      }
    }
  }

  func failure(_ body: () throws -> Void) -> Failure? {
    do {
      try body()
      return nil
    } catch {
      return error as? Failure
    }
  }

  @Test func nothingToTrainOnIsAnError() throws {
    #expect(failure { _ = try open(.folder(folder.path)) }?.kind == .badData)
    try folder.write("a.jpg", "no")
    let error = failure { _ = try open(.folder(folder.path)) }
    #expect(error?.kind == .badData && error?.description.contains("a.jpg") == true)
    #expect(failure { _ = try open(.folder(folder.path + "/missing")) }?.kind == .missing)
    #expect(failure { _ = try DatasetSource(argument: folder.path + "/missing") }?.kind == .missing)
    #expect(failure { _ = try open(.synthetic(count: 0, seed: 0)) }?.kind == .badData)
    // No half-made cache is left behind.
    #expect(try cache.names() == [])
    try folder.writePicture("b.png", shade: 1)
    #expect(failure { _ = try open(.folder(folder.path), heldOut: 1) }?.kind == .badData)
    #expect(failure { _ = try open(.folder(folder.path), fraction: 0) }?.kind == .badData)
  }

  @Test func theArgumentSaysWhatItIs() throws {
    try folder.write("list.csv", "a,0\n")
    #expect(try DatasetSource(argument: "synthetic") == .synthetic)
    #expect(try DatasetSource(argument: folder.path) == .folder(folder.path))
    #expect(try DatasetSource(argument: folder.path + "/list.csv") == .list(folder.path + "/list.csv"))
  }

  // MARK: - Lists

  func parse(_ text: String) -> (names: [FilePath], bad: [FilePath]) {
    let (names, bad) = ListFile.parse(Array(text.utf8), shownAs: "l")
    return (names, bad.map(\.path))
  }

  @Test func listsInOddForms() {
    #expect(parse("a/b.jpg,0\nc.jpg,0\n") == (["a/b.jpg", "c.jpg"], []))
    #expect(parse("\u{FEFF}a.jpg,0\r\n\r\n  \n\nb.jpg,0\r\nc.jpg") == (["a.jpg", "b.jpg", "c.jpg"], []))
    #expect(parse("\"a, \"\"b\"\".jpg\",0\n\"c.jpg\"\n") == (["a, \"b\".jpg", "c.jpg"], []))
    #expect(parse("a.jpg,0,\"x\ny\"\n").names.first == "a.jpg")
    #expect(parse(",0\na.jpg,0\n\"b.jpg,0\n\"c\"d,0\n") == (["a.jpg"], ["l line 1", "l line 3", "l line 4"]))
    #expect(parse("") == ([], []))
    #expect(parse(" a b.jpg ,0\n") == ([" a b.jpg "], []))
    let (names, bad) = ListFile.parse([0xFF, 0x2C, 0x30, 0x0A, 0x61, 0x00, 0x0A], shownAs: "l")
    #expect(names == [FilePath(bytes: [0xFF])] && bad.map(\.path) == ["l line 2"])
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let names: [FilePath] = [
      "\u{FEFF}x", "a.jpg", "a,b.jpg", "\"", "a\"\"b", " a ", "é/ü.png", ",", "\u{FEFF}x", "'", ",\u{301}", "\"\u{301}",
      " \u{301}", FilePath(bytes: [0xFF, 0x2C, 0xFE]),
    ]
    let lines = names.map { ListFile.line(for: $0)! + Array("\r\n".utf8) }
    #expect(ListFile.parse(Array(lines.joined()), shownAs: "l").names == names)
    // As other programs want it.
    for (name, line) in [("a", "a,0"), ("a,\u{301}b", "\"a,\u{301}b\",0"), ("\"\u{301}", "\"\"\"\u{301}\",0")] {
      #expect(ListFile.line(for: FilePath(name)) == Array(line.utf8))
    }
    #expect(ListFile.line(for: "a\nb") == nil && ListFile.line(for: "a\rb") == nil)
  }

  @Test func aListMeansItsOwnFolder() throws {
    for i in 0..<5 { try folder.writePicture("p/\(i).png", shade: 10 * i) }
    try folder.write("lists/some.csv", "../p/3.png,0\n\(folder.path)/p/1.png,0\n../p/9.png,0\n,0\n../p/3.png,0\n")
    let dataset = try open(.list(folder.path + "/lists/some.csv"))
    #expect(try (0..<dataset.count).map { try dataset.picture($0).pixels[0] } == [30, 10, 30])
    #expect(dataset.badFiles.map(\.path) == ["\(folder.path)/lists/some.csv line 4", "../p/9.png"])
  }

  @Test func aWrittenListGivesTheSamePicturesFromAnywhere() throws {
    for i in 0..<30 { try folder.writePicture("p/\(i % 3)/\(i).png", shade: 8 * i) }
    try folder.write("p/notes.txt", "hello")
    let direct = try open(.folder(folder.path + "/p"), fraction: 0.5)
    try #require(direct.count > 5 && direct.count < 25)
    let files = try DatasetFiles(.folder(folder.path + "/p"), fraction: 0.5, seed: 42)
    for place in ["list.csv", "p/list.csv", "p/0/list.csv", "q/r/list.csv"] {
      try folder.write(place, "")
      let (text, bad) = ListFile.text(
        listing: files.paths, in: (folder.path + "/" + place as NSString).deletingLastPathComponent)
      #expect(bad.isEmpty)
      try folder.write(place, text)
      let listed = try open(.list(folder.path + "/" + place))
      #expect(try (0..<listed.count).map(listed.picture) == (0..<direct.count).map(direct.picture))
    }
  }

  @Test func aPictureIsNoList() throws {
    try folder.writePicture("a.png", shade: 1)
    #expect(failure { _ = try open(DatasetSource(argument: folder.path + "/a.png")) }?.kind == .badData)
  }

  // MARK: - Parts

  @Test func heldOutAndTrainingPartTheWhole() throws {
    let dataset = try open(.synthetic(count: 200, seed: 1), heldOut: 0.2)
    #expect(abs(dataset.count(.heldOut) - 40) < 25 && dataset.count(.heldOut) + dataset.count(.training) == 200)
    var seen: [[UInt8]] = []
    for subset in [Dataset.Subset.training, .heldOut] {
      let loader = try BatchLoader(dataset: dataset, subset: subset, batchSize: 1, crop: .center, seed: 1)
      for _ in 0..<dataset.count(subset) { seen.append(try loader.next().pixels) }
    }
    #expect(Set(seen) == Set(try (0..<200).map { try dataset.picture($0).pixels }))
    // A picture stays on its side when others come and go.
    let fewer = try open(.synthetic(count: 100, seed: 1), heldOut: 0.2)
    let all = Set(try dataset.samples(200, seed: 0).map(\.pixels))
    #expect(Set(try fewer.samples(100, seed: 0).map(\.pixels)).isSubset(of: all))
  }

  @Test func theFingerprintTellsDataSetsApart() throws {
    for i in 0..<5 { try folder.writePicture("\(i).png", shade: i) }
    let first = try open(.folder(folder.path)).fingerprint
    #expect(try open(.folder(folder.path)).fingerprint == first)
    try folder.writePicture("5.png", shade: 5)
    let second = try open(.folder(folder.path)).fingerprint
    #expect(second != first)
  }

  // MARK: - Looking

  @Test func scansCountAndName() throws {
    try folder.writePicture("a.png", shade: 1, width: 20, height: 16)
    try folder.writePicture("b.png", shade: 1, width: 50, height: 70)
    try folder.write("c.txt", "hello")
    let scan = try DatasetScan(.folder(folder.path), size: 32, threads: 2)
    #expect(scan.count == 2 && scan.pngCount == 2 && scan.smallCount == 1)
    #expect(scan.widths == 20...50 && scan.heights == 16...70 && scan.bad.map(\.path) == ["c.txt"])
  }

  /// What is previewed is what training gets: the same fit, the same crop.
  @Test(arguments: PictureFit.allCases, CropMode.allCases)
  func previewsShowWhatTrainingSees(fit: PictureFit, crop: CropMode) throws {
    for i in 0..<6 { try folder.writePicture("\(i).png", shade: 10 * i, width: 20 + 9 * i, height: 16 + 20 * (i % 3)) }
    let preview = try DatasetPreview(
      .folder(folder.path), count: 12, size: 16, channels: 3, seed: 7, fit: fit, crop: crop)
    let dataset = try Dataset(
      .folder(folder.path),
      DatasetOptions(size: 16, seed: 7, cacheDirectory: cache.path, fit: fit, crop: crop))
    let loader = try BatchLoader(dataset: dataset, batchSize: 6, crop: crop, seed: 7)
    let batch = try loader.next().pixels
    let bytes = 16 * 16 * 3
    #expect(Set(preview.pictures.map(\.pixels)) == Set((0..<6).map { Array(batch[$0 * bytes..<($0 + 1) * bytes]) }))
    // What is looked at once is cropped as training does, or at the centre.
    let still = try DatasetPreview(
      .folder(folder.path), count: 12, size: 16, channels: 3, seed: 7, fit: fit, crop: crop.still)
    #expect(Set(still.pictures.map(\.pixels)) == Set(try (0..<6).map { try dataset.square($0) }))
    // Each fit has a cache of its own.
    #expect(dataset.decodedCount == 6)
    #expect(try open(.folder(folder.path)).decodedCount == (fit == .crop ? 0 : 6))
  }

  @Test func previewsShowGoodPictures() throws {
    for i in 0..<5 { try folder.writePicture("\(i).png", shade: 10 * i) }
    for i in 5..<9 { try folder.write("\(i).png", "bad") }
    let preview = try DatasetPreview(.folder(folder.path), count: 12, size: 8, channels: 3, seed: 1)
    #expect(Set(preview.pictures.map { $0.pixels[0] }) == [0, 10, 20, 30, 40] && preview.bad.count == 4)
    #expect(preview.pictures.allSatisfy { $0.width == 8 && $0.height == 8 })
    #expect(try DatasetPreview(.folder(folder.path), count: 2, size: 8, channels: 1, seed: 1).pictures.count == 2)
  }
}
