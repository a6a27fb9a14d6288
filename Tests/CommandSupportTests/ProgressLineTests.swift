import CommandSupport
import Testing

/// Protects: the line fits whatever terminal there is, and says first what matters first.
@Suite struct ProgressLineTests {
  static func line(_ scale: Int, epochs: Int? = nil) -> ProgressLine {
    ProgressLine(
      step: 120 * scale, steps: epochs == nil ? 2450 * scale : nil, epoch: 2, epochs: epochs, share: 0.0492,
      secondsSpent: 65 * Double(scale), secondsLeft: 1280 * Double(scale), stepsPerSecond: 1.83,
      batchesPerSecond: 9.15, hasOneRate: false, criticLoss: -0.45123, generatorLoss: 0.43123)
  }

  @Test(arguments: [line(1), line(100), line(10_000), line(1, epochs: 5)]) func itFits(line: ProgressLine) {
    for columns in 1...250 { #expect(line.text(columns: columns).count < max(2, columns), "\(columns)") }
  }

  @Test func whatMattersFirst() {
    let line = Self.line(1)
    #expect(line.text(columns: 20) == "4 %  d_loss -0.451")
    #expect(line.text(columns: 40) == "4 %  d_loss -0.451 g_loss 0.431")
    #expect(line.text(columns: 50) == "4 %  21:20 left  d_loss -0.451 g_loss 0.431")
    #expect(line.text(columns: 60) == "step 120/2450  4 %  21:20 left  d_loss -0.451 g_loss 0.431")
    #expect(line.text(columns: 80) == "step 120/2450  4 %  21:20 left  d_loss -0.451 g_loss 0.431  1.83 steps/s")
    #expect(
      line.text(columns: 120)
        == "step 120/2450 epoch 2  |▌         |  4 %  1:05 so far  21:20 left  d_loss -0.451 g_loss 0.431  "
        + "1.83 steps/s (9.15 it/s)")
    // More room never shows less.
    let words = (20...200).map { line.text(columns: $0).split(separator: " ").count { !$0.contains("|") } }
    #expect(words == words.sorted())
  }

  /// Before anything was measured.
  @Test func theBeginning() {
    var line = Self.line(1)
    (line.generatorLoss, line.stepsPerSecond, line.batchesPerSecond, line.secondsLeft) = (nil, nil, nil, nil)
    #expect(line.text(columns: 66) == "step 120/2450  4 %  ? left  d_loss -0.451 g_loss ?  ? steps/s")
    #expect(line.placeAndSpeed == "step 120/2450 epoch 2  4 %  ? left  ? steps/s (? it/s)")
  }

  /// One critic step for each generator step: one rate.
  @Test func noRateIsToldTwice() {
    var line = Self.line(1)
    line.hasOneRate = true
    #expect(line.text(columns: 200).contains("1.83 steps/s") && !line.text(columns: 200).contains("it/s"))
    #expect(line.placeAndSpeed == "step 120/2450 epoch 2  4 %  21:20 left  1.83 steps/s")
    for columns in 1...250 { #expect(line.text(columns: columns).count < max(2, columns), "\(columns)") }
  }

  @Test func bars() {
    #expect(ProgressLine.bar(0, width: 4) == "|    |" && ProgressLine.bar(1, width: 4) == "|████|")
    #expect(ProgressLine.bar(0.5, width: 3) == "|█▌ |" && ProgressLine.bar(.infinity, width: 2) == "|██|")
  }
}
