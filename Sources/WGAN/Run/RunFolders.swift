// Folders with runs in them: runs/ below the current folder, where runs that nobody has named are made (NAME-1, NAME-2
// and so on, where NAME is what the data are called), and whatever folder a person names instead of a run.

import SystemSupport

package enum RunFolders {
  static let parent = "runs"

  /// Makes the folder of the next run on `data`. Two processes never get the same one.
  /// - Throws: `Failure(.cannotCreate)`.
  static func makeNext(for data: [String]) throws(Failure) -> String {
    let name = name(of: data)
    do throws(Failure) {
      try makeFolder(parent)
      var number = 1
      while true {
        let path = joinPath(parent, "\(name)-\(number)")
        do throws(SystemError) {
          try systemCall(path) { mkdir($0, 0o755) }
          return path
        } catch {
          if error.code != EEXIST { throw Failure(.cannotCreate, path, "can't be made a folder", error) }
        }
        number += 1
      }
    } catch {
      throw Failure(.cannotCreate, "\(error): give the run's folder as --out")
    }
  }

  /// A name for files of every system: of the first of the data, without what stands for its format.
  package static func name(of data: [String]) -> String {
    var name = FilePath(data.first ?? "").name.description
    // "." and ".." are called what they are; a link keeps the name that was typed.
    if [".", "..", ""].contains(name) { name = data.first.flatMap { try? realPath($0) }?.name.description ?? "" }
    for ending in [".csv", ".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".tar"] where name.hasSuffix(ending) {
      name.removeLast(ending.count)
    }
    var safe = ""
    for scalar in name.unicodeScalars {
      let isPlain =
        scalar.isASCII
        ? isalnum(CInt(scalar.value)) != 0 || "._-".unicodeScalars.contains(scalar)
        : scalar.properties.isAlphabetic
      // A name has 255 bytes at most, and people want to read it.
      if safe.utf8.count > 40 { break }
      safe.unicodeScalars.append(isPlain ? scalar : "-")
    }
    while let first = safe.first, first == "." || first == "-" { safe.removeFirst() }
    while let last = safe.last, last == "." || last == "-" { safe.removeLast() }
    return safe.isEmpty ? "run" : safe
  }

  /// The run that `--resume` means where no folder is given: the only one there is, of the data where some are given.
  /// - Throws: `Failure`: `.missing` where there is none, `.usage` where there are several, or where the data are a run
  ///   themselves: `--resume RUN`.
  static func toResume(data: [String]) throws(Failure) -> String {
    for place in data { try refuseRun(asData: place) }
    let runs = runs(in: [parent]).filter { path in
      data.isEmpty || (try? RunPaths(path).configuration()).map({ places($0.data) }) == places(data)
    }
    guard let first = runs.first else {
      let which = data.isEmpty ? "no run" : "no run of these pictures"
      throw Failure(.missing, "--resume: there is \(which) in \(parent)/ here: give the run's folder as --out")
    }
    if runs.count == 1 { return first }
    let others = list(runs.dropFirst())
    throw Failure(
      .usage,
      "--resume: which of \(runs.count) runs? The newest goes on by "
        + (typedCommand(has: "--resume", and: shellFlag("--out", first))
          ?? toolCommand("train \(shellFlag("--out", first)) --resume")) + "; before it there are \(others)")
  }

  private static func refuseRun(asData place: String) throws(Failure) {
    func goesOn(_ run: String) -> String { toolCommand("train \(shellFlag("--out", run)) --resume") }
    if isRun(place) {
      throw Failure(.usage, "--resume has no value, and a run is given as --out: \(goesOn(place))")
    }
    if let newest = runs(in: [place]).first {
      throw Failure(.usage, "\(place): \(whatIsThere(place)). The newest goes on by \(goesOn(newest))")
    }
    if place != "synthetic", !fileExists(place) {
      throw Failure(.missing, "\(place): \(whatIsThere(place)). A run goes on by \(goesOn("RUN"))")
    }
  }

  // MARK: - What is in a folder

  /// The runs in some folders, the one that was trained last first.
  package static func runs(in folders: [String]) -> [String] {
    let paths = folders.flatMap { folder in
      ((try? folderNames(folder)) ?? []).map { folder == "." ? $0 : joinPath(folder, $0) }
    }
    let runs = paths.compactMap { path -> (String, Int64)? in lastChange(ofRun: path).map { (path, $0) } }
    return runs.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map(\.0)
  }

  package static func isRun(_ path: String) -> Bool { fileExists(RunPaths(path).config) }

  /// When it was trained last, as its files say it; nil where this is no run.
  private static func lastChange(ofRun path: String) -> Int64? {
    let run = RunPaths(path)
    guard let config = try? fileStatus(run.config) else { return nil }
    return [run.metrics, run.checkpoints.path].compactMap { try? fileStatus($0) }.map(\.modifiedNanoseconds).max()
      ?? config.modifiedNanoseconds
  }

  /// What is told of a path that was to be a run's folder, and isn't: what it is, and which runs are meant maybe.
  static func whatIsThere(_ path: String) -> String {
    let parent = splitPath(path).folder
    if let run = [parent, splitPath(parent).folder].first(where: isRun), fileExists(path) {
      return "is a part of the run \(run): give that"
    }
    let what = fileExists(path) ? "isn't a run's folder, it has no config.json" : "isn't there"
    let inside = runs(in: [path])
    if !inside.isEmpty { return "\(what); the runs in it, the newest first: \(list(inside[...]))" }
    let beside = runs(in: [parent])
    return beside.isEmpty ? what : "\(what); the runs in \(parent), the newest first: \(list(beside[...]))"
  }

  private static func list(_ runs: ArraySlice<String>) -> String {
    runs.prefix(5).joined(separator: ", ") + (runs.count > 5 ? ", ..." : "")
  }

  /// The same for two ways to say where data are.
  private static func places(_ data: [String]) -> [FilePath] { data.map { (try? realPath($0)) ?? FilePath($0) } }
}
