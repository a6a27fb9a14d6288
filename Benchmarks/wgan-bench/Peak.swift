// The machine's measured limits, and whether the machine was quiet enough to believe them.

import Compute
import SystemSupport

package struct Peak: Codable, Sendable {
  /// GFLOP/s of one instruction set and thread count: the loop of independent multiply-adds, again and again.
  package struct Arithmetic: Codable, Sendable {
    package var isa: String
    package var threads: Int
    /// What was multiplied; nil: fp32, as in reports of before.
    package var precision: String?
    /// The fastest sample of the run: what "percent of peak" divides by.
    package var gflops: Double
    package var before: Spread
    package var after: Spread?

    package init(
      isa: String, threads: Int, precision: Precision = .float32, gflops: Double, before: Spread, after: Spread?
    ) {
      self.isa = isa
      self.threads = threads
      self.precision = precision == .float32 ? nil : precision.rawValue
      self.gflops = gflops
      self.before = before
      self.after = after
    }

    /// "avx512", "avx512 bf16"
    package var name: String { isa + (precision.map { " " + $0 } ?? "") }
  }

  /// GB/s (1e9 bytes) of one level of memory.
  package struct Bandwidth: Codable, Sendable {
    package var level: String
    package var threads: Int
    package var bytesPerThread: Int
    /// Bytes that the level holds for all threads together.
    package var capacity: Int
    package var read: Double
    /// Bytes read plus bytes written; a cache's own fetch of the line to be written isn't counted.
    package var copy: Double

    package init(level: String, threads: Int, bytesPerThread: Int, capacity: Int, read: Double, copy: Double) {
      self.level = level
      self.threads = threads
      self.bytesPerThread = bytesPerThread
      self.capacity = capacity
      self.read = read
      self.copy = copy
    }
  }

  package struct Clock: Codable, Sendable {
    /// The smallest step between two readings, and what a reading costs.
    package var resolutionNanoseconds: Double
    package var costNanoseconds: Double
  }

  package var arithmetic: [Arithmetic] = []
  package var bandwidth: [Bandwidth] = []
  package var clock: Clock?
  package var trustworthy = true
  /// Why not.
  package var doubts: [String] = []

  package init() {}

  /// - Parameter precision: nil: fp32.
  package func gflops(isa: String, threads: Int, precision: String? = nil) -> Double? {
    arithmetic.first { $0.isa == isa && $0.threads == threads && $0.precision == precision }?.gflops
  }

  /// The level of memory that work on so many bytes streams from when it is repeated: the first one that holds them
  /// all.
  package func level(holding bytes: Double, threads: Int) -> Bandwidth? {
    let levels = bandwidth.filter { $0.threads == threads }
    return levels.first { Double($0.capacity) >= bytes } ?? levels.last
  }
}

// MARK: - Measuring

/// One figure of arithmetic while it is being measured.
struct PeakMeasurement {
  let device: Device
  let precision: Precision
  private(set) var peak: Peak.Arithmetic

  init(_ device: Device, _ precision: Precision = .float32, seconds: Double) {
    self.device = device
    self.precision = precision
    let before = Self.measure(device, precision, seconds: seconds)
    peak = Peak.Arithmetic(
      isa: device.instructionSet.rawValue, threads: device.threads, precision: precision, gflops: before.max,
      before: before, after: nil)
  }

  /// One for each precision that each device supports.
  static func all(_ devices: [Device], seconds: Double) -> [PeakMeasurement] {
    devices.flatMap { device in
      Precision.allCases.filter(device.supports).map { PeakMeasurement(device, $0, seconds: seconds) }
    }
  }

  /// Measures once more.
  mutating func measureAgain(seconds: Double) {
    let again = Self.measure(device, precision, seconds: seconds)
    peak.after = again
    peak.gflops = max(peak.gflops, again.max)
  }

  /// Another look at the peak between rows: what was disturbed before needn't be for ever.
  mutating func refresh(seconds: Double) {
    peak.gflops = max(peak.gflops, Self.measure(device, precision, seconds: seconds).max)
  }

  private static func measure(_ device: Device, _ precision: Precision, seconds: Double) -> Spread {
    let probe = MachineProbe(device, precision: precision)
    let registers = Slab(count: probe.registerCount).all
    // x*c + y stays below 2: no overflow, no subnormals, which would be slow. Of pairs sums grow by 1/4 a round, until
    // that is less than their last bit.
    registers.fill(0.5)
    // Some milliseconds a sample: long to the clock and the start of the threads, short to whatever disturbs us.
    let rounds = max(1, 500_000_000 / (probe.operationsPerRound / device.threads))
    let samples = Interference.quietest(cores: Device.coreCount) {
      Interference.onWholeCores(threads: device.threads) {
        Timing.steadySamples(seconds: seconds, repeats: 5) { probe.multiplyAdd(rounds: rounds, registers: registers) }
      }
    }.measurement
    return Spread(samples.map { Double(rounds * probe.operationsPerRound) / ($0 * 1e6) })
  }
}

extension Peak.Bandwidth {
  init(_ level: Level, _ device: Device, seconds: Double) {
    let probe = MachineProbe(device)
    let step = MachineProbe.bufferStep
    let floats = max(step, level.bytesPerThread / MemoryLayout<Float>.stride / step * step)
    self.level = level.name
    capacity = level.capacity
    threads = device.threads
    bytesPerThread = floats * MemoryLayout<Float>.stride

    // As many passes as take some milliseconds, so that starting the threads doesn't show.
    func gigabytes(_ slab: Slice, _ work: (_ passes: Int) -> Void) -> Double {
      var passes = 1
      while Timing.milliseconds(of: { work(passes) }) < 2 { passes *= 2 }
      let samples = Interference.onWholeCores(threads: device.threads) {
        Timing.steadySamples(seconds: seconds, repeats: 5) { work(passes) }
      }
      return Double(slab.count * 4 * passes) / ((samples.min() ?? .infinity) * 1e6)
    }
    let buffer = Slab(count: floats * device.threads).all
    read = gigabytes(buffer) { _ = probe.read(buffer, passes: $0) }
    // The copy's source and destination together are as large.
    let half = max(step, floats / 2 / step * step) * device.threads
    let source = Slab(count: half).all
    let destination = Slab(count: half).all
    copy = 2 * gigabytes(source) { probe.copy(source, to: destination, passes: $0) }
  }

  struct Level {
    var name: String
    var bytesPerThread: Int
    var capacity: Int
  }

  /// Each level of memory with a buffer that fills half of it, and main memory with one that no cache holds.
  static func levels(of machine: Machine, threads: Int) -> [Level] {
    let caches = machine.cacheBytes
    return [
      Level(name: "L1", bytesPerThread: caches.level1 / 2, capacity: caches.level1 * threads),
      Level(name: "L2", bytesPerThread: caches.level2 / 2, capacity: caches.level2 * threads),
      Level(name: "L3", bytesPerThread: caches.level3 / 2 / threads, capacity: caches.level3),
    ].filter { $0.capacity > 0 } + [
      Level(name: "DRAM", bytesPerThread: max(256 << 20, 4 * caches.level3) / threads, capacity: Int.max)
    ]
  }
}

extension Peak.Clock {
  static func measure() -> Peak.Clock {
    let clock = ContinuousClock()
    var smallest = Duration.seconds(1)
    let readings = 100_000
    var last = clock.now
    let start = last
    for _ in 0..<readings {
      let now = clock.now
      if now > last { smallest = min(smallest, last.duration(to: now)) }
      last = now
    }
    func nanoseconds(_ duration: Duration) -> Double {
      Double(duration.components.seconds) * 1e9 + Double(duration.components.attoseconds) * 1e-9
    }
    return Peak.Clock(
      resolutionNanoseconds: nanoseconds(smallest),
      costNanoseconds: nanoseconds(start.duration(to: last)) / Double(readings))
  }
}

// MARK: - Judging

extension Peak {
  /// A boosted clock wanders by a few percent on a quiet machine; a median this far below the fastest sample means more
  /// than that.
  static let wandering = 0.08
  /// Figures before and after this far apart, or above the peak: not a machine to trust.
  static let tolerance = 0.05

  /// - Parameters:
  ///   - interference: during the whole run; nil where it isn't known, or where each row knows its own.
  ///   - rows: what was measured between before and after.
  package mutating func judge(_ interference: Interference.Share?, rows: [ConvolutionRow] = []) {
    doubts = []
    func percent(_ x: Double) -> String { String(printf: "%.1f %%", 100 * x) }
    for row in arithmetic {
      let name = "peak of \(row.name), \(row.threads) threads"
      for (when, spread) in [("before", row.before), ("after", row.after)] {
        guard let spread else { continue }
        if spread.median < (1 - Self.wandering) * spread.max {
          doubts.append(
            "\(name): the median \(when) is \(percent(1 - spread.median / spread.max)) below the fastest sample")
        }
      }
      if let after = row.after {
        let drift = after.median / row.before.median - 1
        if abs(drift) > Self.tolerance {
          doubts.append("\(name): \(percent(abs(drift))) \(drift > 0 ? "faster" : "slower") after than before")
        }
      }
    }
    let disturbed = rows.filter(\.isDisturbed)
    if !disturbed.isEmpty {
      doubts.append("other processes disturbed \(disturbed.count) of \(rows.count) rows, also when measured again")
    }
    let unsteady = rows.filter(\.isUnsteady)
    if 4 * unsteady.count > rows.count {
      doubts.append("\(unsteady.count) of \(rows.count) rows are unsteady: medians far above minima")
    }
    for row in rows where !row.isDisturbed && row.percentOfPeak > row.mostPercent * (1 + Self.tolerance) {
      doubts.append("\(row.key): \(percent(row.percentOfPeak / 100)) of what the machine seemed to be able to do")
    }
    if let interference {
      if interference.others > Interference.tolerance {
        doubts.append("other processes used \(percent(interference.others)) of the cores meanwhile")
      }
      if interference.stolen > Interference.tolerance {
        doubts.append("the hypervisor kept \(percent(interference.stolen)) of the cores for others")
      }
    }
    trustworthy = doubts.isEmpty
  }

  /// Lines for a person.
  package var verdict: String { Self.verdict(doubts) }

  package static func verdict(_ doubts: [String]) -> String {
    doubts.isEmpty
      ? "The machine was quiet: these figures can be trusted."
      : "TOO NOISY to trust these figures:\n" + doubts.map { "  " + $0 }.joined(separator: "\n")
  }
}
