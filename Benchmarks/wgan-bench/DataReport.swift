// What `data` measures: how fast a folder's pictures become training pictures, stage by stage.

import CommandSupport
import Datasets
import SystemSupport

/// What `data` writes as JSON.
package struct DataReport: Codable, Sendable {
  package var machine: Machine
  /// The folder's or list's name, without the way to it.
  package var data: String
  /// Side of the square that each picture becomes, and its channels.
  package var size: Int
  package var channels: Int
  package var rounds: Int
  /// Files that the folder or list has; how many of them were tried; and of those how many can't be used.
  package var files: Int
  package var tried: Int
  package var bad: Int
  /// Why these figures shouldn't be trusted; empty if they may be.
  package var doubts: [String]
  /// By thread count and, where both formats occur, by format.
  package var results: [Row]

  package struct Row: Codable, Sendable {
    package var threads: Int
    /// "all", "jpeg" or "png".
    package var format: String
    package var pictures: Int
    /// Of their files.
    package var bytes: Int
    /// "read", "decode", "resize", "crop", in the order of the work, and "whole".
    package var stages: [Stage]

    /// The last of `stages`.
    package var whole: Stage? { stages.last }
  }

  /// Medians over the rounds.
  package struct Stage: Codable, Sendable {
    package var stage: String
    /// Of a thread, for each picture.
    package var milliseconds: Timing
    /// Of all threads together, if they did nothing else.
    package var picturesPerSecond: Double
    package var megabytesPerSecond: Double
    /// 0...1, of "whole".
    package var share: Double
  }

  /// One stage's name, in the order of the work.
  package enum StageName: Int, CaseIterable, Sendable {
    /// The file's bytes, from the system's page cache: every file has been read before.
    case read
    /// The codec's work, which includes its scaling of a JPEG by 1/2, 1/4 or 1/8.
    case decode
    /// Scaling to the wanted short side, turning upright, the last change of channels.
    case resize
    /// A random square of it, copied into a batch's place.
    case crop

    package var name: String { "\(self)" }
  }

  package static let whole = "whole"

  /// What one round gave for some pictures.
  package struct Round: Sendable {
    /// Seconds of all threads together, by `StageName.rawValue`.
    package var stageSeconds = [Double](repeating: 0, count: StageName.allCases.count)
    /// Seconds of all threads together, from the first picture to the last; nil: the sum of the stages. (Pictures of
    /// one format among others have no beginning and end of their own.)
    package var wholeSeconds: Double?

    package init() {}
  }
}

extension DataReport.Row {
  /// - Parameter rounds: at least one; `pictures` > 0.
  package init(threads: Int, format: String, pictures: Int, bytes: Int, rounds: [DataReport.Round]) {
    (self.threads, self.format, self.pictures, self.bytes) = (threads, format, pictures, bytes)
    let wholes = rounds.map { $0.wholeSeconds ?? $0.stageSeconds.reduce(0, +) }
    let wholeMedian = Spread(wholes).median
    func stage(_ name: String, _ seconds: [Double]) -> DataReport.Stage {
      let timing = Timing(seconds.map { 1000 * $0 / Double(pictures) })
      let rate = timing.median > 0 ? 1000 * Double(threads) / timing.median : 0
      return DataReport.Stage(
        stage: name, milliseconds: timing, picturesPerSecond: rate,
        megabytesPerSecond: rate * Double(bytes) / Double(pictures) / 1e6,
        share: wholeMedian > 0 ? Spread(seconds).median / wholeMedian : 0)
    }
    stages =
      DataReport.StageName.allCases.map { name in
        stage(name.name, rounds.map { $0.stageSeconds[name.rawValue] })
      } + [stage(DataReport.whole, wholes)]
  }
}

// MARK: - Table

extension DataReport {
  package var text: String {
    func number(_ value: Double, _ digits: Int) -> String { String(printf: "%.\(digits)f", value) }
    var lines = [machine.summary, "", headline]
    if bad > 0 { lines.append("\(bad) bad files left out; 'wgan data scan' names them") }
    for row in results {
      let megabytes = number(Double(row.bytes) / 1e6, 1)
      let what = row.format == "all" ? "" : " \(row.format.uppercased()),"
      lines.append(
        "\n\(counted(row.threads, "thread")),\(what) \(counted(row.pictures, "picture")), \(megabytes) MB")
      var table = TextTable(["stage", "ms a picture: min", "median", "pictures/s", "MB/s", "% of whole"])
      for stage in row.stages {
        table.add([
          stage.stage, number(stage.milliseconds.min, 4), number(stage.milliseconds.median, 4),
          number(stage.picturesPerSecond, 0), number(stage.megabytesPerSecond, 1), number(100 * stage.share, 1),
        ])
      }
      lines.append(table.text)
    }
    lines.append("\n" + Peak.verdict(doubts))
    return lines.joined(separator: "\n")
  }

  private var headline: String {
    let part = tried < files ? "\(tried) of \(files) files, evenly spread" : "\(files) files"
    return "\(data): \(part), to \(size)x\(size)x\(channels); medians of \(rounds) rounds, files in the page cache"
  }
}
