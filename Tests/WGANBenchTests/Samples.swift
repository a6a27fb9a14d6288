import Foundation
import WGANBench

/// Reports as the tool writes them, with whatever a test wants to see in them.
enum Sample {
  static let layers = [
    ("critic.initial.conv + generator.final^T", "mb64ic3ih64oc64oh32kh4sh2ph1", 20.2),
    ("critic.extra.0.conv + generator.extra.0.conv^T", "mb64ic64ih32oc64oh32kh3sh1ph1", 143.4),
    ("critic.pyramid.0.conv + generator.pyramid.2.conv^T", "mb64ic64ih32oc128oh16kh4sh2ph1", 167.2),
    ("critic.pyramid.1.conv + generator.pyramid.1.conv^T", "mb64ic128ih16oc256oh8kh4sh2ph1", 292.6),
    ("critic.pyramid.2.conv + generator.pyramid.0.conv^T", "mb64ic256ih8oc512oh4kh4sh2ph1", 292.6),
    ("critic.final", "mb64ic512ih4oc1oh1kh4sh1ph0", 0.5),
    ("generator.initial.conv^T", "mb64ic512ih4oc100oh1kh4sh1ph0", 19.4),
  ]

  static let peaks = ["portable": 95.0, "avx2": 259, "avx512": 512]

  static func row(
    _ layer: String = layers[2].0, _ shape: String = layers[2].1, pass: Pass = .forward, isa: String = "avx512",
    threads: Int = 2, percent: Double = 80, intensity: Double = 167.2, verified: Bool = true, unsteady: Bool = false,
    others: Double? = 0
  ) -> ConvolutionRow {
    ConvolutionRow(
      layer: layer, shape: shape, pass: pass, isa: isa, threads: threads, algorithm: "direct", tile: "8x32",
      blocking: nil, verified: verified, milliseconds: Timing(min: 9, median: unsteady ? 18 : 9.5), samples: 30,
      gflops: percent / 100 * peaks[isa, default: 512] * Double(threads) / 2, percentOfPeak: percent,
      intensity: intensity, roof: "compute", roofGflops: peaks[isa, default: 512], othersShare: others)
  }

  /// Every layer and pass, on each instruction set, with one thread and with two; some rows marked.
  static func rows() -> [ConvolutionRow] {
    var rows: [ConvolutionRow] = []
    for (index, (layer, shape, intensity)) in layers.enumerated() {
      for isa in ["portable", "avx2", "avx512"] {
        for threads in [1, 2] {
          for (place, pass) in Pass.allCases.enumerated() {
            rows.append(
              row(
                layer, shape, pass: pass, isa: isa, threads: threads,
                percent: intensity < 1 ? 4 + Double(place) : 99 - Double(9 * place + 4 * index), intensity: intensity,
                unsteady: index == 5, others: index == 6 && place == 2 ? 0.2 : 0))
          }
        }
      }
    }
    return rows
  }

  static func peak() -> Peak {
    var peak = Peak()
    for threads in [1, 2] {
      for (isa, gflops) in peaks {
        let speed = gflops * Double(threads) / 2
        peak.arithmetic.append(
          Peak.Arithmetic(
            isa: isa, threads: threads, gflops: speed, before: Spread([speed]), after: Spread([0.99 * speed])))
      }
      for (level, capacity, read) in [
        ("L1", 98_304, 850.0), ("L2", 2 << 20, 480), ("L3", 32 << 20, 216), ("DRAM", Int.max, 44),
      ] {
        peak.bandwidth.append(
          Peak.Bandwidth(
            level: level, threads: threads, bytesPerThread: 4096, capacity: capacity, read: read, copy: read))
      }
    }
    return peak
  }

  static func report(_ rows: [ConvolutionRow] = rows()) -> PerformanceReport {
    var report = PerformanceReport(ConvolutionReport(machine: .current(), peak: peak(), results: rows))
    report.origin = PerformanceReport.Origin(commit: "abc", command: "wgan-bench report")
    return report
  }

  static func decoded<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(json.utf8))
  }

  /// What `step` says.
  static func step() throws -> StepReport {
    let machine = String(decoding: try JSONEncoder().encode(Machine.current()), as: UTF8.self)
    func split(_ name: String) -> String {
      """
      {"step": "\(name)", "milliseconds": {"min": 226, "median": 232},
       "recordedMilliseconds": {"min": 227, "median": 233}, "partsMilliseconds": 232, "notConvolutionShare": 0.077,
       "kinds": {"convolution": 214, "packing": 1.1, "norm": 6, "elementwise": 3.1, "optimizer": 2.2, "clipping": 0.9,
                 "waiting": 4.2, "other": 0.4},
       "parts": [{"layer": "critic.a|b", "kind": "convolution", "pass": "forward", "milliseconds": 214,
                  "waitingMilliseconds": 4.2, "share": 0.92, "gflops": 400, "percentOfPeak": 78}]}
      """
    }
    return try decoded(
      StepReport.self,
      """
      {"machine": \(machine), "size": 64, "features": 64, "latent": 100, "extra_layers": 0, "batch_size": 64,
       "threads": 2, "isa": "avx512", "critic_ms": {"min": 226, "median": 232}, "generator_ms": {"min": 1, "median": 2},
       "critic_gflops": 400, "generator_gflops": 390, "rss_mb": 311, "peak_gflops": 512, "doubts": ["a noisy step"],
       "steps": [\(split("critic")), \(split("generator"))]}
      """)
  }

  /// What `data` says.
  static func data() throws -> DataReport {
    let machine = String(decoding: try JSONEncoder().encode(Machine.current()), as: UTF8.self)
    return try decoded(
      DataReport.self,
      """
      {"machine": \(machine), "data": "some faces", "size": 64, "channels": 3, "rounds": 5, "files": 9, "tried": 9,
       "bad": 0, "doubts": [], "results": [{"threads": 1, "format": "all", "pictures": 9, "bytes": 1000, "stages": [
         {"stage": "decode", "milliseconds": {"min": 0.3, "median": 0.4}, "picturesPerSecond": 2500,
          "megabytesPerSecond": 3, "share": 0.8},
         {"stage": "whole", "milliseconds": {"min": 0.4, "median": 0.5}, "picturesPerSecond": 2000,
          "megabytesPerSecond": 2.5, "share": 1}]}]}
      """)
  }

  /// What compare.py says, every section.
  static let peersJSON: String = {
    let convolutions = layers.flatMap { layer, shape, _ in
      Pass.allCases.enumerated().map { index, pass in
        let ratio = 0.8 + 0.6 * Double(index)
        return """
          {"layer": "\(layer)", "shape": "\(shape)", "pass": "\(pass)", "isa": "avx512", "threads": 2, "ours_ms": 10,
           "theirs_ms": \(10 * ratio), "theirs_layout": "channels-last", "ratio": \(ratio), "ratio_min": \(0.9 * ratio),
           "ratio_max": \(1.1 * ratio), "shaky": \(index == 1)}
          """
      }
    }
    let steps = [(64, 64, 64), (64, 64, 1), (128, 64, 64)].flatMap { size, features, batch in
      ["critic", "generator"].map { step in
        """
        {"size": \(size), "features": \(features), "batch": \(batch), "step": "\(step)", "ours_ms": 200,
         "theirs": {"nchw": 300, "channels_last": 260, "compile": null, "bf16": 150}, "best_fp32": "channels_last",
         "ratio": 1.3, "ratio_min": 1.2, "ratio_max": 1.4, "ratio_bf16": 0.75,
         "ours_bf16_ms": 125, "bf16_to_bf16": 1.2, "bf16_to_fp32": 2.08, "shaky": false}
        """
      }
    }
    return """
      {"machine": "a machine", "torch": "2.13.0", "date": "2026-11-24", "threads": 2, "rounds": 5,
       "quick": true, "isa_limit": "avx2", "others_share": 0.2, "later": [1, true],
       "convolutions": [\(convolutions.joined(separator: ","))], "steps": [\(steps.joined(separator: ","))],
       "objectives": [{"size": 64, "features": 64, "batch": 64, "step": "wgan-gp: critic", "ours_ms": 400,
         "theirs": {"nchw": 1300, "channels_last": 1200}, "best_fp32": "channels_last", "ratio": 3, "shaky": false}],
       "threads_scaling": [{"step": "critic", "one_ms": 450, "two_ms": 232, "ratio": 1.94}],
       "frameworks": {
         "steps": [{"framework": "JAX", "version": "0.10", "size": 64, "features": 64, "batch": 64, "step": "critic",
           "ours_ms": 200, "fp32_ms": 500, "fp32_way": "products", "bf16_ms": null, "bf16_way": null, "ratio": 2.5,
           "ratio_min": 2.4, "ratio_max": 2.6, "ratio_bf16": null, "shaky": true}],
         "skipped": {"IPEX": "it isn't there"}},
       "sampling": [{"size": 64, "features": 64, "pictures": 1, "ours_ms": 1.25, "theirs": {"eager": 1.9, "later": 0.8},
         "best": "later", "ratio": 0.64}],
       "start_up": {"ours_s": 0.2, "theirs_s": 3, "ratio": 15},
       "memory": {"ours_mb": 311, "theirs_mb": 586, "ratio": 1.88},
       "pictures": [{"kind": "small", "ours_per_s": 9000, "pil_per_s": 2000, "loader_per_s": 1500, "ratio": 4.5}]}
      """
  }()
}
