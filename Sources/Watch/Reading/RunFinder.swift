// Which run is meant: the one that is named, or the newest there is.

import SystemSupport
import WGAN

package struct RunFinder {
  /// The run's folder.
  package let run: String
  /// A line where others could have been meant; nil: none could.
  package let note: String?

  /// - Parameter path: a run's folder, or one that has runs in it; nil: the current folder, or its "runs".
  /// - Throws: `Failure(.missing)`.
  package init(_ path: String?) throws(Failure) {
    if let path, !isFolder(path) { throw Failure(.missing, path, "isn't there, or isn't a folder") }
    let places = path.map { [$0] } ?? [".", "runs"]
    if let own = places.first(where: Self.isRun) {
      (run, note) = (own, nil)
      return
    }
    var runs: [(path: String, modified: Int64)] = []
    for place in places where isFolder(place) {
      for name in try folderNames(place) {
        let inside = place == "." ? name : joinPath(place, name)
        if Self.isRun(inside) { runs.append((inside, Self.modified(inside))) }
      }
    }
    guard let newest = runs.max(by: { ($0.modified, $1.path) < ($1.modified, $0.path) }) else {
      throw Failure(
        .missing,
        path.map { "\($0): isn't a run's folder, it has no config.json, and none of the folders in it is one" }
          ?? "no run here: neither the current folder nor runs/ has one; name a run's folder")
    }
    run = newest.path
    note =
      runs.count == 1 ? nil : "\(newest.path) is the newest of \(runs.count) runs here; name another to see that"
  }

  private static func isRun(_ path: String) -> Bool { fileExists(RunPaths(path).config) }

  /// When it was trained last.
  private static func modified(_ path: String) -> Int64 {
    let paths = RunPaths(path)
    return ((try? fileStatus(paths.metrics)) ?? (try? fileStatus(paths.config)))?.modifiedNanoseconds ?? 0
  }
}
