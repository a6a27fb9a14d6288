// PNG in. libpng is called from C (CPNGReader), which catches its longjmp and reports by status.

import CPNGReader

enum PNG {
  static func decode(
    _ bytes: [UInt8], channels: Int, scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> CodecOutput {
    let header = try PNGHeader(bytes)
    let plan = try Plan(header, channels: channels, scale: scale, limits: limits)
    let picture = try picture(bytes, header, plan)
    return CodecOutput(
      picture: picture, original: plan.scalesHere ? plan.size : (header.width, header.height), size: plan.size,
      orientation: header.orientation, channels: channels, remarks: header.remarks)
  }

  /// Bytes that decoding takes beside the file's.
  static func memory(
    _ bytes: [UInt8], channels: Int, scale: PictureScale?, limits: DecodeLimits
  ) throws(PictureError) -> MemoryNeed {
    let header = try PNGHeader(bytes)
    let plan = try Plan(header, channels: channels, scale: scale, limits: limits)
    let samples = header.isInterlaced ? header.width * header.height * header.channels : 0
    let result = plan.size.width * plan.size.height * channels
    if plan.scalesHere { return MemoryNeed(result: result, rest: samples + plan.bandBytes) }
    let whole = header.width * header.height * plan.channels
    return MemoryNeed(result: result, rest: samples + (scale == nil ? 0 : whole))
  }

  /// What is made of the rows.
  private struct Plan {
    /// Luma goes through scaling before it becomes three channels, colour becomes luma before: less to scale.
    let channels: Int
    let size: (width: Int, height: Int)
    /// A large picture is scaled as its rows come, and never whole in memory.
    let scalesHere: Bool
    let bandBytes: Int

    init(_ header: PNGHeader, channels wanted: Int, scale: PictureScale?, limits: DecodeLimits) throws(PictureError) {
      let (width, height) = (header.width, header.height)
      try limits.check(width: width, height: height)
      channels = min(wanted, header.channels < 3 ? 1 : 3)
      size =
        try scale.map { (scale) throws(PictureError) in
          try limits.scaledSize(width: width, height: height, scale)
        } ?? (width, height)
      scalesHere = scale != nil && width * height * channels > largest
      bandBytes = RowScaler.bandBytes(width: width, height: height, channels: channels, to: size)
    }
  }

  /// Samples of a picture that is still kept whole until it's scaled.
  private static let largest = 1 << 24

  // MARK: - Rows

  private static func picture(_ bytes: [UInt8], _ header: PNGHeader, _ plan: Plan) throws(PictureError) -> Picture {
    let (width, height) = (header.width, header.height)
    var rows = RowConverter(width: width, from: header.channels, to: plan.channels)
    if plan.scalesHere {
      var scaler = RowScaler(width: width, height: height, channels: plan.channels, to: plan.size)
      try forEachRow(of: bytes, header) { row in scaler.addRow { rows.convert(row, to: $0) } }
      return scaler.picture()
    }
    var failure: PictureError?
    let rowSamples = width * plan.channels
    let pixels = [UInt8](unsafeUninitializedCapacity: height * rowSamples) { target, filled in
      guard var place = target.baseAddress else { return }
      do throws(PictureError) {
        try forEachRow(of: bytes, header) { row in
          rows.convert(row, to: place)
          place += rowSamples
        }
        filled = height * rowSamples
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return Picture(width: width, height: height, channels: plan.channels, pixels: pixels)
  }

  /// The rows as 8-bit sRGB values, from the top: 1 (luma), 2 (luma, alpha), 3 (RGB) or 4 (RGB, alpha) to a pixel, not
  /// premultiplied.
  private static func forEachRow(
    of bytes: [UInt8], _ header: PNGHeader, _ body: (UnsafePointer<UInt8>) -> Void
  ) throws(PictureError) {
    try bytes.withUnsafeBufferPointer { (file) throws(PictureError) in
      var found = CPNGHeader()
      var status: CInt = 0
      guard
        let reader = cpng_open(file.baseAddress, file.count, header.gammaCounts ? 1 : 0, &found, &status)
      else {
        throw PictureError(.unreadable, "no memory for the PNG decoder")
      }
      defer { cpng_close(reader) }
      let rowBytes = header.width * header.channels
      if status == 0, Int(found.width) == header.width, Int(found.height) == header.height,
        Int(found.channels) == header.channels
      {
        // An interlaced picture's first row is whole when its last pass is read.
        var rows = [UInt8](repeating: 0, count: rowBytes * (header.isInterlaced ? header.height : 1))
        status = rows.withUnsafeMutableBufferPointer { rows in
          guard let start = rows.baseAddress else { return 1 }
          if header.isInterlaced && cpng_read(reader, start) != 0 { return 1 }
          for y in 0..<header.height {
            if !header.isInterlaced && cpng_read_row(reader, start) != 0 { return 1 }
            body(start + (header.isInterlaced ? y * rowBytes : 0))
          }
          return 0
        }
        if status == 0 { return }
      }
      let text = String(cString: cpng_message(reader))
      throw PictureError(.corrupt, "is a PNG that is cut short or damaged (\(text))")
    }
  }
}

/// A row of stored samples as one of a picture: transparent parts over white, colours as luma where that is wanted.
private struct RowConverter {
  private let width: Int
  private let stored: Int
  private let wanted: Int
  /// A row over white, before it becomes luma.
  private var opaque: [UInt8]

  init(width: Int, from stored: Int, to wanted: Int) {
    (self.width, self.stored, self.wanted) = (width, stored, wanted)
    opaque = stored == 4 && wanted == 1 ? [UInt8](repeating: 0, count: 3 * width) : []
  }

  mutating func convert(_ row: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>) {
    switch (stored, wanted) {
    case (2, _): Self.overWhite(row, colours: 1, width, target)
    case (4, 3): Self.overWhite(row, colours: 3, width, target)
    case (4, _):
      opaque.withUnsafeMutableBufferPointer { opaque in
        guard let opaque = opaque.baseAddress else { return }
        Self.overWhite(row, colours: 3, width, opaque)
        Self.toLuma(opaque, width, target)
      }
    case (3, 1): Self.toLuma(row, width, target)
    default: target.update(from: row, count: width * stored)
    }
  }

  private static func toLuma(_ row: UnsafePointer<UInt8>, _ width: Int, _ target: UnsafeMutablePointer<UInt8>) {
    for i in 0..<width { target[i] = luma(row[3 * i], row[3 * i + 1], row[3 * i + 2]) }
  }

  /// c a + 255 (1 - a), on the sRGB values.
  @inline(__always)
  private static func overWhite(
    _ row: UnsafePointer<UInt8>, colours: Int, _ width: Int, _ target: UnsafeMutablePointer<UInt8>
  ) {
    for i in 0..<width {
      let alpha = UInt32(row[i * (colours + 1) + colours])
      let white = 255 &* (255 &- alpha)
      for c in 0..<colours {
        target[i * colours + c] = divide255(UInt32(row[i * (colours + 1) + c]) &* alpha &+ white)
      }
    }
  }
}
