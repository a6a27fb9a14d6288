import Archives
import Datasets
import Foundation
import Images
import Synchronization
import SystemSupport
import Testing

/// Protects: what is in a zip or tar file is what its folder would be, and no archive hangs, traps or takes more than
/// it may.
@Suite struct ArchiveTests {
  let folder: TemporaryFolder
  let cache: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    cache = try TemporaryFolder()
  }

  func open(_ name: String, threads: Int = 3) throws -> Dataset {
    try Dataset(
      DatasetSource(argument: folder.path + "/" + name),
      DatasetOptions(size: 16, threads: threads, cacheDirectory: cache.path))
  }

  func names(_ dataset: Dataset) -> [FilePath] { (0..<dataset.count).map(dataset.name) }
  func shades(_ dataset: Dataset) throws -> [Int] {
    try (0..<dataset.count).map { Int(try dataset.picture($0).pixels[0]) }
  }

  /// Some pictures, and what people and programs put beside them.
  func fill(_ archive: inout HandmadeArchive, count: Int = 40) throws {
    for i in 0..<count { archive.add("photos/\((i * 7) % count).png", try picture(shade: i)) }
    archive.add("photos/é 日本.png", try picture(shade: 201))
    archive.add("__MACOSX/photos/._0.png", [1, 2, 3])
    archive.add(".hidden/x.png", [1])
    archive.add("./photos//dot.png", try picture(shade: 202))
    archive.add("readme.txt", Array("hello".utf8))
    archive.add("inside.zip", [0x50, 0x4B, 3, 4])
    archive.add("photos/0.png", try picture(shade: 203))
  }

  func picture(shade: Int) throws -> [UInt8] {
    try folder.writePicture("one.png", shade: shade)
    defer { try? folder.remove("one.png") }
    return Array(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/one.png")))
  }

  @Test(arguments: HandmadeArchive.Format.allCases) func picturesAreReadAsTheyAre(format: HandmadeArchive.Format) throws
  {
    var archive = HandmadeArchive(format)
    try fill(&archive)
    try folder.write("a.\(format)", archive.bytes)
    for threads in [1, 3] {
      let dataset = try open("a.\(format)", threads: threads)
      #expect(dataset.decodedCount == (threads == 1 ? 42 : 0))
      let expected: [(name: FilePath, shade: Int)] =
        (0..<40).map { ("photos/\(($0 * 7) % 40).png", $0) } + [("photos/é 日本.png", 201), ("photos/dot.png", 202)]
      let ordered = expected.sorted { $0.name < $1.name }
      #expect(names(dataset) == ordered.map(\.name))
      #expect(try shades(dataset) == ordered.map(\.shade))
      #expect(dataset.badFiles.map(\.path) == ["photos/0.png", "inside.zip", "readme.txt"])
      #expect(dataset.badFiles[0].reason.contains("twice") && dataset.badFiles[1].reason.contains("zip archive"))
    }
    let source = try DatasetSource(argument: folder.path + "/a.\(format)")
    let scan = try DatasetScan(source, size: 16, threads: 2)
    #expect(scan.pngCount == 42 && scan.bad.count == 3)
    let preview = try DatasetPreview(source, count: 7, size: 16, channels: 3, seed: 3)
    #expect(preview.pictures.count == 7 && Set(preview.pictures.map { $0.pixels[0] }).count == 7)
    // Beside a folder, each name says where it is.
    try folder.writePicture("more/b.png", shade: 99)
    let both = try Dataset(
      DatasetSource(arguments: [folder.path + "/a.\(format)", folder.path + "/more"]),
      DatasetOptions(size: 16, threads: 3, cacheDirectory: cache.path))
    #expect(both.count == 43 && names(both)[0] == "a.\(format)/photos/0.png" && names(both)[42] == "more/b.png")
    #expect(both.badFiles[0].path == "a.\(format)/photos/0.png")
  }

  /// As tar, gzip, xz and zstd write them, where they are there.
  @Test(arguments: ["gzip", "xz", "zstd", "bzip2"]) func compressedOnesToo(program: String) throws {
    let tool = ["/usr/bin/", "/bin/"].map { $0 + program }.first { fileExists($0) }
    guard let tool else { return }
    var archive = HandmadeArchive(.tar)
    try fill(&archive)
    try folder.write("a.tar", archive.bytes)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: tool)
    process.arguments = ["-q", folder.path + "/a.tar"]
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let name = try #require(try folder.names().first { $0.hasPrefix("a.tar.") })
    #expect(try shades(open(name)).sorted() == Array(0..<40) + [201, 202])
    // Cut short, it isn't used as if all were there.
    let whole = try readFile(folder.path + "/" + name)
    for share in [0.0, 0.3, 0.6, 0.9] {
      try folder.write("cut." + name, Array(whole.prefix(max(20, Int(share * Double(whole.count))))))
      let text = failure { _ = try open("cut." + name) } ?? "read"
      #expect(text.contains("is truncated") && text.contains("cut short"), "\(share): \(text)")
    }
    // A picture alone.
    try folder.write("alone.png", picture(shade: 4))
    let alone = Process()
    alone.executableURL = URL(fileURLWithPath: tool)
    alone.arguments = ["-q", folder.path + "/alone.png"]
    try alone.run()
    alone.waitUntilExit()
    let compressed = try #require(try folder.names().first { $0.hasPrefix("alone.png.") })
    #expect(failure { _ = try open(compressed) }?.contains("is a single picture, compressed") == true)
    // Compressed again, it grows beyond what can be foreseen.
    let again = Process()
    again.executableURL = URL(fileURLWithPath: "/bin/sh")
    again.arguments = ["-c", "cd '\(folder.path)' && '\(tool)' -q -c < \(name) > twice"]
    try again.run()
    again.waitUntilExit()
    #expect(failure { _ = try open("twice") }?.contains("compressed more than once") == true)
  }

  func failure(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch {
      return (error as? Failure)?.description ?? "another error: \(error)"
    }
  }

  @Test(arguments: HandmadeArchive.Format.allCases) func damagedOnesGiveWhatIsWhole(format: HandmadeArchive.Format)
    throws
  {
    var archive = HandmadeArchive(format)
    try fill(&archive, count: 8)
    let whole = archive.bytes
    // (A tar file ends with 1024 zeros.)
    for length in Array(stride(from: 1, to: whole.count - (format == .tar ? 1536 : 0), by: 997)) {
      try folder.write("cut.\(format)", Array(whole.prefix(length)))
      let text = failure { _ = try open("cut.\(format)") } ?? "read"
      #expect(
        text.contains(length < 512 ? "isn't one" : "truncated") || text.contains("truncated"), "\(length): \(text)")
    }
    for place in stride(from: 3, to: whole.count, by: 101) {
      var bytes = whole
      bytes[place] ^= 0x55
      try folder.write("changed", bytes)
      _ = try? open("changed")
    }
  }

  /// Without its list, which stands at a zip file's end, passing over a file would unpack it, however large.
  @Test func aZipFileWithoutItsListIsRefused() throws {
    var archive = HandmadeArchive(.zip)
    try fill(&archive, count: 8)
    try folder.write("cut.zip", Array(archive.bytes.dropLast(200)))
    #expect(failure { _ = try open("cut.zip") }?.contains("cut.zip") == true)
  }

  /// ".." leads nowhere, since names of an archive are no places on the disk.
  @Test func hiddenFilesAreLeftOut() throws {
    var archive = HandmadeArchive(.tar)
    archive.add(".a.png", try picture(shade: 1))
    try folder.write("hidden.tar", archive.bytes)
    #expect(failure { _ = try open("hidden.tar") }?.contains("hidden files (1)") == true)
    archive.add("../../b.png", try picture(shade: 2))
    try folder.write("up.tar", archive.bytes)
    #expect(try shades(open("up.tar")) == [2])
  }

  /// The same archive with other pictures of the same names, lengths and times, as many programs make it.
  @Test func aReplacedArchiveIsNoticed() throws {
    for shade in [3, 4] {
      var archive = HandmadeArchive(.tar)
      archive.add("a.png", try picture(shade: shade))
      try folder.write("a.tar", archive.bytes)
      #expect(try shades(open("a.tar")) == [shade])
    }
  }

  /// Given twice it's the same data, in a run's file and in its own names.
  @Test func theSameDataTwiceAreTheSame() throws {
    var archive = HandmadeArchive(.tar)
    try fill(&archive, count: 8)
    try folder.write("a.tar", archive.bytes)
    let path = folder.path + "/a.tar"
    let options = DatasetOptions(size: 16, threads: 1, cacheDirectory: cache.path)
    let once = try Dataset(DatasetSource(argument: path), options)
    let twice = try Dataset(DatasetSource(arguments: [path, path]), options)
    #expect(names(twice) == names(once) && twice.fingerprint == once.fingerprint)
    #expect(twice.notes.contains { $0.contains("more than once") })
  }

  /// A run on an archive is the run on its folder: the same pictures in the same order, the same ones held out.
  @Test(arguments: HandmadeArchive.Format.allCases, ["", "faces/", "home/me/faces/"])
  func anArchiveIsWhatItsFolderIs(format: HandmadeArchive.Format, root: String) throws {
    var archive = HandmadeArchive(format)
    let names = ["b/3.png", "a.png", "10.png", "9.png", "b/1.png", "z.png", "ä.png"]
    for (i, name) in names.enumerated() {
      let bytes = try picture(shade: 10 + i)
      archive.add(root + name, bytes)
      try makeFolder(folder.path + "/faces/b")
      try folder.write("faces/" + name, bytes)
    }
    archive.add("__MACOSX/x", [1])
    archive.add(root + "b/notes.txt", [1])
    try folder.write("faces/b/notes.txt", [1])
    try folder.write("packed.\(format)", archive.bytes)
    let sets = try ["faces", "packed.\(format)"].map { name in
      try Dataset(
        DatasetSource(argument: folder.path + "/" + name),
        DatasetOptions(size: 16, heldOut: 0.4, threads: 3, cacheDirectory: cache.path))
    }
    #expect(self.names(sets[0]) == self.names(sets[1]) && self.names(sets[0]).count == 7)
    #expect(try shades(sets[0]) == shades(sets[1]))
    #expect(sets[0].fingerprint == sets[1].fingerprint && sets[0].contentFingerprint == sets[1].contentFingerprint)
    #expect(sets[0].shuffled(.heldOut, seed: 3) == sets[1].shuffled(.heldOut, seed: 3))
    #expect(sets[0].count(.heldOut) > 0 && sets[0].badFiles == sets[1].badFiles)
  }

  /// What somebody asks to stop stops, wherever it is.
  @Test func aListingStops() throws {
    var archive = HandmadeArchive(.tar)
    for i in 0..<50 { archive.add("\(i).png", [1, 2, 3]) }
    try folder.write("many.tar", archive.bytes)
    // One file that takes long to be passed over.
    var large = HandmadeArchive(.tar)
    large.add("large.bin", [UInt8](repeating: 7, count: 8 << 20))
    try folder.write("large.tar", large.bytes)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "gzip -1 '\(folder.path)/large.tar'"]
    try process.run()
    process.waitUntilExit()
    for i in 0..<50 { try folder.write("folder/\(i).png", [1]) }
    try folder.write("list.csv", Array((0..<50).map { "folder/\($0).png,0\n" }.joined().utf8))
    for name in ["many.tar", "large.tar.gz", "folder", "list.csv"] {
      let source = try DatasetSource(argument: folder.path + "/" + name)
      for limit in [0, 1, 7, 30] where name != "list.csv" || limit == 0 {
        let asked = Atomic(0)
        let error = #expect(throws: Failure.self) {
          try SourceListing(source) { asked.add(1, ordering: .relaxed).oldValue >= limit }
        }
        #expect(error?.kind == .cancelled, "\(name): \(String(describing: error))")
        #expect(asked.load(ordering: .relaxed) < limit + 8)
      }
      let scan = #expect(throws: Failure.self) {
        try DatasetScan(source, size: 16, threads: 2, isCancelled: { true })
      }
      #expect(scan?.kind == .cancelled)
    }
  }

  @Test func stubsAreToldAsWhatTheyAre() throws {
    func words(_ name: String, _ bytes: [UInt8]) throws -> String {
      try folder.write(name, bytes)
      return failure { _ = try open(name) } ?? "read"
    }
    for name in ["a.tar", "a.zip", "a.tar.gz", "a.tgz"] {
      let text = try words(name, [])
      #expect(text.contains("0 bytes"), "\(text)")
    }
    let zeros = try words("zeros.tar", [UInt8](repeating: 0, count: 10240))
    #expect(zeros.contains("is an empty archive"), "\(zeros)")
    let cut = try words("cut.zip", [0x50, 0x4B, 3, 4, 20, 0, 0, 0])
    #expect(cut.contains("is truncated"), "\(cut)")
    let text = try words("text.zip", Array("<html>404</html>".utf8))
    #expect(text.contains("isn't one"), "\(text)")
  }

  @Test func whatHasNoPicturesIsTold() throws {
    var archive = HandmadeArchive(.zip)
    try folder.write("empty.zip", archive.bytes)
    let empty = failure { _ = try open("empty.zip") } ?? ""
    #expect(empty.contains("is an empty archive"), "\(empty)")
    archive.add("a.txt", [1, 2])
    archive.add("b.txt", [3])
    try folder.write("texts.zip", archive.bytes)
    let text = failure { _ = try open("texts.zip") } ?? ""
    #expect(text.contains("all 2 files are bad") && text.contains("a.txt"), "\(text)")
    try folder.write("no.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
    #expect(failure { _ = try open("no.gz") }?.contains("truncated") == true)
  }

  @Test func encryptedFilesAreNamed() throws {
    var archive = HandmadeArchive(.zip)
    archive.add("a.png", try picture(shade: 1))
    archive.flags = 1
    try folder.write("secret.zip", archive.bytes)
    let text = failure { _ = try open("secret.zip") } ?? ""
    #expect(text.contains("a.png: is encrypted"), "\(text)")
  }

  // MARK: - Limits

  func reader(_ archive: HandmadeArchive, _ limits: ArchiveLimits) throws -> ArchiveReader {
    try folder.write("limited", archive.bytes)
    return try ArchiveReader(at: FilePath(folder.path + "/limited"), limits: limits)
  }

  @Test(arguments: HandmadeArchive.Format.allCases) func largeFilesAreNotUnpacked(format: HandmadeArchive.Format) throws
  {
    var archive = HandmadeArchive(format)
    archive.add("large", [UInt8](repeating: 7, count: 5000))
    archive.add("small", [1, 2, 3])
    var limits = ArchiveLimits()
    limits.fileBytes = 4999
    let reader = try reader(archive, limits)
    let large = try #require(try reader.next())
    #expect(throws: ArchiveError.self) { try reader.bytes(large) }
    let small = try #require(try reader.next())
    #expect(try reader.bytes(small) == [1, 2, 3])
    #expect(try reader.next() == nil)
  }

  /// What an archive unpacks to is counted, also where it is only passed over.
  @Test func bombsEnd() throws {
    var archive = HandmadeArchive(.tar)
    for i in 0..<20 { archive.add("\(i)", [UInt8](repeating: 0, count: 100_000)) }
    var limits = ArchiveLimits()
    (limits.growth, limits.spare) = (0, 1_000_000)
    let reader = try reader(archive, limits)
    var count = 0
    let error = #expect(throws: ArchiveError.self) { while try reader.next() != nil { count += 1 } }
    #expect(count == 10 && error?.isFatal == true)
    limits = ArchiveLimits()
    limits.files = 5
    let few = try self.reader(archive, limits)
    #expect(throws: ArchiveError.self) { while try few.next() != nil {} }
  }
}

/// Zip (stored) and tar files by hand.
struct HandmadeArchive {
  enum Format: String, CaseIterable, CustomStringConvertible {
    case zip, tar
    var description: String { rawValue }
  }

  private let format: Format
  private var files: [(name: [UInt8], bytes: [UInt8])] = []
  /// Of all files in a zip; bit 0: encrypted.
  var flags: UInt16 = 0x800

  init(_ format: Format) { self.format = format }

  mutating func add(_ name: String, _ bytes: [UInt8]) { files.append((Array(name.utf8), bytes)) }

  var bytes: [UInt8] { format == .zip ? zip : tar }

  private var zip: [UInt8] {
    var (file, directory): ([UInt8], [UInt8]) = ([], [])
    for (name, bytes) in files {
      var common = [20, 0] + little(flags) + [0, 0, 0, 0, 0x21, 0x58]
      common += little(CRC32.of(bytes)) + little(UInt32(bytes.count)) + little(UInt32(bytes.count))
      common += little(UInt16(name.count)) + [0, 0]
      directory += [0x50, 0x4B, 1, 2, 20, 3] + common + [UInt8](repeating: 0, count: 6) + [0, 0, 0xA4, 0x81]
      directory += little(UInt32(file.count)) + name
      file += [0x50, 0x4B, 3, 4] + common + name + bytes
    }
    let start = UInt32(file.count)
    file += directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + little(UInt16(files.count)) + little(UInt16(files.count))
    return file + little(UInt32(directory.count)) + little(start) + [0, 0]
  }

  private func little(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private var tar: [UInt8] {
    var file: [UInt8] = []
    func octal(_ value: Int, _ width: Int) -> [UInt8] {
      let digits = String(value, radix: 8)
      return Array((String(repeating: "0", count: width - 1 - digits.count) + digits).utf8) + [0]
    }
    func padded(_ bytes: [UInt8], _ width: Int) -> [UInt8] { bytes + [UInt8](repeating: 0, count: width - bytes.count) }
    for (name, bytes) in files {
      var header = padded(name, 100) + octal(0o644, 8) + octal(0, 8) + octal(0, 8)
      header += octal(bytes.count, 12) + octal(1_700_000_000, 12) + Array("        0".utf8) + padded([], 100)
      header += Array("ustar\0".utf8) + Array("00".utf8)
      header = padded(header, 512)
      header.replaceSubrange(148..<156, with: octal(header.reduce(0) { $0 + Int($1) }, 7) + [32])
      file += header + padded(bytes, (bytes.count + 511) / 512 * 512)
    }
    return file + [UInt8](repeating: 0, count: 1024)
  }
}
