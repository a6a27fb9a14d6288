// Finds the files of a folder: all levels, in a fixed order, hidden ones left out, symbolic links followed once.

import SystemSupport

enum FolderWalk {
  /// The regular files below `root`, as paths relative to it, in the order of their UTF-8 bytes, and what couldn't be
  /// read. Each folder is visited once, by its real place if it has one below `root`: loops of links end.
  static func files(below root: String) throws(Failure) -> (names: [String], bad: [BadFile]) {
    var names: [String] = []
    var bad: [BadFile] = []
    var visited: Set<FileIdentity> = []
    var folders = [""]
    var links: [String] = []

    while true {
      if folders.isEmpty {
        // The real folders are done: now what links lead to, in order, so that of several to one folder the first
        // counts.
        guard !links.isEmpty else { break }
        folders = links.sorted { utf8Order($1, $0) }
        links = []
      }
      let folder = folders.removeLast()
      let path = folder.isEmpty ? root : root + "/" + folder
      guard let identity = FileIdentity(path) else { continue }
      guard visited.insert(identity).inserted else { continue }

      guard access(path, R_OK | X_OK) == 0, let children = try? folderNames(path) else {
        let reason = "the folder can't be read: \(lastSystemError())"
        if folder.isEmpty { throw Failure(.inputOutput, "\(root): \(reason)") }
        bad.append(BadFile(path: folder, reason: reason))
        continue
      }
      for child in children where !child.hasPrefix(".") {
        let name = folder.isEmpty ? child : folder + "/" + child
        switch kind(root + "/" + name) {
        case .file: names.append(name)
        case .folder: folders.append(name)
        case .linkToFolder: links.append(name)
        case .broken(let reason): bad.append(BadFile(path: name, reason: reason))
        case .other: break
        }
      }
    }
    names.sort(by: utf8Order)
    bad.sort { utf8Order($0.path, $1.path) }
    return (names, bad)
  }

  // MARK: - Kinds of files

  private enum Kind {
    case file, folder, linkToFolder, other
    case broken(String)
  }

  private static func kind(_ path: String) -> Kind {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      let reason = lastSystemError()
      return .broken(path.contains("\u{FFFD}") ? "its name isn't UTF-8: rename it" : reason)
    }
    let isLink = status.st_mode & S_IFMT == S_IFLNK
    if isLink && stat(path, &status) != 0 {
      return .broken(errno == ELOOP ? "a symbolic link to itself" : "a symbolic link that leads nowhere")
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return .file
    case S_IFDIR: return isLink ? .linkToFolder : .folder
    default: return .other
    }
  }

  private struct FileIdentity: Hashable {
    var device: dev_t
    var number: ino_t

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, number) = (status.st_dev, status.st_ino)
    }
  }
}

/// The order of the names' bytes: the same everywhere, whatever the locale.
func utf8Order(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
