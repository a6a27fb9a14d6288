// Which pictures a command takes: as words of their own, or as --data; each as often as there are places.

import ArgumentParser
import Datasets
import SystemSupport

struct DataOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      What to learn from or look at: a folder of JPEG and PNG files, a zip or tar file of them, a CSV list of \
      files, or 'synthetic'. Several are one set of pictures.
      """, valueName: "pictures"))
  var places: [String] = []

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp("What to learn from or look at, as words of their own are.", valueName: "path"))
  var flagged: [String] = []

  /// All that were given.
  var all: [String] { places + flagged }

  /// - Throws: `Failure` where none is given, or one can't be a source of pictures.
  func source() throws(Failure) -> DatasetSource {
    if all.isEmpty { throw Failure(.usage, "no pictures are given: give \(DatasetSource.kinds)") }
    return try DatasetSource(arguments: all)
  }
}
