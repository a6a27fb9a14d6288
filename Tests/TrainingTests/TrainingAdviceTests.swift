import Configuration
import Testing
import Training

/// Protects: what is told of a run while it trains is told once, and only where the numbers say it.
@Suite struct TrainingAdviceTests {
  /// What is told of `steps` rows.
  private func told(
    _ objective: ObjectiveKind, steps: Int, _ row: (_ step: Int, inout StepMetrics) -> Void
  ) -> [String] {
    var configuration = TrainingConfiguration.blog
    configuration.objective = objective
    let advice = TrainingAdvice(configuration)
    return (1...steps).flatMap { step in
      var metrics = StepMetrics(
        step: step, epoch: 1, seconds: 0, criticLosses: CriticLosses(real: -1, fake: 1), generatorLoss: 0)
      if objective == .relativistic { metrics.criticLosses.loss = 0.6 }
      row(step, &metrics)
      return advice.lines(of: metrics)
    }
  }

  @Test(arguments: [(Float(1.1), nil), (3, "raise --penalty-weight"), (0.2, "lower --penalty-weight"), (.nan, nil)])
  func aGradientFarFromItsTarget(norm: Float, says: String?) {
    let lines = told(.wganGP, steps: 1000) { _, row in row.criticLosses.measured["gradient_norm"] = norm }
    #expect(lines.count == (says == nil ? 0 : 1))
    if let says { #expect(lines.first?.contains(says) == true) }
    // Other objectives have no target, and a run's beginning says nothing.
    #expect(told(.relativistic, steps: 1000) { _, row in row.criticLosses.measured["gradient_norm"] = norm }.isEmpty)
    #expect(told(.wganGP, steps: 150) { _, row in row.criticLosses.measured["gradient_norm"] = norm }.isEmpty)
  }

  /// Losses that explode without ceasing to be numbers: once, whichever of them it is.
  @Test func lossesThatExplode() {
    for (critic, generator) in [(Float(-6.5e22), Float(1)), (1, 2e6)] {
      let lines = told(.wgan, steps: 20) { step, row in
        if step > 5 { (row.criticLosses.loss, row.generatorLoss) = (critic, generator) }
      }
      #expect(lines.count == 1)
      #expect(lines.first?.contains("at generator step 6") == true && lines.first?.contains("--learning-rate") == true)
    }
    #expect(told(.wgan, steps: 20) { _, row in row.generatorLoss = -9e5 }.isEmpty)
  }

  /// Also of rows that are read back, as who watches a run does.
  @Test(arguments: [false, true]) func aSaturatedCritic(isReadBack: Bool) {
    func lines(_ objective: ObjectiveKind, _ column: String, _ value: Float, steps: Int = 400) -> [String] {
      told(objective, steps: steps) { step, row in
        if column == "at_bound" { row.criticLosses.measured[column] = value } else { row.criticLosses.loss = value }
        let cells = ["d_loss": row.criticLosses.loss, "g_loss": 0].merging([column: value]) { $1 }
        if isReadBack { row = StepMetrics(step: step) { cells[$0] } }
      }
    }
    #expect(lines(.wgan, "at_bound", 0.99).map { $0.contains("--clip helps") } == [true])
    #expect(lines(.relativistic, "d_loss", 0.005).map { $0.contains("--penalty-weight") } == [true])
    // A run's beginning, numbers that are as they should be, and other objectives' losses say nothing.
    #expect(lines(.wgan, "at_bound", 0.99, steps: 190).isEmpty && lines(.wgan, "at_bound", 0.5).isEmpty)
    #expect(lines(.relativistic, "d_loss", 0.3).isEmpty && lines(.wgan, "d_loss", 0.005).isEmpty)
  }

  /// Single steps are noise.
  @Test func aCriticThatIsSaturatedNowAndThen() {
    let lines = told(.wgan, steps: 1000) { step, row in
      row.criticLosses.measured["at_bound"] = step % 3 == 0 ? 1 : 0.5
    }
    #expect(lines.isEmpty)
  }

  @Test func samplesThatAreAlike() {
    func lines(share: Float, steps: Int) -> [String] {
      told(.relativistic, steps: steps) { step, row in
        if step % 100 == 0 { row.distances["duplicates"] = share }
      }
    }
    #expect(lines(share: 0.5, steps: 2000).count == 1)
    #expect(lines(share: 0.5, steps: 2000).first?.hasPrefix("50 % of the samples") == true)
    #expect(lines(share: 0.2, steps: 2000).isEmpty)
    // At first they are.
    #expect(lines(share: 1, steps: 900).isEmpty)
  }

  /// Five evaluations in a row, after the beginning; a gap that is as large on held-out pictures says nothing.
  @Test func aCriticThatKnowsItsPicturesByHeart() {
    func lines(heldOutGap: Float, steps: Int, every: Int = 50) -> [String] {
      told(.wgan, steps: steps) { step, row in
        if step % every == 0 { row.heldOutLosses = CriticLosses(real: 0, fake: heldOutGap) }
      }
    }
    #expect(lines(heldOutGap: 0.5, steps: 1000).count == 1)
    #expect(lines(heldOutGap: 0.5, steps: 1000).first?.contains("--augment") == true)
    #expect(lines(heldOutGap: 1.8, steps: 1000).isEmpty)
    #expect(lines(heldOutGap: 0.5, steps: 190, every: 10).isEmpty)
  }
}
