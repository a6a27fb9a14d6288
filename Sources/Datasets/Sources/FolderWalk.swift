// Finds the files of a folder: all levels, in a fixed order, hidden ones left out, symbolic links followed once.
// Folders that are runs of our own are no data: a run in its folder of pictures would learn from its own galleries, and
// couldn't go on, since each one makes its pictures other ones.

import SystemSupport

enum FolderWalk {
  /// The regular files below `root`, as paths relative to it, in the order of their bytes (the same everywhere), and
  /// what couldn't be read. Each folder is visited once, by its real place if it has one below `root`: loops of links
  /// end. `root` itself isn't asked whether it is a run.
  static func files(below root: FilePath, isCancelled: () -> Bool) throws(Failure) -> Found {
    var (names, bad, runs): ([FilePath], [BadFile], [FilePath]) = ([], [], [])
    var visited: Set<FileIdentity> = []
    var folders: [FilePath?] = [nil]
    var links: [FilePath] = []

    while true {
      if folders.isEmpty {
        // The real folders are done: now what links lead to, in order, so that of several to one folder the first
        // counts.
        guard !links.isEmpty else { break }
        folders = links.sorted(by: >)
        links = []
      }
      let folder = folders.removeLast()
      do throws(SystemError) {
        let path = folder.map(root.appending) ?? root
        guard visited.insert(FileIdentity(try fileStatus(path))).inserted else { continue }
        if let folder, isRun(path) {
          runs.append(folder)
          continue
        }
        for child in try children(path) where !child.hasPrefix(".") {
          if isCancelled() { break }
          let name = folder?.appending(child) ?? child
          switch kind(root.appending(name)) {
          case .file: names.append(name)
          case .folder: folders.append(name)
          case .linkToFolder: links.append(name)
          case .broken(let reason): bad.append(BadFile(path: name, reason: reason))
          case .other: break
          }
        }
      } catch {
        let reason = "the folder can't be read: \(error)"
        guard let folder else { throw Failure(.inputOutput, "\(root): \(reason)") }
        bad.append(BadFile(path: folder, reason: reason))
      }
      if isCancelled() { throw .cancelledListing }
    }
    names.sort()
    bad.sort { $0.path < $1.path }
    return Found(names: names, bad: bad, runs: runs.sorted())
  }

  struct Found {
    var names: [FilePath]
    var bad: [BadFile]
    /// Folders of runs, whose files aren't among the names.
    var runs: [FilePath]
  }

  /// Whether a folder has what a run's always has (WGAN's RunPaths). Its names aren't listed: they may be many.
  static func isRun(_ folder: FilePath) -> Bool {
    func has(_ name: FilePath) -> Bool { fileExists(folder.appending(name)) }
    return has("config.json") && (has("metrics.csv") || has("checkpoints"))
  }

  private static func children(_ folder: FilePath) throws(SystemError) -> [FilePath] {
    // Where they could be listed but not opened, that's the folder's error, not one of each file.
    try systemCall(folder) { access($0, R_OK | X_OK) }
    return try folderEntries(folder)
  }

  // MARK: - Kinds of files

  private enum Kind {
    case file, folder, linkToFolder, other
    case broken(String)
  }

  private static func kind(_ path: FilePath) -> Kind {
    var isLink = false
    do throws(SystemError) {
      var status = try fileStatus(path, followingLinks: false)
      isLink = status.isSymbolicLink
      if isLink { status = try fileStatus(path) }
      if status.isRegularFile { return .file }
      if status.isFolder { return isLink ? .linkToFolder : .folder }
      return .other
    } catch {
      switch error.code {
      case ELOOP where isLink: return .broken("a symbolic link to itself")
      case ENOENT where isLink: return .broken("a symbolic link that leads nowhere")
      default: return .broken(error.description)
      }
    }
  }
}
