// wgan-bench peak: what this machine can do at best.

import ArgumentParser
import CommandSupport
import Compute
import SystemSupport

/// A machine and what it can do at best.
package struct MachineReport: Codable, Sendable {
  package var machine: Machine
  package var peak: Peak
}

struct PeakBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peak", abstract: "Measure the machine's limits: arithmetic, memory, and how steady they are.",
    discussion: """
      Arithmetic: a loop of independent multiply-adds in registers, in millisecond samples, before and after \
      everything else; of bf16, too, where there is AVX512_BF16. Memory: reading (a sum) and copying by plain vector \
      loads and stores, the best sample.
      """)

  @Option(
    help: "Instruction sets: portable, avx2, avx512, with commas, or all (default: all).",
    transform: parseInstructionSets)
  var isa: [InstructionSet]?
  @Option(help: "Thread counts, with commas (default: 1 and all cores).", transform: parseThreads)
  var threads: [Int]?
  @Option(help: "Seconds for each figure of arithmetic; memory takes a fifth of it.")
  var seconds = 1.0
  @Option(help: "table or json.")
  var format = OutputFormat.table

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds takes a number above 0, to 3600") }
  }

  func run() throws {
    waitForTurn()
    let machine = Machine.current()
    let interference = Interference()
    let counts = threads ?? (Device.coreCount > 1 ? [1, Device.coreCount] : [1])
    var peak = Peak()
    peak.clock = .measure()
    let devices = counts.flatMap { count in
      (isa ?? Device.supported).map { Device(instructionSet: $0, threads: count) }
    }
    var arithmetic = PeakMeasurement.all(devices, seconds: seconds)
    for count in counts {
      let device = Device(threads: count)
      for level in Peak.Bandwidth.levels(of: machine, threads: count) {
        peak.bandwidth.append(Peak.Bandwidth(level, device, seconds: seconds / 5))
      }
    }
    for i in arithmetic.indices { arithmetic[i].measureAgain(seconds: seconds / 2) }
    peak.arithmetic = arithmetic.map(\.peak)
    peak.judge(interference.share(cores: machine.cores))
    switch format {
    case .json: try printJSON(MachineReport(machine: machine, peak: peak))
    case .table: printTable(machine, peak)
    }
  }

  private func printTable(_ machine: Machine, _ peak: Peak) {
    print(machine.summary)
    if let clock = peak.clock {
      print(
        String(printf: "clock: steps of %.0f ns, %.0f ns a reading", clock.resolutionNanoseconds, clock.costNanoseconds)
      )
    }
    var arithmetic = TextTable([
      "isa", "threads", "GFLOP/s", "before: min", "median", "max", "after: min", "median", "max",
    ])
    for row in peak.arithmetic {
      let spreads = [row.before, row.after ?? row.before].flatMap { [$0.min, $0.median, $0.max] }
      arithmetic.add([row.name, "\(row.threads)"] + ([row.gflops] + spreads).map { String(printf: "%.1f", $0) })
    }
    print("\n" + arithmetic.text)
    var memory = TextTable(["memory", "threads", "KiB a thread", "read GB/s", "copy GB/s"])
    for row in peak.bandwidth {
      memory.add([
        row.level, "\(row.threads)", "\(row.bytesPerThread >> 10)", String(printf: "%.1f", row.read),
        String(printf: "%.1f", row.copy),
      ])
    }
    print("\n" + memory.text)
    print("\n" + peak.verdict)
  }
}
