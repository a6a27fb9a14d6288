// The pictures of a zip or tar file: their names, and their bytes, as it goes by once more. Names and their order are
// those of the folder that it unpacks to: so a run on either is the same run.

import Archives
import Images
import SystemSupport

struct ArchiveListing: Sendable {
  struct File: Sendable {
    /// In the archive.
    var number: Int
    /// 0 where that isn't known yet.
    var bytes: Int
    var modified: Int64
  }

  let path: FilePath
  let shown: String
  private(set) var names: [FilePath] = []
  /// Beside the names, which is their order.
  private(set) var files: [File] = []
  private(set) var bad: [BadFile] = []
  /// The folder that all of its files are in, which their names don't have; nil where there is none.
  private(set) var root: FilePath?

  /// All names together take no more than a list of files may.
  private static let mostNameBytes = 1 << 30

  /// Hidden files are left out, as in folders, and what macOS adds to zip files.
  ///
  /// - Throws: where it can't be read to its end: a download that was cut short is none to learn from.
  init(_ path: FilePath, shownAs shown: String, isCancelled: @escaping () -> Bool) throws(Failure) {
    (self.path, self.shown) = (path, shown)
    let archiveTime: Int64
    do {
      archiveTime = try fileStatus(path).modifiedNanoseconds
    } catch {
      throw Failure(.missing, shown, "can't be read", error)
    }
    let reader: ArchiveReader
    do {
      reader = try ArchiveReader(at: path, isCancelled: isCancelled)
    } catch {
      throw Self.refusal(of: path, shownAs: shown, error)
    }
    var seen: Set<FilePath> = []
    var (nameBytes, hidden) = (0, 0)
    do throws(ArchiveError) {
      while let file = try reader.next() {
        // (".." is no hidden file, and no name in an archive is a place on the disk.)
        let isHidden = file.name.components.contains { ($0.hasPrefix(".") && $0 != "..") || $0 == "__MACOSX" }
        if isHidden {
          hidden += 1
          continue
        }
        nameBytes += file.name.bytes.count
        if nameBytes > Self.mostNameBytes {
          throw ArchiveError("the names of its files take more than 1 GiB", isFatal: true)
        }
        guard seen.insert(file.name).inserted else {
          bad.append(BadFile(path: file.name, reason: "is in the archive twice: the first one counts"))
          continue
        }
        names.append(file.name)
        // Its files' own times don't tell whether it's another archive: many programs write the same for all.
        files.append(File(number: file.number, bytes: file.bytes ?? 0, modified: archiveTime))
      }
    } catch {
      if isCancelled() { throw .cancelledListing }
      throw names.isEmpty ? Self.refusal(of: path, shownAs: shown, error) : Self.refusal(shown, error, names)
    }
    if names.isEmpty && bad.isEmpty {
      let hiddenOnes = "is an archive of hidden files (\(hidden)): give one with JPEG or PNG files"
      throw Failure(.badData, shown, hidden == 0 ? Self.emptyArchive : hiddenOnes)
    }
    nameAsFolder()
  }

  private mutating func nameAsFolder() {
    var shared: [FilePath] = (names.first?.components ?? []).dropLast()
    for name in names {
      let count = zip(shared, name.components.dropLast()).prefix { $0 == $1 }.count
      shared.removeLast(shared.count - count)
    }
    func below(_ name: FilePath) -> FilePath {
      FilePath(bytes: name.components.dropFirst(shared.count).map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
    }
    if !shared.isEmpty {
      root = FilePath(bytes: shared.map(\.bytes).joined(separator: [UInt8(ascii: "/")]))
      names = names.map(below)
      bad = bad.map { BadFile(path: below($0.path), reason: $0.reason) }
    }
    let order = names.indices.sorted { names[$0] < names[$1] }
    (names, files) = (order.map { names[$0] }, order.map { files[$0] })
  }

  /// As the archive has it.
  func archivedName(_ number: Int) -> FilePath { root?.appending(names[number]) ?? names[number] }
}

// MARK: - What isn't an archive, or not a whole one

extension ArchiveListing {
  private static let emptyArchive = "is an empty archive: give one with JPEG or PNG files"
  private static let again = "get it again, or unpack what is whole of it and give that folder"

  /// - Parameter names: of the files before the place, the last of which isn't whole.
  private static func refusal(_ shown: String, _ error: ArchiveError, _ names: [FilePath]) -> Failure {
    let place = "at or after \(names.last ?? ""), the file \(names.count) in it"
    return Failure(
      .badData, shown,
      error.isTruncation
        ? "is truncated: it ends \(place) (a download that was cut short?): \(again)"
        : "is damaged \(place): \(error.reason): \(again)")
  }

  /// Of a file of which nothing can be read.
  private static func refusal(of path: FilePath, shownAs shown: String, _ error: ArchiveError) -> Failure {
    func failure(_ words: String) -> Failure { Failure(.badData, shown, words) }
    let cut = "before its first file is whole (a download that was cut short?): get it again"
    if let file = try? InputFile(at: path) {
      if file.size == 0 { return failure("is an empty file of 0 bytes (a download that failed?): get it again") }
      let start = (try? file.bytes(0..<min(file.size, ForeignFormat.length))) ?? []
      // The end of a zip file, and nothing before it.
      if start.starts(with: [0x50, 0x4B, 5, 6]) { return failure(emptyArchive) }
      if start.starts(with: [0x50, 0x4B]) {
        return failure(
          "is truncated, or no zip file: its list of files, which stands at the end, isn't there (a download that was "
            + "cut short?): get it again")
      }
      // Its name alone says that it's one.
      if ForeignFormat(start) == nil { return failure("is called an archive and isn't one, or was cut short") }
    }
    if error.isTruncation { return failure("is truncated: it ends \(cut)") }
    guard let (start, isTruncated) = ArchiveReader.beginning(ofCompressed: path, length: ForeignFormat.length) else {
      return failure("can't be read as a zip or tar file: \(error.reason)")
    }
    if PictureFormat(start) != nil {
      return failure("is a single picture, compressed, and a run learns from many: unpack it, and give their folder")
    }
    if isTruncated { return failure("is truncated: it ends \(cut)") }
    if let foreign = ForeignFormat(start) {
      // (A zip in a gzip: as if it were compressed twice.)
      return failure(
        foreign.isArchive
          ? "is \(foreign.name), compressed once more: unpack it first" : "is \(foreign.name), compressed")
    }
    return failure(
      start.isEmpty
        ? "is empty once it's unpacked: give an archive with JPEG or PNG files"
        : "is a single file, compressed, and no zip or tar file: unpack it first, and see what it is")
  }
}

/// One way through an archive.
final class ArchivePass {
  private let listing: ArchiveListing
  private let isCancelled: () -> Bool
  private var reader: ArchiveReader?
  /// Why it can't be read any further.
  private var problem: String?

  init(_ listing: ArchiveListing, isCancelled: @escaping () -> Bool) {
    (self.listing, self.isCancelled) = (listing, isCancelled)
  }

  /// - Parameters:
  ///   - number: among the listing's names; its place in the archive is behind all before.
  ///   - name: for errors.
  func bytes(of number: Int, as name: FilePath) throws(BadFile) -> [UInt8] {
    if let problem { throw BadFile(path: name, reason: problem) }
    do throws(ArchiveError) {
      let reader = try open()
      while let file = try reader.next() {
        if file.number < listing.files[number].number { continue }
        if file.name != listing.archivedName(number) { break }
        return try reader.bytes(file)
      }
      throw ArchiveError("\(listing.shown) was changed while it was read", isFatal: true)
    } catch {
      if error.isFatal { problem = error.reason }
      throw BadFile(path: name, reason: error.reason)
    }
  }

  private func open() throws(ArchiveError) -> ArchiveReader {
    if let reader { return reader }
    let new = try ArchiveReader(at: listing.path, isCancelled: isCancelled)
    reader = new
    return new
  }
}
