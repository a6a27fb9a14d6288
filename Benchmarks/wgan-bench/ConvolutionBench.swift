// wgan-bench conv: convolutions pass by pass, verified, timed, and set against what the machine can do.

import ArgumentParser
import Compute
import Foundation
import Graph
import Randomness
import WGAN

struct ConvolutionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conv", abstract: "Verify and time convolutions, pass by pass, next to the machine's limit.",
    discussion: """
      Without --shape and --shapes: each convolution of critic and generator. A transposed convolution (marked ^T) is \
      measured as the convolution whose adjoint it is: its forward pass is that one's backwardData. backwardData packs the weights each time, as training does. Every pass is first \
      compared with the reference, to the last bit, on small integers. Exits with 1 when a result is wrong, or slower than \
      --baseline by more than the noise.
      """)

  @Option(help: "Picture size.")
  var size = TrainingConfiguration.seed.size
  @Option(help: "Channels of the critic's first and the generator's last hidden layer.")
  var features = TrainingConfiguration.seed.features
  @Option(help: "Length of the noise vector.")
  var latent = TrainingConfiguration.seed.latent
  @Option(help: "Extra 3x3 layers in each net.")
  var extraLayers = TrainingConfiguration.seed.extraLayers
  @Option(help: "Pictures a step, and of shapes without mb.")
  var batchSize = TrainingConfiguration.seed.batchSize

  @Option(
    name: .customLong("shape"),
    help: "A convolution as benchdnn writes it: mb64ic64ih32oc128oh16kh4sh2ph1. May be repeated.")
  var shapeTexts: [String] = []
  @Option(name: .customLong("shapes"), help: "A file of such lines; # begins a comment.")
  var shapesFile: String?

  @Option(
    help: "forward, backwardData, backwardWeights, with commas, or all (default: all).", transform: Pass.parseList)
  var pass: [Pass]?
  @Option(
    help: "Instruction sets: portable, avx2, avx512, with commas, or all (default: WGAN_ISA, or the best here).",
    transform: parseInstructionSets)
  var isa: [InstructionSet]?
  @Option(help: "Thread counts, with commas (default: all cores).", transform: parseThreads)
  var threads: [Int]?

  @Option(help: "Seconds for each row, at least 5 samples.")
  var seconds = 0.3
  @Option(help: "table, json or csv.")
  var format = Format.table
  @Option(help: "A JSON report of before to compare with.")
  var baseline: String?

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
    case csv
  }

  private var passes: [Pass] { pass ?? Pass.allCases }

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds takes a number above 0, to 3600") }
    guard (1...65536).contains(batchSize) else { throw ValidationError("--batch-size takes a number from 1 to 65536") }
  }

  func run() throws {
    let before = try baseline.map(readBaseline)
    let shapes = try chosenShapes()
    let processors = try chosenProcessors()
    waitForTurn()
    let machine = Machine.current()

    var peak = Peak()
    for processor in processors {
      peak.arithmetic.append(Peak.Arithmetic(processor, seconds: seconds))
      if !peak.bandwidth.contains(where: { $0.threads == processor.threads }) {
        // By the widest loads that there are: a roof holds for every instruction set.
        let widest = Processor(threads: processor.threads)
        peak.bandwidth += Peak.Bandwidth.levels(of: machine, threads: processor.threads).map {
          Peak.Bandwidth($0, widest, seconds: min(0.1, seconds))
        }
      }
    }
    if format == .table { printHead(machine, peak) }
    if format == .csv { print(ConvolutionRow.csvHeader) }

    var rows: [ConvolutionRow] = []
    var wrong: [String] = []
    for shape in shapes {
      let measured = measure(shape, processors, &peak, failures: &wrong)
      rows += measured
      switch format {
      case .table: printTable(shape, measured)
      case .csv: for row in measured { print(row.csv) }
      case .json: break
      }
      fflush(nil)  // rows appear as they are measured, also in a pipe
    }
    for (i, processor) in processors.enumerated() { peak.arithmetic[i].measureAgain(processor, seconds: seconds) }
    // Against the best peak of the whole run; what was printed row by row was against the best until then.
    let shapeOf = Dictionary(shapes.map { ($0.text, $0) }) { first, _ in first }
    for i in rows.indices {
      guard let shape = shapeOf[rows[i].shape] else { continue }
      let limits = limits(shape, isa: rows[i].isa, threads: rows[i].threads, peak)
      rows[i].percentOfPeak = 100 * rows[i].gflops / limits.peak
      (rows[i].roof, rows[i].roofGflops) = (limits.roof, limits.roofGflops)
    }
    peak.judge(nil, rows: rows)

    let report = ConvolutionReport(machine: machine, peak: peak, results: rows)
    if format == .json { try printJSON(report) }
    // Results go to standard output; whatever isn't one goes to standard error where the output is for a program.
    say("\n" + peak.verdict)
    var isSlower = false
    if let before {
      let comparison = BaselineComparison(now: report, then: before)
      say("\n" + comparison.text)
      isSlower = !comparison.slower.isEmpty
    }
    for line in wrong { _ = failure(1, "FAILED: " + line) }
    if isSlower || !wrong.isEmpty { throw ExitCode(1) }
  }

  private func say(_ text: String) {
    if format == .table { print(text) } else { FileHandle.standardError.write(Data((text + "\n").utf8)) }
  }
}

// MARK: - What to measure

extension ConvolutionBench {
  private func readBaseline(_ path: String) throws -> ConvolutionReport {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw failure(66, "--baseline \(path): there's no such file that can be read")
    }
    do { return try JSONDecoder().decode(ConvolutionReport.self, from: data) } catch {
      throw failure(65, "--baseline \(path): not a report of wgan-bench conv --format json")
    }
  }

  private func chosenProcessors() throws -> [Processor] {
    let counts = threads ?? [Processor.coreCount]
    let sets: [InstructionSet]
    if let isa {
      sets = isa
    } else {
      do { sets = [try Processor.fromEnvironment(threads: 1).instructionSet] } catch {
        throw failure(64, error.description)
      }
    }
    return counts.flatMap { count in sets.map { Processor(instructionSet: $0, threads: count) } }
  }

  private func chosenShapes() throws -> [ConvolutionShape] {
    var shapes: [ConvolutionShape] = []
    do {
      for text in shapeTexts { shapes.append(try ConvolutionShape(parsing: text, batch: batchSize)) }
    } catch { throw failure(64, "--shape \(error.description)") }
    if let shapesFile {
      guard let data = FileManager.default.contents(atPath: shapesFile) else {
        throw failure(66, "--shapes \(shapesFile): there's no such file that can be read")
      }
      do {
        shapes += try ConvolutionShape.parse(
          file: String(decoding: data, as: UTF8.self), named: shapesFile, batch: batchSize)
      } catch { throw failure(65, "--shapes \(error.description)") }
    }
    if shapes.isEmpty { shapes = try shapesOfNets() }
    // Both directions' operands and gradients are in memory at once.
    for shape in shapes where 2 * shape.unavoidableBytes > 0.7 * Double(ProcessInfo.processInfo.physicalMemory) {
      throw failure(64, "\(shape.text) doesn't fit into this machine's memory: take a smaller mb")
    }
    return shapes
  }

  /// Each convolution of critic and generator once, named for all layers that are it.
  private func shapesOfNets() throws -> [ConvolutionShape] {
    var configuration = TrainingConfiguration.seed
    configuration.size = size
    configuration.features = features
    configuration.latent = latent
    configuration.extraLayers = extraLayers
    configuration.batchSize = batchSize
    do { try configuration.validate() } catch { throw failure(64, "\(error)") }
    var order: [Convolution] = []
    var names: [Convolution: [String]] = [:]
    for network in [configuration.critic, configuration.generator] {
      for step in try network.fused() {
        if names[step.convolution] == nil { order.append(step.convolution) }
        names[step.convolution, default: []].append("\(network.name).\(step.name)\(step.isTransposed ? "^T" : "")")
      }
    }
    return order.map {
      ConvolutionShape(batch: batchSize, convolution: $0, name: names[$0, default: []].joined(separator: " + "))
    }
  }
}

// MARK: - Measuring

extension ConvolutionBench {
  private func measure(
    _ shape: ConvolutionShape, _ processors: [Processor], _ peak: inout Peak, failures: inout [String]
  ) -> [ConvolutionRow] {
    let c = shape.convolution
    let verification = Verification(
      shape, passes: passes, threads: processors.map(\.threads).max() ?? 1)
    func random(_ count: Int, _ index: Int) -> [Float] {
      var stream = RandomStream(seed: 1, purpose: .test, index: index)
      return (0..<count).map { _ in stream.uniform() - 0.5 }
    }
    let operands = ConvolutionRun.Operands(
      source: random(shape.batch * c.inputChannels * c.inputSize * c.inputSize, 3),
      weights: random(c.parameterCount, 4),
      diffDestination: random(shape.batch * c.outputChannels * c.outputSize * c.outputSize, 5))
    var rows: [ConvolutionRow] = []
    for (i, processor) in processors.enumerated() {
      peak.arithmetic[i].refresh(processor, seconds: min(0.05, seconds))
      let wrong = verification.failures(on: processor)
      failures += passes.compactMap { wrong[$0] }
      let run = ConvolutionRun(shape, operands, on: processor)
      for pass in passes {
        let ((timing, samples), others) = Interference.quietest(cores: Processor.coreCount) {
          Timing.steady(seconds: seconds, repeats: 5) { run.run(pass) }
        }
        rows.append(
          row(shape, pass, run, timing, samples: samples, verified: wrong[pass] == nil, others: others, peak))
      }
    }
    return rows
  }

  private func row(
    _ shape: ConvolutionShape, _ pass: Pass, _ run: ConvolutionRun, _ timing: Timing, samples: Int, verified: Bool,
    others: Double?,
    _ peak: Peak
  ) -> ConvolutionRow {
    let isa = run.processor.instructionSet.rawValue
    let threads = run.processor.threads
    let gflops = shape.operations / (timing.median * 1e6)
    let intensity = shape.operations / shape.unavoidableBytes
    let limits = limits(shape, isa: isa, threads: threads, peak)
    return ConvolutionRow(
      layer: shape.name ?? "", shape: shape.text, pass: pass, isa: isa, threads: threads, algorithm: "direct",
      tile: run.tile(pass), verified: verified, milliseconds: timing, samples: samples, gflops: gflops,
      percentOfPeak: 100 * gflops / limits.peak, intensity: intensity,
      roof: limits.roof, roofGflops: limits.roofGflops, othersShare: others)
  }

  private func limits(
    _ shape: ConvolutionShape, isa: String, threads: Int, _ peak: Peak
  ) -> (peak: Double, roof: String, roofGflops: Double) {
    let limit = peak.gflops(isa: isa, threads: threads) ?? .infinity
    let intensity = shape.operations / shape.unavoidableBytes
    if let memory = peak.level(holding: shape.unavoidableBytes, threads: threads), intensity * memory.read < limit {
      return (limit, memory.level, intensity * memory.read)
    }
    return (limit, "compute", limit)
  }
}

// MARK: - Printing

extension ConvolutionBench {
  private func printHead(_ machine: Machine, _ peak: Peak) {
    print(machine.summary)
    for row in peak.arithmetic {
      let memory = peak.bandwidth.filter { $0.threads == row.threads }.map {
        String(format: "%@ %.0f", $0.level, $0.read)
      }
      print(
        "\(row.isa), \(row.threads) threads: "
          + String(format: "peak %.1f GFLOP/s (median %.1f); reads GB/s from ", row.gflops, row.before.median)
          + memory.joined(separator: ", "))
    }
  }

  private func printTable(_ shape: ConvolutionShape, _ rows: [ConvolutionRow]) {
    print("\n" + [shape.text, shape.name ?? ""].filter { !$0.isEmpty }.joined(separator: "  "))
    var table = TextTable(ConvolutionRow.tableTitles, leftAligned: 2)
    for row in rows { table.add(row.tableCells) }
    print(table.text)
  }
}
