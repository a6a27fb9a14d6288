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
  ///
  /// - Parameter goOn: the line by which a run that is there goes on.
  /// - Throws: `Failure`; `.cannotCreate` where files are already.
  package static func create(at path: String, goOn line: @autoclosure () -> String? = nil) throws -> RunClaim {
    let isNew = !(try isThere(path))
    if isFolder(path), !(try hasNothing(path)) {
      let goOn = "give another --out, or go on with that run: "
      let advice =
        fileExists(RunPaths(path).config)
        ? goOn + (line() ?? toolCommand("train \(shellFlag("--out", path)) --resume")) : "give another folder as --out"
      throw Failure(.cannotCreate, "\(path): has files already; \(advice)")
    }
    try makeFolder(path)
    let claim = try RunClaim(RunPaths(path), isNew: isNew)
    try claim.sweep()
    return claim
  }

  /// The folder of a new run that nobody has named.
  /// - Throws: `Failure`.
  static func createNext(for data: [String]) throws -> RunClaim {
    try RunClaim(RunPaths(RunFolders.makeNext(for: data)), isNew: true)
  }

  /// Whether a folder is empty, or has no more than what a process leaves that is killed as it begins a run.
  private static func hasNothing(_ path: String) throws -> Bool {
    let parts = [RunPaths(path).samples, RunPaths(path).checkpoints.path]
    for name in try folderNames(path) where !TemporaryName.matches(name) {
      let inside = joinPath(path, name)
      guard parts.contains(inside), isFolder(inside), try folderNames(inside).allSatisfy(TemporaryName.matches) else {
        return false
      }
    }
    return true
  }

  /// The folder of a run that goes on. What a killed process left half-written is removed.
  /// - Throws: `Failure`.
  package static func open(_ path: String) throws -> RunClaim {
    guard try isThere(RunPaths(path).config) else {
      throw Failure(.missing, "\(path): \(RunFolders.whatIsThere(path)); leave out --resume to begin a run")
    }
    let claim = try RunClaim(RunPaths(path), isNew: false)
    try claim.sweep()
    return claim
  }

  /// Removes what a killed process left half-written, after what was all but done is brought to its end.
  private func sweep() throws {
    paths.checkpoints.completeSaves()
    for inside in [paths.path, paths.samples, paths.checkpoints.path] where isFolder(inside) {
      for name in try folderNames(inside) where TemporaryName.matches(name) {
        removeFile(joinPath(inside, name))
      }
    }
  }

  /// Whether a process trains the run now; nil where the system doesn't tell. Asked without claiming anything.
  package static func isHeld(_ paths: RunPaths) -> Bool? { FileLock.isClaimed(paths.path) }

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
    // Only an empty folder goes, and none that has come to lie there since.
    if isNew, (try? check()) != nil {
      removeFolder(paths.path)
      if splitPath(paths.path).folder == RunFolders.parent { removeFolder(RunFolders.parent) }
    }
    try? closeFile(lock)
  }

  /// Whether the claimed folder is still the one at the path. To be asked before anything is written there: it may have
  /// been moved away, and another run may have begun in its place.
  /// - Throws: `Failure`; `.cannotCreate` where it isn't.
  package func check() throws(Failure) {
    let goOn = "the run ends here, and goes on by --resume in the folder's new place"
    var own = stat()
    let there: stat
    do throws(SystemError) {
      try systemCall { fstat(lock, &own) }
      there = try fileStatus(paths.path)
    } catch {
      guard error.code == ENOENT || error.code == ENOTDIR else {
        throw Failure(.inputOutput, paths.path, "can't be read", error)
      }
      throw Failure(.cannotCreate, paths.path, "isn't there any more: the run's folder was moved or removed; \(goOn)")
    }
    guard there.st_dev == own.st_dev, there.st_ino == own.st_ino else {
      throw Failure(
        .cannotCreate, paths.path,
        "is another folder now, this run's was moved away: nothing is written into that one; \(goOn)")
    }
  }

  private func makeFolders() throws {
    try makeFolder(paths.samples)
    try makeFolder(paths.checkpoints.path)
  }

  /// What is to be said of a run's checkpoints before it goes on: nothing where the newest one will do.
  ///
  /// - Returns: files that are there and nobody will use, a line.
  /// - Throws: `Failure` where the run has trained and no state of it is left: to begin anew then must be meant.
  package func checkStates(_ configuration: RunConfiguration) throws -> String? {
    let folder = paths.checkpoints
    let remedy = "put them back, or give --begin-anew to train from step 0 (what is there is kept aside)"
    guard try isThere(folder.path) else {
      throw Failure(.missing, "\(folder.path): isn't there, and with it all states of the run: \(remedy)")
    }
    let tensors = try folder.withoutState()
    let list = Self.list(tensors)
    if try folder.all().isEmpty {
      if !tensors.isEmpty {
        throw Failure(.missing, "\(folder.path): the JSON files beside \(list) are missing: \(remedy)")
      }
      let names = try folderNames(folder.path)
      if !names.isEmpty {
        throw Failure(.missing, "\(folder.path): has no state, but \(Self.list(names)): \(remedy)")
      }
      // A run that was killed before its first checkpoint has none, one that has trained longer had some.
      let steps = try MetricsLog.lastStep(at: paths.metrics)
      if configuration.checkpointEvery > 0, steps > configuration.checkpointEvery {
        throw Failure(
          .missing,
          "\(folder.path): is empty, and the run has trained for \(counted(steps, "step")): \(remedy)")
      }
    }
    return tensors.isEmpty
      ? nil
      : "\(folder.path): \(list): the JSON beside is missing, so it isn't used; it's kept, "
        + "and gets the ending \(CheckpointFolder.keptSuffix) if the run saves the same step again"
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }

  /// Takes everything that the run has learned and told out of the way, for a run that begins anew.
  ///
  /// - Returns: where each is now.
  package func setAside() throws(Failure) -> [String] {
    try check()
    var places: [String] = []
    let learned = [paths.checkpoints.path, paths.samples, paths.metrics, paths.curves, paths.final, paths.events]
    for path in learned where fileExists(path) {
      if isFolder(path), (try folderNames(path)).isEmpty { continue }
      let place = freePath(path + ".before")
      do { try renameFile(path, to: place) } catch { throw Failure(.inputOutput, path, "can't be renamed", error) }
      places.append(place)
    }
    syncFolder(paths.path)
    return places
  }

  /// Writes config.json again where it's gone while the run trains: without it the run wouldn't go on.
  /// - Returns: a line where that was so.
  func restore(_ configuration: RunConfiguration) -> String? {
    do {
      if try isThere(paths.config) { return nil }
      try writeFile(RunJSON.encode(configuration), to: paths.config)
      return "\(paths.config): was removed while the run trains, and is written again"
    } catch {
      return "\(paths.config): can't be written again: \(error)"
    }
  }

  /// Writes or replaces config.json.
  package func write(_ configuration: RunConfiguration) throws {
    try check()
    try makeFolders()
    try writeFile(RunJSON.encode(configuration), to: paths.config)
  }
}
