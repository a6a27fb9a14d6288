// Which configurations a run can have. Everything above relies on it: a value that passes here overflows nothing.

extension TrainingConfiguration {
  /// 4 * 2^k: the nets halve or double the grid from 4x4.
  package static let sizes = [16, 32, 64, 128, 256]

  /// - Throws: for the first value that no run can have, naming the flag that mends it.
  package func validate() throws(ConfigurationError) {
    guard Self.sizes.contains(size) else {
      let sizes = Self.sizes.map(String.init).joined(separator: ", ")
      throw ConfigurationError(
        "--size", "\(size): the nets halve the picture down to 4x4, so it must be one of \(sizes)")
    }
    guard channels == 1 || channels == 3 else {
      throw ConfigurationError("--channels", "\(channels): must be 1 (grey) or 3 (colour)")
    }
    let oneWidth = criticFeatures == generatorFeatures
    try check(oneWidth ? "--features" : "--critic-features", criticFeatures, 1...1024)
    try check("--generator-features", generatorFeatures, 1...1024)
    try check("--latent", latent, 1...65_536)
    try check("--extra-layers", extraLayers, 0...32)
    // One picture is enough for batch norm: its smallest grid, 4x4, gives 16 values per channel.
    try check("--batch-size", batchSize, 1...65_536)
    try check("--critic-steps", criticSteps, 1...1_000_000)
    try check("--warm-up-critic-steps", warmUpCriticSteps, 1...1_000_000)
    try check("--warm-up-generator-steps", warmUpGeneratorSteps, 0...1_000_000_000)
    try check("--warm-up-every", warmUpEvery, 0...1_000_000_000)
    let oneClip = (-clipLower).bitPattern == clipUpper.bitPattern
    guard clipUpper > 0, clipUpper.isFinite else {
      throw ConfigurationError(
        oneClip ? "--clip" : "--clip-upper", "\(clipUpper): must be more than 0 (the references' is 0.01)")
    }
    guard clipLower < 0, clipLower.isFinite else {
      throw ConfigurationError("--clip-lower", "\(clipLower): must be less than 0 (the references' is -0.01)")
    }
    let oneRate = criticLearningRate.bitPattern == generatorLearningRate.bitPattern
    for (flag, rate) in [
      ("--critic-learning-rate", criticLearningRate), ("--generator-learning-rate", generatorLearningRate),
    ] where !(rate > 0 && rate <= 1) {
      throw ConfigurationError(
        oneRate ? "--learning-rate" : flag, "\(rate): must be more than 0, and 1 at most")
    }
    for (flag, beta) in [("--adam-beta1", adamBeta1), ("--adam-beta2", adamBeta2)] where !(beta >= 0 && beta < 1) {
      throw ConfigurationError(flag, "\(beta): must be 0 or more, and less than 1")
    }
    guard fraction > 0, fraction <= 1 else {
      throw ConfigurationError("--fraction", "\(fraction): must be more than 0, and 1 (all pictures) at most")
    }
    guard heldOut >= 0, heldOut < 1 else {
      throw ConfigurationError("--held-out", "\(heldOut): must be 0 (none) or more, and less than 1")
    }
  }

  private func check(_ flag: String, _ value: Int, _ range: ClosedRange<Int>) throws(ConfigurationError) {
    if !range.contains(value) {
      throw ConfigurationError(flag, "\(value): must be from \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
