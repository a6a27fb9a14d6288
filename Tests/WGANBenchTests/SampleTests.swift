import Foundation
import Testing
import WGANBench

/// Protects what `sample` tells those who read it: Benchmarks/peers/compare.py.
@Suite struct SampleTests {
  static let small = ["sample", "--size", "16", "--features", "8", "--batch-size", "3", "--repeat", "2"]

  @Test func keys() throws {
    let result = try ToolTests.run(Self.small + ["--warm-ups", "0", "--no-split", "--format", "json"])
    #expect(result.code == 0, "\(result.errors)")
    #expect(String(decoding: result.output, as: UTF8.self).split(separator: "\n").count == 1)
    let top = try #require(JSONSerialization.jsonObject(with: result.output) as? [String: Any])
    for key in ["batch_ms", "picture_ms"] {
      #expect(Set((top[key] as? [String: Double] ?? [:]).keys) == ["min", "median"])
    }
    let report = try JSONDecoder().decode(SampleReport.self, from: result.output)
    #expect(report.size == 16 && report.features == 8 && report.batch_size == 3 && report.threads > 0)
    #expect(report.batch_ms.min > 0 && report.picture_ms.min > 0 && report.steps.isEmpty)
  }

  /// The split is the generator's alone, in evaluation.
  @Test func aTableOfBothCalls() throws {
    let result = try ToolTests.run(Self.small)
    #expect(result.code == 0, "\(result.errors)")
    let text = String(decoding: result.output, as: UTF8.self)
    for says in ["   3 at once", "   1 at once", "3-picture step", "1-picture step", "generator.final"] {
      #expect(text.contains(says), "\(says)")
    }
    #expect(!text.contains("critic"))
  }
}
