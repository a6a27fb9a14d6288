// The names of a source's pictures, before any is opened, and where each picture is.
//
// Of one place the names are as they are there. Of several each begins with what its place is called, so that a.png of
// one isn't a.png of the other; places of one name are called "faces" and "faces-2". What two of them have, by their
// files and not by their names, is the first one's.

import Images
import SystemSupport

package struct SourceListing: Sendable {
  /// What sets this source apart from all others, whatever the current folder.
  private let identity: FilePath
  /// A word for people who look at the cache's folder.
  let label: String
  private(set) var names: [FilePath]
  private(set) var bad: [BadFile]
  /// What a person should know of it, a line each.
  private(set) var notes: [String] = []
  /// Whether somebody has asked to stop: whoever reads much of it asks, too.
  let isCancelled: @Sendable () -> Bool
  private let parts: [SourcePart]
  /// Of several parts: whose picture each is, and its number there.
  private var places: [(part: Int, number: Int)] = []

  /// - Throws: also `Failure(.cancelled)`.
  package init(
    _ source: DatasetSource, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) {
    self.isCancelled = isCancelled
    let sources = if case .union(let all) = source { all } else { [source] }
    var parts: [SourcePart] = []
    for source in sources {
      let part = try SourcePart(source, isCancelled: isCancelled)
      // The same folder, list or archive once more is nothing more.
      if !parts.contains(where: { $0.identity == part.identity }) { parts.append(part) }
    }
    self.parts = parts
    label = parts[0].label.description
    if parts.count == 1 {
      (identity, names, bad) = (parts[0].identity, parts[0].names, parts[0].bad)
      notes = Self.notes(of: parts[0].runs)
      if sources.count > 1 { notes.append("the same data are given more than once, and taken once") }
    } else {
      identity = FilePath(bytes: "union".utf8 + parts.flatMap { [0] + $0.identity.bytes })
      (names, bad) = ([], [])
      try addAll()
    }
  }

  private mutating func addAll() throws(Failure) {
    var labels: Set<FilePath> = []
    var seen: Set<FileIdentity> = []
    var (runs, again): ([FilePath], Int) = ([], 0)
    for (i, part) in parts.enumerated() {
      var (label, number) = (part.label, 1)
      while !labels.insert(label).inserted {
        number += 1
        label = FilePath(bytes: part.label.bytes + "-\(number)".utf8)
      }
      for (number, name) in part.names.enumerated() {
        if isCancelled() { throw .cancelledListing }
        if let identity = part.fileIdentity(number), !seen.insert(identity).inserted {
          again += 1
          continue
        }
        names.append(label.appending(name))
        places.append((i, number))
      }
      bad += part.bad.map { BadFile(path: label.appending($0.path), reason: $0.reason) }
      runs += part.runs.map { label.appending($0) }
    }
    notes = Self.notes(of: runs)
    if again > 0 { notes.append("\(counted(again, "file is", "files are")) given twice, and taken once") }
  }

  private static func notes(of runs: [FilePath]) -> [String] {
    guard let first = runs.first else { return [] }
    return [
      runs.count == 1
        ? "the folder \(first) is a run: its pictures are left out"
        : "\(runs.count) folders are runs, and their pictures are left out (the first: \(first))"
    ]
  }

  /// The names that a list has.
  package static func names(ofList path: String) throws(Failure) -> [FilePath] { try SourceListing(.list(path)).names }

  /// The same of its pictures as they are prepared.
  func identity(fit: PictureFit) -> FilePath {
    fit == .crop ? identity : FilePath(bytes: "\(fit.rawValue) ".utf8 + identity.bytes)
  }

  // MARK: - One picture

  /// The part that picture `number` is of, and its number there.
  func place(_ number: Int) -> (part: Int, number: Int) { parts.count == 1 ? (0, number) : places[number] }

  /// Pictures of an archive must be read in this order, and others may be.
  func readingPlace(_ number: Int) -> (part: Int, number: Int) {
    let place = place(number)
    guard case .archive(let archive) = parts[place.part].kind else { return place }
    return (place.part, archive.files[place.number].number)
  }

  func part(_ index: Int) -> SourcePart { parts[index] }

  var partCount: Int { parts.count }

  /// Where its file is; nil where it has none of its own.
  func path(_ number: Int) -> FilePath? {
    let (part, number) = place(number)
    return parts[part].path(number)
  }

  /// What tells whether it's still the one that the cache has.
  /// - Throws: where it isn't there any more.
  func sourcePicture(_ number: Int) throws(BadFile) -> SourcePicture {
    let name = names[number]
    let place = place(number)
    switch parts[place.part].kind {
    case .drawn: return SourcePicture(number: number, name: name)
    case .archive(let listing):
      let file = listing.files[place.number]
      return SourcePicture(number: number, name: name, bytes: Int64(file.bytes), modified: file.modified)
    case .files:
      guard let path = path(number) else { preconditionFailure("a file has a path") }
      do throws(SystemError) {
        let status = try fileStatus(path)
        guard status.isRegularFile else { throw SystemError(code: EISDIR) }
        return SourcePicture(
          number: number, name: name, bytes: Int64(status.st_size), modified: status.modifiedNanoseconds)
      } catch {
        throw BadFile(path: name, reason: error.code == EISDIR ? "isn't a file" : error.description)
      }
    }
  }
}
