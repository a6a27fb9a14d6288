import Foundation
import Testing
import WGANBench

/// Protects who reads a report: it says what the figures say, whatever they are, and no name in them changes its form.
@Suite struct PerformanceReportTests {
  static func markdown(_ report: PerformanceReport) throws -> String {
    try #require(try report.files().first { $0.name == "report.md" }).content
  }

  @Test func everyRowIsMentioned() throws {
    let report = Sample.report()
    let text = try Self.markdown(report)
    for row in report.results {
      #expect(text.contains("`\(row.shape)`"))
      let cells = "| \(row.pass) | \(row.isa) | \(row.threads) | direct | 8x32 |"
      let percent = String(format: "| %.1f |", row.percentOfPeak)
      #expect(
        text.split(separator: "\n").contains { $0.hasPrefix(cells) && $0.contains(percent) }, "\(cells) \(percent)")
    }
    #expect(text.contains("![Roofline](roofline.svg)") && text.contains("(percent.svg)"))
    #expect(!text.contains("step.svg") && !text.contains("peers.svg"), "there are none")
    #expect(text.contains("    wgan-bench report"), "how to make it again")
  }

  @Test func noiseComesFirst() throws {
    var report = Sample.report()
    report.peak.judge(nil, rows: report.results)
    report.peak.doubts.append("a doubt")
    let text = try Self.markdown(report)
    let doubt = try #require(text.range(of: "- a doubt"))
    let summary = try #require(text.range(of: "## Summary"))
    #expect(doubt.lowerBound < summary.lowerBound)
    #expect(text.contains("TOO NOISY"))
    #expect(text.contains("| unsteady |") && text.contains("| disturbed by 20 % |"))
    #expect(text.contains("(!)"), "in the summary too")
  }

  @Test func whatIsFalseIsShownAsItIs() throws {
    var report = Sample.report([Sample.row(), Sample.row(pass: .backwardData, verified: false)])
    report.results[0].percentOfPeak = 1234.5
    report.results[1].milliseconds = Timing(min: 0, median: 0)
    let text = try Self.markdown(report)
    #expect(text.contains("| 1234.5 |") && text.contains("1234.5 %, C pyramid.0"))
    #expect(text.contains("| 0.000 | 0.000 |"))
    #expect(text.contains("1 of 2 rows are marked FAILED") && text.contains("| FAILED |"))
    let percent = try #require(try report.files().first { $0.name == "percent.svg" }).content
    #expect(percent.contains("1234.5") && percent.contains("FAILED"))
  }

  @Test func namesAreNoMarkup() throws {
    var report = Sample.report([Sample.row("a|b <img src=x> `c` [d](e)\n# f", "mb1|`\nic")])
    report.machine.processor = "a | *processor*\n# heading"
    report.origin?.commit = "<b>"
    let text = try Self.markdown(report)
    #expect(!text.contains("<img") || text.contains("\\<img"))
    #expect(!text.contains("\n# f") && !text.contains("\n# heading") && !text.contains(" <b>"))
    // Each line of a table has as many cells as its title.
    var columns = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      let bars = line.replacingOccurrences(of: "\\|", with: "").count { $0 == "|" }
      guard line.hasPrefix("|") else {
        columns = 0
        continue
      }
      if columns == 0 { columns = bars }
      #expect(bars == columns, "\(line)")
    }
  }

  @Test func aReportCanBeReadAgain() throws {
    var report = Sample.report()
    report.step = try Sample.step()
    report.data = try Sample.data()
    report.peers = try Sample.decoded(PeersFile.self, Sample.peersJSON)
    let files = try report.files()
    #expect(Set(files.map(\.name)) == Set(PerformanceReport.fileNames))
    let results = try #require(files.first { $0.name == "results.json" }).content
    #expect(results.contains("\"later\""), "also what we don't know of the peers' file")
    let again = try Sample.decoded(PerformanceReport.self, results)
    #expect(try again.files().map(\.content) == files.map(\.content))
    // What `conv` writes is one without the rest; and what `report` writes is a baseline.
    #expect(try Sample.decoded(ConvolutionReport.self, results).results == report.results)
    let machine = try #require(files.first { $0.name == "machine.json" }).content
    let top = try #require(JSONSerialization.jsonObject(with: Data(machine.utf8)) as? [String: Any])
    #expect(Set(top.keys) == ["machine", "peak"])
  }

  @Test func stepsAndPictures() throws {
    var report = Sample.report([])
    report.step = try Sample.step()
    report.data = try Sample.data()
    let text = try Self.markdown(report)
    #expect(text.contains("- a noisy step"))
    #expect(text.contains("| critic | 226.00 | 232.00 | 400.0 | 7.7 % |"))
    #expect(text.contains("| norm | 6.00 | 2.6 |"))
    #expect(text.contains("critic.a\\|b"))
    #expect(text.contains("some faces") && text.contains("| all | 1 | 9 | 0.400 | 0.500 | 2000 | 2.5 |"))
  }

  @Test func itsNameIsSafeAndTellsTheMachine() {
    var report = Sample.report([])
    report.machine.date = "2026-11-23T17:34:59Z"
    for (processor, name) in [
      ("AMD EPYC (family 26 model 2)", "amd-epyc-family26-model2"),
      ("Intel(R) Xeon(R) Processor (family 6 model 207)", "intel-xeon-family6-model207"),
      ("../../etc/x\u{0}", "etc-x"), ("处理器", "unknown"),
    ] {
      report.machine.processor = processor
      #expect(report.name == "2026-11-23-\(name)")
    }
    report.machine.date = "../.."
    #expect(report.name.hasPrefix("unknown-"))
  }
}

/// Protects the seam to compare.py: what it may leave out, and what it must not get wrong.
@Suite struct PeersTests {
  @Test func everySection() throws {
    var report = Sample.report([])
    report.peers = try Sample.decoded(PeersFile.self, Sample.peersJSON)
    let text = try PerformanceReportTests.markdown(report)
    for says in [
      "PyTorch 2.13.0, on a machine, 2 threads, 5 quick rounds, both sides held to avx2, 2026-11-24",
      "**Next to PyTorch: TOO NOISY", "- other processes had 20 % of the machine",
      "another machine than the rest: a machine", "| 0.80 (0.72 to 0.88) |", "8 of 33 ratios to PyTorch are shaky",
      "| 64, 64, 64 | critic | 200.0 | 300.0 | 260.0 | 150.0 | channels\\_last | 1.30 (1.20 to 1.40) | 0.75 |",
      "| 1.30 (1.20 to 1.40) | 0.75 | 125.0 | 1.20 | 2.08 |",
      "| 64, 64, 64 | wgan-gp: critic | 400.0 | 1300.0 | 1200.0 |", "| channels\\_last | 3.00 |",
      "| JAX 0.10 | 64, 64, 64 | critic | 200.0 | 500.0 | products | 2.50 (2.40 to 2.60) | shaky |",
      "IPEX wasn't measured: it isn't there.", "| 64, 64 | 1 | 1.25 | 1.90 | 0.80 | later | 0.64 |",
      "| critic | 450.0 | 2 | 232.0 | 1.94 |", "| 0.200 | 3.000 | 15.00 |", "| 311 | 586 | 1.88 |",
      "| small | 9000 | 2000 | 1500 | 4.50 |", "(peers.svg)",
    ] { #expect(text.contains(says), "\(says)") }
  }

  @Test(arguments: [
    "convolutions", "steps", "objectives", "threads_scaling", "frameworks", "sampling", "start_up", "memory",
    "pictures", "torch", "rounds",
  ])
  func aSectionMayBeMissing(_ section: String) throws {
    var top = try #require(
      JSONSerialization.jsonObject(with: Data(Sample.peersJSON.utf8)) as? [String: Any])
    for value in [NSNull(), nil] as [Any?] {
      top[section] = value
      let data = try JSONSerialization.data(withJSONObject: top)
      var report = Sample.report([])
      report.peers = try JSONDecoder().decode(PeersFile.self, from: data)
      let text = try PerformanceReportTests.markdown(report)
      #expect(text.contains("## Next to PyTorch"))
      let plot = try #require(try report.files().first { $0.name == "peers.svg" }).content
      #expect(PlotTests.error(in: plot) == nil)
    }
  }

  @Test(arguments: [
    ("{}", "none of the sections"), ("[]", "isn't a JSON object"), ("{\"steps\": 5}", "steps isn't of the kind"),
    ("nonsense", "isn't JSON"), ("", "isn't JSON"), ("{\"wgan\": []}", "none of the sections"),
    ("{\"memory\": {\"ours_mb\": 1, \"theirs_mb\": 2}}", "memory.ratio is missing"),
    ("{\"memory\": {\"ours_mb\": 1, \"theirs_mb\": 2, \"ratio\": 0}}", "ratio isn't above 0"),
    ("{\"pictures\": [{\"kind\": \"a\", \"ours_per_s\": null, \"ratio\": 1}]}", "pictures[0].ours_per_s"),
    ("{\"threads\": 1.5, \"steps\": []}", "a number in it"),
  ]) func whatIsWrongIsSaidInOneLine(_ json: String, _ says: String) {
    do {
      _ = try Sample.decoded(PeersFile.self, json)
      Issue.record("\(json) was read")
    } catch {
      #expect(explain(error).contains(says), "\(explain(error))")
      #expect(!explain(error).contains("\n"))
    }
  }
}
