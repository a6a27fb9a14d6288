// From a file's bytes to a picture of the wanted size and channels: what it is, whether it may be that large, decode,
// scale, turn upright.

import SystemSupport

/// What a file holds, told from its first bytes; its name plays no part.
package enum PictureFormat: Sendable, CaseIterable {
  case jpeg
  case png

  /// Nil for bytes that begin neither a JPEG nor a PNG.
  package init?(_ bytes: some Collection<UInt8>) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      return nil
    }
  }
}

/// How large a picture may be: checked on the file's size and on the headers, before anything of the declared size is
/// allocated, and on the size it is to be scaled to.
package struct DecodeLimits: Sendable {
  package var maximumWidth: Int
  package var maximumHeight: Int
  package var maximumPixels: Int
  package var maximumFileBytes: Int
  /// What decoding may take beside the picture that is asked for; the file's bytes count.
  package var maximumMemory: Int

  package init(
    maximumWidth: Int = 65_535, maximumHeight: Int = 65_535, maximumPixels: Int = 1 << 27,
    maximumFileBytes: Int = 1 << 28, maximumMemory: Int = 1 << 28
  ) {
    self.maximumWidth = maximumWidth
    self.maximumHeight = maximumHeight
    self.maximumPixels = maximumPixels
    self.maximumFileBytes = maximumFileBytes
    self.maximumMemory = maximumMemory
  }

  /// Sides up to 65,535, 134 million pixels (a 100-megapixel camera's), 256 MiB of file, and of memory.
  package static let `default` = DecodeLimits()

  func check(width: Int, height: Int, _ what: String = "it is") throws(PictureError) {
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard width <= maximumWidth, height <= maximumHeight, !overflow, pixels <= maximumPixels else {
      throw PictureError(
        .tooLarge,
        "\(what) \(width) x \(height) pixels; the limit is \(maximumWidth) x \(maximumHeight) and \(maximumPixels) "
          + "in all")
    }
  }

  func check(memory: Int) throws(PictureError) {
    guard memory <= maximumMemory else {
      throw PictureError(
        .tooLarge,
        "takes \(memory >> 20) MiB to decode; the limit is \(maximumMemory >> 20) MiB: save it smaller, or without "
          + "passes (a baseline JPEG, a PNG that isn't interlaced)")
    }
  }
}

/// What a picture's header declares.
package struct PictureInformation: Sendable, Equatable {
  package let format: PictureFormat
  /// As the picture is to be seen, upright: `width` and `height` are what `decode` gives at full size.
  package let width: Int
  package let height: Int

  package init(format: PictureFormat, width: Int, height: Int) {
    self.format = format
    self.width = width
    self.height = height
  }
}

/// Decodes JPEG and PNG. Every function may run on any number of threads at once.
///
/// What comes out, whatever went in: 8 bits, upright (EXIF orientation applied), sRGB or its luma, transparent parts
/// over white (mixed in sRGB values, as PIL and browsers do, not in linear light). Embedded ICC profiles are ignored.
///
/// All threads together take no more memory than `budget` has: a picture waits until there is enough for it. (But one
/// that is asked for in a size beyond that, which is decoded alone.)
package enum PictureDecoder {
  package static let budget = MemoryBudget(bytes: DecodeLimits.default.maximumMemory)

  /// Reads and decodes a file.
  ///
  /// - Parameters:
  ///   - channels: 1 for luma, 3 for sRGB.
  ///   - shortSide: nil for the full size. Otherwise the picture is scaled until its short side is exactly that, down
  ///     or up; the long side is `shortSide * long / short`, rounded down, as torchvision's `Resize` does.
  ///   - fit: another one than `crop` gives a square of that side.
  /// - Throws: any kind but `cannotWrite`; with the path.
  /// - Precondition: `channels` is 1 or 3, `shortSide` at least 1.
  package static func decode(
    path: some FilePathConvertible, channels: Int, shortSide: Int?, fit: PictureFit = .crop,
    limits: DecodeLimits = .default
  ) throws(PictureError) -> Picture {
    try read(path: path, channels: channels, shortSide: shortSide, fit: fit, limits: limits).picture
  }

  /// The same, with what is to be said of the file.
  package static func read(
    path: some FilePathConvertible, channels: Int, shortSide: Int?, fit: PictureFit = .crop,
    limits: DecodeLimits = .default
  ) throws(PictureError) -> DecodedFile {
    let scale = shortSide.map { PictureScale($0, fit) }
    var taken = min(try PictureFile.size(path), limits.maximumFileBytes)
    budget.take(taken)
    defer { budget.give(taken) }
    var bytes = try PictureFile.read(path, maximumBytes: limits.maximumFileBytes).bytes
    do {
      let need = try memory(bytes: bytes, channels: channels, scale, limits: limits).all
      if budget.tryTaking(need) {
        taken += need
      } else {
        // Whoever waits must hold nothing: the file is read again when its turn has come.
        bytes = []
        budget.give(taken)
        taken += need
        budget.take(taken)
        bytes = try PictureFile.read(path, maximumBytes: limits.maximumFileBytes).bytes
      }
      return DecodedFile(try codecOutput(bytes: bytes, channels: channels, scale, limits: limits), of: bytes)
    } catch {
      throw error.at(path)
    }
  }

  /// Decodes bytes that wait for it with their share of the memory.
  package static func read(_ admitted: AdmittedPicture) throws(PictureError) -> DecodedFile {
    let output = try codecOutput(
      bytes: admitted.bytes, channels: admitted.channels, admitted.scale, limits: admitted.limits)
    return DecodedFile(output, of: admitted.bytes)
  }

  /// `DecodedFile.checksum` of a file that isn't decoded; nil where it can't be read.
  package static func checksum(path: some FilePathConvertible, limits: DecodeLimits = .default) -> UInt64? {
    guard let size = try? PictureFile.size(path), size <= limits.maximumFileBytes else { return nil }
    budget.take(size)
    defer { budget.give(size) }
    return (try? PictureFile.read(path, maximumBytes: limits.maximumFileBytes)).map { ContentChecksum.of($0.bytes) }
  }

  /// Decodes a file's bytes; the rest as in `decode(path:channels:shortSide:limits:)`.
  package static func decode(
    bytes: [UInt8], channels: Int, shortSide: Int?, fit: PictureFit = .crop, limits: DecodeLimits = .default
  ) throws(PictureError) -> Picture {
    let scale = shortSide.map { PictureScale($0, fit) }
    let need = try memory(bytes: bytes, channels: channels, scale, limits: limits).all
    budget.take(need)
    defer { budget.give(need) }
    return try codecOutput(bytes: bytes, channels: channels, scale, limits: limits).finished()
  }

  /// - Throws: where that is more than the limits allow, or the header makes no sense.
  fileprivate static func memory(
    bytes: [UInt8], channels: Int, _ scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> MemoryNeed {
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels")
    precondition(scale.map { $0.side >= 1 } ?? true, "a picture's short side is at least 1")
    let need =
      switch try format(of: bytes, limits: limits) {
      case .jpeg: try JPEG.memory(bytes, channels: channels, scale: scale, limits: limits)
      case .png: try PNG.memory(bytes, channels: channels, scale: scale, limits: limits)
      }
    try limits.check(memory: need.rest + bytes.count)
    return need
  }

  /// The codec's part of `decode`; `finished()` is the rest. (Apart so that a bench can time each.)
  package static func codecOutput(
    bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits = .default
  ) throws(PictureError) -> CodecOutput {
    try codecOutput(bytes: bytes, channels: channels, shortSide.map { PictureScale($0) }, limits: limits)
  }

  private static func codecOutput(
    bytes: [UInt8], channels: Int, _ scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> CodecOutput {
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels")
    precondition(scale.map { $0.side >= 1 } ?? true, "a picture's short side is at least 1")
    var output =
      switch try format(of: bytes, limits: limits) {
      case .jpeg: try JPEG.decode(bytes, channels: channels, scale: scale, limits: limits)
      case .png: try PNG.decode(bytes, channels: channels, scale: scale, limits: limits)
      }
    if let scale, scale.fit == .pad { output.paddedSide = scale.side }
    return output
  }

  /// What a file's header declares. Reads the first 64 KiB, and more only if the header is longer, or if a PNG may say
  /// behind its pixels how it's turned.
  package static func information(
    path: some FilePathConvertible, limits: DecodeLimits = .default
  ) throws(PictureError) -> PictureInformation {
    let start = try PictureFile.read(path, prefix: 1 << 16, maximumBytes: limits.maximumFileBytes)
    do {
      let information = try information(bytes: start.bytes, limits: limits)
      if start.isWhole || information.format == .jpeg { return information }
    } catch {
      if start.isWhole || error.kind != .corrupt { throw error.at(path) }
    }
    let whole = try PictureFile.read(path, maximumBytes: limits.maximumFileBytes)
    do {
      return try information(bytes: whole.bytes, limits: limits)
    } catch {
      throw error.at(path)
    }
  }

  /// What the header declares, from a file's bytes or its first ones, as far as the header goes.
  package static func information(
    bytes: [UInt8], limits: DecodeLimits = .default
  ) throws(PictureError) -> PictureInformation {
    let format = try format(of: bytes, limits: limits)
    let (width, height, orientation): (Int, Int, Orientation)
    switch format {
    case .jpeg: (width, height, orientation) = try JPEG.header(bytes)
    case .png:
      let header = try PNGHeader(bytes)
      (width, height, orientation) = (header.width, header.height, header.orientation)
    }
    try limits.check(width: width, height: height)
    return orientation.swapsAxes
      ? PictureInformation(format: format, width: height, height: width)
      : PictureInformation(format: format, width: width, height: height)
  }

  private static func format(of bytes: [UInt8], limits: DecodeLimits) throws(PictureError) -> PictureFormat {
    guard bytes.count <= limits.maximumFileBytes else {
      throw PictureError(.tooLarge, "has \(bytes.count) bytes; the limit is \(limits.maximumFileBytes)")
    }
    if let format = PictureFormat(bytes) { return format }
    throw PictureError(ForeignFormat(bytes) == nil ? .notAPicture : .unsupported, ForeignFormat.reason(bytes))
  }
}

/// The bytes of a picture that waits to be decoded, and its share of the decoder's memory, which is given back with it.
///
/// For sources that can be read once only. Whoever makes one waits until there is enough, and must hold no other: then
/// at most one picture's bytes are beside the budget.
package final class AdmittedPicture: Sendable {
  let bytes: [UInt8]
  let channels: Int
  let scale: PictureScale?
  let limits: DecodeLimits
  private let taken: Int

  /// - Throws: what decoding would say of the header.
  package init(
    _ bytes: [UInt8], channels: Int, shortSide: Int?, fit: PictureFit = .crop, limits: DecodeLimits = .default
  ) throws(PictureError) {
    let scale = shortSide.map { PictureScale($0, fit) }
    taken = bytes.count + (try PictureDecoder.memory(bytes: bytes, channels: channels, scale, limits: limits).all)
    (self.bytes, self.channels, self.scale, self.limits) = (bytes, channels, scale, limits)
    PictureDecoder.budget.take(taken)
  }

  deinit { PictureDecoder.budget.give(taken) }

  /// What the header declares.
  package func information() throws(PictureError) -> PictureInformation {
    try PictureDecoder.information(bytes: bytes, limits: limits)
  }
}

/// What a codec makes of a file's bytes, and what is still to be done with it.
package struct CodecOutput: Sendable {
  /// Perhaps made smaller by the codec; not turned.
  var picture: Picture
  /// The picture's size as stored, and how many of its pixels in each direction are one of `picture`'s.
  var original: (width: Int, height: Int)
  var reduction = 1
  /// What `picture` is to be scaled to before it is turned.
  var size: (width: Int, height: Int)
  var orientation: Orientation
  var channels: Int
  package var remarks: Set<PictureRemark> = []
  /// Of the square that is to be filled around it.
  var paddedSide: Int?

  /// Scaled, turned upright (now, as there are fewer pixels to move), with the wanted channels.
  package func finished() -> Picture {
    let picture = picture.resized(width: size.width, height: size.height, original: original, reduction: reduction)
      .turned(orientation).converted(channels: channels)
    return paddedSide.map { picture.padded(toSide: $0) } ?? picture
  }
}

extension PictureError {
  /// The same error, naming the file it is about.
  package func at(_ path: some FilePathConvertible) -> PictureError {
    var error = self
    error.path = "\(path)"
    return error
  }
}
