// The same work in PyTorch, side by side with ours: what Benchmarks/peers/compare.py --json writes.

/// Each section may be null or missing: what wasn't compared. The names are the file's. Ratios above 1: wgan is better.
package struct Peers: Codable, Sendable {
  package var machine: String?
  /// PyTorch's version.
  package var torch: String?
  /// ISO 8601.
  package var date: String?
  package var threads: Int?
  package var rounds: Int?
  /// --quick: fewer rounds, shorter ones.
  package var quick: Bool?
  /// What both sides were held to.
  package var isa_limit: String?
  /// Of the machine's time, what other processes had meanwhile: 0...1.
  package var others_share: Double?
  package var convolutions: [Convolution]?
  package var steps: [Step]?
  /// Steps of other objectives than the preset's.
  package var objectives: [Step]?
  package var threads_scaling: [Scaling]?
  package var frameworks: Frameworks?
  package var sampling: [Sampling]?
  package var start_up: StartUp?
  package var memory: Memory?
  package var pictures: [Pictures]?

  package struct Convolution: Codable, Sendable {
    package var layer: String
    package var shape: String
    package var pass: String
    package var isa: String
    package var threads: Int
    package var ours_ms: Double
    package var theirs_ms: Double
    /// PyTorch's layout that was faster.
    package var theirs_layout: String?
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var shaky: Bool?
  }

  package struct Step: Codable, Sendable {
    package var size: Int
    package var features: Int
    package var batch: Int
    /// "critic" or "generator"; of `objectives` "wgan-gp: critic".
    package var step: String
    package var ours_ms: Double
    /// Milliseconds of each configuration; null: it didn't run.
    package var theirs: [String: Double?]
    package var best_fp32: String?
    /// To the best fp32 configuration.
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var ratio_bf16: Double?
    /// Ours with --precision bf16, and that to PyTorch's bf16 and to its best fp32. Nil: it wasn't measured.
    package var ours_bf16_ms: Double?
    package var bf16_to_bf16: Double?
    package var bf16_to_fp32: Double?
    package var shaky: Bool?
  }

  /// Our own steps, with one thread and with two.
  package struct Scaling: Codable, Sendable {
    package var step: String
    package var one_ms: Double
    package var two_ms: Double
    /// What two_ms is of; nil: two.
    package var threads: Int?
    package var ratio: Double
    package var shaky: Bool?
  }

  /// Steps in other frameworks than PyTorch.
  package struct Frameworks: Codable, Sendable {
    package var steps: [FrameworkStep]
    /// Why others weren't measured, by name.
    package var skipped: [String: String]?
  }

  package struct FrameworkStep: Codable, Sendable {
    package var framework: String
    package var version: String?
    package var size: Int
    package var features: Int
    package var batch: Int
    /// "critic" or "generator".
    package var step: String
    package var ours_ms: Double
    /// In the framework's fastest way, which has a name.
    package var fp32_ms: Double
    package var fp32_way: String?
    /// Nil: it wasn't measured.
    package var bf16_ms: Double?
    package var bf16_way: String?
    /// To fp32.
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var ratio_bf16: Double?
    package var shaky: Bool?
  }

  /// Pictures from a generator that doesn't train.
  package struct Sampling: Codable, Sendable {
    package var size: Int
    package var features: Int
    /// At once.
    package var pictures: Int
    package var ours_ms: Double
    /// Milliseconds of each contestant.
    package var theirs: [String: Double]
    package var best: String?
    /// To the best.
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var shaky: Bool?
  }

  package struct StartUp: Codable, Sendable {
    package var ours_s: Double
    package var theirs_s: Double
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var shaky: Bool?
  }

  package struct Memory: Codable, Sendable {
    package var ours_mb: Double
    package var theirs_mb: Double
    package var ratio: Double
  }

  package struct Pictures: Codable, Sendable {
    package var kind: String
    package var ours_per_s: Double
    package var pil_per_s: Double?
    package var loader_per_s: Double?
    /// To PIL.
    package var ratio: Double
    package var ratio_min: Double?
    package var ratio_max: Double?
    package var ratio_loader: Double?
    package var shaky: Bool?
  }
}

// MARK: - Reading

/// The file's content: all of it, to be passed on, and what we understand of it.
package struct PeersFile: Codable, Sendable {
  package let peers: Peers
  private let content: JSONValue

  package init(from decoder: any Decoder) throws {
    peers = try Peers(from: decoder)
    content = try JSONValue(from: decoder)
    guard peers.hasSections else { throw Meaningless(why: "there are none of the sections that compare.py writes") }
    guard peers.ratios.allSatisfy({ $0 > 0 }) else { throw Meaningless(why: "a ratio isn't above 0") }
  }

  package func encode(to encoder: any Encoder) throws { try content.encode(to: encoder) }
}

extension Peers {
  fileprivate var hasSections: Bool {
    convolutions != nil || steps != nil || objectives != nil || threads_scaling != nil || frameworks != nil
      || sampling != nil || start_up != nil || memory != nil || pictures != nil
  }

  fileprivate var ratios: [Double] {
    var ratios = [start_up?.ratio, memory?.ratio].compactMap { $0 }
    ratios += (convolutions ?? []).map(\.ratio)
    ratios += (steps ?? []).map(\.ratio)
    ratios += (objectives ?? []).map(\.ratio)
    ratios += (threads_scaling ?? []).map(\.ratio)
    ratios += (frameworks?.steps ?? []).map(\.ratio)
    ratios += (sampling ?? []).map(\.ratio)
    ratios += (pictures ?? []).map(\.ratio)
    return ratios
  }
}
