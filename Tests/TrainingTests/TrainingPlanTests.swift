import Compute
import Configuration
import SystemSupport
import Testing
import Training

/// Protects: who asks for more memory than there is gets values that fit.
@Suite struct TrainingPlanTests {
  /// The line's values, set.
  func advised(_ configuration: TrainingConfiguration, limit: Int, besides others: Int = 0) throws
    -> (text: String, TrainingConfiguration)
  {
    let device = try Device(threads: 1)
    let plan = try TrainingPlan(configuration, on: device)
    let error = #expect(throws: ConfigurationError.self) {
      try plan.checkMemory(besides: { _ in others }, limit: MemoryLimit(limit, "there is"), on: device)
    }
    let text = error?.text(.flags) ?? ""
    var result = configuration
    for (_, flag, value) in text.split(separator: ": ").last?.matches(of: /--([a-z-]+) ([0-9]+)/).map(\.output) ?? [] {
      let value = Int(value) ?? 0
      switch flag {
      case "batch-size": result.batchSize = value
      case "features": result.features = value
      case "critic-features": result.criticFeatures = value
      case "generator-features": result.generatorFeatures = value
      default: Issue.record("\(flag)")
      }
    }
    return (text, result)
  }

  @Test(arguments: [(0.6, 64, 64), (0.2, 64, 64), (0.15, 64, 64), (0.3, 32, 64), (0.15, 32, 128), (0.5, 64, 16)])
  func whatIsAdvisedFits(share: Double, critic: Int, generator: Int) throws {
    var configuration = TrainingConfiguration.blog
    (configuration.size, configuration.criticFeatures, configuration.generatorFeatures) = (32, critic, generator)
    let device = try Device(threads: 1)
    let bytes = try TrainingPlan(configuration, on: device).bytes
    let others = 1 << 20
    let limit = Int(Double(bytes) * share) + others
    let (text, smaller) = try advised(configuration, limit: limit, besides: others)
    #expect(text.hasPrefix("--batch-size 64 with --size 32 and --features "), "\(text)")
    #expect(smaller != configuration && smaller.batchSize >= 8, "\(text)")
    #expect(try TrainingPlan(smaller, on: device).bytes + others <= limit, "\(text)")
  }

  @Test func whereNothingFitsItIsSaid() throws {
    let (text, smaller) = try advised(.blog, limit: 1000)
    #expect(text.hasSuffix("give a smaller --size, or less of everything") && smaller == .blog, "\(text)")
  }
}
