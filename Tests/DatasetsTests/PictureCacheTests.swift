import SystemSupport
import Datasets
import Dispatch
import Foundation
import Images
import Synchronization
import Testing

/// Protects: what's decoded once isn't decoded again, and no cache file, however broken, changes or stops a run.
@Suite struct PictureCacheTests {
  let folder: TemporaryFolder
  let cache: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    cache = try TemporaryFolder()
    for i in 0..<6 { try folder.writePicture("\(i).png", shade: 10 * i, width: 16 + i, height: 16) }
  }

  func open(
    fraction: Double = 1, size: Int = 16, channels: Int = 3, cacheDirectory: String? = nil,
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws -> Dataset {
    try Dataset(
      .folder(folder.path),
      DatasetOptions(
        size: size, channels: channels, fraction: fraction, threads: 2, cacheDirectory: cacheDirectory ?? cache.path),
      progress: progress, isCancelled: isCancelled)
  }

  func shades(_ dataset: Dataset) throws -> [Int] {
    try (0..<dataset.count).map { Int(try dataset.picture($0).pixels[0]) }
  }

  func cacheFile() throws -> String { cache.path + "/" + (try #require(try cache.names().first)) }

  @Test func theSecondRunDecodesNothing() throws {
    let first = try open()
    #expect(try first.decodedCount == 6 && shades(first) == [0, 10, 20, 30, 40, 50])
    let second = try open()
    #expect(second.decodedCount == 0)
    for i in 0..<6 {
      #expect(try first.picture(i) == second.picture(i))
      let direct = try PictureDecoder.decode(path: folder.path + "/\(i).png", channels: 3, shortSide: 16)
      #expect(try first.picture(i) == direct)
    }
    // Another size or number of channels is another file.
    #expect(try open(size: 8).decodedCount == 6)
    #expect(try open(channels: 1).decodedCount == 6)
    #expect(try open().decodedCount == 0)
    #expect(try cache.names().count == 3)
  }

  @Test func changesAreSeen() throws {
    _ = try open()
    try folder.writePicture("2.png", shade: 77)
    #expect(try shades(try open()) == [0, 10, 77, 30, 40, 50])
    try folder.remove("0.png")
    let fewer = try open()
    #expect(try fewer.decodedCount == 0 && shades(fewer) == [10, 77, 30, 40, 50])
    try folder.writePicture("sub/7.png", shade: 70)
    let more = try open()
    #expect(try more.decodedCount == 1 && shades(more) == [10, 77, 30, 40, 50, 70])
    // Touched, with the same content: kept, and its new time is written down.
    try touch("3.png")
    let touched = try open()
    #expect(touched.decodedCount == 0 && touched.notes.isEmpty)
    let file = try Data(contentsOf: URL(fileURLWithPath: cacheFile()))
    #expect(try open().decodedCount == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: cacheFile())) == file)
    // Now bad, then good again.
    try folder.write("4.png", "oops")
    let bad = try open()
    #expect(try shades(bad) == [10, 77, 30, 50, 70] && bad.badFiles.map(\.path) == ["4.png"])
    try folder.writePicture("4.png", shade: 44)
    #expect(try shades(try open()) == [10, 77, 30, 44, 50, 70])
  }

  func touch(_ name: String) throws {
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: folder.path + "/" + name)
  }

  /// Protects a run that goes on: another picture of the same size in bytes isn't taken for the old one.
  @Test func aReplacedPictureOfTheSameSizeIsNoticed() throws {
    func padded(_ shade: UInt8) throws -> [UInt8] {
      let bytes = try PNGEncoder.encode(
        Picture(width: 18, height: 16, channels: 3, pixels: .init(repeating: shade, count: 864)))
      let comment = Array("tEXtx\0".utf8) + [UInt8](repeating: 32, count: 1000 - bytes.count)
      return Array(bytes[..<33] + PNGChunk.make(comment) + bytes[33...])
    }
    try folder.write("2.png", try padded(20))
    let first = try open()
    try folder.write("2.png", try padded(9))
    try #require(try padded(20).count == padded(9).count)
    try touch("2.png")
    let second = try open()
    #expect(second.decodedCount == 1 && second.notes.count == 1)
    let note = try #require(second.notes.first)
    #expect(note.contains("1 picture has changed") && note.contains("2.png"))
    #expect(try shades(second) == [0, 10, 9, 30, 40, 50])
    #expect(second.fingerprint == first.fingerprint && second.contentFingerprint != first.contentFingerprint)
    #expect(try open().contentFingerprint == second.contentFingerprint)
  }

  @Test func aFractionNeitherEvictsNorRepeats() throws {
    for i in 6..<40 { try folder.writePicture("\(i).png", shade: i) }
    let part = try open(fraction: 0.5)
    try #require(part.count > 8 && part.count < 32)
    #expect(part.decodedCount == part.count)
    #expect(try open().decodedCount == 40 - part.count)
    #expect(try open(fraction: 0.5).decodedCount == 0)
    #expect(try open().decodedCount == 0)
  }

  // MARK: - Damage

  @Test func aTruncatedFileIsMadeAnew() throws {
    _ = try open()
    let path = try cacheFile()
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let places = [0, 1, 7, 8, 79, 80, 81] + stride(from: 100, to: whole.count, by: 211) + [whole.count - 1]
    for length in places {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      let dataset = try open()
      #expect(try dataset.decodedCount == 6 && shades(dataset) == [0, 10, 20, 30, 40, 50])
    }
    try (whole + [0]).write(to: URL(fileURLWithPath: path))
    #expect(try open().decodedCount == 6)
    #expect(try open().decodedCount == 0)
  }

  @Test func aFlippedByteIsFound() throws {
    _ = try open()
    let path = try cacheFile()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let indexStart = Int(word(whole, 32))
    for place in Array(0..<80) + Array(stride(from: indexStart, to: whole.count, by: 3)) {
      var damaged = whole
      damaged[place] ^= UInt8(1 << (place % 8))
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let dataset = try open()
      #expect(try dataset.decodedCount == 6 && shades(dataset) == [0, 10, 20, 30, 40, 50], "byte \(place)")
    }
  }

  /// Pixels have a checksum each: the picture that is damaged is made anew, the others stay.
  @Test func aFlippedPixelIsFound() throws {
    let first = try open()
    let path = try cacheFile()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let pixelsEnd = Int(word(whole, 32))
    for place in stride(from: 80, to: pixelsEnd, by: 97) {
      var damaged = whole
      damaged[place] ^= 1
      try Data(damaged).write(to: URL(fileURLWithPath: path))
      let dataset = try open()
      #expect(try dataset.decodedCount == 1 && shades(dataset) == [0, 10, 20, 30, 40, 50], "byte \(place)")
      #expect(dataset.notes == ["1 prepared picture was damaged in the cache, made anew"])
      #expect(dataset.contentFingerprint == first.contentFingerprint)
    }
  }

  /// Protects against SIGBUS, and against training on what isn't a picture: a file that is cut or overwritten while
  /// it's in use ends the run with an error.
  @Test(.timeLimit(.minutes(1)), arguments: [true, false]) func aFileThatIsDamagedInUse(cut: Bool) throws {
    let dataset = try open()
    let loader = try BatchLoader(dataset: dataset, batchSize: 3, crop: .random, seed: 1)
    _ = try loader.next()
    let path = try cacheFile()
    let size = Int(try fileStatus(path).st_size)
    if cut {
      #expect(truncate(path, 100) == 0)
    } else {
      let file = try #require(FileHandle(forUpdatingAtPath: path))
      try file.write(contentsOf: Data(repeating: 0x55, count: size))
      try file.close()
    }
    let error = #expect(throws: Failure.self) { for _ in 0..<100 { _ = try loader.next() } }
    #expect(error?.kind == .inputOutput && error?.description.contains("in the cache") == true)
    #expect(throws: Failure.self) { _ = try loader.next() }
    #expect(throws: Failure.self) { try dataset.samples(3, seed: 1) }
    #expect(dataset.squareOrBlack(0).allSatisfy { $0 == 0 })
    #expect(throws: Failure.self) { try dataset.checkReading() }
    // The next run mends it.
    let next = try open()
    #expect(try next.decodedCount == 6 && shades(next) == [0, 10, 20, 30, 40, 50])
  }

  @Test(.timeLimit(.minutes(1)), arguments: ["pipe", "link", "device", "folder"])
  func whatIsNoFileIsLeftAlone(what: String) throws {
    _ = try open()
    let path = try cacheFile()
    let elsewhere = cache.path + "/elsewhere"
    try FileManager.default.moveItem(atPath: path, toPath: elsewhere)
    switch what {
    case "pipe": #expect(mkfifo(path, 0o600) == 0)
    case "link": #expect(symlink(elsewhere, path) == 0)
    case "device": #expect(symlink("/dev/zero", path) == 0)
    default: try makeFolder(path)
    }
    let before = try fileStatus(path, followingLinks: false)
    let dataset = try open()
    #expect(try shades(dataset) == [0, 10, 20, 30, 40, 50])
    #expect(dataset.notes.count == 1 && dataset.notes.first?.contains("isn't a regular file: remove it") == true)
    #expect(try fileStatus(path, followingLinks: false).st_ino == before.st_ino)
  }

  func word(_ bytes: [UInt8], _ at: Int) -> UInt64 { (0..<8).reduce(0) { $0 | UInt64(bytes[at + $1]) << (8 * $1) } }

  func put(_ value: UInt64, _ width: Int, _ at: Int, in bytes: inout [UInt8]) {
    for i in 0..<width { bytes[at + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
  }

  /// Checksums that are right don't make offsets right: a file made to mislead is refused, not followed.
  @Test func aForgedFileIsRefused() throws {
    _ = try open()
    let path = try cacheFile()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let index = Int(word(whole, 32))
    let fields = [
      (24, 8), (32, 8), (40, 8), (48, 8), (56, 8), (index, 8), (index + 40, 4), (index + 44, 4), (index + 48, 4),
      (index + 52, 4),
    ]
    for (at, width) in fields {
      for value in [
        0, 1, UInt64(index) - 1, UInt64(index), UInt64(whole.count), UInt64(whole.count) * 2, 1 << 31, 1 << 62, .max,
        .max - 8,
      ] {
        let value = width == 8 ? value : value & 0xFFFF_FFFF
        var forged = whole
        put(value, width, at, in: &forged)
        if forged == whole { continue }
        put(Checksum.of(forged[index...]), 8, 64, in: &forged)
        put(Checksum.of(forged[..<72]), 8, 72, in: &forged)
        try Data(forged).write(to: URL(fileURLWithPath: path))
        let dataset = try open()
        // A name's place within the names may move without leaving the file: then the picture is decoded anew.
        #expect(dataset.decodedCount >= 1 && dataset.count == 6, "\(value) at \(at)")
        #expect(try shades(dataset) == [0, 10, 20, 30, 40, 50], "\(value) at \(at)")
      }
    }
  }

  @Test func anotherDataSetsFileIsRefused() throws {
    _ = try open()
    let path = try cacheFile()
    let other = try TemporaryFolder()
    for i in 0..<6 { try other.writePicture("\(i).png", shade: 100 + i) }
    let otherCache = try TemporaryFolder()
    _ = try Dataset(.folder(other.path), DatasetOptions(size: 16, cacheDirectory: otherCache.path))
    let foreign = otherCache.path + "/" + (try #require(try otherCache.names().first))
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: foreign, toPath: path)
    #expect(try shades(try open()) == [0, 10, 20, 30, 40, 50])
  }

  // MARK: - The folder

  @Test func aFileInUseMayBeDeleted() throws {
    let dataset = try open()
    try FileManager.default.removeItem(atPath: try cacheFile())
    #expect(try shades(dataset) == [0, 10, 20, 30, 40, 50])
    #expect(try open().decodedCount == 6)
  }

  @Test func withoutACacheFolderATemporaryFileServes() throws {
    try folder.write(".file", "in the way")
    let dataset = try open(cacheDirectory: folder.path + "/.file/cache")
    #expect(try dataset.notes.count == 1 && shades(dataset) == [0, 10, 20, 30, 40, 50])
  }

  @Test func foldersOfTheCacheAreMade() throws {
    #expect(try open(cacheDirectory: cache.path + "/a/b").notes.isEmpty)
    #expect(try cache.names("a/b").count == 1)
  }

  @Test func cancellingLeavesNothing() throws {
    for i in 6..<200 { try folder.writePicture("\(i).png", shade: i) }
    let asked = Atomic(0)
    do {
      _ = try open(isCancelled: { asked.add(1, ordering: .relaxed).newValue > 60 })
      Issue.record("it went on")
    } catch let error as Failure {
      #expect(error.kind == .cancelled)
    }
    #expect(try cache.names() == [])
  }

  @Test func whatAKilledRunLeftIsRemoved() throws {
    try cache.write("faces-64x3-0.pictures.1-2.pictures.partial", "rest")
    try cache.write("somebody's.partial", "else's")
    _ = try open()
    let names = try cache.names()
    #expect(names.count == 2 && names.contains("somebody's.partial") && names.contains { $0.hasSuffix(".pictures") })
  }

  @Test func runsAtTheSameTimeDontDisturbEachOther() throws {
    for i in 6..<100 { try folder.writePicture("\(i).png", shade: i) }
    let expected = try shades(try open(cacheDirectory: cache.path + "/own"))
    let right = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      if let dataset = try? open(), (try? shades(dataset)) == expected { right.add(1, ordering: .relaxed) }
    }
    #expect(right.load(ordering: .relaxed) == 6)
    #expect(try open().decodedCount == 0)
    #expect(try cache.names().filter { $0.hasSuffix(".partial") } == [])
  }

  @Test func progressEndsAtTheEnd() throws {
    let last = Mutex((0, 0))
    _ = try open(progress: { done, total in last.withLock { $0 = (done, total) } })
    #expect(last.withLock { $0 } == (6, 6))
  }

  /// A picture of 1 x 400 pixels may not fill the disk: its ends are cut.
  @Test func veryLongPicturesAreCut() throws {
    try folder.writePicture("long.png", shade: 9, width: 400, height: 4)
    let dataset = try open()
    let long = try dataset.picture(6)
    #expect(long.height == 16 && long.width == 64 && long.pixels[0] == 9)
  }

  @Test func drawnFacesAreKeptToo() throws {
    func faces(_ count: Int) throws -> Dataset {
      try Dataset(.synthetic(count: count, seed: 2), DatasetOptions(size: 16, cacheDirectory: cache.path))
    }
    #expect(try faces(10).decodedCount == 10)
    #expect(try faces(10).decodedCount == 0)
    let more = try faces(15)
    #expect(more.decodedCount == 5)
    for i in 0..<15 { #expect(try more.picture(i) == SyntheticFaces.picture(seed: 2, index: i, size: 16)) }
  }
}
