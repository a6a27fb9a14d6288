// wgan-bench conv: convolutions pass by pass, verified, timed, and set against what the machine can do.

import ArgumentParser
import CommandSupport
import Compute
import SystemSupport

struct ConvolutionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conv", abstract: "Verify and time convolutions, pass by pass, next to the machine's limit.",
    discussion: """
      Without --shape and --shapes: each convolution of critic and generator. A transposed convolution (marked ^T) is \
      measured as the convolution whose adjoint it is: its forward pass is that one's backwardData. backwardData packs \
      the weights each time, as training does. A shape without mb has --batch-size pictures. Every pass is first \
      compared with the reference on small integers: the direct method to the last bit, the fast one to an eighth, \
      where any wrong term is off by one; with --only, it is whole passes that are verified. Exits with 1 when a \
      result is wrong, or slower than --baseline by more than the noise.
      """)

  @OptionGroup var options: ConvolutionOptions
  @Option(help: "table, json or csv.")
  var format = Format.table
  @Option(help: "A JSON report of before to compare with.")
  var baseline: String?
  @Option(
    help: """
      Time a part of each pass, the other one left out: products (the tiles that multiply and add) or rest \
      (transforms, packing, loops).
      """)
  var only: ConvolutionPart?
  @Flag(help: "With --baseline: judge rows that other processes disturbed, too.")
  var judgeDisturbed = false

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
    case csv
  }

  func validate() throws {
    guard baseline != nil || !judgeDisturbed else {
      throw ValidationError("--judge-disturbed says how to compare: it needs --baseline FILE")
    }
  }

  func run() throws {
    let before = try baseline.map {
      try readJSON(
        ConvolutionReport.self, at: $0, flag: "--baseline", what: "a report of wgan-bench conv --format json")
    }
    var measurement = try options.measurement()
    measurement.only = only
    waitForTurn()
    let (report, wrong) = measurement.run { machine, peak in
      switch format {
      case .table: printHead(machine, peak)
      case .csv: print(ConvolutionRow.csvHeader)
      case .json: break
      }
    } measured: { shape, rows in
      switch format {
      case .table: printTable(shape, rows)
      case .csv: for row in rows { print(row.csv) }
      case .json: break
      }
      fflush(nil)  // rows appear as they are measured, also in a pipe
    }
    if format == .json { try printJSON(report) }
    // Results go to standard output; whatever isn't one goes to standard error where the output is for a program.
    say("\n" + report.peak.verdict)
    var isSlower = false
    if let before {
      let comparison = BaselineComparison(now: report, then: before, judgesDisturbed: judgeDisturbed)
      say("\n" + comparison.text)
      isSlower = !comparison.slower.isEmpty
    }
    try failIfWrong(wrong)
    if isSlower { throw ExitCode(1) }
  }

  private func say(_ text: String) {
    if format == .table { print(text) } else { Console.note(lines: text) }
  }
}

// MARK: - Printing

/// The machine and its limits, for a person, before the first row.
func printHead(_ machine: Machine, _ peak: Peak) {
  print(machine.summary)
  for row in peak.arithmetic {
    let memory = peak.bandwidth.filter { $0.threads == row.threads }.map {
      $0.level + String(printf: " %.0f", $0.read)
    }
    print(
      "\(row.name), \(row.threads) threads: "
        + String(printf: "peak %.1f GFLOP/s (median %.1f); reads GB/s from ", row.gflops, row.before.median)
        + memory.joined(separator: ", "))
  }
}

/// The rows of one shape. Their percentages are of the best peak until now.
func printTable(_ shape: ConvolutionShape, _ rows: [ConvolutionRow]) {
  print("\n" + [shape.text, shape.name ?? ""].filter { !$0.isEmpty }.joined(separator: "  "))
  var table = TextTable(ConvolutionRow.tableTitles, wordColumns: [0, 1])
  for row in rows { table.add(row.tableCells) }
  print(table.text)
}

extension ConvolutionPart: ExpressibleByArgument {}
