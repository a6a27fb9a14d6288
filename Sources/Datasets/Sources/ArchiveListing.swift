// The pictures of a zip or tar file: their names, in its order, and their bytes, as it goes by once more.

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
  /// Beside the names.
  private(set) var files: [File] = []
  private(set) var bad: [BadFile] = []

  /// All names together take no more than a list of files may.
  private static let mostNameBytes = 1 << 30

  /// Hidden files are left out, as in folders, and what macOS adds to zip files.
  init(_ path: FilePath, shownAs shown: String) throws(Failure) {
    (self.path, self.shown) = (path, shown)
    let archiveTime: Int64
    do {
      archiveTime = try fileStatus(path).modifiedNanoseconds
    } catch {
      throw Failure(.missing, shown, "can't be read", error)
    }
    let reader = try ArchiveReader(at: path, shownAs: shown)
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
      if names.isEmpty { throw Failure(.badData, shown, "can't be read as a zip or tar file: \(error.reason)") }
      let rest = names.count == 1 ? "the file before that is used" : "the \(names.count) files before that are used"
      bad.append(BadFile(path: path.name, reason: "is damaged: \(error.reason); \(rest)"))
    }
    if names.isEmpty && bad.isEmpty {
      let what = hidden == 0 ? "an archive without files" : "an archive of hidden files (\(hidden))"
      throw Failure(.badData, shown, "is \(what): give one with JPEG or PNG files")
    }
  }
}

/// One way through an archive.
final class ArchivePass {
  private let listing: ArchiveListing
  private var reader: ArchiveReader?
  /// Why it can't be read any further.
  private var problem: String?

  init(_ listing: ArchiveListing) { self.listing = listing }

  /// - Parameters:
  ///   - number: among the listing's names, greater than any before.
  ///   - name: for errors.
  func bytes(of number: Int, as name: FilePath) throws(BadFile) -> [UInt8] {
    if let problem { throw BadFile(path: name, reason: problem) }
    do throws(ArchiveError) {
      let reader = try open()
      while let file = try reader.next() {
        if file.number < listing.files[number].number { continue }
        if file.name != listing.names[number] { break }
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
    do throws(Failure) {
      let new = try ArchiveReader(at: listing.path, shownAs: listing.shown)
      reader = new
      return new
    } catch {
      throw ArchiveError("\(error)", isFatal: true)
    }
  }
}
