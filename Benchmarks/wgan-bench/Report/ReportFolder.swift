// Where a report goes: a folder that appears whole or not at all.

import SystemSupport
import Foundation

struct ReportFolder {
  let path: String
  private let replaces: Bool

  /// - Parameter force: write into a folder that is there already.
  /// - Throws: before anything is measured, where the folder couldn't be written afterwards.
  init(_ path: String, force: Bool) throws(Failure) {
    self.path = path
    if fileExists(path) {
      guard isFolder(path) else { throw Failure(.cannotCreate, path, "is there and isn't a folder") }
      let isEmpty = try folderNames(path).isEmpty
      guard force || isEmpty else {
        throw Failure(
          .cannotCreate, path, "is there already: name another folder with --out, or write into it with --force")
      }
      replaces = true
    } else {
      replaces = false
      try makeFolder(splitPath(path).folder)
    }
    // Files are made beside their places: try it.
    removeFolder(try newFolder(beside: replaces ? joinPath(path, "report") : path))
  }

  /// Writes the report's files. In a folder that was there each file is replaced at once, others stay what they are,
  /// but for what an older report left that this one hasn't.
  func write(_ files: [(name: String, content: String)]) throws(Failure) {
    if replaces {
      try write(files, into: FilePath(path))
      for name in Set(PerformanceReport.fileNames).subtracting(files.map(\.name)) { removeFile(joinPath(path, name)) }
      return
    }
    let new = try newFolder(beside: path)
    do throws(Failure) {
      try write(files, into: new)
      do {
        try renameFile(new, to: path)
      } catch {
        throw Failure(.cannotCreate, path, "can't be put in its place", error)
      }
    } catch {
      for (name, _) in files { removeFile(new.appending(name)) }
      removeFolder(new)
      throw error
    }
    syncFolder(new.folder)
  }

  private func write(_ files: [(name: String, content: String)], into folder: FilePath) throws(Failure) {
    for (name, content) in files { try writeFile(Array(content.utf8), to: folder.appending(name)) }
  }
}

/// A folder of a temporary name beside `path`.
private func newFolder(beside path: String) throws(Failure) -> FilePath {
  do {
    return try TemporaryName.make(beside: FilePath(path)) { (name) throws(SystemError) in
      try systemCall(name) { mkdir($0, 0o755) }
    }.path
  } catch {
    throw Failure(.cannotCreate, path, "can't be made a folder", error)
  }
}
