// Files named by URLs, as Foundation's programs have them, where the library takes paths.

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension URL {
  /// - Throws: ``WGANError`` of kind `invalidArgument` for one that isn't a file's.
  var filePath: String {
    get throws(WGANError) {
      guard isFileURL else { throw WGANError(.invalidArgument, "\(absoluteString): isn't the URL of a file") }
      return path
    }
  }
}

extension Bitmap {
  /// The same as `init(contentsOf:channels:shortSide:fit:)` of the file's path.
  public init(contentsOf file: URL, channels: Int, shortSide: Int, fit: Fit = .crop) throws(WGANError) {
    try self.init(contentsOf: file.filePath, channels: channels, shortSide: shortSide, fit: fit)
  }

  /// The same as `writePNG(to:)` of the file's path.
  public func writePNG(to file: URL) throws(WGANError) { try writePNG(to: file.filePath) }
}

extension WassersteinGAN {
  /// The same as `init(contentsOf:threads:)` of the file's or folder's path.
  public convenience init(contentsOf file: URL, threads: Int? = nil) throws(WGANError) {
    try self.init(contentsOf: file.filePath, threads: threads)
  }

  /// The same as `save(to:)` of the file's path.
  public func save(to file: URL) throws(WGANError) { try save(to: file.filePath) }

  /// The same as `export(_:as:live:to:)` of the file's path.
  public func export(_ net: Net, as format: ExportFormat, live: Bool = false, to file: URL) throws(WGANError) {
    try export(net, as: format, live: live, to: file.filePath)
  }
}

extension Generator {
  /// The same as `init(contentsOf:settings:live:threads:)` of the file's or folder's path.
  public convenience init(
    contentsOf file: URL, settings: TrainingSettings? = nil, live: Bool = false, threads: Int? = nil
  ) throws(WGANError) {
    try self.init(contentsOf: file.filePath, settings: settings, live: live, threads: threads)
  }
}

/// `localizedDescription` is the error's line, too.
extension WGANError: LocalizedError {
  /// The line of ``description``.
  public var errorDescription: String? { description }
}
