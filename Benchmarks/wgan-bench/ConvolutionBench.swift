// wgan-bench conv: each convolution of critic and generator, pass by pass.

import ArgumentParser
import Compute
import Foundation
import Graph
import Randomness
import WGAN

struct ConvolutionBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conv", abstract: "Time each convolution of critic and generator, pass by pass.")

  @Option(help: "Picture size.")
  var size = 64
  @Option(help: "Channels of the critic's first and the generator's last hidden layer.")
  var features = 64
  @Option(help: "Extra 3x3 layers in each net.")
  var extraLayers = 1
  @Option(help: "Pictures a step.")
  var batchSize = 64
  @OptionGroup var measurement: MeasurementOptions

  func run() throws {
    var configuration = TrainingConfiguration.seed
    configuration.size = size
    configuration.features = features
    configuration.extraLayers = extraLayers
    configuration.batchSize = batchSize
    do { try configuration.validate() } catch { throw ValidationError("\(error)") }
    let processor = try measurement.processor()
    print(
      "\(processor.instructionSet.rawValue), \(processor.threads) threads; a transposed convolution is measured as the one "
        + "whose adjoint it is")
    var seen: Set<Convolution> = []
    for network in [configuration.critic, configuration.generator] {
      for step in try network.fused() where !step.writesScore && seen.insert(step.convolution).inserted {
        measure(step.convolution, name: network.name + "." + step.name, processor)
      }
    }
  }

  private func measure(_ c: Convolution, name: String, _ processor: Processor) {
    let input = ActivationLayout(
      c.form == .picture ? .interleaved : .blocked, channels: c.inputChannels, height: c.inputSize,
      width: c.inputSize, halo: c.sourceHalo)
    let output = ActivationLayout(
      .blocked, channels: c.outputChannels, height: c.outputSize, width: c.outputSize, halo: c.gradientHalo)
    func random(_ count: Int, _ index: Int) -> [Float] {
      var stream = RandomStream(seed: 1, purpose: .test, index: index)
      return (0..<count).map { _ in stream.uniform() - 0.5 }
    }
    func activations(_ layout: ActivationLayout, _ index: Int) -> Activations {
      let a = Activations(Slab(count: layout.count(batch: batchSize)).all, layout)
      a.set(random(batchSize * layout.channels * layout.height * layout.width, index), batch: batchSize)
      return a
    }
    let source = activations(input, 0)
    let gradient = activations(output, 1)
    let target = activations(output, 2)
    let sourceTarget = activations(input, 3)
    let weights = Slab(count: c.weightsCount).all
    c.setWeights(weights, from: random(c.parameterCount, 4))
    let diffWeights = Slab(count: c.weightsCount).all
    let packed = Slab(count: c.packedWeightsCount).all
    let scratch = Slab(count: c.backwardDataScratchpadCount(threads: processor.threads)).all
    let passes: [(String, () -> Void)] = [
      (
        "forward",
        {
          c.forward(batch: batchSize, source: source, weights: weights, destination: target, on: processor)
        }
      ),
      (
        "backwardData",
        {
          c.packWeights(weights, into: packed, on: processor)
          c.backwardData(
            batch: batchSize, diffDestination: gradient, packed: packed, diffSource: sourceTarget, scratchpad: scratch,
            on: processor)
        }
      ),
      (
        "backwardWeights",
        {
          c.backwardWeights(
            batch: batchSize, source: source, diffDestination: gradient, diffWeights: diffWeights, accumulate: false,
            on: processor)
        }
      ),
    ]
    print("\(name)  mb\(batchSize)\(c.description)")
    for (pass, work) in passes {
      let timing = Timing.of(warmUps: measurement.warmUps, repeats: measurement.repeats, work)
      let speed = 2e-6 * Double(c.multiplyAdds(batch: batchSize)) / timing.median
      print(
        "  " + pass.padding(toLength: 16, withPad: " ", startingAt: 0)
          + String(format: "min %8.3f ms  median %8.3f ms  %7.1f GFLOP/s", timing.min, timing.median, speed))
    }
  }
}
