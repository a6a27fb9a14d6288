// Which convolutions to measure, how and how long: the flags that `conv` and `report` share, and what they choose.

import Configuration
import ArgumentParser
import CommandSupport
import Compute
import Graph
import SystemSupport
import WGAN

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct ConvolutionOptions: ParsableArguments {
  @OptionGroup var parameters: ParameterOptions<MeasuredParameters>

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
    help: """
      Instruction sets: portable, avx2, avx512, with commas, or all (default: WGAN_ISA; without it, the best here for \
      conv and all for report).
      """,
    transform: parseInstructionSets)
  var isa: [InstructionSet]?
  @Option(help: "Thread counts, with commas (default: all cores).", transform: parseThreads)
  var threads: [Int]?
  @Option(help: "Seconds for each row, at least 5 samples.")
  var seconds = 0.3

  func validate() throws {
    guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds takes a number above 0, to 3600") }
  }

  /// What the flags choose.
  ///
  /// - Parameters:
  ///   - sets: where neither --isa nor WGAN_ISA chooses; nil: the best one here.
  ///   - leastExtraLayers: of the nets whose layers are measured when no shapes are given.
  func measurement(sets: [InstructionSet]? = nil, leastExtraLayers: Int = 0) throws -> ConvolutionMeasurement {
    var configuration = try configuration()
    configuration.extraLayers = max(leastExtraLayers, configuration.extraLayers)
    let devices = try devices(default: sets)
    for device in devices { try configuration.check(on: device) }
    return ConvolutionMeasurement(
      shapes: try shapes(configuration), passes: pass ?? Pass.allCases, algorithm: configuration.algorithm,
      precision: configuration.precision, devices: devices, seconds: seconds)
  }

  /// The nets that the flags describe.
  func configuration() throws -> TrainingConfiguration { try parameters.configuration() }
}

// MARK: - What they choose

extension ConvolutionOptions {
  /// Thread counts in their order, each with all instruction sets.
  func devices(default sets: [InstructionSet]?) throws -> [Device] {
    let counts = threads ?? [Device.coreCount]
    let chosen: [InstructionSet]
    if let isa {
      chosen = isa
    } else {
      let isNamed = ProcessInfo.processInfo.environment["WGAN_ISA"].map { !$0.isEmpty } ?? false
      let one = try Device.fromEnvironment(threads: 1).instructionSet
      chosen = isNamed ? [one] : sets ?? [one]
    }
    return counts.flatMap { count in chosen.map { Device(instructionSet: $0, threads: count) } }
  }

  private func shapes(_ configuration: TrainingConfiguration) throws -> [ConvolutionShape] {
    let batch = configuration.batchSize
    var shapes: [ConvolutionShape] = []
    do {
      for text in shapeTexts { shapes.append(try ConvolutionShape(parsing: text, batch: batch)) }
    } catch { throw Failure(.usage, "--shape \(error.description)") }
    if let shapesFile {
      guard let data = FileManager.default.contents(atPath: shapesFile) else {
        throw Failure(.missing, "--shapes \(shapesFile): there's no such file that can be read")
      }
      do {
        shapes += try ConvolutionShape.parse(
          file: String(decoding: data, as: UTF8.self), named: shapesFile, batch: batch)
      } catch { throw Failure(.badData, "--shapes \(error.description)") }
    }
    if shapes.isEmpty { shapes = try shapesOfNets(configuration) }
    // Both directions' operands and gradients are in memory at once.
    for shape in shapes where 2 * shape.unavoidableBytes > 0.7 * Double(ProcessInfo.processInfo.physicalMemory) {
      throw Failure(.usage, "\(shape.text) doesn't fit into this machine's memory: take a smaller mb")
    }
    return shapes
  }

  /// Each convolution of critic and generator once, named for all layers that are it.
  private func shapesOfNets(_ configuration: TrainingConfiguration) throws -> [ConvolutionShape] {
    var order: [Convolution] = []
    var names: [Convolution: [String]] = [:]
    for network in [configuration.critic, configuration.generator] {
      for step in try network.fused() {
        let convolution = step.layer.convolution
        if names[convolution.geometry] == nil { order.append(convolution.geometry) }
        names[convolution.geometry, default: []].append("\(network.name).\(step.name)\(convolution.mark)")
      }
    }
    return order.map {
      ConvolutionShape(
        batch: configuration.batchSize, convolution: $0, name: names[$0, default: []].joined(separator: " + "))
    }
  }
}
