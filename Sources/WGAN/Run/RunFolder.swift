// A run's folder.
//
//     config.json      every resolved value
//     metrics.csv      one row per generator step
//     curves.svg       what the rows say of the Wasserstein estimate, drawn
//     real.png         some of the pictures that are trained on
//     samples/         galleries of one fixed noise batch: 000500.png after 500 generator steps
//     checkpoints/     the last few states: 000500.safetensors and 000500.json

import SystemSupport

/// The folder of a run, by its path. Claimed for as long as the value lives: two processes can't write one run.
package final class RunFolder {
  package let path: String
  /// Why nobody can be kept from writing here too, if so.
  package let notClaimed: String?
  private let isNew: Bool
  private let lock: Int32

  package var configPath: String { joinPath(path, "config.json") }
  package var metricsPath: String { joinPath(path, "metrics.csv") }
  package var curvesPath: String { joinPath(path, "curves.svg") }
  package var realPath: String { joinPath(path, "real.png") }
  package var samplesPath: String { joinPath(path, "samples") }
  package var checkpointsPath: String { joinPath(path, "checkpoints") }

  package func samplePath(generatorSteps: Int) -> String {
    joinPath(samplesPath, zeroPadded(generatorSteps) + ".png")
  }

  /// A new run's folder, empty until `write`; if that isn't reached, it's gone again with the value.
  /// - Throws: `Failure`; `Failure(.cannotCreate)` where files are already.
  package static func create(at path: String) throws -> RunFolder {
    if isFolder(path), !(try folderNames(path)).isEmpty {
      let run = fileExists(joinPath(path, "config.json"))
      throw Failure(
        .cannotCreate,
        "\(path): has files already; "
          + (run ? "give --resume to go on with that run, or another --out" : "give another folder as --out"))
    }
    let isNew = !fileExists(path)
    try makeFolder(path)
    return try RunFolder(path, isNew: isNew)
  }

  /// The folder of a run that goes on. What a killed process left half-written is removed.
  /// - Throws: `Failure`.
  package static func open(_ path: String) throws -> RunFolder {
    guard fileExists(path) else { throw Failure(.missing, "\(path): no such run; leave out --resume to begin it") }
    guard fileExists(joinPath(path, "config.json")) else {
      throw Failure(
        .missing, "\(path): isn't a run's folder, it has no config.json; leave out --resume to begin a run")
    }
    let folder = try RunFolder(path, isNew: false)
    try folder.makeFolders()
    for inside in [path, folder.samplesPath, folder.checkpointsPath] {
      for name in try folderNames(inside) where TemporaryName.matches(name) {
        removeFile(joinPath(inside, name))
      }
    }
    return folder
  }

  private init(_ path: String, isNew: Bool) throws {
    self.path = path
    self.isNew = isNew
    do { lock = try openFile(path, O_RDONLY) } catch { throw Failure(.inputOutput, path, "can't be opened", error) }
    let claim: FileLock.Claim
    do { claim = try FileLock.claim(lock) } catch { throw Failure(.inputOutput, path, "can't be locked", error) }
    switch claim {
    case .claimed: notClaimed = nil
    case .unsupported(let error):
      notClaimed = "\(path): its file system has no locks (\(error)): see that no other process trains this run"
    case .held:
      throw Failure(.cannotCreate, "\(path): another process is training this run; stop it, or give another --out")
    }
  }

  deinit {
    try? closeFile(lock)
    // Only an empty folder goes.
    if isNew { removeFolder(path) }
  }

  private func makeFolders() throws {
    try makeFolder(samplesPath)
    try makeFolder(checkpointsPath)
  }

  /// Writes or replaces config.json.
  package func write(_ configuration: RunConfiguration) throws {
    try makeFolders()
    try writeFile(RunJSON.encode(configuration), to: configPath)
  }

  /// The configuration of the run in `path`, checked.
  /// - Throws: `Failure`; `Failure(.badData)`.
  package static func configuration(of path: String) throws -> RunConfiguration {
    let file = joinPath(path, "config.json")
    guard fileExists(file) else { throw Failure(.missing, "\(path): isn't a run's folder, it has no config.json") }
    let configuration = try RunJSON.decode(RunConfiguration.self, from: readFile(file, limit: 1 << 20), source: file)
    do {
      try configuration.validate()
    } catch {
      throw Failure(.badData, "\(file): \(error)")
    }
    return configuration
  }
}

/// 500 -> "000500", so that names sort as numbers do.
func zeroPadded(_ number: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
}
