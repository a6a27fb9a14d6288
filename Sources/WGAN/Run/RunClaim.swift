// The claim on a run's folder: who trains a run has it for as long as that takes, so two processes can't write one run.

import SystemSupport

/// A run's folder that this process may write. Claimed for as long as the value lives.
package final class RunClaim {
  package let paths: RunPaths
  /// Where the folder's file system has no locks: a line that says so.
  package let warning: String?
  private let isNew: Bool
  private let lock: Int32

  /// A new run's folder, empty until `write`; if that isn't reached, it's gone again with the value.
  /// - Throws: `Failure`; `.cannotCreate` where files are already.
  package static func create(at path: String) throws -> RunClaim {
    if isFolder(path), !(try folderNames(path)).isEmpty {
      let run = fileExists(RunPaths(path).config)
      throw Failure(
        .cannotCreate,
        "\(path): has files already; "
          + (run ? "give --resume to go on with that run, or another --out" : "give another folder as --out"))
    }
    let isNew = !fileExists(path)
    try makeFolder(path)
    return try RunClaim(RunPaths(path), isNew: isNew)
  }

  /// The folder of a run that goes on. What a killed process left half-written is removed.
  /// - Throws: `Failure`.
  package static func open(_ path: String) throws -> RunClaim {
    guard fileExists(path) else { throw Failure(.missing, "\(path): no such run; leave out --resume to begin it") }
    guard fileExists(RunPaths(path).config) else {
      throw Failure(
        .missing, "\(path): isn't a run's folder, it has no config.json; leave out --resume to begin a run")
    }
    let claim = try RunClaim(RunPaths(path), isNew: false)
    try claim.makeFolders()
    for inside in [path, claim.paths.samples, claim.paths.checkpoints.path] {
      for name in try folderNames(inside) where TemporaryName.matches(name) {
        removeFile(joinPath(inside, name))
      }
    }
    return claim
  }

  private init(_ paths: RunPaths, isNew: Bool) throws {
    self.paths = paths
    self.isNew = isNew
    let path = paths.path
    do { lock = try openFile(path, O_RDONLY) } catch { throw Failure(.inputOutput, path, "can't be opened", error) }
    let claim: FileLock.Claim
    do { claim = try FileLock.claim(lock) } catch { throw Failure(.inputOutput, path, "can't be locked", error) }
    switch claim {
    case .claimed: warning = nil
    case .unsupported(let error):
      warning = "\(path): its file system has no locks (\(error)): see that no other process trains this run"
    case .held:
      throw Failure(.cannotCreate, "\(path): another process is training this run; stop it, or give another --out")
    }
  }

  deinit {
    try? closeFile(lock)
    // Only an empty folder goes.
    if isNew { removeFolder(paths.path) }
  }

  private func makeFolders() throws {
    try makeFolder(paths.samples)
    try makeFolder(paths.checkpoints.path)
  }

  /// Writes or replaces config.json.
  package func write(_ configuration: RunConfiguration) throws {
    try makeFolders()
    try writeFile(RunJSON.encode(configuration), to: paths.config)
  }
}
