// What `step` measures: whole training steps, and where their time goes.

import CommandSupport
import Compute
import SystemSupport

/// What `step` writes as JSON. (The names with underscores are what Benchmarks/peers/compare.py reads.)
package struct StepReport: Codable, Sendable {
  package var machine: Machine
  package var size: Int
  package var features: Int
  package var latent: Int
  package var extra_layers: Int
  package var batch_size: Int
  package var threads: Int
  package var isa: String
  /// Of the whole step, nothing recorded; as in `steps`.
  package var critic_ms: Timing
  package var generator_ms: Timing
  /// Of the median, of the convolutions' multiply-adds by the direct method.
  package var critic_gflops: Double
  package var generator_gflops: Double
  /// The process's largest resident size so far.
  package var rss_mb: Double
  /// What the instruction set and the threads can do, measured before, between and after the steps; 0: not measured,
  /// for no step was split.
  package var peak_gflops: Double
  /// The same of bf16; nil: it wasn't multiplied, or not measured.
  package var bf16_peak_gflops: Double?
  /// GB/s that the threads read from memory; nil: not measured.
  package var memory_gb_per_s: Double?
  /// Why these figures shouldn't be trusted; empty if they may be.
  package var doubts: [String]
  /// Critic and generator step; empty: not split.
  package var steps: [SplitStep]
}

/// One kind of step, split two ways that each add up to `recorded`: by `parts`, the calls as they are, and by `kinds`,
/// which has the threads' waiting taken out of all calls and put together.
package struct SplitStep: Codable, Sendable {
  /// "critic" or "generator".
  package var step: String
  /// Of the whole step, nothing recorded.
  package var milliseconds: Timing
  /// Of the whole step while its calls were recorded, and of the sum of `parts`: the median steps of parts needn't be
  /// the same step, so the two differ a little.
  package var recordedMilliseconds: Timing
  package var partsMilliseconds: Double
  /// By `StepRecorder.Kind`, "waiting" and "other": milliseconds.
  package var kinds: [String: Double]
  /// 0...1. Waiting isn't convolution, also where threads wait in one.
  package var notConvolutionShare: Double
  package var parts: [Part]

  package struct Part: Codable, Sendable {
    /// "critic.pyramid.0.conv"; "other" for what the step did outside of driver calls.
    package var layer: String
    package var kind: String
    /// The layer's own pass, also where a transposed layer's is another of the convolution's.
    package var pass: String
    /// Median over the steps of all calls of this layer, kind and pass together: those of real and of fake pictures.
    package var milliseconds: Double
    /// Of these: threads without work, as `StepRecorder` defines it.
    package var waitingMilliseconds: Double
    /// 0...1, of the sum of the parts.
    package var share: Double
    /// Of a convolution by the direct method, waiting included.
    package var gflops: Double?
    package var percentOfPeak: Double?
    /// Of a convolution: how.
    package var algorithm: String?
    /// What it multiplies, whose peak counts; nil: fp32.
    package var precision: String?
    /// "direct", "winograd bf16"; empty: not a convolution.
    package var method: String { (algorithm ?? "") + (precision.map { " " + $0 } ?? "") }
    /// The model: the multiplications that the method leaves at the measured peak, then the operands at the measured
    /// bandwidth of memory, nothing at the same time. Of convolutions and norms.
    package var limitMilliseconds: Double?
  }

  /// One step, recorded.
  package struct Recording: Sendable {
    /// Of the whole step.
    package var milliseconds: Double
    package var entries: [StepRecorder.Entry]

    package init(milliseconds: Double, entries: [StepRecorder.Entry]) {
      self.milliseconds = milliseconds
      self.entries = entries
    }

    /// What the step did outside of driver calls.
    package var other: Double { milliseconds - entries.reduce(0) { $0 + $1.milliseconds } }
  }

  /// - Parameters:
  ///   - whole: milliseconds of steps that weren't recorded.
  ///   - recordings: of others, at least one.
  package init(
    _ step: String, whole: [Double], recordings: [Recording], peakGflops: [Precision: Double],
    memoryGBPerSecond: Double = 0
  ) {
    self.step = step
    milliseconds = Timing(whole)
    recordedMilliseconds = Timing(recordings.map(\.milliseconds))
    func median(_ values: [Double]) -> Double { Spread(values).median }

    var labels: [StepRecorder.Label] = []
    var entries: [StepRecorder.Label: [StepRecorder.Entry]] = [:]
    for entry in recordings.flatMap(\.entries) {
      if entries[entry.label] == nil { labels.append(entry.label) }
      entries[entry.label, default: []].append(entry)
    }
    var parts = labels.map { label in
      let calls = entries[label, default: []]
      var part = Part(
        layer: label.layer, kind: label.kind.rawValue, pass: label.pass.rawValue,
        milliseconds: median(calls.map(\.milliseconds)), waitingMilliseconds: median(calls.map(\.waitingMilliseconds)),
        share: 0)
      guard let work = calls.first?.work, part.milliseconds > 0, let peakGflops = peakGflops[work.precision],
        peakGflops > 0
      else { return part }
      if work.multiplyAdds > 0 {
        let gflops = 2e-6 * Double(work.multiplyAdds) / part.milliseconds
        (part.gflops, part.percentOfPeak) = (gflops, 100 * gflops / peakGflops)
        part.algorithm = work.algorithm?.rawValue
        part.precision = work.precision == .float32 ? nil : work.precision.rawValue
      }
      if work.bytes > 0, memoryGBPerSecond > 0 {
        part.limitMilliseconds =
          2e-6 * Double(work.products) / peakGflops + 1e-6 * Double(work.bytes) / memoryGBPerSecond
      }
      return part
    }
    parts.append(
      Part(
        layer: Self.other, kind: Self.other, pass: "", milliseconds: median(recordings.map(\.other)),
        waitingMilliseconds: 0, share: 0))
    let sum = parts.reduce(0) { $0 + $1.milliseconds }
    for i in parts.indices where sum > 0 { parts[i].share = parts[i].milliseconds / sum }
    self.parts = parts
    partsMilliseconds = sum

    // Every kind is there, also one that a step has none of.
    var kinds: [String: Double] = [:]
    for kind in Self.kindOrder { kinds[kind] = 0 }
    for part in parts {
      kinds[part.kind, default: 0] += part.milliseconds - part.waitingMilliseconds
      kinds[Self.waiting, default: 0] += part.waitingMilliseconds
    }
    self.kinds = kinds
    notConvolutionShare = sum > 0 ? 1 - kinds[StepRecorder.Kind.convolution.rawValue, default: 0] / sum : 0
  }

  /// Of all parts that the model knows; nil where it knows none.
  package var limitMilliseconds: Double? {
    let limits = parts.compactMap(\.limitMilliseconds)
    return limits.isEmpty ? nil : limits.reduce(0, +)
  }

  package static let waiting = "waiting"
  package static let other = "other"
  /// The keys of `kinds`, in the order that tables show them.
  package static let kindOrder = StepRecorder.Kind.allCases.map(\.rawValue) + [waiting, other]
}

// MARK: - Tables

extension SplitStep {
  /// The calls in the order that a step makes them in, their sum, and the kinds.
  package var text: String {
    var calls = TextTable(
      ["layer", "kind", "pass", "algorithm", "ms", "limit", "waiting", "% of step", "GFLOP/s", "% of peak"],
      wordColumns: [0, 1, 2, 3])
    func number(_ value: Double?, _ digits: Int) -> String { value.map { String(printf: "%.\(digits)f", $0) } ?? "" }
    for part in parts {
      calls.add([
        part.layer, part.kind == part.layer ? "" : part.kind, part.pass, part.method,
        number(part.milliseconds, 3), number(part.limitMilliseconds, 3), number(part.waitingMilliseconds, 3),
        number(100 * part.share, 1), number(part.gflops, 1),
        number(part.percentOfPeak, 1),
      ])
    }
    let waitingSum = kinds[Self.waiting, default: 0]
    calls.add([
      "sum", "", "", "", number(partsMilliseconds, 3), number(limitMilliseconds, 3), number(waitingSum, 3), "100.0", "",
      "",
    ])

    var summary = TextTable(["kind", "ms", "% of step"])
    for kind in Self.kindOrder {
      let milliseconds = kinds[kind, default: 0]
      summary.add([kind, number(milliseconds, 3), number(100 * milliseconds / max(partsMilliseconds, 1e-9), 1)])
    }
    let waitingInConvolutions = parts.filter { $0.gflops != nil }.reduce(0) { $0 + $1.waitingMilliseconds }
    let cost = 100 * (recordedMilliseconds.median / max(milliseconds.median, 1e-9) - 1)
    return """
      \(step) step, medians while recorded (the whole step: \(number(recordedMilliseconds.median, 2)) ms, \
      not recorded: \(number(milliseconds.median, 2)) ms, \(String(printf: "%+.1f", cost)) %)
      \(calls.text)

      \(summary.text)
      not convolution: \(number(100 * notConvolutionShare, 1)) % (of these, waiting in convolutions: \
      \(number(100 * waitingInConvolutions / max(partsMilliseconds, 1e-9), 1)) %)
      """
  }
}
