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

  package init(_ reason: String, isFatal: Bool = false) { (self.reason, self.isFatal) = (reason, isFatal) }
}

package final class ArchiveReader {
  private let archive: OpaquePointer
  private let size: Int
  private let limits: ArchiveLimits
  private var count = 0
  private var unpacked = 0

  /// - Throws: `Failure` where the file can't be read, or is neither a zip nor a tar file.
  package init(at path: FilePath, shownAs shown: String, limits: ArchiveLimits = ArchiveLimits()) throws(Failure) {
    size = try InputFile(at: path).size
    self.limits = limits
    guard let archive = archive_read_new() else { throw Failure(.outOfMemory, shown, "there is no memory to read it") }
    self.archive = archive
    // No other formats: each is code that reads bytes from anywhere.
    // By its list of files alone: without one, whoever passes over a file unpacks it, however large.
    archive_read_support_format_zip_seekable(archive)
    archive_read_support_format_tar(archive)
    archive_read_support_filter_gzip(archive)
    archive_read_support_filter_bzip2(archive)
    archive_read_support_filter_xz(archive)
    archive_read_support_filter_zstd(archive)
    if path.withCString({ archive_read_open_filename(archive, $0, 1 << 18) }) != ARCHIVE_OK {
      throw Failure(.badData, shown, "can't be read as a zip or tar file: \(message)")
    }
  }

  deinit { archive_read_free(archive) }

  private var message: String {
    archive_error_string(archive).map { String(cString: $0) } ?? "it is damaged"
  }

  private var isZip: Bool { archive_format(archive) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP }

  /// "zip", "tar"
  package var format: String { isZip ? "zip" : "tar" }

  /// The next file; folders, devices and the like are passed over. Nil at the end.
  /// - Throws: a fatal error.
  package func next() throws(ArchiveError) -> ArchivedFile? {
    while true {
      var entry: OpaquePointer?
      var name: UnsafePointer<CChar>?
      let status = wgan_archive_next(archive, &entry, &name)
      if status == ARCHIVE_EOF { return nil }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw fatal(message) }
      // Its own compression and none: a file that was compressed twice grows beyond all limits before they are seen.
      if archive_filter_count(archive) > 2 { throw fatal("it is compressed more than once") }
      let declared = archive_entry_size_is_set(entry) != 0 ? Int(archive_entry_size(entry)) : nil
      // Who passes over a file in a tar file unpacks it; in a zip file what is read counts.
      if !isZip { try count(declared ?? 0) }
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
      if new < 0 { throw ArchiveError("can't be unpacked: \(message)", isFatal: new == Int(ARCHIVE_FATAL)) }
      if new == 0 { break }
      filled += new
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

  private func fatal(_ reason: String) -> ArchiveError { ArchiveError(reason, isFatal: true) }

  private func cleaned(_ name: UnsafePointer<CChar>?) -> FilePath {
    guard let name, strlen(name) <= limits.nameBytes else { return "file \(count)" }
    let parts = FilePath(cString: name).components.filter { $0 != "." }
    return parts.isEmpty ? "file \(count)" : FilePath(bytes: parts.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
  }
}
