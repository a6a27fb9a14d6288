// A zip or tar file, read once from its beginning to its end by libarchive. Nothing is unpacked to disk, and what a
// file may ask for has limits: it may come from anywhere.

import CArchive
import SystemSupport

package struct ArchiveLimits: Sendable {
  /// Of one file in it, unpacked.
  package var fileBytes = 1 << 28
  package var files = 1 << 24
  package var nameBytes = 4096
  /// All that is unpacked may be so many times the archive's own size, and `spare` bytes. (Pictures hardly shrink.)
  package var growth = 100
  package var spare = 1 << 30

  package init() {}
}

/// A file in an archive.
package struct ArchivedFile: Sendable {
  /// From the archive's beginning, all files counted.
  package let number: Int
  /// Its path there, without "." and doubled slashes.
  package let name: FilePath
  /// As declared; nil where that is known only once it's unpacked.
  package let bytes: Int?
  package let isEncrypted: Bool
  /// Another name of a file in the archive: it has no bytes of its own.
  package let isLink: Bool
}

/// Why a file in an archive can't be had, in words without its name.
package struct ArchiveError: Error, Sendable {
  package let reason: String
  /// The archive can't be read any further.
  package let isFatal: Bool
  /// Its bytes end too early.
  package let isTruncation: Bool

  package init(_ reason: String, isFatal: Bool = false, isTruncation: Bool = false) {
    (self.reason, self.isFatal, self.isTruncation) = (reason, isFatal, isTruncation)
  }
}

package final class ArchiveReader {
  private let archive: OpaquePointer
  private let size: Int
  private let limits: ArchiveLimits
  private let isCancelled: () -> Bool
  /// The header of a file was read.
  private var isAtFile = false
  private var count = 0
  private var unpacked = 0

  /// - Parameter isCancelled: asked before each file, and each piece of a large one: reading ends there.
  /// - Throws: where the file can't be read, or is neither a zip nor a tar file.
  package init(
    at path: FilePath, limits: ArchiveLimits = ArchiveLimits(), isCancelled: @escaping () -> Bool = { false }
  ) throws(ArchiveError) {
    do {
      size = try InputFile(at: path).size
    } catch {
      throw ArchiveError("\(error)", isFatal: true)
    }
    self.limits = limits
    self.isCancelled = isCancelled
    guard let archive = archive_read_new() else { throw ArchiveError("there is no memory to read it", isFatal: true) }
    self.archive = archive
    // No other formats: each is code that reads bytes from anywhere.
    // By its list of files alone: without one, whoever passes over a file unpacks it, however large.
    archive_read_support_format_zip_seekable(archive)
    archive_read_support_format_tar(archive)
    Self.unpackStreams(archive)
    if path.withCString({ archive_read_open_filename(archive, $0, 1 << 18) }) != ARCHIVE_OK {
      throw fatal(message)
    }
  }

  deinit { archive_read_free(archive) }

  private static func unpackStreams(_ archive: OpaquePointer) {
    archive_read_support_filter_gzip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_zstd(archive)
  }

  private var message: String { Self.message(archive) }

  private static func message(_ archive: OpaquePointer) -> String {
    archive_error_string(archive).map { String(cString: $0) } ?? "it is damaged"
  }

  /// libarchive has no number for it, and one word; of xz it hands on what the library says.
  private static func isTruncation(_ message: String) -> Bool {
    message.lowercased().contains("truncated") || message.contains("No progress is possible")
  }

  private var isZip: Bool { archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP }

  /// "zip", "tar"
  package var format: String { isZip ? "zip" : "tar" }

  /// The next file; folders, devices and the like are passed over. Nil at the end.
  /// - Throws: a fatal error.
  package func next() throws(ArchiveError) -> ArchivedFile? {
    while true {
      try passOver()
      var entry: OpaquePointer?
      var name: UnsafePointer<CChar>?
      let status = wgan_archive_next(archive, &entry, &name)
      if status == ARCHIVE_EOF { return nil }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw fatal(message) }
      isAtFile = true
      // Its own compression and none: a file that was compressed twice grows beyond all limits before they are seen.
      if archive_filter_count(archive) > 2 { throw fatal("it is compressed more than once") }
      let declared = archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil
      // Who passes over a file in a tar file unpacks it; in a zip file what is read counts.
      if !isZip { try count(declared ?? 0) }
      try checkEnd(of: entry, declared)
      // Some tar files leave the kind out.
      let kind = archive_entry_filetype(entry)
      let isLink = archive_entry_hardlink(entry) != nil || kind == S_IFLNK
      guard kind == S_IFREG || kind == 0 || isLink else { continue }
      count += 1
      if count > limits.files { throw fatal("it has more than \(limits.files) files") }
      return ArchivedFile(
        number: count - 1, name: cleaned(name), bytes: declared,
        isEncrypted: archive_entry_is_encrypted(entry) != 0, isLink: isLink)
    }
  }

  /// Goes to the end of the last file. libarchive does so by itself, at once where it needn't unpack; but where it
  /// must, a large file takes minutes in which nobody could stop it.
  private func passOver() throws(ArchiveError) {
    let mustUnpack = isAtFile && !isZip && archive_filter_count(archive) > 1
    repeat {
      if isCancelled() { throw fatal("reading it was stopped") }
      guard mustUnpack else { return }
      var (bytes, count, offset): (UnsafeRawPointer?, Int, la_int64_t) = (nil, 0, 0)
      let status = archive_read_data_block(archive, &bytes, &count, &offset)
      if status == ARCHIVE_FATAL { throw fatal(message) }
      if status != ARCHIVE_OK && status != ARCHIVE_WARN { return }
    } while true
  }

  /// A file that is passed over without being read may lie beyond the archive's end.
  private func checkEnd(of entry: OpaquePointer, _ declared: Int?) throws(ArchiveError) {
    // A file with holes is shorter here than it says, and a link has nothing.
    guard !isZip, archive_filter_count(archive) == 1, let declared, archive_entry_sparse_count(entry) == 0,
      archive_entry_hardlink(entry) == nil
    else { return }
    // The header has a block at least.
    let start = Int(archive_read_header_position(archive)) + 512
    if declared > size - start { throw fatal("truncated tar archive") }
  }

  /// The bytes of the file that `next` has given last.
  package func bytes(_ file: ArchivedFile) throws(ArchiveError) -> [UInt8] {
    if file.isEncrypted {
      throw ArchiveError("is encrypted: unpack the archive with its password, and give the folder")
    }
    if file.isLink { throw ArchiveError("is a link in the archive, which isn't followed") }
    try check(file.bytes ?? 0)
    // One more, to see the end.
    var bytes = [UInt8](repeating: 0, count: min(file.bytes ?? 1 << 16, 1 << 20) + 1)
    var filled = 0
    while true {
      if filled == bytes.count {
        // As it comes, not as it was declared: that is only a word.
        bytes += [UInt8](repeating: 0, count: filled)
      }
      let new = bytes.withUnsafeMutableBytes { room in
        archive_read_data(archive, room.baseAddress.map { $0 + filled }, room.count - filled)
      }
      if new < 0 {
        throw ArchiveError(
          "can't be unpacked: \(message)", isFatal: new == Int(ARCHIVE_FATAL), isTruncation: Self.isTruncation(message))
      }
      if new == 0 { break }
      filled += new
      if isCancelled() { throw fatal("reading it was stopped") }
      try check(filled)
      if isZip { try count(new) }
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  // MARK: - Limits

  private func check(_ bytes: Int) throws(ArchiveError) {
    guard bytes <= limits.fileBytes else {
      throw ArchiveError("has more than \(limits.fileBytes) bytes, the most that is read of a picture")
    }
  }

  private func count(_ bytes: Int) throws(ArchiveError) {
    let (sum, overflow) = unpacked.addingReportingOverflow(max(0, bytes))
    unpacked = sum
    let (grown, tooLarge) = size.multipliedReportingOverflow(by: limits.growth)
    guard !overflow, tooLarge || unpacked - limits.spare <= grown else {
      throw fatal("it unpacks to more than \(limits.growth) times its size, which no pictures do")
    }
  }

  private func fatal(_ reason: String) -> ArchiveError {
    ArchiveError(reason, isFatal: true, isTruncation: Self.isTruncation(reason))
  }

  private func cleaned(_ name: UnsafePointer<CChar>?) -> FilePath {
    guard let name, strlen(name) <= limits.nameBytes else { return "file \(count)" }
    let parts = FilePath(cString: name).components.filter { $0 != "." }
    return parts.isEmpty ? "file \(count)" : FilePath(bytes: parts.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
  }
}

// MARK: - What is compressed and no archive

extension ArchiveReader {
  /// The first bytes of what a file is once it's unpacked, `length` at most, and whether the file ends before them. Nil
  /// where it isn't compressed, or can't be unpacked at all.
  package static func beginning(ofCompressed path: FilePath, length: Int) -> (bytes: [UInt8], isTruncated: Bool)? {
    guard let archive = archive_read_new() else { return nil }
    defer { archive_read_free(archive) }
    archive_read_support_format_raw(archive)
    unpackStreams(archive)
    var entry: OpaquePointer?
    guard path.withCString({ archive_read_open_filename(archive, $0, 1 << 16) }) == ARCHIVE_OK,
      archive_read_next_header(archive, &entry) == ARCHIVE_OK
    else { return nil }
    // Its own compression and none.
    guard archive_filter_count(archive) == 2 else { return nil }
    var (bytes, filled) = ([UInt8](repeating: 0, count: length), 0)
    while filled < length {
      let new = bytes.withUnsafeMutableBytes { room in
        archive_read_data(archive, room.baseAddress.map { $0 + filled }, length - filled)
      }
      if new < 0 { return (Array(bytes[..<filled]), isTruncation(message(archive))) }
      if new == 0 { break }
      filled += new
    }
    return (Array(bytes[..<filled]), false)
  }
}
