import Foundation
import Testing
import WGANBench

private func row(
  _ shape: String = "mb1", pass: Pass = .forward, min: Double = 1, median: Double = 1, percentOfPeak: Double = 80,
  others: Double? = 0
) -> ConvolutionRow {
  ConvolutionRow(
    layer: "critic.a, b", shape: shape, pass: pass, isa: "avx512", threads: 2, algorithm: "direct", tile: "8x32",
    blocking: "ic64", verified: true, milliseconds: Timing(min: min, median: median), samples: 5, gflops: 100,
    percentOfPeak: percentOfPeak, intensity: 20, roof: "compute", roofGflops: 125, othersShare: others)
}

private func report(_ rows: [ConvolutionRow]) -> ConvolutionReport {
  ConvolutionReport(machine: .current(), peak: Peak(), results: rows)
}

/// Protects whoever gates on --baseline: neither noise nor a slower clock fails, a real slowdown does.
@Suite struct BaselineTests {
  @Test func theSameRunIsNoSlower() {
    let r = report([row(), row(pass: .backwardData)])
    let comparison = BaselineComparison(now: r, then: r)
    #expect(comparison.slower.isEmpty && comparison.faster.isEmpty && comparison.compared == 2)
  }

  @Test func aSlowdownIsNamed() {
    let comparison = BaselineComparison(
      now: report([row("mb2", min: 1.1, median: 1.1, percentOfPeak: 80 / 1.1), row("mb3")]),
      then: report([row("mb2"), row("mb3")]))
    #expect(comparison.slower.count == 1)
    #expect(comparison.slower.first?.row.contains("mb2 forward avx512 2 threads") == true)
    #expect(comparison.text.contains("SLOWER") && comparison.text.contains("+10.0 %"), "\(comparison.text)")
    let back = BaselineComparison(
      now: report([row("mb2")]), then: report([row("mb2", min: 1.1, median: 1.1, percentOfPeak: 80 / 1.1)]))
    #expect(back.slower.isEmpty && back.faster.count == 1)
  }

  @Test func noiseIsTolerated() {
    // The median 10 % up, the minimum where it was: something disturbed this run.
    let disturbed = BaselineComparison(
      now: report([row(min: 1, median: 1.1, percentOfPeak: 80 / 1.1)]), then: report([row()]))
    #expect(disturbed.slower.isEmpty)
    // 6 % up, but each run's own samples are 4 % apart.
    let noisy = BaselineComparison(
      now: report([row(min: 1.06, median: 1.06 * 1.04, percentOfPeak: 80 / 1.06)]),
      then: report([row(min: 1, median: 1.04)]))
    #expect(noisy.slower.isEmpty)
  }

  @Test func aSlowerClockIsNotTheCodesFault() {
    // All takes 20 % longer, the peak probe too: the same share of the peak.
    let comparison = BaselineComparison(now: report([row(min: 1.2, median: 1.2)]), then: report([row()]))
    #expect(comparison.slower.isEmpty)
  }

  @Test func rowsWithoutACounterpartAreCounted() {
    let comparison = BaselineComparison(now: report([row("mb2")]), then: report([row("mb3")]))
    #expect(comparison.compared == 0 && comparison.missing.count == 1 && comparison.new.count == 1)
    #expect(comparison.slower.isEmpty)
  }

  @Test func disturbedRowsAreNotJudged() {
    let slow = row(min: 2, median: 2, percentOfPeak: 40, others: 0.5)
    for (now, then) in [(slow, row()), (row(percentOfPeak: 40), row(others: 0.5))] {
      let comparison = BaselineComparison(now: report([now]), then: report([then]))
      #expect(comparison.slower.isEmpty && comparison.compared == 0 && comparison.disturbed.count == 1)
      #expect(comparison.text.contains("not judged"))
    }
    let strict = BaselineComparison(now: report([slow]), then: report([row()]), judgesDisturbed: true)
    #expect(strict.slower.count == 1 && strict.compared == 1 && strict.disturbed.isEmpty)
    // Where the system doesn't tell, rows are judged.
    let unknown = BaselineComparison(
      now: report([row(min: 2, median: 2, percentOfPeak: 40, others: nil)]), then: report([row(others: nil)]))
    #expect(unknown.slower.count == 1)
  }

  /// A pass that took no time, or a broken file: no trap, no verdict.
  @Test func nonsenseIsNotSlower() {
    let comparison = BaselineComparison(
      now: report([row(min: 0, median: 0, percentOfPeak: .infinity)]), then: report([row(percentOfPeak: 0)]))
    #expect(comparison.slower.isEmpty)
  }
}

/// Protects the forms that other programs read.
@Suite struct FormTests {
  @Test func json() throws {
    let data = try JSONEncoder().encode(report([row()]))
    let top = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(top.keys) == ["machine", "peak", "results"])
    let result = try #require((top["results"] as? [[String: Any]])?.first)
    for key in [
      "layer", "shape", "pass", "isa", "threads", "algorithm", "blocking", "milliseconds", "gflops", "percentOfPeak",
    ] {
      #expect(result[key] != nil, "\(key)")
    }
    #expect(Set((result["milliseconds"] as? [String: Any] ?? [:]).keys) == ["min", "median"])
    #expect(try JSONDecoder().decode(ConvolutionReport.self, from: data).results == [row()])
  }

  /// Baselines that were written before rows told their blocking.
  @Test func olderReportsCanBeRead() throws {
    var old = row()
    old.blocking = nil
    let data = try JSONEncoder().encode(report([old]))
    #expect(!String(decoding: data, as: UTF8.self).contains("blocking"))
    #expect(try JSONDecoder().decode(ConvolutionReport.self, from: data).results == [old])
  }

  @Test func csvHasAsManyFieldsAsTitles() {
    let titles = ConvolutionRow.csvHeader.split(separator: ",")
    let line = row().csv
    #expect(line.hasPrefix("\"critic.a, b\",mb1,forward,avx512,2,direct,fp32,,8x32,ic64,PASSED,1.00000,"))
    // The layer's comma is inside quotes.
    #expect(line.split(separator: ",", omittingEmptySubsequences: false).count == titles.count + 1)
  }

  @Test func theRoofIsTheFirstLevelThatHoldsTheWork() {
    var peak = Peak()
    for (level, capacity) in [("L1", 100), ("L2", 1000), ("DRAM", Int.max)] {
      peak.bandwidth.append(
        Peak.Bandwidth(level: level, threads: 2, bytesPerThread: 1, capacity: capacity, read: 1, copy: 1))
    }
    #expect(peak.level(holding: 100, threads: 2)?.level == "L1")
    #expect(peak.level(holding: 101, threads: 2)?.level == "L2")
    #expect(peak.level(holding: 1e12, threads: 2)?.level == "DRAM")
    #expect(peak.level(holding: 1, threads: 3) == nil)
  }

  @Test func aNoisyMachineIsNotTrusted() {
    var peak = Peak()
    peak.arithmetic = [
      Peak.Arithmetic(
        isa: "avx2", threads: 1, gflops: 100, before: Spread([99, 100, 99]), after: Spread([99, 100, 99]))
    ]
    peak.judge(nil)
    #expect(peak.trustworthy)
    peak.arithmetic[0].after = Spread([80, 85, 81])
    peak.judge(nil)
    #expect(!peak.trustworthy && peak.verdict.contains("slower after than before"))
    peak.arithmetic[0].after = nil
    peak.judge(nil, rows: [row(min: 1, median: 1.5)])
    #expect(!peak.trustworthy && peak.verdict.contains("TOO NOISY"))
    peak.judge(nil, rows: [row(min: 1, median: 1.5, others: 0.2)])
    #expect(peak.doubts.count == 1 && peak.verdict.contains("disturbed 1 of 1 rows"), "\(peak.verdict)")
    peak.judge(nil, rows: [row(percentOfPeak: 120)])
    #expect(!peak.trustworthy && peak.verdict.contains("120.0 % of what"), "\(peak.verdict)")
  }
}
