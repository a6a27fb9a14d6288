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

  func shades(_ dataset: Dataset) -> [Int] { (0..<dataset.count).map { Int(dataset.picture($0).pixels[0]) } }

  func cacheFile() throws -> String { cache.path + "/" + (try #require(try cache.names().first)) }

  @Test func theSecondRunDecodesNothing() throws {
    let first = try open()
    #expect(first.decodedCount == 6 && shades(first) == [0, 10, 20, 30, 40, 50])
    let second = try open()
    #expect(second.decodedCount == 0)
    for i in 0..<6 {
      #expect(first.picture(i) == second.picture(i))
      let direct = try PictureDecoder.decode(path: folder.path + "/\(i).png", channels: 3, shortSide: 16)
      #expect(first.picture(i) == direct)
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
    #expect(shades(try open()) == [0, 10, 77, 30, 40, 50])
    try folder.remove("0.png")
    let fewer = try open()
    #expect(fewer.decodedCount == 0 && shades(fewer) == [10, 77, 30, 40, 50])
    try folder.writePicture("sub/7.png", shade: 70)
    let more = try open()
    #expect(more.decodedCount == 1 && shades(more) == [10, 77, 30, 40, 50, 70])
    // Touched, with the same content: decoded anew.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: folder.path + "/3.png")
    #expect(try open().decodedCount == 1)
    #expect(try open().decodedCount == 0)
    // Now bad, then good again.
    try folder.write("4.png", "oops")
    let bad = try open()
    #expect(shades(bad) == [10, 77, 30, 50, 70] && bad.badFiles.map(\.path) == ["4.png"])
    try folder.writePicture("4.png", shade: 44)
    #expect(shades(try open()) == [10, 77, 30, 44, 50, 70])
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
      #expect(dataset.decodedCount == 6 && shades(dataset) == [0, 10, 20, 30, 40, 50])
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
      #expect(dataset.decodedCount == 6 && shades(dataset) == [0, 10, 20, 30, 40, 50], "byte \(place)")
    }
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
      (24, 8), (32, 8), (40, 8), (48, 8), (56, 8), (index, 8), (index + 24, 4), (index + 28, 4), (index + 32, 4),
      (index + 36, 4),
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
        #expect(shades(dataset) == [0, 10, 20, 30, 40, 50], "\(value) at \(at)")
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
    #expect(shades(try open()) == [0, 10, 20, 30, 40, 50])
  }

  // MARK: - The folder

  @Test func aFileInUseMayBeDeleted() throws {
    let dataset = try open()
    try FileManager.default.removeItem(atPath: try cacheFile())
    #expect(shades(dataset) == [0, 10, 20, 30, 40, 50])
    #expect(try open().decodedCount == 6)
  }

  @Test func withoutACacheFolderATemporaryFileServes() throws {
    try folder.write(".file", "in the way")
    let dataset = try open(cacheDirectory: folder.path + "/.file/cache")
    #expect(dataset.notes.count == 1 && shades(dataset) == [0, 10, 20, 30, 40, 50])
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
    let expected = shades(try open(cacheDirectory: cache.path + "/own"))
    let right = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 6) { _ in
      if let dataset = try? open(), shades(dataset) == expected { right.add(1, ordering: .relaxed) }
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
    let long = dataset.picture(6)
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
    for i in 0..<15 { #expect(more.picture(i) == SyntheticFaces.picture(seed: 2, index: i, size: 16)) }
  }
}
