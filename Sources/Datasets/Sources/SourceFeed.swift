// Reads and decodes a listing's pictures on many threads: files at any time, what is in archives in its order there.
//
// A thread takes the numbers of some pictures and, where one is in an archive, reads that picture's bytes before
// another thread takes the next. So each archive goes by once, while what is read is decoded side by side.

import Images
import SystemSupport

/// A picture made of its source.
struct RenderedPicture {
  var picture: Picture
  var remarks: Set<PictureRemark> = []
  /// Of the source's bytes; 0 for a picture that is drawn.
  var sourceChecksum: UInt64 = 0
}

final class SourceFeed: Sendable {
  private let listing: SourceListing
  private let size: Int
  private let channels: Int
  private let fit: PictureFit
  /// By the part; nil where no picture is in an archive.
  private let readers: Monitor<[Int: ArchivePass]>?

  /// - Parameters:
  ///   - size: the pictures' short side, or with another fit than `crop` both.
  init(_ listing: SourceListing, size: Int, channels: Int, fit: PictureFit = .crop) {
    (self.listing, self.size, self.channels, self.fit) = (listing, size, channels, fit)
    let hasArchive = (0..<listing.partCount).contains {
      if case .archive = listing.part($0).kind { true } else { false }
    }
    readers = hasArchive ? Monitor([:]) : nil
  }

  // MARK: - Taking

  /// The numbers that a thread makes pictures of next, as places in a list of them.
  struct Taken {
    var range: Range<Int>
    /// Of a single number that is in an archive.
    fileprivate var loaded: Result<AdmittedPicture, BadFile>?
  }

  /// The order in which pictures can be taken: an archive goes by once, from its beginning.
  /// - Parameter number: of an item, its picture's in the listing.
  func inReadingOrder(_ items: [Int], number: (_ item: Int) -> Int = { $0 }) -> [Int] {
    if readers == nil { return items.sorted { number($0) < number($1) } }
    return items.map { ($0, listing.readingPlace(number($0))) }.sorted { $0.1 < $1.1 }.map(\.0)
  }

  /// A queue for `take`.
  /// - Parameter chunk: numbers that are taken at a time, where nothing must be read in order.
  func queue(count: Int, chunk: Int = 1) -> WorkQueue { WorkQueue(count: count, chunk: readers == nil ? chunk : 1) }

  /// - Parameter numbers: in reading order.
  func take(_ numbers: [Int], from queue: borrowing WorkQueue) -> Taken? {
    guard let readers else { return queue.take().map { Taken(range: $0) } }
    return readers.withLock { readers in
      guard let range = queue.take() else { return nil }
      return Taken(range: range, loaded: load(numbers[range.lowerBound], &readers))
    }
  }

  private func load(_ number: Int, _ passes: inout [Int: ArchivePass]) -> Result<AdmittedPicture, BadFile>? {
    let place = listing.place(number)
    guard case .archive(let archive) = listing.part(place.part).kind else { return nil }
    let name = listing.names[number]
    return Result { () throws(BadFile) in
      let pass = passes[place.part] ?? ArchivePass(archive, isCancelled: listing.isCancelled)
      passes[place.part] = pass
      let bytes = try pass.bytes(of: place.number, as: name)
      return try named(number) { () throws(PictureError) in
        try AdmittedPicture(bytes, channels: channels, shortSide: size, fit: fit)
      }
    }
  }

  // MARK: - Making

  /// The picture of that number in the listing.
  func picture(_ number: Int, _ taken: Taken) throws(BadFile) -> RenderedPicture {
    if let loaded = taken.loaded {
      let admitted = try loaded.get()
      return try named(number) { () throws(PictureError) in RenderedPicture(try PictureDecoder.read(admitted)) }
    }
    if let path = listing.path(number) {
      return try named(number) { () throws(PictureError) in
        RenderedPicture(try PictureDecoder.read(path: path, channels: channels, shortSide: size, fit: fit))
      }
    }
    guard case .drawn(let seed) = listing.part(listing.place(number).part).kind else {
      preconditionFailure("what is in an archive is loaded when it's taken")
    }
    return RenderedPicture(
      picture: SyntheticFaces.picture(
        seed: seed, index: listing.place(number).number, size: size, channels: channels))
  }

  /// What the file's header declares.
  func information(_ number: Int, _ taken: Taken) throws(BadFile) -> PictureInformation? {
    if let loaded = taken.loaded {
      let admitted = try loaded.get()
      return try named(number) { () throws(PictureError) in try admitted.information() }
    }
    guard let path = listing.path(number) else { return nil }
    return try named(number) { () throws(PictureError) in try PictureDecoder.information(path: path) }
  }

  private func named<Value>(_ number: Int, _ body: () throws(PictureError) -> Value) throws(BadFile) -> Value {
    do throws(PictureError) {
      return try body()
    } catch {
      throw BadFile(path: listing.names[number], reason: error.reason)
    }
  }

  /// Of the source's bytes; nil where they can't be read, or only in their order.
  func sourceChecksum(_ number: Int) -> UInt64? { listing.path(number).flatMap { PictureDecoder.checksum(path: $0) } }
}

extension RenderedPicture {
  fileprivate init(_ file: DecodedFile) {
    self.init(picture: file.picture, remarks: file.remarks, sourceChecksum: file.checksum)
  }
}
