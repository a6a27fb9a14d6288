// Where a data set's pictures come from, and their names.

import SystemSupport
import Images

package enum DatasetSource: Sendable, Equatable {
  /// Every picture in a folder and the folders below it.
  case folder(String)
  /// A list of files: `relative/path.jpg,0` per line, relative to the list's own folder.
  case list(String)
  /// Faces drawn by SyntheticFaces: numbers 0 ..< `count` of the series `seed`.
  case synthetic(count: Int, seed: UInt64)

  /// Enough faces that a small net doesn't learn them by heart, few enough to draw in a second or three.
  package static let synthetic = DatasetSource.synthetic(count: 10_000, seed: 0)

  /// What `--data` says: `synthetic`, a folder, or else a list. (A folder called synthetic is `./synthetic`.)
  package init(argument: String) throws(Failure) {
    if argument == "synthetic" {
      self = .synthetic
      return
    }
    let status: stat
    do {
      status = try fileStatus(argument)
    } catch {
      throw Failure(
        .missing, "can't read '\(argument)': \(error); give a folder of pictures, a CSV list of files, or 'synthetic'")
    }
    if status.isFolder {
      self = .folder(argument)
    } else if status.isRegularFile {
      self = .list(argument)
    } else {
      throw Failure(.badData, "'\(argument)' is neither a folder nor a CSV list of files")
    }
  }
}

extension DatasetSource: CustomStringConvertible {
  package var description: String {
    switch self {
    case .folder(let path), .list(let path): path
    case .synthetic: "synthetic"
    }
  }
}

extension DatasetSource {
  /// How many pictures a run would train on and hold out, told from their names alone: a file that is no picture counts
  /// too.
  package func count(fraction: Double, heldOut: Double, seed: UInt64) throws(Failure) -> (
    training: Int, heldOut: Int
  ) {
    let chosen = try SourceListing(self).names.filter {
      Selection.includes($0, share: fraction, seed: seed, purpose: .fraction)
    }
    let kept = chosen.count { Selection.includes($0, share: heldOut, seed: seed, purpose: .heldOut) }
    return (chosen.count - kept, kept)
  }
}

/// The names of a source's pictures, before any is opened.
package struct SourceListing: Sendable {
  /// What sets this source apart from all others, whatever the current folder.
  var identity: FilePath
  /// Names are relative to this; empty for synthetic faces.
  var root: FilePath
  var names: [FilePath]
  var bad: [BadFile]

  init(_ source: DatasetSource) throws(Failure) {
    switch source {
    case .folder(let path):
      root = try Self.absolute(path)
      identity = FilePath(bytes: "folder ".utf8 + root.bytes)
      (names, bad) = try FolderWalk.files(below: root)
    case .list(let path):
      let whole = try Self.absolute(path)
      root = whole.folder
      identity = FilePath(bytes: "list ".utf8 + whole.bytes)
      (names, bad) = try ListFile.read(whole, shownAs: path)
    case .synthetic(let count, let seed):
      root = ""
      identity = "synthetic faces \(SyntheticFaces.version), seed \(seed)"
      names = (0..<count).map { "face \($0)" }
      bad = []
    }
  }

  /// The names that a list has.
  package static func names(ofList path: String) throws(Failure) -> [FilePath] { try SourceListing(.list(path)).names }

  func path(_ name: FilePath) -> FilePath { name.isAbsolute ? name : root.appending(name) }

  /// Picture `number` of the names: its short side is `size`.
  func picture(_ number: Int, size: Int, channels: Int, of source: DatasetSource) throws(BadFile) -> RenderedPicture {
    if case .synthetic(_, let seed) = source {
      return RenderedPicture(
        picture: SyntheticFaces.picture(seed: seed, index: number, size: size, channels: channels))
    }
    do throws(PictureError) {
      let file = try PictureDecoder.read(path: path(names[number]), channels: channels, shortSide: size)
      return RenderedPicture(picture: file.picture, remarks: file.remarks, sourceChecksum: file.checksum)
    } catch {
      throw BadFile(path: names[number], reason: error.reason)
    }
  }

  private static func absolute(_ path: String) throws(Failure) -> FilePath {
    do {
      return try realPath(path)
    } catch {
      throw Failure(.missing, "can't read '\(path)': \(error)")
    }
  }
}
