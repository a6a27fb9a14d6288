// What --json of evaluate, inspect and data prints: one object on a line, when the work is done. Its fields are in
// docs/Events.md. Standard error has an error's line alone then.

import ArgumentParser
import CommandSupport
import Configuration
import Datasets
import Evaluation
import Graph
import Synchronization
import SystemSupport
import Training
import WGAN

struct ResultOptions: ParsableArguments {
  @Flag(help: "Print the result as one JSON object (docs/Events.md); errors stay where they are.")
  var json = false

  /// Refuses another output beside the object.
  /// - Throws: `ValidationError`.
  func check(_ outputs: (flag: String, output: Output?)...) throws {
    for (flag, output) in outputs where json && output?.isStandardOutput == true {
      throw ValidationError("--json and \(flag) - are both standard output: give \(flag) a path")
    }
  }

  func write(_ result: some Encodable) throws { try Console.print(RunJSON.line(result)) }
}

/// What a person should know, kept for the object: text of one line each.
final class Warnings: Sendable {
  private let texts = Mutex<[String]>([])

  var all: [String] { texts.withLock { $0 } }

  func append(_ text: String) { texts.withLock { $0.append(text) } }

  func append(_ event: PreparationEvent) {
    if case .notice(let text, let details) = event { ([text] + details).forEach(append) }
  }
}

extension Output {
  /// Where the file is, for the object.
  var absolute: String { absolutePath(path) }
}

/// JSON has no other numbers.
private func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }

// MARK: - evaluate

struct EvaluateResult: Encodable {
  let event = "evaluate"
  /// The reference.
  var pictures: Pictures
  /// Of as many other real pictures.
  var real: Distances
  var generators: [Judged]
  var neighbours: String?
  var plot: String?
  var warnings: [String]

  struct Pictures: Encodable {
    var name: String
    var kind: String
    var count: Int
  }

  struct Distances: Encodable {
    var mean: Double?
    var standardError: Double?
    var scales: [Scale]

    struct Scale: Encodable {
      var size: Int
      var distance: Double?
      var standardError: Double?
      var contrast: Double?
    }

    init(_ distances: [ScaleDistance]) {
      (mean, standardError) = (finite(distances.mean), finite(distances.standardError))
      scales = distances.map {
        Scale(
          size: $0.size, distance: finite($0.distance), standardError: finite($0.standardError),
          contrast: finite($0.contrast))
      }
    }
  }

  struct Judged: Encodable {
    var path: String
    var step: Int?
    var distances: Distances
    var duplicates: Near?
    var copies: Near?
    /// Whether it copies its training pictures.
    var isCopying: Bool?

    /// Shares from 0 to 1; medians in levels of 0 to 255. `normal`: the same of real pictures.
    struct Near: Encodable {
      var near: Double
      var normalNear: Double
      var median: Double
      var normalMedian: Double

      init(_ summary: NeighbourSummary) {
        (near, normalNear) = (summary.near, summary.normalNear)
        (median, normalMedian) = (summary.median, summary.normalMedian)
      }
    }

    init(_ judgement: GeneratorJudgement) {
      (path, step) = (absolutePath(judgement.path), judgement.generatorSteps)
      distances = Distances(judgement.distances)
      (duplicates, copies) = (judgement.duplicates.map(Near.init), judgement.copies.map(Near.init))
      isCopying = judgement.copies?.isCopying
    }
  }

  init(_ judgements: [GeneratorJudgement], _ evaluation: GeneratorEvaluation, warnings: Warnings) {
    let real = evaluation.pictures
    let kind =
      switch real.kind {
      case .heldOut: "heldOut"
      case .training: "training"
      case .other: "other"
      }
    pictures = Pictures(name: real.name, kind: kind, count: real.count)
    self.real = Distances(evaluation.floor)
    generators = judgements.map(Judged.init)
    self.warnings = warnings.all
  }
}

// MARK: - inspect

struct InspectResult: Encodable {
  let event = "inspect"
  /// The nets' and the steps' values, as in config.json.
  var configuration: TrainingConfiguration
  var critic: Net
  var generator: Net
  /// Of both nets in training.
  var memoryBytes: Int

  struct Net: Encodable {
    var layers: [Layer]
    var parameters: Int
    /// Of one picture's forward pass.
    var multiplyAdds: Int
    var parameterBytes: Int
    var optimizerBytes: Int
  }

  struct Layer: Encodable {
    var name: String
    var operation: String
    /// Channels, height, width.
    var output: [Int]
    var parameters: Int
    var multiplyAdds: Int
  }

  init(_ configuration: TrainingConfiguration, _ plan: TrainingPlan) {
    func net(_ role: NetRole, _ net: ExecutionPlan) -> Net {
      Net(
        layers: net.summary.map {
          Layer(
            name: $0.name, operation: $0.operation, output: $0.outputShape, parameters: $0.parameters,
            multiplyAdds: $0.multiplyAdds)
        }, parameters: net.parameters.parameterCount, multiplyAdds: net.multiplyAdds,
        parameterBytes: net.parameterBytes, optimizerBytes: plan.optimizerBytes(role))
    }
    self.configuration = configuration
    (critic, generator) = (net(.critic, plan.critic), net(.generator, plan.generator))
    memoryBytes = plan.bytes
  }
}

// MARK: - data

struct BadFileResult: Encodable {
  var path: String
  var reason: String

  init(_ bad: BadFile) { (path, reason) = (bad.path.description, bad.reason) }
}

struct ScanResult: Encodable {
  let event = "scan"
  var pictures: Int
  var jpeg = 0
  var png = 0
  var synthetic = 0
  /// Least and most pixels.
  var width: [Int]?
  var height: [Int]?
  /// Those whose short side is below `size`.
  var size: Int
  var small = 0
  var bad: [BadFileResult] = []
  var warnings: [String] = []
  var seconds: Double

  init(synthetic count: Int, size: Int, seconds: Double) {
    (pictures, synthetic, self.size, self.seconds) = (count, count, size, seconds)
  }

  init(_ scan: DatasetScan, size: Int, seconds: Double) {
    (pictures, jpeg, png, synthetic) = (scan.count, scan.jpegCount, scan.pngCount, scan.drawnCount)
    width = scan.widths.map { [$0.lowerBound, $0.upperBound] }
    height = scan.heights.map { [$0.lowerBound, $0.upperBound] }
    (self.size, small, self.seconds) = (size, scan.smallCount, seconds)
    (bad, warnings) = (scan.bad.map(BadFileResult.init), scan.notes)
  }
}

/// Of `list` and `preview`: what was written.
struct WrittenResult: Encodable {
  var event: String
  /// In the file.
  var pictures: Int
  var path: String
  var bad: [BadFileResult]
  var warnings: [String]

  init(_ event: String, pictures: Int, to output: Output, bad: [BadFile], warnings: [String]) {
    (self.event, self.pictures, path) = (event, pictures, output.absolute)
    (self.bad, self.warnings) = (bad.map(BadFileResult.init), warnings)
  }
}
