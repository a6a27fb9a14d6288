// Makes sure that every picture of a data set is decoded, scaled and in one file. What an earlier run has left, is
// whole and still matches its source is kept; the rest is decoded on all threads and streamed out, so little memory is
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
    var pictures: StoredPictures?
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
  ///   - feed: makes the picture of a number in the listing: short side `size`, `channels` channels.
  ///   - progress: (done, of how many to decode), on any thread but never on two at once.
  func prepare(
    _ wanted: [SourcePicture], known: () -> [FilePath],
    from feed: SourceFeed,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void,
    isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> Prepared {
    var notes: [String] = []
    let path = folderPath().map { $0.appending(fileName) }
    let old = path.flatMap(stored)
    let kept = try KeptPictures(
      of: old, for: wanted, threads: threads, feed.sourceChecksum, isCancelled: isCancelled)
    notes += kept.notes
    let missing = wanted.indices.filter { kept.places[$0] == nil }
    if missing.isEmpty, kept.touched.isEmpty, let old {
      return Prepared(pictures: old, places: kept.places, bad: [], notes: notes, decoded: 0)
    }

    let writer = try makeWriter(path, &notes)
    let decoded = try decode(wanted, missing, into: writer, feed, progress, isCancelled)
    let bad = decoded.bad.map(\.file)
    notes += decoded.notes
    if bad.count == missing.count && kept.touched.isEmpty {
      // Nothing new after all: the old file, if any, is as good, and the new one goes without having been named.
      return Prepared(pictures: old, places: kept.places, bad: bad, notes: notes, decoded: 0)
    }
    if let old {
      // What still matches, and what this run doesn't want but another may.
      let knownNames = Set(known())
      let stale = Set(missing.map { wanted[$0].name })
      let others = kept.oldPlaces.filter { knownNames.contains($0.key) && !stale.contains($0.key) }.values.sorted()
      try copy(others, of: old, kept, to: writer, isCancelled)
    }
    let (pictures, notKept) = try writer.finish()
    if let notKept { notes.append("the prepared pictures serve this run only: \(notKept)") }

    var newPlaces: [FilePath: UInt32] = [:]
    newPlaces.reserveCapacity(pictures.index.entries.count)
    for i in pictures.index.entries.indices { newPlaces[pictures.index.name(i)] = UInt32(i) }
    return Prepared(
      pictures: pictures, places: wanted.map { newPlaces[$0.name] }, bad: bad, notes: notes,
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

  private func stored(_ path: FilePath) -> StoredPictures? {
    // Non-blocking: opening a named pipe must not hang the tool.
    guard let file = try? OpenFile(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW),
      (try? file.status())?.isRegularFile == true,
      let index = PictureIndex(readFrom: file, identity: identity, size: size, channels: channels)
    else { return nil }
    return StoredPictures(file, index)
  }

  private func makeWriter(_ path: FilePath?, _ notes: inout [String]) throws(Failure) -> PictureFileWriter {
    let index = PictureIndex(identity: identity, size: size, channels: channels)
    var why = "neither XDG_CACHE_HOME nor HOME is set"
    if let path {
      do throws(Failure) {
        if let there = try? fileStatus(path, followingLinks: false), !there.isRegularFile {
          throw Failure(.cannotCreate, path, "is there and isn't a regular file: remove it")
        }
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
    var remarks = RemarkCounts()

    mutating func add(_ chunk: Chunk, count: Int) {
      self.count += count
      bad += chunk.bad
      for (i, some) in chunk.remarks { remarks.add(some, of: i) }
    }
  }

  /// Decodes the `missing` ones of `wanted`. Returns the bad ones in the order of `wanted`, and what is to be said of
  /// good ones.
  private func decode(
    _ wanted: [SourcePicture], _ missing: [Int], into writer: PictureFileWriter,
    _ feed: SourceFeed, _ progress: @escaping @Sendable (Int, Int) -> Void,
    _ isCancelled: @escaping @Sendable () -> Bool
  ) throws(Failure) -> (bad: [(i: Int, file: BadFile)], notes: [String]) {
    let missing = feed.inReadingOrder(missing) { wanted[$0].number }
    let queue = feed.queue(count: missing.count, chunk: 32)
    let numbers = missing.map { wanted[$0].number }
    let decoded = Mutex(Decoded())
    let reporting = Mutex((time: ContinuousClock.now - .seconds(1), done: 0))
    onThreads(threads) {
      var chunk = Chunk(size: size, channels: channels)
      while let mine = feed.take(numbers, from: queue) {
        chunk.removeAll()
        for i in missing[mine.range] {
          if isCancelled() { return queue.stop() }
          chunk.add(wanted[i], i) { number throws(BadFile) in try feed.picture(number, mine) }
        }
        if !chunk.write(to: writer) { queue.stop() }
        let done = decoded.withLock { decoded in
          decoded.add(chunk, count: mine.range.count)
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
    if isCancelled() { throw .cancelledPreparing }
    return decoded.withLock { decoded in
      (decoded.bad.sorted { $0.i < $1.i }, decoded.remarks.notes { wanted[$0].name })
    }
  }

  private func copy(
    _ places: [Int], of old: StoredPictures, _ kept: KeptPictures, to writer: PictureFileWriter,
    _ isCancelled: () -> Bool
  ) throws(Failure) {
    let wanted = Set(kept.places.compactMap(\.self))
    var scratch: [UInt8] = []
    for i in places {
      if isCancelled() { throw .cancelledPreparing }
      do throws(Failure) {
        let written = try old.withPixels(i, &scratch) { pixels, entry in
          var entry = entry
          entry.offset = 0
          entry.sourceModified = kept.touched[i] ?? entry.sourceModified
          return writer.append([(entry, old.index.name(i))], pixels: pixels)
        }
        if !written { return }
      } catch {
        // One that isn't wanted goes: whoever wants it makes it anew.
        if wanted.contains(UInt32(i)) { throw error }
      }
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
  private(set) var remarks: [(i: Int, some: Set<PictureRemark>)] = []

  init(size: Int, channels: Int) { (self.size, self.channels) = (size, channels) }

  /// The memory stays.
  mutating func removeAll() {
    pixels.removeAll(keepingCapacity: true)
    entries.removeAll(keepingCapacity: true)
    bad = []
    remarks = []
  }

  /// Adds picture `source`, which is number `i` of those that are wanted.
  mutating func add(_ source: SourcePicture, _ i: Int, _ render: (Int) throws(BadFile) -> RenderedPicture) {
    do throws(BadFile) {
      let rendered = try render(source.number)
      let picture = rendered.picture
      let (x, y, width, height) = try kept(of: picture, source.name)
      let offset = pixels.count
      for row in y..<y + height {
        let start = (row * picture.width + x) * channels
        pixels += picture.pixels[start..<start + width * channels]
      }
      let checksum = pixels.withUnsafeBytes { ContentChecksum.of(UnsafeRawBufferPointer(rebasing: $0[offset...])) }
      let entry = PictureIndex.Entry(
        offset: UInt64(offset), sourceBytes: source.bytes, sourceModified: source.modified,
        sourceChecksum: rendered.sourceChecksum, checksum: checksum, width: UInt32(width), height: UInt32(height),
        nameOffset: 0, nameBytes: 0)
      entries.append((entry, source.name))
      if !rendered.remarks.isEmpty { remarks.append((i, rendered.remarks)) }
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
