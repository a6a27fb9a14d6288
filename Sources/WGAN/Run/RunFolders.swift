// The folders of runs that nobody has named: runs/NAME-1, runs/NAME-2 and so on below the current folder, where NAME is
// what the data are called.

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
  /// - Throws: `Failure`: `.missing` where there is none, `.usage` where there are several.
  static func toResume(data: [String]) throws(Failure) -> String {
    var runs: [(path: String, time: Int64)] = []
    for name in (try? folderNames(parent)) ?? [] {
      let run = RunPaths(joinPath(parent, name))
      guard let status = try? fileStatus(run.config) else { continue }
      if !data.isEmpty, (try? run.configuration()).map({ places($0.data) }) != places(data) { continue }
      let newest = (try? fileStatus(run.checkpoints.path))?.modifiedNanoseconds ?? 0
      runs.append((run.path, max(status.modifiedNanoseconds, newest)))
    }
    runs.sort { $0.time > $1.time }
    guard let first = runs.first else {
      let which = data.isEmpty ? "no run" : "no run of these pictures"
      throw Failure(.missing, "--resume: there is \(which) in \(parent)/ here: give the run's folder as --out")
    }
    if runs.count == 1 { return first.path }
    let others = runs.dropFirst().prefix(3).map(\.path).joined(separator: ", ") + (runs.count > 4 ? ", ..." : "")
    throw Failure(
      .usage,
      "--resume: which of \(runs.count) runs? The newest goes on by "
        + (typedCommand(has: "--resume", and: shellFlag("--out", first.path))
          ?? toolCommand("train \(shellFlag("--out", first.path)) --resume")) + "; before it there are \(others)")
  }

  /// The same for two ways to say where data are.
  private static func places(_ data: [String]) -> [FilePath] { data.map { (try? realPath($0)) ?? FilePath($0) } }
}
