// A data set ready for training: its pictures scaled and in one file, chosen by fraction, parted into training and
// held-out.

import SystemSupport
import Images
import Randomness
import Synchronization

package struct DatasetOptions: Sendable {
  /// The pictures' short side in pixels.
  package var size: Int
  /// 1 (grey) or 3 (RGB).
  package var channels: Int
  /// The share of the pictures to use, each kept or not by its own draw, as the seed does.
  package var fraction: Double
  /// The share of those to keep from training, each by its own draw.
  package var heldOut: Double
  /// Of the draws.
  package var seed: UInt64
  /// For decoding.
  package var threads: Int
  /// Where prepared pictures are kept; nil for $XDG_CACHE_HOME/wgan or ~/.cache/wgan.
  package var cacheDirectory: String?
  /// How a picture that isn't square fills its square.
  package var fit: PictureFit
  /// Of training. Held-out pictures and samples are cropped so, too, or at the centre where this is random.
  package var crop: CropMode

  package init(
    size: Int, channels: Int = 3, fraction: Double = 1, heldOut: Double = 0, seed: UInt64 = 42, threads: Int = 1,
    cacheDirectory: String? = nil, fit: PictureFit = .crop, crop: CropMode = .random
  ) {
    self.fit = fit
    self.crop = crop
    self.size = size
    self.channels = channels
    self.fraction = fraction
    self.heldOut = heldOut
    self.seed = seed
    self.threads = threads
    self.cacheDirectory = cacheDirectory
  }
}

package final class Dataset: Sendable {
  package enum Subset: Sendable {
    case training
    case heldOut
  }

  package let size: Int
  package let channels: Int
  /// Files and lines that were skipped, each once. `wgan train` names them before it starts.
  package let badFiles: [BadFile]
  /// What else a person should know before training starts, a line each.
  package let notes: [String]
  /// The share of the pictures whose files have a shorter side than `size`, by some of them.
  package let enlargedShare: Double
  /// How many pictures were decoded for this run; the others came from the cache.
  package let decodedCount: Int
  /// Changes when other pictures are chosen: a run that's resumed with another fingerprint wouldn't go on exactly.
  package let fingerprint: UInt64
  /// Changes when any pixel of any picture does, or a name. (`fingerprint` is of names and files' sizes alone, as
  /// earlier versions have written it down.)
  package let contentFingerprint: UInt64

  private let pictures: StoredPictures
  private let still: CropMode
  /// For each picture of the data set, in the source's order, where it is in the file.
  private let places: [UInt32]
  private let training: [UInt32]
  private let heldOut: [UInt32]
  private let unreadable = Mutex<Failure?>(nil)

  /// Prepares a data set: finds the files, chooses, decodes what no earlier run has decoded.
  /// - Parameters:
  ///   - progress: (pictures done, pictures to decode), from any thread but never from two at once; not called when
  ///     there's nothing to decode.
  ///   - isCancelled: asked before each picture; when it's true, opening stops with an error of kind `cancelled`.
  package convenience init(
    _ source: DatasetSource, _ options: DatasetOptions,
    progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    let listing = try SourceListing(source, isCancelled: isCancelled)
    let (size, channels) = (options.size, options.channels)
    var bad = listing.bad
    var wanted: [SourcePicture] = []
    for (number, name) in listing.names.enumerated()
    where Selection.includes(name, share: options.fraction, seed: options.seed, purpose: .fraction) {
      if isCancelled() { throw .cancelledListing }
      do throws(BadFile) { wanted.append(try listing.sourcePicture(number)) } catch { bad.append(error) }
    }
    if wanted.isEmpty { throw Self.nothing(source, listing, bad, options) }

    let cache = PictureCache(
      identity: listing.identity(fit: options.fit), label: listing.label, size: size, channels: channels,
      folder: options.cacheDirectory, threads: options.threads)
    let prepared = try cache.prepare(
      wanted, known: { listing.names },
      from: SourceFeed(listing, size: size, channels: channels, fit: options.fit),
      progress: progress, isCancelled: isCancelled)
    bad += prepared.bad
    let good = wanted.indices.filter { prepared.places[$0] != nil }
    guard let pictures = prepared.pictures, !good.isEmpty else { throw Self.nothing(source, listing, bad, options) }

    let copies = PictureCopies(good.map { Self.pixels(of: $0, wanted, prepared, listing) })
    // A picture that is trained on under another name would be no judge.
    let heldOut = good.indices.filter { isHeldOut(copies.firsts[$0]) }
    func isHeldOut(_ i: Int) -> Bool {
      Selection.includes(wanted[good[i]].name, share: options.heldOut, seed: options.seed, purpose: .heldOut)
    }
    if heldOut.count == good.count {
      throw Failure(
        .badData,
        "\(good.count == 1 ? "the only picture" : "all \(good.count) pictures") of \(source) "
          + "\(good.count == 1 ? "is" : "are") held out: lower the held-out share (\(options.heldOut)) or add pictures")
    }
    var digest = Array("\(size) \(channels)".utf8)
    for i in good {
      digest.append(UInt8(ascii: "\n"))
      digest += wanted[i].name.bytes
      digest += " \(wanted[i].bytes)".utf8
    }
    // Earlier versions parted these otherwise.
    let moved = good.indices.filter { isHeldOut($0) != isHeldOut(copies.firsts[$0]) }
    if !moved.isEmpty { digest += "\n\(moved.count) copies".utf8 }
    let copiesNote = copies.note { wanted[good[$0]].name }
    self.init(
      pictures, prepared, notes: listing.notes + prepared.notes + [copiesNote].compactMap(\.self),
      places: good.compactMap { prepared.places[$0] },
      heldOut: heldOut, still: options.crop.still, bad: bad,
      enlargedShare: Self.enlargedShare(of: good.compactMap { listing.path(wanted[$0].number) }, options),
      fingerprint: Checksum.of(digest), contentFingerprint: Self.contentFingerprint(good, wanted, prepared))
  }

  /// Nil of one that is drawn: no two are meant to be the same.
  private static func pixels(
    of i: Int, _ wanted: [SourcePicture], _ prepared: PictureCache.Prepared, _ listing: SourceListing
  ) -> PictureCopies.Pixels? {
    if case .drawn = listing.part(listing.place(wanted[i].number).part).kind { return nil }
    guard let place = prepared.places[i], let entry = prepared.pictures?.index.entries[Int(place)] else { return nil }
    return PictureCopies.Pixels(checksum: entry.checksum, width: entry.width, height: entry.height)
  }

  private static func contentFingerprint(
    _ good: [Int], _ wanted: [SourcePicture], _ prepared: PictureCache.Prepared
  ) -> UInt64 {
    var digest: [UInt8] = []
    for i in good {
      guard let place = prepared.places[i], let entry = prepared.pictures?.index.entries[Int(place)] else { continue }
      digest += wanted[i].name.bytes + "\n\(entry.checksum)\n".utf8
    }
    return ContentChecksum.of(digest)
  }

  /// Files that are looked at for it: enough to tell a few from many, and a moment's work.
  private static let looked = 100

  private static func enlargedShare(of paths: [FilePath], _ options: DatasetOptions) -> Double {
    let some = Selection.shuffled(paths.indices.map(UInt32.init), seed: options.seed, epoch: 0).prefix(looked)
    let small = some.filter {
      // What isn't there any more, though the cache has it, doesn't count.
      guard let picture = try? PictureDecoder.information(path: paths[Int($0)]) else { return false }
      // Padded, the long side is what fills the square.
      let side = options.fit == .pad ? max(picture.width, picture.height) : min(picture.width, picture.height)
      return side < options.size
    }
    return Double(small.count) / Double(max(1, some.count))
  }

  private init(
    _ pictures: StoredPictures, _ prepared: PictureCache.Prepared, notes: [String], places: [UInt32], heldOut: [Int],
    still: CropMode, bad: [BadFile], enlargedShare: Double, fingerprint: UInt64, contentFingerprint: UInt64
  ) {
    self.pictures = pictures
    size = pictures.index.size
    channels = pictures.index.channels
    self.notes = notes
    self.still = still
    decodedCount = prepared.decoded
    badFiles = bad
    self.enlargedShare = enlargedShare
    self.fingerprint = fingerprint
    self.contentFingerprint = contentFingerprint
    self.places = places
    self.heldOut = heldOut.map(UInt32.init)
    let isHeldOut = Set(heldOut)
    training = places.indices.filter { !isHeldOut.contains($0) }.map(UInt32.init)
  }

  // MARK: - Pictures

  /// All pictures, training and held-out.
  package var count: Int { places.count }

  package func count(_ subset: Subset) -> Int { members(subset).count }

  /// How many batches an epoch has, the short last one included.
  package func batchesPerEpoch(batchSize: Int, subset: Subset = .training) -> Int {
    (count(subset) + batchSize - 1) / batchSize
  }

  /// The numbers of a subset's pictures, ascending.
  func members(_ subset: Subset) -> [UInt32] { subset == .training ? training : heldOut }

  /// The path of picture `index` as it's named in the folder or list.
  /// - Precondition: 0 <= `index` < `count`.
  package func name(_ index: Int) -> FilePath { pictures.index.name(Int(places[index])) }

  /// Bytes of its file, when it was decoded; of a drawn one 0.
  /// - Precondition: 0 <= `index` < `count`.
  package func fileBytes(_ index: Int) -> Int { Int(pictures.index.entries[Int(places[index])].sourceBytes) }

  /// Picture `index`, scaled: its short side is `size`.
  /// - Precondition: 0 <= `index` < `count`.
  package func picture(_ index: Int) throws(Failure) -> Picture {
    var scratch: [UInt8] = []
    return try pictures.withPixels(Int(places[index]), &scratch) { pixels, entry in
      Picture(width: Int(entry.width), height: Int(entry.height), channels: channels, pixels: [UInt8](pixels))
    }
  }

  /// `count` training pictures (fewer if there are fewer), cropped as `square` does, chosen by `seed`: for real.png.
  package func samples(_ count: Int, seed: UInt64) throws(Failure) -> [Picture] {
    var samples: [Picture] = []
    for number in shuffled(.training, seed: seed).prefix(count) {
      samples.append(Picture(width: size, height: size, channels: channels, pixels: try square(number)))
    }
    return samples
  }

  /// The numbers of a subset's pictures in an order of the seed's.
  package func shuffled(_ subset: Subset, seed: UInt64) -> [Int] {
    Selection.shuffled(members(subset), seed: seed, epoch: 0).map(Int.init)
  }

  /// The bytes [y][x][channel] of picture `index`, cropped at the centre, or at the one place where training crops.
  /// - Precondition: 0 <= `index` < `count`.
  package func square(_ index: Int) throws(Failure) -> [UInt8] {
    var (scratch, pixels): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: size * size * channels))
    try pixels.withUnsafeMutableBufferPointer { (pixels) throws(Failure) in
      try copyCrop(of: index, still, seed: 0, epoch: 0, to: UnsafeMutableRawBufferPointer(pixels), &scratch)
    }
    return pixels
  }

  /// The same for readers that can't throw: black where it can't be read. They call `checkReading` when they are done.
  package func squareOrBlack(_ index: Int) -> [UInt8] {
    do throws(Failure) {
      return try square(index)
    } catch {
      unreadable.withLock { $0 = $0 ?? error }
      return [UInt8](repeating: 0, count: size * size * channels)
    }
  }

  /// - Throws: where `squareOrBlack` has met a picture that couldn't be read.
  package func checkReading() throws(Failure) {
    if let failure = unreadable.withLock({ $0 }) { throw failure }
  }

  /// Copies a square of `size` out of picture `index` to `target` (`size` rows of `size * channels` bytes).
  ///
  /// - Parameter scratch: kept by the caller from one picture to the next.
  /// - Throws: where the file of prepared pictures isn't any more what it was.
  func copyCrop(
    of index: Int, _ crop: CropMode, mirror: Bool = false, seed: UInt64, epoch: Int,
    to target: UnsafeMutableRawBufferPointer, _ scratch: inout [UInt8]
  ) throws(Failure) {
    try pictures.withPixels(Int(places[index]), &scratch) { pixels, entry in
      crop.copySquare(
        of: pixels, width: Int(entry.width), height: Int(entry.height), channels: channels, size: size, mirror: mirror,
        seed: seed, epoch: epoch, index: index, to: target)
    }
  }

  // MARK: - Words

  private static func nothing(
    _ source: DatasetSource, _ listing: SourceListing, _ bad: [BadFile], _ options: DatasetOptions
  ) -> Failure {
    if listing.names.isEmpty || !bad.isEmpty { return .noPictures(in: source, bad: bad, notes: listing.notes) }
    let pictures = listing.names.count == 1 ? "not the only picture" : "none of the \(listing.names.count) pictures"
    return Failure(
      .badData, "a fraction of \(options.fraction) keeps \(pictures) in \(source): raise --fraction")
  }
}
