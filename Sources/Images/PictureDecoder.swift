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
  /// - Throws: any kind but `cannotWrite`; with the path.
  /// - Precondition: `channels` is 1 or 3, `shortSide` at least 1.
  package static func decode(
    path: some FilePathConvertible, channels: Int, shortSide: Int?, limits: DecodeLimits = .default
  ) throws(PictureError) -> Picture {
    try read(path: path, channels: channels, shortSide: shortSide, limits: limits).picture
  }

  /// The same, with what is to be said of the file.
  package static func read(
    path: some FilePathConvertible, channels: Int, shortSide: Int?, limits: DecodeLimits = .default
  ) throws(PictureError) -> DecodedFile {
    var taken = min(try PictureFile.size(path), limits.maximumFileBytes)
    budget.take(taken)
    defer { budget.give(taken) }
    var bytes = try PictureFile.read(path, maximumBytes: limits.maximumFileBytes).bytes
    do {
      let need = try memory(bytes: bytes, channels: channels, shortSide: shortSide, limits: limits).all
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
      let output = try codecOutput(bytes: bytes, channels: channels, shortSide: shortSide, limits: limits)
      return DecodedFile(
        picture: output.finished(), remarks: output.remarks, checksum: ContentChecksum.of(bytes))
    } catch {
      throw error.at(path)
    }
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
    bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits = .default
  ) throws(PictureError) -> Picture {
    let need = try memory(bytes: bytes, channels: channels, shortSide: shortSide, limits: limits).all
    budget.take(need)
    defer { budget.give(need) }
    return try codecOutput(bytes: bytes, channels: channels, shortSide: shortSide, limits: limits).finished()
  }

  /// - Throws: where that is more than the limits allow, or the header makes no sense.
  private static func memory(
    bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits
  ) throws(PictureError) -> MemoryNeed {
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels")
    precondition(shortSide.map { $0 >= 1 } ?? true, "a picture's short side is at least 1")
    let need =
      switch try format(of: bytes, limits: limits) {
      case .jpeg: try JPEG.memory(bytes, channels: channels, shortSide: shortSide, limits: limits)
      case .png: try PNG.memory(bytes, channels: channels, shortSide: shortSide, limits: limits)
      }
    try limits.check(memory: need.rest + bytes.count)
    return need
  }

  /// The codec's part of `decode`; `finished()` is the rest. (Apart so that a bench can time each.)
  package static func codecOutput(
    bytes: [UInt8], channels: Int, shortSide: Int?, limits: DecodeLimits = .default
  ) throws(PictureError) -> CodecOutput {
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 channels")
    precondition(shortSide.map { $0 >= 1 } ?? true, "a picture's short side is at least 1")
    switch try format(of: bytes, limits: limits) {
    case .jpeg: return try JPEG.decode(bytes, channels: channels, shortSide: shortSide, limits: limits)
    case .png: return try PNG.decode(bytes, channels: channels, shortSide: shortSide, limits: limits)
    }
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
    if bytes.isEmpty { throw PictureError(.notAPicture, "is empty") }
    if let name = foreignFormat(bytes) {
      throw PictureError(.unsupported, "is a \(name) file; convert it to JPEG or PNG")
    }
    throw PictureError(.notAPicture, "is neither a JPEG nor a PNG picture")
  }

  /// The name of another picture format that people have in their folders, so that the error can say what to do.
  private static func foreignFormat(_ bytes: [UInt8]) -> String? {
    func has(_ text: String, at offset: Int = 0) -> Bool { bytes.dropFirst(offset).starts(with: text.utf8) }
    if has("GIF87a") || has("GIF89a") { return "GIF" }
    if has("RIFF") && has("WEBP", at: 8) { return "WebP" }
    if has("II*\0") || has("MM\0*") { return "TIFF" }
    if has("ftypavif", at: 4) { return "AVIF" }
    if has("ftyphei", at: 4) || has("ftypmif1", at: 4) { return "HEIF" }
    if has("BM") && bytes.count > 26 { return "BMP" }
    return nil
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

  /// Scaled, turned upright (now, as there are fewer pixels to move), with the wanted channels.
  package func finished() -> Picture {
    picture.resized(width: size.width, height: size.height, original: original, reduction: reduction)
      .turned(orientation).converted(channels: channels)
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
