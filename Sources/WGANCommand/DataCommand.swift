// `wgan data`: look at a folder of pictures before training on it.

import ArgumentParser
import CommandSupport
import Configuration
import Datasets
import Images
import SystemSupport
import WGAN

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Look at training pictures: count them, list them, show some.",
    subcommands: [Scan.self, List.self, Preview.self])
}

/// Every bad file in a file of its own: on the terminal they are 20 and a count.
struct BadFileReport: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Write all bad files, and why they are bad, to this file; - is standard output.", valueName: "file"))
  var report: Output?

  func validate() throws {
    try require(report?.isEmpty != true, "--report is empty: give a path")
  }

  /// - Parameter output: what the command writes besides.
  func check(beside output: Output? = nil, _ replacing: ReplaceOption) throws(Failure) {
    try report?.check(.text, replacing)
    try Output.check(("--out", output), ("--report", report))
  }

  func write(_ bad: [BadFile]) throws(Failure) {
    if let report { try writeFile(bad.report, to: report.path) }
  }

  /// A line each, on standard error.
  func note(_ bad: [BadFile], _ verb: String) {
    for line in lines(bad) { Console.note("\(verb) \(line)") }
  }

  func lines(_ bad: [BadFile]) -> [String] { bad.lines(rest: report == nil ? ": --report names them all" : "") }
}

// MARK: - scan

extension DataCommand {
  struct Scan: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decode every picture; count them and name the bad files.")

    @OptionGroup var data: DataOptions

    @Option(help: "Count the pictures whose short side is below this many pixels.")
    var size = 64

    @Option(help: "Threads to decode on.")
    var threads = usableProcessors()

    @OptionGroup var bad: BadFileReport

    @OptionGroup var result: ResultOptions

    @OptionGroup var replacing: ReplaceOption

    func validate() throws {
      try result.check(("--report", bad.report))
      try require(1...4096 ~= size, "--size must be 1 to 4096, not \(size)")
      try require(1...1024 ~= threads, "--threads must be 1 to 1024, not \(threads)")
      try replacing.check(files: bad.report)
    }

    func run() throws {
      Interruption.watch()
      try bad.check(replacing)
      let source = try data.source()
      let line = ProgressLine()
      let start = ContinuousClock.now
      let isShown = !result.json
      let scan: DatasetScan
      do {
        defer { if isShown { line.clear() } }
        scan = try DatasetScan(
          source, size: size, threads: threads, progress: { if isShown { line.show("\($0) of \($1)") } },
          isCancelled: { Interruption.isRequested })
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      if case .synthetic(let count, let seed) = source {
        try bad.write([])
        if result.json { return try result.write(ScanResult(synthetic: count, size: size, seconds: seconds)) }
        return try Output.say("\(count) synthetic faces of the series \(seed), of any size", beside: bad.report)
      }
      try bad.write(scan.bad)
      if result.json {
        try result.write(ScanResult(scan, size: size, seconds: seconds))
      } else {
        try Output.say(text(scan, seconds: seconds), beside: bad.report)
      }
      if scan.count == 0 {
        throw Failure.noPictures(in: source, bad: scan.bad)
      }
    }

    private func text(_ scan: DatasetScan, seconds: Double) -> String {
      var report = "\(counted(scan.count, "picture")): \(scan.jpegCount) JPEG, \(scan.pngCount) PNG\n"
      if let widths = scan.widths, let heights = scan.heights {
        report += "width \(words(widths)), height \(words(heights)) pixels\n"
      }
      if scan.smallCount > 0 {
        report += "\(counted(scan.smallCount, "picture")) with a short side below \(size): training enlarges them\n"
      }
      for note in scan.notes { report += "\(note)\n" }
      if scan.drawnCount > 0 { report += "\(counted(scan.drawnCount, "synthetic face"))\n" }
      report += "\(counted(scan.bad.count, "bad file"))\n"
      for line in bad.lines(scan.bad) { report += "  \(line)\n" }
      return report + "scanned in \(fixed(seconds, 2)) s"
    }

    private func words(_ range: ClosedRange<Int>) -> String {
      range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }
  }
}

// MARK: - list

extension DataCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the pictures that training would take, as a CSV file for --data.",
      discussion: """
        One line per file, 'path,0'. Paths are relative to the list's own folder with --out, and to the current folder \
        without: redirect the output to a file here. The same --fraction and --seed give 'wgan train' the same files.
        """)

    @OptionGroup var data: DataOptions

    @Option(help: "The share of the pictures to take, above 0 and up to 1; each is drawn for itself.")
    var fraction = 1.0

    @Option(help: "The seed of that draw.")
    var seed: UInt64 = 42

    @Option(help: ArgumentHelp("Write the list to this file instead of the standard output (-).", valueName: "file"))
    var out: Output?

    @OptionGroup var bad: BadFileReport

    @OptionGroup var result: ResultOptions

    @OptionGroup var replacing: ReplaceOption

    func validate() throws {
      try result.check(("--report", bad.report))
      try require(
        !result.json || out.map { !$0.isStandardOutput } ?? false,
        "--json and the list are both standard output: give the list a file, --out FILE")
      try require(fraction > 0 && fraction <= 1, "--fraction must be above 0 and at most 1, not \(fraction)")
      try require(
        bad.report?.isStandardOutput != true || out.map { !$0.isStandardOutput } ?? false,
        "--report - and the list are both standard output: give one of them a path")
      try replacing.check(files: out, bad.report)
    }

    func run() throws {
      try out?.check(.text, replacing)
      Interruption.watch()
      try bad.check(beside: out, replacing)
      let source = try data.source()
      let files = try DatasetFiles(
        source, fraction: fraction, seed: seed, isCancelled: { Interruption.isRequested })
      if !result.json { for note in files.notes { Console.note(note) } }
      let (text, unlistable) = ListFile.text(listing: files.paths, in: out?.folder ?? ".")
      if !result.json { bad.note(files.bad + unlistable, "left out") }
      try bad.write(files.bad + unlistable)
      if text.isEmpty {
        let why = fraction < 1 ? "see --fraction" : "none can be read"
        throw Failure(.badData, "no picture of \(source) is left to list: \(why)")
      }
      if let out, !out.isStandardOutput {
        try writeFile(text, to: out.path)
      } else {
        try Console.print(bytes: text)
      }
      guard result.json, let out else { return }
      let all = files.bad + unlistable
      try result.write(
        WrittenResult("list", pictures: files.paths.count - unlistable.count, to: out, bad: all, warnings: files.notes))
    }
  }
}

// MARK: - preview

extension DataCommand {
  struct Preview: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a grid of training pictures as one picture: scaled and cropped as a run sees them.")

    @OptionGroup var data: DataOptions

    @Option(
      help: ArgumentHelp(
        "The PNG to write, or a JPEG if the name ends with .jpg; - is standard output.", valueName: "file"))
    var out: Output

    @Option(help: "Each picture's width and height in pixels.")
    var size = 64

    @Option(help: "Pictures side by side.")
    var columns = 4

    @Option(help: "Rows of pictures: there are --columns times --rows of them.")
    var rows = 3

    @Option(help: "3 for colour, 1 for grey.")
    var channels = 3

    @Option(help: ArgumentHelp("As of wgan train: crop, pad or stretch.", valueName: "fit"))
    var fit = TrainingConfiguration.defaultPreset.fit

    @Option(
      name: [.customLong("crop"), .customLong("crop-at")],
      help: ArgumentHelp("As of wgan train: random, center, top or bottom.", valueName: "crop"))
    var crop = TrainingConfiguration.defaultPreset.crop

    @Option(help: "Chooses the pictures, and where they are cropped at random.")
    var seed: UInt64 = 42

    @OptionGroup var bad: BadFileReport

    @OptionGroup var result: ResultOptions

    @OptionGroup var replacing: ReplaceOption

    func validate() throws {
      try result.check(("--out", out), ("--report", bad.report))
      try require(!out.isEmpty, "--out is empty: give a path")
      _ = try out.pictureFormat("--out")
      try require(
        !out.isStandardOutput || bad.report?.isStandardOutput != true,
        "--report - and --out - are both standard output: give one of them a path")
      try require(1...1024 ~= size, "--size must be 1 to 1024, not \(size)")
      try require(1...100 ~= columns, "--columns must be 1 to 100, not \(columns)")
      try require(1...100 ~= rows, "--rows must be 1 to 100, not \(rows)")
      try require(channels == 1 || channels == 3, "--channels must be 1 or 3, not \(channels)")
      try require(
        size * columns * size * rows <= 1 << 27, "the grid is too large: give a smaller --size, --columns or --rows")
      try replacing.check(files: out, bad.report)
    }

    func run() throws {
      let format = try out.pictureFormat("--out")
      try out.check(FileKind(format), replacing)
      Interruption.watch()
      try bad.check(beside: out, replacing)
      let preview = try DatasetPreview(
        data.source(), count: columns * rows, size: size, channels: channels, seed: seed, fit: PictureFit(fit),
        crop: CropMode(crop), isCancelled: { Interruption.isRequested })
      if !result.json {
        for note in preview.notes { Console.note(note) }
        bad.note(preview.bad, "skipped")
      }
      try bad.write(preview.bad)
      try format.write(Gallery.compose(preview.pictures, columns: columns), to: out.path)
      if result.json {
        try result.write(
          WrittenResult(
            "preview", pictures: preview.pictures.count, to: out, bad: preview.bad, warnings: preview.notes))
      }
    }
  }
}

// MARK: - Words

extension Fit: ExpressibleByArgument {}
extension Crop: ExpressibleByArgument {}

private func require(_ condition: Bool, _ message: String) throws {
  if !condition { throw ValidationError(message) }
}

/// One line on a terminal's standard error that is written over and over; nothing elsewhere.
private struct ProgressLine: Sendable {
  func show(_ text: String) {
    if Console.isTerminal { Console.redraw(text) }
  }

  func clear() { show("") }
}
