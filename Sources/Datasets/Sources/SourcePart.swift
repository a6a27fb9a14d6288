// One place of pictures, its names listed: a folder, a list, an archive, or faces that are drawn.

import SystemSupport

struct SourcePart: Sendable {
  enum Kind: Sendable {
    /// Files, their names relative to this folder.
    case files(FilePath)
    case archive(ArchiveListing)
    /// Faces of that series.
    case drawn(seed: UInt64)
  }

  let kind: Kind
  /// What sets it apart from all others, whatever the current folder.
  let identity: FilePath
  /// What it is called beside others: the last part of its path.
  let label: FilePath
  let names: [FilePath]
  let bad: [BadFile]
  /// Folders of runs that were left out.
  var runs: [FilePath] = []

  /// - Precondition: `source` isn't a union.
  init(_ source: DatasetSource, isCancelled: @escaping @Sendable () -> Bool) throws(Failure) {
    switch source {
    case .folder(let path):
      let root = try Self.absolute(path)
      let found = try FolderWalk.files(below: root, isCancelled: isCancelled)
      kind = .files(root)
      identity = FilePath(bytes: "folder ".utf8 + root.bytes)
      label = root.name
      (names, bad, runs) = (found.names, found.bad, found.runs)
    case .list(let path):
      let whole = try Self.absolute(path)
      kind = .files(whole.folder)
      identity = FilePath(bytes: "list ".utf8 + whole.bytes)
      label = whole.name
      (names, bad) = try ListFile.read(whole, shownAs: path, isCancelled: isCancelled)
    case .archive(let path):
      let whole = try Self.absolute(path)
      let listing = try ArchiveListing(whole, shownAs: path, isCancelled: isCancelled)
      kind = .archive(listing)
      identity = FilePath(bytes: "archive ".utf8 + whole.bytes)
      label = whole.name
      (names, bad) = (listing.names, listing.bad)
    case .synthetic(let count, let seed):
      kind = .drawn(seed: seed)
      identity = "synthetic faces \(SyntheticFaces.version), seed \(seed)"
      label = "synthetic"
      names = (0..<count).map { "face \($0)" }
      bad = []
    case .union: preconditionFailure("a part of a union isn't one")
    }
  }

  /// Where file `number` of the names is; nil where it's none of its own.
  func path(_ number: Int) -> FilePath? {
    guard case .files(let root) = kind else { return nil }
    let name = names[number]
    return name.isAbsolute ? name : root.appending(name)
  }

  /// What makes two places of a union one.
  func fileIdentity(_ number: Int) -> FileIdentity? {
    path(number).flatMap { try? fileStatus($0) }.map(FileIdentity.init)
  }

  private static func absolute(_ path: String) throws(Failure) -> FilePath {
    do {
      return try realPath(path)
    } catch {
      throw Failure(.missing, "can't read '\(path)': \(error)")
    }
  }
}
