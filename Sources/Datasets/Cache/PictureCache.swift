// Makes sure that every picture of a data set is decoded, scaled and in one mapped file. What an earlier run has left
// and still matches its source is kept; the rest is decoded on all threads and streamed out, so little memory is
// needed.

import Images
import Synchronization
import SystemSupport

/// One picture to be had.
struct SourcePicture {
  /// In the source's listing.
  var number: Int
  var name: FilePath
  /// The source's size in bytes and its modification time in nanoseconds; 0 for pictures that are drawn.
  var bytes: Int64 = 0
  var modified: Int64 = 0
}

struct PictureCache {
  /// What the pictures are made from; with size and channels it names the file.
  var identity: FilePath
  /// A word for people who look into the folder.
  var label: String
  var size: Int
  var channels: Int
  /// Where cache files are kept; nil for the default.
  var folder: String?
  var threads: Int

  struct Prepared {
    /// Nil if none is good.
    var pictures: MappedPictures?
    /// For each wanted picture where it is in the file; nil: it's bad.
    var places: [UInt32?]
    var bad: [BadFile]
    /// What a person should know, a line each.
    var notes: [String]
    /// How many were decoded now.
    var decoded: Int
  }

  /// - Parameters:
  ///   - known: all names of the source, wanted or not; what the cache has beyond them is dropped when it's rewritten.
  ///   - render: makes the picture of that number in the listing: short side `size`, `channels` channels. Called on any
  ///     thread.
  ///   - progress: (done, of how many to decode), on any thread but never on two at once.
  func prepare(
    _ wanted: [SourcePicture], known: () -> [FilePath],
    render: @escaping @Sendable (_ number: Int) throws(BadFile) -> Picture,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> Prepared {
    var notes: [String] = []
    let path = folderPath().map { $0.appending(fileName) }
    let old = path.flatMap(mapped)
    var places = [UInt32?](repeating: nil, count: wanted.count)
    var oldPlaces: [FilePath: Int] = [:]
    if let old {
      oldPlaces.reserveCapacity(old.index.entries.count)
      for i in old.index.entries.indices { oldPlaces[old.index.name(i)] = i }
      for (i, picture) in wanted.enumerated() {
        guard let place = oldPlaces[picture.name] else { continue }
        let entry = old.index.entries[place]
        if entry.sourceBytes == picture.bytes && entry.sourceModified == picture.modified {
          places[i] = UInt32(place)
        }
      }
    }
    let missing = places.indices.filter { places[$0] == nil }
    if missing.isEmpty, let old {
      return Prepared(pictures: old, places: places, bad: [], notes: [], decoded: 0)
    }

    let writer = try makeWriter(path, &notes)
    let bad = try decode(wanted, missing, into: writer, render, progress, isCancelled)
    if bad.count == missing.count {
      // Nothing new after all: the old file, if any, is as good, and the new one goes without having been named.
      return Prepared(pictures: old, places: places, bad: bad.map(\.file), notes: notes, decoded: 0)
    }
    if let old {
      // What still matches, and what this run doesn't want but another may.
      let knownNames = Set(known())
      let stale = Set(missing.map { wanted[$0].name })
      let kept = oldPlaces.filter { knownNames.contains($0.key) && !stale.contains($0.key) }.values.sorted()
      try copy(kept, of: old, to: writer, isCancelled)
    }
    let (pictures, notKept) = try writer.finish()
    if let notKept { notes.append("the prepared pictures serve this run only: \(notKept)") }

    var newPlaces: [FilePath: UInt32] = [:]
    newPlaces.reserveCapacity(pictures.index.entries.count)
    for i in pictures.index.entries.indices { newPlaces[pictures.index.name(i)] = UInt32(i) }
    return Prepared(
      pictures: pictures, places: wanted.map { newPlaces[$0.name] }, bad: bad.map(\.file), notes: notes,
      decoded: missing.count - bad.count)
  }

  // MARK: - The file

  var fileName: String {
    let readable = String(
      label.unicodeScalars.prefix(32).map { $0.isASCII && isalnum(CInt($0.value)) != 0 ? Character($0) : "_" })
    let hash = String(Checksum.of(identity.bytes + " \(size) \(channels)".utf8), radix: 16)
    return "\(readable)-\(size)x\(channels)-\(hash)" + PictureFileWriter.suffix
  }

  /// Nil where there's no place for a cache.
  func folderPath() -> FilePath? {
    if let folder { return FilePath(folder) }
    func variable(_ name: String) -> FilePath? {
      // A relative path is to be ignored, says the XDG base directory specification.
      getenv(name).map { FilePath(cString: $0) }.flatMap { $0.isAbsolute ? $0 : nil }
    }
    return variable("XDG_CACHE_HOME")?.appending("wgan") ?? variable("HOME")?.appending(".cache/wgan")
  }

  private func mapped(_ path: FilePath) -> MappedPictures? {
    // Non-blocking: opening a named pipe must not hang the tool.
    guard let file = try? OpenFile(path, O_RDONLY | O_NONBLOCK),
      let index = PictureIndex(readFrom: file, identity: identity, size: size, channels: channels)
    else { return nil }
    return try? MappedPictures(file, index)
  }

  private func makeWriter(_ path: FilePath?, _ notes: inout [String]) throws(Failure) -> PictureFileWriter {
    let index = PictureIndex(identity: identity, size: size, channels: channels)
    var why = "neither XDG_CACHE_HOME nor HOME is set"
    if let path {
      do throws(Failure) {
        try makeFolder(path.folder)
        PictureFileWriter.removeAbandoned(in: path.folder)
        do {
          return try PictureFileWriter(path: path, index: index)
        } catch {
          throw Failure(.cannotCreate, path.folder, "can't be written", error)
        }
      } catch {
        why = "\(error)"
      }
    }
    notes.append("no cache folder (\(why)): the prepared pictures go to a temporary file and serve this run only")
    return try PictureFileWriter(temporaryWith: index)
  }

  // MARK: - Filling it

  private struct Decoded {
    var count = 0
    var bad: [(i: Int, file: BadFile)] = []
  }

  /// Decodes the `missing` ones of `wanted`. Returns the bad ones in the order of `wanted`.
  private func decode(
    _ wanted: [SourcePicture], _ missing: [Int], into writer: PictureFileWriter,
    _ render: @escaping @Sendable (Int) throws(BadFile) -> Picture, _ progress: @escaping @Sendable (Int, Int) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> [(i: Int, file: BadFile)] {
    let queue = WorkQueue(count: missing.count, chunk: 32)
    let decoded = Mutex(Decoded())
    let reporting = Mutex((time: ContinuousClock.now - .seconds(1), done: 0))
    onThreads(threads) {
      var chunk = Chunk(size: size, channels: channels)
      while let mine = queue.take() {
        chunk.removeAll()
        for i in missing[mine] {
          if isCancelled() { return queue.stop() }
          chunk.add(wanted[i], i, render)
        }
        if !chunk.write(to: writer) { queue.stop() }
        let done = decoded.withLock { decoded in
          decoded.bad += chunk.bad
          decoded.count += mine.count
          return decoded.count
        }
        reporting.withLock { last in
          let now = ContinuousClock.now
          // Threads may come here in another order than they counted in.
          if done > last.done && (done == missing.count || now - last.time > .milliseconds(100)) {
            last = (now, done)
            progress(done, missing.count)
          }
        }
      }
    }
    if isCancelled() { throw Failure(.cancelled, "stopped while the pictures were being prepared") }
    return decoded.withLock { $0.bad }.sorted { $0.i < $1.i }
  }

  private func copy(
    _ kept: [Int], of old: MappedPictures, to writer: PictureFileWriter, _ isCancelled: () -> Bool
  ) throws(Failure) {
    for i in kept {
      if isCancelled() { throw Failure(.cancelled, "stopped while the pictures were being prepared") }
      let written = old.withPixels(i) { pixels, entry in
        var entry = entry
        entry.offset = 0
        return writer.append([(entry, old.index.name(i))], pixels: pixels)
      }
      if !written { return }
    }
  }
}

/// Some decoded pictures on their way to the file.
private struct Chunk {
  let size: Int
  let channels: Int
  private var pixels: [UInt8] = []
  private var entries: [(entry: PictureIndex.Entry, name: FilePath)] = []
  private(set) var bad: [(i: Int, file: BadFile)] = []

  init(size: Int, channels: Int) { (self.size, self.channels) = (size, channels) }

  /// The memory stays.
  mutating func removeAll() {
    pixels.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    bad = []
  }

  /// Adds picture `source`, which is number `i` of those that are wanted.
  mutating func add(_ source: SourcePicture, _ i: Int, _ render: (Int) throws(BadFile) -> Picture) {
    do throws(BadFile) {
      let picture = try render(source.number)
      let (x, y, width, height) = try kept(of: picture, source.name)
      let entry = PictureIndex.Entry(
        offset: UInt64(pixels.count), sourceBytes: source.bytes, sourceModified: source.modified, width: UInt32(width),
        height: UInt32(height), nameOffset: 0, nameBytes: 0)
      entries.append((entry, source.name))
      for row in y..<y + height {
        let start = (row * picture.width + x) * channels
        pixels += picture.pixels[start..<start + width * channels]
      }
    } catch {
      bad.append((i, error))
    }
  }

  /// False if the file can't be written (any more).
  func write(to writer: PictureFileWriter) -> Bool { pixels.withUnsafeBytes { writer.append(entries, pixels: $0) } }

  /// What's kept of a decoded picture: all of it, or the middle of a very long one.
  private func kept(of picture: Picture, _ name: FilePath) throws(BadFile) -> (x: Int, y: Int, width: Int, height: Int)
  {
    guard min(picture.width, picture.height) == size, picture.channels == channels,
      picture.pixels.count == picture.width * picture.height * channels
    else {
      throw BadFile(path: name, reason: "can't be scaled to \(size) pixels")
    }
    let width = min(picture.width, size * PictureIndex.greatestAspect)
    let height = min(picture.height, size * PictureIndex.greatestAspect)
    return ((picture.width - width) / 2, (picture.height - height) / 2, width, height)
  }
}
