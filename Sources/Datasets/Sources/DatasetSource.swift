// Where a data set's pictures come from, as a person says it, and what is said of a place that has none.

import Images
import SystemSupport

package enum DatasetSource: Sendable, Equatable {
  /// Every picture in a folder and the folders below it, but for those of runs.
  case folder(String)
  /// A list of files: `relative/path.jpg,0` per line, relative to the list's own folder.
  case list(String)
  /// A zip or tar file, perhaps compressed.
  case archive(String)
  /// Faces drawn by SyntheticFaces: numbers 0 ..< `count` of the series `seed`.
  case synthetic(count: Int, seed: UInt64)
  /// All of several; a file that two of them have counts once.
  case union([DatasetSource])

  /// Enough faces that a small net doesn't learn them by heart, few enough to draw in a second or three.
  package static let synthetic = DatasetSource.synthetic(count: 10_000, seed: 0)

  /// What a source can be, for errors and help.
  package static let kinds = "a folder of pictures, a zip or tar file of them, a CSV list of files, or 'synthetic'"

  /// What one `--data` says: `synthetic`, or what is at that path. (A folder called synthetic is `./synthetic`.)
  package init(argument: String) throws(Failure) {
    if argument == "synthetic" {
      self = .synthetic
      return
    }
    let status: stat
    do {
      status = try fileStatus(argument)
    } catch {
      throw Failure(.missing, "can't read '\(argument)': \(error); give \(Self.kinds)")
    }
    if status.isFolder {
      if FolderWalk.isRun(FilePath(argument)) { throw Self.isRun(argument) }
      self = .folder(argument)
    } else if status.isRegularFile {
      self = try Self.isArchive(argument) ? .archive(argument) : .list(argument)
    } else {
      throw Failure(.badData, "'\(argument)' is neither a folder nor a file: give \(Self.kinds)")
    }
  }

  /// Refuses a path that a shell has cut at its spaces: words that aren't there, and are together. In the order that
  /// they were typed, or (of a flag's value with words behind it) the last one first.
  package static func refusePathInPieces(_ words: [String]) throws(Failure) {
    guard words.count > 1, words.contains(where: { $0 != "synthetic" && !fileExists($0) }) else { return }
    let orders = [words, [words[words.count - 1]] + words.dropLast()]
    guard let path = orders.map({ $0.joined(separator: " ") }).first(where: { fileExists($0) }) else { return }
    throw Failure(.missing, "'\(path)' has a space in its name, where the shell parts it: write \(shellWord(path))")
  }

  /// What all of them say together.
  /// - Precondition: there is one at least.
  package init(arguments: [String]) throws(Failure) {
    precondition(!arguments.isEmpty)
    try Self.refusePathInPieces(arguments)
    var sources: [DatasetSource] = []
    for argument in arguments { sources.append(try DatasetSource(argument: argument)) }
    self = sources.count == 1 ? sources[0] : .union(sources)
  }

  // MARK: - What it is instead

  private static func isRun(_ path: String) -> Failure {
    Failure(
      .badData,
      "'\(path)' is the folder of a run, not of pictures; to go on with that run: "
        + toolCommand("train \(shellFlag("--out", path)) --resume"))
  }

  private static func isCalledArchive(_ path: String) -> Bool {
    let name = FilePath(path).name.description.lowercased()
    return [".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst"].contains { name.hasSuffix($0) }
  }

  /// - Throws: where the file is neither an archive nor a list.
  private static func isArchive(_ path: String) throws(Failure) -> Bool {
    let start: [UInt8]
    do throws(Failure) {
      let file = try InputFile(at: path)
      start = try file.bytes(0..<min(file.size, ForeignFormat.length))
    } catch {
      throw Failure(error.kind == .missing ? .missing : .inputOutput, "\(error)")
    }
    if PictureFormat(start) != nil {
      throw Failure(
        .badData,
        "'\(path)' is a single picture, and a run learns from many: give their folder, "
          + "as \(shellFlag("--data", splitPath(path).folder))")
    }
    // By its name where its bytes don't tell: a stub, or one that was cut short.
    guard let foreign = ForeignFormat(start) else { return Self.isCalledArchive(path) }
    if foreign.isArchive { return true }
    throw Failure(.badData, "'\(path)' is \(foreign.name), and \(kinds) was to be given: \(foreign.remedy)")
  }
}

extension DatasetSource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .folder(let path), .list(let path), .archive(let path): path
    case .synthetic: "synthetic"
    case .union(let sources): sources.map(\.description).joined(separator: ", ")
    }
  }
}

extension DatasetSource {
  /// How many pictures a run would train on and hold out, told from their names alone: a file that is no picture counts
  /// too.
  package func count(
    fraction: Double, heldOut: Double, seed: UInt64, isCancelled: @escaping @Sendable () -> Bool = { false }
  ) throws(Failure) -> (training: Int, heldOut: Int) {
    let chosen = try SourceListing(self, isCancelled: isCancelled).names.filter {
      Selection.includes($0, share: fraction, seed: seed, purpose: .fraction)
    }
    let kept = chosen.count { Selection.includes($0, share: heldOut, seed: seed, purpose: .heldOut) }
    return (chosen.count - kept, kept)
  }
}
