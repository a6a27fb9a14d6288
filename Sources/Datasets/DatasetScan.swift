// Looking at a data set without training on it: what's in it, which files it has, some of its pictures.

import Images
import Synchronization
import SystemSupport

/// What a source holds, found by decoding every file.
package struct DatasetScan: Sendable {
  /// Good pictures by format.
  package var jpegCount = 0
  package var pngCount = 0
  /// Synthetic ones, of any size.
  package var drawnCount = 0
  /// Width and height of the good pictures, upright; nil if there's none.
  package var widths: ClosedRange<Int>?
  package var heights: ClosedRange<Int>?
  /// How many have a short side below the wanted size: training enlarges them.
  package var smallCount = 0
  /// Named once each, in the order of the files.
  package var bad: [BadFile] = []
  /// What is to be said of good ones, a line each.
  package var notes: [String] = []

  package var count: Int { jpegCount + pngCount + drawnCount }

  /// - Parameter size: what a short side is compared with.
  package init(
    _ source: DatasetSource, size: Int, threads: Int,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    let listing = try SourceListing(source, isCancelled: isCancelled)
    struct Seen {
      var count = 0
      var good = DatasetScan()
      var bad: [(i: Int, file: BadFile)] = []
      var remarks = RemarkCounts()
      var pixels: [PictureCopies.Pixels?]
    }
    let seen = Mutex(Seen(pixels: [PictureCopies.Pixels?](repeating: nil, count: listing.names.count)))
    let feed = SourceFeed(listing, size: size, channels: 3)
    let numbers = feed.inReadingOrder(Array(listing.names.indices))
    let queue = feed.queue(count: numbers.count)
    onThreads(threads) {
      while let mine = feed.take(numbers, from: queue) {
        for i in numbers[mine.range] {
          if isCancelled() { return queue.stop() }
          let result = Self.look(at: i, mine, of: feed)
          seen.withLock { seen in
            switch result {
            case .success(let look):
              seen.good.add(look.information, size)
              seen.remarks.add(look.remarks, of: i)
              seen.pixels[i] = look.pixels
            case .failure(let error): seen.bad.append((i, error))
            }
            seen.count += 1
            if seen.count % 64 == 0 || seen.count == numbers.count { progress(seen.count, numbers.count) }
          }
        }
      }
    }
    if isCancelled() { throw Failure(.cancelled, "stopped while the pictures were being looked at") }
    self = seen.withLock { $0.good }
    bad = listing.bad + seen.withLock { $0.bad }.sorted { $0.i < $1.i }.map(\.file)
    notes = listing.notes + seen.withLock { $0.remarks }.notes { listing.names[$0] }
    if let line = PictureCopies(seen.withLock { $0.pixels }).note({ listing.names[$0] }) { notes.append(line) }
  }

  private init() {}

  /// What is seen of a good picture: nothing of one that is drawn.
  private struct Look {
    var information: PictureInformation?
    var remarks: Set<PictureRemark> = []
    var pixels: PictureCopies.Pixels?
  }

  private static func look(
    at number: Int, _ taken: SourceFeed.Taken, of feed: SourceFeed
  ) -> Result<Look, BadFile> {
    Result { () throws(BadFile) in
      guard let information = try feed.information(number, taken) else { return Look() }
      // Only decoding finds a file that's cut short.
      let rendered = try feed.picture(number, taken)
      return Look(
        information: information, remarks: rendered.remarks, pixels: PictureCopies.Pixels(rendered.picture))
    }
  }

  private mutating func add(_ picture: PictureInformation?, _ size: Int) {
    guard let picture else {
      drawnCount += 1
      return
    }
    switch picture.format {
    case .jpeg: jpegCount += 1
    case .png: pngCount += 1
    }
    func widened(_ range: ClosedRange<Int>?, _ value: Int) -> ClosedRange<Int> {
      guard let range else { return value...value }
      return min(range.lowerBound, value)...max(range.upperBound, value)
    }
    widths = widened(widths, picture.width)
    heights = widened(heights, picture.height)
    if min(picture.width, picture.height) < size { smallCount += 1 }
  }
}

/// The files that training would take.
package struct DatasetFiles: Sendable {
  /// From the root of the file system.
  package var paths: [FilePath]
  /// What isn't a picture, going by the first bytes.
  package var bad: [BadFile]
  /// What a person should know, a line each.
  package var notes: [String]

  /// With `fraction` and `seed` as in `DatasetOptions`: the same files as a data set opened with them has, but for
  /// those that turn out to be damaged.
  package init(
    _ source: DatasetSource, fraction: Double, seed: UInt64, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    let listing = try SourceListing(source, isCancelled: isCancelled)
    paths = []
    bad = listing.bad
    notes = listing.notes
    for (number, name) in listing.names.enumerated()
    where Selection.includes(name, share: fraction, seed: seed, purpose: .fraction) {
      if isCancelled() { throw .cancelledListing }
      guard let path = listing.path(number) else {
        throw Failure(.badData, "the pictures of \(source) aren't files of their own: there's nothing to list")
      }
      do throws(Failure) {
        let file = try InputFile(at: path)
        let start = try file.bytes(0..<min(file.size, ForeignFormat.length))
        if PictureFormat(start) != nil {
          paths.append(path)
        } else {
          bad.append(BadFile(path: name, reason: ForeignFormat.reason(start)))
        }
      } catch {
        bad.append(BadFile(path: name, reason: "can't be read"))
      }
    }
  }
}

/// Some pictures of a data set as training sees them, decoded for this alone: no cache is made.
package struct DatasetPreview: Sendable {
  /// `size` x `size`.
  package var pictures: [Picture]
  /// The bad files that were met on the way.
  package var bad: [BadFile]
  /// What a person should know, a line each.
  package var notes: [String]

  /// `count` pictures, or all if there are fewer, chosen by `seed`.
  ///
  /// - Parameter crop: as in the first epoch of a run of that seed.
  package init(
    _ source: DatasetSource, count: Int, size: Int, channels: Int, seed: UInt64, fit: PictureFit = .crop,
    crop: CropMode = .center, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    let listing = try SourceListing(source, isCancelled: isCancelled)
    pictures = []
    bad = listing.bad
    notes = listing.notes
    var order = Selection.shuffled(listing.names.indices.map(UInt32.init), seed: seed, epoch: 0).map(Int.init)[...]
    // What is in archives goes by once, in its order: so many at a time as are still missing.
    while pictures.count < count, !order.isEmpty {
      let some = order.prefix(count - pictures.count)
      order = order.dropFirst(some.count)
      var found: [Int: Picture] = [:]
      let feed = SourceFeed(listing, size: size, channels: channels, fit: fit)
      let numbers = feed.inReadingOrder(Array(some))
      let queue = feed.queue(count: numbers.count)
      while let mine = feed.take(numbers, from: queue) {
        for number in numbers[mine.range] {
          if isCancelled() { throw .cancelledPreparing }
          do throws(BadFile) {
            let picture = try feed.picture(number, mine).picture
            found[number] = crop.square(of: picture, size: size, seed: seed, epoch: 0, index: number)
          } catch {
            bad.append(error)
          }
        }
      }
      pictures += some.compactMap { found[$0] }
    }
    if pictures.isEmpty { throw Failure.noPictures(in: source, bad: bad, notes: notes) }
  }
}
