// One row of results: a convolution's pass, on an instruction set, with some threads.

import Compute
import SystemSupport

package typealias Pass = ConvolutionPass

extension ConvolutionPass: Codable {}

package struct ConvolutionRow: Codable, Equatable, Sendable {
  /// The layers of the nets that are this convolution, or the name that the shape's line gives.
  package var layer: String
  package var shape: String
  package var pass: Pass
  package var isa: String
  package var threads: Int
  package var algorithm: String
  /// The register tile.
  package var tile: String
  /// The cache blocks that the driver chose; empty or nil: not known.
  package var blocking: String?
  /// The result was right (see `Verification`).
  package var verified: Bool
  package var milliseconds: Timing
  package var samples: Int
  /// Of the median.
  package var gflops: Double
  package var percentOfPeak: Double
  /// FLOP/byte of the unavoidable traffic: source, weights and destination once.
  package var intensity: Double
  /// What bounds it at this intensity: "compute", or the level of memory that holds source, weights and destination.
  package var roof: String
  package var roofGflops: Double
  /// The share of the cores that other processes had while this row was measured; nil: the system doesn't tell.
  package var othersShare: Double?
  /// What was multiplied; nil: fp32, as in reports of before. Percentages are of its own peak.
  package var precision: String?
  /// The part of the pass that was timed, by `ConvolutionPart`; nil: all of it.
  package var only: String?

  package init(
    layer: String, shape: String, pass: Pass, isa: String, threads: Int, algorithm: String, tile: String,
    blocking: String?, verified: Bool, milliseconds: Timing, samples: Int, gflops: Double, percentOfPeak: Double,
    intensity: Double,
    roof: String, roofGflops: Double, othersShare: Double?, precision: Precision = .float32,
    only: ConvolutionPart? = nil
  ) {
    self.layer = layer
    self.shape = shape
    self.pass = pass
    self.isa = isa
    self.threads = threads
    self.algorithm = algorithm
    self.tile = tile
    self.blocking = blocking
    self.verified = verified
    self.milliseconds = milliseconds
    self.samples = samples
    self.gflops = gflops
    self.percentOfPeak = percentOfPeak
    self.intensity = intensity
    self.roof = roof
    self.roofGflops = roofGflops
    self.othersShare = othersShare
    self.precision = precision == .float32 ? nil : precision.rawValue
    self.only = only?.rawValue
  }

  /// What makes two rows of different runs the same measurement.
  package var key: String { "\(shape) \(pass.rawValue) \(isa) \(threads) threads \(method)" }

  /// "direct", "winograd bf16", "winograd, products alone"
  package var method: String {
    algorithm + (precision.map { " " + $0 } ?? "") + (only.map { ", \($0) alone" } ?? "")
  }

  /// What % of peak can be at most, in terms of the definition's operations. The direct kernels leave out a plane's
  /// rows of taps that would meet zeros only; the fast methods do 25 of 64 products or 36 of 144, of bf16 30 of 64.
  package var mostPercent: Double {
    // The rest multiplies nothing.
    if only == ConvolutionPart.rest.rawValue { return .infinity }
    guard let c = (try? ConvolutionShape(parsing: shape, batch: 1))?.convolution else { return 100 }
    if algorithm != Algorithm.direct.rawValue {
      return 100 * (c.kernel == 3 ? 144.0 / 36 : precision == nil ? 64.0 / 25 : 64.0 / 30)
    }
    return 100 / (1 - Double(2 * c.padding) / Double(c.kernel * c.outputSize))
  }

  /// Its times tell more about other processes than about the code.
  package var isDisturbed: Bool { (othersShare ?? 0) > Interference.tolerance }

  /// Undisturbed, and yet the median is more than a tenth above the minimum.
  package var isUnsteady: Bool { !isDisturbed && spread > 0.1 }

  /// Not a figure to trust.
  package var isDoubtful: Bool { !marks.isEmpty }

  /// Why not, in words.
  package var marks: [String] { (verified ? [] : ["FAILED"]) + doubts }

  private var doubts: [String] {
    (isDisturbed ? [String(printf: "disturbed by %.0f %%", 100 * (othersShare ?? 0))] : [])
      + (isUnsteady ? ["unsteady"] : [])
  }

  /// How far the median lies above the minimum: the noise of this measurement.
  package var spread: Double { milliseconds.min > 0 ? milliseconds.median / milliseconds.min - 1 : 0 }
}

/// What `conv` writes as JSON, and what `--baseline` and `report --conv` read.
package struct ConvolutionReport: Codable, Sendable {
  package var machine: Machine
  package var peak: Peak
  package var results: [ConvolutionRow]

  package init(machine: Machine, peak: Peak, results: [ConvolutionRow]) {
    self.machine = machine
    self.peak = peak
    self.results = results
  }
}

// MARK: - CSV

extension ConvolutionRow {
  package static let csvHeader =
    "layer,shape,pass,isa,threads,algorithm,precision,only,tile,blocking,verified,min_ms,median_ms,samples,gflops,"
    + "percent_of_peak,intensity,roof,roof_gflops,others_percent"

  /// RFC 4180: quotes only where they are needed.
  package var csv: String {
    func quoted(_ text: String) -> String {
      text.contains { $0 == "," || $0 == "\"" || $0.isNewline }
        ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
    }
    func number(_ value: Double, _ digits: Int) -> String { String(printf: "%.\(digits)f", value) }
    return [
      quoted(layer), shape, pass.rawValue, isa, "\(threads)", algorithm, precision ?? Precision.float32.rawValue,
      only ?? "", tile, quoted(blocking ?? ""),
      verified ? "PASSED" : "FAILED",
      number(milliseconds.min, 5), number(milliseconds.median, 5), "\(samples)", number(gflops, 2),
      number(percentOfPeak, 2), number(intensity, 2), roof, number(roofGflops, 2),
      othersShare.map { number(100 * $0, 1) } ?? "",
    ].joined(separator: ",")
  }
}

// MARK: - Table

extension ConvolutionRow {
  static let tableTitles = [
    "pass", "isa", "threads", "algorithm", "tile", "blocking", "min ms", "median ms", "GFLOP/s", "% of peak",
    "FLOP/byte", "roof", "% of roof",
    "",
  ]

  var tableCells: [String] {
    [
      pass.rawValue, isa, "\(threads)", method, tile, blocking ?? "", String(printf: "%.3f", milliseconds.min),
      String(printf: "%.3f", milliseconds.median), String(printf: "%.1f", gflops),
      String(printf: "%.1f", percentOfPeak), String(printf: "%.1f", intensity), roof,
      String(printf: "%.1f", 100 * gflops / roofGflops),
      verdict,
    ]
  }

  private var verdict: String {
    ([verified ? "PASSED" : "FAILED"] + productSpeed + doubts).joined(separator: ", ")
  }

  /// Of products alone: how fast those that the method leaves are.
  private var productSpeed: [String] {
    guard only == ConvolutionPart.products.rawValue else { return [] }
    return [String(printf: "products at %.0f %% of the peak", 100 * percentOfPeak / mostPercent)]
  }
}
