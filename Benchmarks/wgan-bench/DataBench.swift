// wgan-bench data: pictures per second from a folder's files to training pictures.

import SystemSupport
import ArgumentParser
import Compute
import Datasets

struct DataBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Time reading, decoding, resizing and cropping a folder's pictures.",
    discussion: """
      What preparing a data set and making its batches do to each picture, stage by stage, on one thread (what a core \
      does) and on all. Reading is from the system's page cache: all files are read once before. pictures/s and MB/s \
      of a stage are as if the threads did only that; MB are of the files. Where a folder has JPEG and PNG, also \
      apart. Bad files are counted and left out.
      """)

  @Option(help: "A folder of JPEG and PNG files, or a CSV list of such files.")
  var data: String
  @Option(help: "Side of the square that a picture becomes.")
  var size = 64
  @Option(help: "1 (luma) or 3 (colour).")
  var channels = 3
  @Option(help: "Thread counts, with commas (default: 1 and all cores).", transform: parseThreads)
  var threads: [Int]?
  @Option(help: "Times that all pictures are done on each number of threads; medians count.")
  var rounds = 5
  @Option(help: "At most so many pictures, evenly spread over the folder.")
  var limit = 2000
  @Option(help: "table or json.")
  var format = OutputFormat.table

  func validate() throws {
    guard (1...65_536).contains(size) else { throw ValidationError("--size takes a number from 1 to 65536") }
    guard channels == 1 || channels == 3 else { throw ValidationError("--channels takes 1 or 3") }
    guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds takes a number from 1 to 10000") }
    guard limit >= 1 else { throw ValidationError("--limit takes a number from 1") }
  }

  func run() throws {
    var options = DataReport.Options()
    options.size = size
    options.channels = channels
    options.threads = threads ?? (Device.coreCount > 1 ? [1, Device.coreCount] : [1])
    options.rounds = rounds
    options.limit = limit
    let source = try DatasetSource(argument: data)
    waitForTurn()
    let report = try DataReport.measure(source, options)
    switch format {
    case .json: try printJSON(report)
    case .table: print(report.text)
    }
  }
}
