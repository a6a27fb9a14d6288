// A convolution with its operands in memory, ready to run any pass: what is verified is what is timed.

import ArgumentParser
import Compute
import SystemSupport

struct ConvolutionRun {
  let convolution: Convolution
  let batch: Int
  let device: Device
  private let primitive: ConvolutionPrimitive

  private let source: Activations
  private let diffSource: Activations
  private let destination: Activations
  private let diffDestination: Activations
  private let scores: Slice
  private let diffScores: Slice
  private let weights: Slice
  private let diffWeights: Slice
  /// What forward and backwardData want of the weights.
  private let prepared: [Pass: Slice]
  private let scratchpad: Slice

  /// Values are NCHW and OIHW.
  struct Operands {
    var source: [Float]
    var weights: [Float]
    var diffDestination: [Float]
  }

  init(
    _ shape: ConvolutionShape, _ choice: AlgorithmChoice, _ precision: Precision, _ operands: Operands,
    on device: Device
  ) {
    let c = shape.convolution
    convolution = c
    let primitive = ConvolutionPrimitive(c, batch: shape.batch, choice: choice, precision: precision, on: device)
    self.primitive = primitive
    batch = shape.batch
    self.device = device
    let input = ActivationLayout(
      c.form == .picture ? .interleaved : .blocked, channels: c.inputChannels, height: c.inputSize,
      width: c.inputSize, halo: c.sourceHalo)
    let output = ActivationLayout(
      .blocked, channels: c.outputChannels, height: c.outputSize, width: c.outputSize, halo: c.gradientHalo)
    func slab(_ count: Int) -> Slice { Slab(count: count).all }
    func activations(_ layout: ActivationLayout) -> Activations {
      Activations(slab(layout.count(batch: shape.batch)), layout)
    }
    source = activations(input)
    diffSource = activations(input)
    let isScore = c.form == .score
    destination = activations(output)
    diffDestination = activations(output)
    scores = slab((batch + 15) / 16 * 16)
    diffScores = slab(batch)
    weights = slab(c.weightsCount)
    diffWeights = slab(c.weightsCount)
    prepared = Dictionary(
      uniqueKeysWithValues: Pass.allCases.map { ($0, slab(isScore ? 0 : primitive.preparedCount($0))) })
    scratchpad = slab(primitive.scratchpadCount(threads: device.threads))
    source.set(operands.source, batch: batch)
    c.setWeights(weights, from: operands.weights)
    if isScore {
      diffScores.copy(from: operands.diffDestination)
    } else {
      diffDestination.set(operands.diffDestination, batch: batch)
    }
  }

  /// With packing or transforming the weights, where the pass wants that: in training it's part of each step.
  func run(_ pass: Pass) {
    let c = convolution
    let isScore = c.form == .score
    switch pass {
    case .forward:
      if isScore {
        c.scoreForward(batch: batch, source: source, weights: weights, scores: scores, on: device)
      } else {
        primitive.prepare(pass, weights: weights, into: prepared(pass), on: device)
        primitive.forward(
          batch: batch, source: source, weights: weights, prepared: prepared(pass), destination: destination,
          scratchpad: scratchpad, on: device)
      }
    case .backwardData:
      if isScore {
        c.scoreBackwardData(
          batch: batch, diffScores: diffScores, weights: weights, diffSource: diffSource, on: device)
      } else {
        primitive.prepare(pass, weights: weights, into: prepared(pass), on: device)
        primitive.backwardData(
          batch: batch, diffDestination: diffDestination, weights: weights, prepared: prepared(pass),
          diffSource: diffSource, scratchpad: scratchpad, on: device)
      }
    case .backwardWeights:
      if isScore {
        c.scoreBackwardWeights(
          batch: batch, source: source, diffScores: diffScores, diffWeights: diffWeights, accumulate: false,
          on: device)
      } else {
        primitive.backwardWeights(
          batch: batch, source: source, diffDestination: diffDestination, diffWeights: diffWeights,
          accumulate: false, scratchpad: scratchpad, on: device)
      }
    }
  }

  /// What the pass made: NCHW or OIHW.
  func result(_ pass: Pass) -> [Float] {
    switch pass {
    case .forward:
      guard convolution.form == .score else { return destination.array(batch: batch) }
      // As a plane of one value a picture.
      return Activations(
        scores, ActivationLayout(.interleaved, channels: 1, height: 1, width: 1, halo: 0)
      ).array(batch: batch)
    case .backwardData: return diffSource.array(batch: batch)
    case .backwardWeights: return convolution.weightValues(diffWeights)
    }
  }

  private func prepared(_ pass: Pass) -> Slice { prepared[pass] ?? weights[0..<0] }

  /// The method that the pass runs.
  func algorithm(_ pass: Pass) -> Algorithm { primitive.algorithm(pass) }

  /// What its products multiply.
  var precision: Precision { primitive.precision }

  /// The cache blocks that the driver chose for the pass; empty: not known.
  func blocking(_ pass: Pass) -> String {
    let c = convolution
    if c.form == .score { return "" }
    if let blocking = primitive.winogradBlocking(pass) { return blocking }
    switch pass {
    case .forward:
      let (pictures, depth) = c.forwardBlocks(batch: batch, source: source.layout, precision: precision, on: device)
      return "\(counted(pictures, "picture")), \(depth) deep"
    case .backwardData:
      let (pictures, depth) = c.backwardDataBlocks(
        batch: batch, diffDestination: diffDestination.layout, precision: precision, on: device)
      return "\(counted(pictures, "picture")), \(depth) deep"
    case .backwardWeights:
      let (pictures, rows) = c.backwardWeightsBlock(batch: batch, precision: precision, on: device)
      return "\(counted(pictures, "picture")), \(counted(rows, "row"))"
    }
  }

  /// The register tile of the pass's inner loop.
  func tile(_ pass: Pass) -> String {
    if convolution.form == .score { return "dot" }
    switch pass {
    case .forward, .backwardData: return "\(device.multiplyTile.pixels)x\(device.multiplyTile.channels)"
    case .backwardWeights: return "\(device.weightsTile.inputs)x\(device.weightsTile.outputs)"
    }
  }
}
