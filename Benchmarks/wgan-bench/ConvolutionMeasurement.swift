// Convolutions measured pass by pass: verified first, timed, and set against what the machine can do.

import Compute
import Randomness

struct ConvolutionMeasurement {
  var shapes: [ConvolutionShape]
  var passes: [Pass]
  var algorithm: AlgorithmChoice
  var precision = Precision.float32
  /// nil: whole passes. (It is whole ones that are verified.)
  var only: ConvolutionPart?
  var devices: [Device]
  /// Of each row, and of each look at the peak.
  var seconds: Double

  /// Measures everything.
  ///
  /// - Parameters:
  ///   - started: told the machine and its peak, before the first row.
  ///   - measured: told the rows of each shape as they come. Their percentages are of the best peak until then; the
  ///     report's are of the whole run's best.
  /// - Returns: the report, judged; and a line for each pass whose result was wrong.
  func run(
    started: (Machine, Peak) -> Void = { _, _ in },
    measured: (ConvolutionShape, [ConvolutionRow]) -> Void = { _, _ in }
  ) -> (report: ConvolutionReport, wrong: [String]) {
    let machine = Machine.current()
    var peak = Peak()
    // First and last layers are fp32's whatever the precision.
    var arithmetic = devices.flatMap { device in
      (precision == .float32 ? [precision] : [.float32, precision]).map {
        PeakMeasurement(device, $0, seconds: seconds)
      }
    }
    peak.arithmetic = arithmetic.map(\.peak)
    for device in devices {
      if !peak.bandwidth.contains(where: { $0.threads == device.threads }) {
        // By the widest loads that there are: a roof holds for every instruction set.
        let widest = Device(threads: device.threads)
        peak.bandwidth += Peak.Bandwidth.levels(of: machine, threads: device.threads).map {
          Peak.Bandwidth($0, widest, seconds: min(0.1, seconds))
        }
      }
    }
    started(machine, peak)

    var rows: [ConvolutionRow] = []
    var wrong: [String] = []
    for shape in shapes {
      let new = measure(shape, &arithmetic, &peak, wrong: &wrong)
      rows += new
      measured(shape, new)
    }
    for i in arithmetic.indices { arithmetic[i].measureAgain(seconds: seconds) }
    peak.arithmetic = arithmetic.map(\.peak)
    // Against the best peak of the whole run.
    let shapeOf = Dictionary(shapes.map { ($0.text, $0) }) { first, _ in first }
    for i in rows.indices {
      guard let shape = shapeOf[rows[i].shape] else { continue }
      let limits = limits(
        shape, isa: rows[i].isa, threads: rows[i].threads, precision: rows[i].precision, peak)
      rows[i].percentOfPeak = 100 * rows[i].gflops / limits.peak
      (rows[i].roof, rows[i].roofGflops) = (limits.roof, limits.roofGflops)
    }
    peak.judge(nil, rows: rows)
    return (ConvolutionReport(machine: machine, peak: peak, results: rows), wrong)
  }

  private func measure(
    _ shape: ConvolutionShape, _ arithmetic: inout [PeakMeasurement], _ peak: inout Peak, wrong: inout [String]
  ) -> [ConvolutionRow] {
    let c = shape.convolution
    let verification = Verification(
      shape, passes: passes, threads: devices.map(\.threads).max() ?? 1)
    func random(_ count: Int, _ index: Int) -> [Float] {
      var stream = RandomStream(seed: 1, purpose: .test, index: index)
      return (0..<count).map { _ in stream.uniform() - 0.5 }
    }
    let operands = ConvolutionRun.Operands(
      source: random(shape.batch * c.inputChannels * c.inputSize * c.inputSize, 3),
      weights: random(c.parameterCount, 4),
      diffDestination: random(shape.batch * c.outputChannels * c.outputSize * c.outputSize, 5))
    var rows: [ConvolutionRow] = []
    let peaksOfDevice = arithmetic.count / devices.count
    for (i, device) in devices.enumerated() {
      for j in i * peaksOfDevice..<(i + 1) * peaksOfDevice { arithmetic[j].refresh(seconds: min(0.05, seconds)) }
      peak.arithmetic = arithmetic.map(\.peak)
      let failures = verification.failures(algorithm, precision, on: device)
      wrong += passes.compactMap { failures[$0] }
      let run = ConvolutionRun(
        shape, algorithm, precision, operands, on: only.map { device.only($0) } ?? device)
      for pass in passes {
        let ((timing, samples), others) = Interference.quietest(cores: Device.coreCount) {
          device.withTeam { Timing.steady(seconds: seconds, repeats: 5) { run.run(pass) } }
        }
        rows.append(
          row(shape, pass, run, timing, samples: samples, verified: failures[pass] == nil, others: others, peak))
      }
    }
    return rows
  }

  private func row(
    _ shape: ConvolutionShape, _ pass: Pass, _ run: ConvolutionRun, _ timing: Timing, samples: Int, verified: Bool,
    others: Double?, _ peak: Peak
  ) -> ConvolutionRow {
    let isa = run.device.instructionSet.rawValue
    let threads = run.device.threads
    let gflops = shape.operations / (timing.median * 1e6)
    let intensity = shape.operations / shape.unavoidableBytes
    let precision = run.precision == .float32 ? nil : run.precision.rawValue
    let limits = limits(shape, isa: isa, threads: threads, precision: precision, peak)
    return ConvolutionRow(
      layer: shape.name ?? "", shape: shape.text, pass: pass, isa: isa, threads: threads,
      algorithm: run.algorithm(pass).rawValue, tile: run.tile(pass), blocking: run.blocking(pass), verified: verified,
      milliseconds: timing, samples: samples, gflops: gflops,
      percentOfPeak: 100 * gflops / limits.peak, intensity: intensity,
      roof: limits.roof, roofGflops: limits.roofGflops, othersShare: others, precision: run.precision, only: only)
  }

  private func limits(
    _ shape: ConvolutionShape, isa: String, threads: Int, precision: String?, _ peak: Peak
  ) -> (peak: Double, roof: String, roofGflops: Double) {
    let limit = peak.gflops(isa: isa, threads: threads, precision: precision) ?? .infinity
    let intensity = shape.operations / shape.unavoidableBytes
    if let memory = peak.level(holding: shape.unavoidableBytes, threads: threads), intensity * memory.read < limit {
      return (limit, memory.level, intensity * memory.read)
    }
    return (limit, "compute", limit)
  }
}
