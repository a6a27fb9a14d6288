// Looking at a data set without training on it: what's in it, which files it has, some of its pictures.

import Images
import Synchronization
import SystemSupport

/// What a folder or list holds, found by decoding every file.
package struct DatasetScan: Sendable {
  /// Good pictures by format.
  package var jpegCount = 0
  package var pngCount = 0
  /// Width and height of the good pictures, upright; nil if there's none.
  package var widths: ClosedRange<Int>?
  package var heights: ClosedRange<Int>?
  /// How many have a short side below the wanted size: training enlarges them.
  package var smallCount = 0
  /// Named once each, in the order of the files.
  package var bad: [BadFile] = []
  /// What is to be said of good ones, a line each.
  package var notes: [String] = []

  package var count: Int { jpegCount + pngCount }

  /// - Parameter size: what a short side is compared with.
  package init(
    _ source: DatasetSource, size: Int, threads: Int,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(Failure) {
    let listing = try SourceListing(source)
    bad = listing.bad
    if case .synthetic(let count, _) = source {
      pngCount = count
      return
    }
    struct Seen {
      var count = 0
      var good = DatasetScan()
      var bad: [(i: Int, file: BadFile)] = []
      var remarks = RemarkCounts()
    }
    let seen = Mutex(Seen())
    let total = listing.names.count
    let queue = WorkQueue(count: total)
    onThreads(threads) {
      while let i = queue.take()?.lowerBound {
        let result = Self.look(at: listing.path(listing.names[i]), size)
        seen.withLock { seen in
          switch result {
          case .success(let (information, remarks)):
            seen.good.add(information, size)
            seen.remarks.add(remarks, of: i)
          case .failure(let error): seen.bad.append((i, BadFile(path: listing.names[i], reason: error.reason)))
          }
          seen.count += 1
          if seen.count % 64 == 0 || seen.count == total { progress(seen.count, total) }
        }
      }
    }
    let listed = bad
    self = seen.withLock { $0.good }
    bad = listed + seen.withLock { $0.bad }.sorted { $0.i < $1.i }.map(\.file)
    notes = seen.withLock { $0.remarks }.notes { listing.names[$0] }
  }

  private init() {}

  private static func look(
    at path: FilePath, _ size: Int
  ) -> Result<(PictureInformation, Set<PictureRemark>), PictureError> {
    Result { () throws(PictureError) in
      let information = try PictureDecoder.information(path: path)
      // Only decoding finds a file that's cut short.
      return (information, try PictureDecoder.read(path: path, channels: 3, shortSide: size).remarks)
    }
  }

  private mutating func add(_ picture: PictureInformation, _ size: Int) {
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

  /// With `fraction` and `seed` as in `DatasetOptions`: the same files as a data set opened with them has, but for
  /// those that turn out to be damaged.
  package init(_ source: DatasetSource, fraction: Double, seed: UInt64) throws(Failure) {
    if case .synthetic = source {
      throw Failure(.badData, "synthetic faces aren't files: there's nothing to list")
    }
    let listing = try SourceListing(source)
    paths = []
    bad = listing.bad
    for name in listing.names where Selection.includes(name, share: fraction, seed: seed, purpose: .fraction) {
      let path = listing.path(name)
      do throws(Failure) {
        let file = try InputFile(at: path)
        var start = [UInt8](repeating: 0, count: min(file.size, 16))
        try start.withUnsafeMutableBufferPointer { (buffer) throws(Failure) in
          try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
        if PictureFormat(start) != nil {
          paths.append(path)
        } else {
          bad.append(BadFile(path: name, reason: "is neither a JPEG nor a PNG picture"))
        }
      } catch {
        bad.append(BadFile(path: name, reason: "can't be read"))
      }
    }
  }
}

/// Some pictures of a data set, decoded for this alone: no cache is made.
package struct DatasetPreview: Sendable {
  /// `size` x `size`, cropped at the centre.
  package var pictures: [Picture]
  /// The bad files that were met on the way.
  package var bad: [BadFile]

  /// `count` pictures, or all if there are fewer, chosen by `seed`.
  package init(_ source: DatasetSource, count: Int, size: Int, channels: Int, seed: UInt64) throws(Failure) {
    let listing = try SourceListing(source)
    pictures = []
    bad = listing.bad
    for number in Selection.shuffled(listing.names.indices.map(UInt32.init), seed: seed, epoch: 0) {
      if pictures.count == count { break }
      do throws(BadFile) {
        pictures.append(
          try listing.picture(Int(number), size: size, channels: channels, of: source).picture.centreCropped(size: size)
        )
      } catch {
        bad.append(error)
      }
    }
    if pictures.isEmpty { throw Failure.noPictures(in: source, bad: bad) }
  }
}
