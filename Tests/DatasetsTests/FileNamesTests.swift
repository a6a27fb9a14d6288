import Datasets
import Foundation
import Images
import SystemSupport
import Testing

/// Pictures whose names a program may take for others.
private enum OddNames {
  /// In the order of their bytes; two look equal, a mark hides the comma of the first, the last one isn't UTF-8.
  static let names: [FilePath] = [
    "a,\u{301}b.png", "cafe\u{301}.png", "caf\u{E9}.png",
    FilePath(bytes: Array("d".utf8) + [0xFF] + Array(".png".utf8)),
  ]
  static let shades: [UInt8] = [10, 20, 30, 40]

  static func fill(_ folder: TemporaryFolder) throws {
    for (name, shade) in zip(names, shades) {
      try folder.writePicture("picture.png", shade: Int(shade))
      try renameFile(folder.path + "/picture.png", to: FilePath(folder.path).appending(name))
    }
  }

  /// Some systems normalise names, and have two that look equal for one.
  static let areKept: Bool = {
    guard let folder = try? TemporaryFolder(), (try? fill(folder)) != nil else { return false }
    return (try? folderEntries(folder.path)) == names
  }()
}

/// Protects: a file's name is its bytes. Swift's strings are equal when they look equal, and then a picture would be
/// trained on twice in the place of another.
@Suite(.enabled(if: OddNames.areKept, "this file system changes names"))
struct FileNamesTests {
  let folder: TemporaryFolder
  let cache: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    cache = try TemporaryFolder()
    try OddNames.fill(folder)
  }

  func open(_ source: DatasetSource, fraction: Double = 1) throws -> Dataset {
    try Dataset(source, DatasetOptions(size: 16, fraction: fraction, threads: 2, cacheDirectory: cache.path))
  }

  func shades(_ dataset: Dataset) throws -> [UInt8] {
    try (0..<dataset.count).map { try dataset.picture($0).pixels[0] }
  }

  @Test func eachIsAPictureOfItsOwn() throws {
    let dataset = try open(.folder(folder.path))
    #expect(try (0..<dataset.count).map(dataset.name) == OddNames.names && shades(dataset) == OddNames.shades)
    #expect(dataset.badFiles.isEmpty && dataset.decodedCount == 4)
  }

  /// Also in the file of prepared pictures, and when one of those that look equal changes.
  @Test func theCacheKnowsThemApart() throws {
    _ = try open(.folder(folder.path))
    #expect(try open(.folder(folder.path)).decodedCount == 0)
    try folder.writePicture("picture.png", shade: 77)
    try renameFile(folder.path + "/picture.png", to: FilePath(folder.path).appending(OddNames.names[1]))
    let changed = try open(.folder(folder.path))
    #expect(try changed.decodedCount == 1 && shades(changed) == [10, 77, 30, 40])
    removeFile(FilePath(folder.path).appending(OddNames.names[1]))
    #expect(try shades(try open(.folder(folder.path))) == [10, 30, 40])
  }

  @Test func theyGoThroughAListAndBack() throws {
    for place in [".list.csv", "below/list.csv"] {
      try folder.write(place, "")
      let files = try DatasetFiles(.folder(folder.path), fraction: 1, seed: 42)
      let (text, bad) = ListFile.text(listing: files.paths, in: splitPath(folder.path + "/" + place).folder)
      #expect(bad.isEmpty)
      try folder.write(place, text)
      let dataset = try open(.list(folder.path + "/" + place))
      #expect(try shades(dataset) == OddNames.shades && dataset.badFiles.allSatisfy { $0.path == "below/list.csv" })
      try folder.remove(place)
    }
  }

  @Test func theyAreLookedAt() throws {
    try folder.write("bad", "no picture")
    try renameFile(folder.path + "/bad", to: FilePath(folder.path).appending(FilePath(bytes: [0xFE, 0x0A])))
    let scan = try DatasetScan(.folder(folder.path), size: 16, threads: 2)
    #expect(scan.count == 4 && scan.bad.map(\.path) == [FilePath(bytes: [0xFE, 0x0A])])
    #expect(scan.bad.first?.description.hasPrefix("\u{FFFD}?: is neither") == true)
    let preview = try DatasetPreview(.folder(folder.path), count: 9, size: 16, channels: 3, seed: 1)
    #expect(Set(preview.pictures.map { $0.pixels[0] }) == Set(OddNames.shades))
  }

  /// A folder whose own name isn't text, met by a link.
  @Test func aFolderMayBeCalledSoToo() throws {
    let odd = FilePath(folder.path).appending(FilePath(bytes: [0x2E, 0xFF]))
    try makeFolder(odd)
    try folder.writePicture("picture.png", shade: 50)
    try renameFile(folder.path + "/picture.png", to: odd.appending("e.png"))
    try systemCall(odd) { symlink($0, folder.path + "/.link") }
    let files = try DatasetFiles(.folder(folder.path + "/.link"), fraction: 1, seed: 42)
    #expect(files.paths.map(\.name) == ["e.png"] && files.paths.first?.text == nil)
    #expect(try shades(try open(.folder(folder.path + "/.link"))) == [50])
  }

  // MARK: - What must stay

  /// A run that goes on compares fingerprints, and earlier versions have made theirs of text: the same bytes.
  @Test func theFingerprintIsOfTheNamesBytes() throws {
    var text = Array("16 3".utf8)
    for name in OddNames.names {
      let bytes = try readFile(FilePath(folder.path).appending(name)).count
      text += Array("\n".utf8) + name.bytes + Array(" \(bytes)".utf8)
    }
    #expect(try open(.folder(folder.path)).fingerprint == Checksum.of(text))
  }

  @Test func theCachesFileIsCalledAsEver() throws {
    _ = try open(.folder(folder.path))
    let root = try realPath(folder.path)
    let hash = String(Checksum.of("folder \(root) 16 3".utf8), radix: 16)
    let label = String(root.name.description.prefix(32).map { $0 == "-" ? "_" : $0 })
    #expect(try cache.names() == ["\(label)-16x3-\(hash).pictures"])
  }

  /// FNV-1a's published vectors: which pictures a fraction takes hangs on them.
  @Test func checksumsAreFNV() {
    #expect(Checksum.of("".utf8) == 0xcbf2_9ce4_8422_2325 && Checksum.of("foobar".utf8) == 0x8594_4171_f739_67e8)
  }
}
