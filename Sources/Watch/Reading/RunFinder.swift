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
    if let own = places.first(where: RunFolders.isRun) {
      (run, note) = (own, nil)
      return
    }
    let runs = RunFolders.runs(in: places)
    guard let newest = runs.first else {
      throw Failure(
        .missing,
        path.map { "\($0): isn't a run's folder, it has no config.json, and none of the folders in it is one" }
          ?? "no run here: neither the current folder nor runs/ has one; name a run's folder")
    }
    run = newest
    note = runs.count == 1 ? nil : "\(newest) is the newest of \(runs.count) runs here; name another to see that"
  }
}
