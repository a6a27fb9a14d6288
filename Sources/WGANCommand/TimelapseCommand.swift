// wgan timelapse

import ArgumentParser
import CommandSupport
import WGAN

struct TimelapseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timelapse",
    abstract: "Show how a run learned: its galleries one after the other, as a film.",
    discussion: "All galleries are drawn from the same noise, so the same place is the same face at another time.")

  @Option(name: .customLong("run"), help: ArgumentHelp("The run's folder.", valueName: "run"))
  var runPath: String

  @OptionGroup var film: FilmOptions

  @Option(
    help: ArgumentHelp(
      "A picture of the galleries instead of all of them: its row and column, 1,1 to 8,8. Given again: one more.",
      valueName: "row,column"),
    transform: { try Cell($0) })
  var cell: [Cell] = []

  @Option(help: ArgumentHelp("Take every Nth gallery only, and the last one.", valueName: "N"))
  var every = 1

  @Option(help: "Frames a second (default: 8). The last is seen for two seconds.")
  var fps: Double?

  @Option(help: "A frame's width and height as a share of the gallery's: 0.5 is a quarter of the bytes.")
  var scale = 1.0

  @Option(help: "Cells in a row, where there are several (default: 8).")
  var columns: Int?

  @OptionGroup var sheet: SheetOptions

  func validate() throws {
    try check("--every", every, in: 1...1_000_000_000)
    try film.check(rate: fps)
    if !(scale >= 0.05 && scale <= 1) {
      throw ValidationError("--scale \(scale): must be from 0.05 to 1; --upscale makes larger")
    }
    if let columns { try check("--columns", columns, in: 1...64) }
    if cell.count > 64 { throw ValidationError("\(cell.count) cells: a gallery has 64") }
    if cell.count < 2, columns != nil || sheet.gap != nil {
      throw ValidationError(
        "\(columns == nil ? "--gap" : "--columns") is for several of --cell: galleries are laid out already")
    }
  }

  func run() throws {
    try film.check()
    Interruption.watch()
    var timelapse = Timelapse()
    timelapse.cells = cell.map { ($0.row - 1, $0.column - 1) }
    (timelapse.every, timelapse.rate, timelapse.scale) = (every, fps ?? 8, scale)
    timelapse.sheet = sheet.sheet(columns: columns ?? 8)
    try film.write(timelapse.film(ofRun: runPath))
  }

  /// "3,5": counted from 1.
  struct Cell {
    let row: Int
    let column: Int

    init(_ text: String) throws {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
      guard numbers.count == 2, numbers.allSatisfy((1...8).contains) else {
        throw ValidationError("give a row and a column from 1 to 8, as in 3,5")
      }
      (row, column) = (numbers[0], numbers[1])
    }
  }
}
