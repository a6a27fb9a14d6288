// Batch norm over blocked activations, with the activation that follows or precedes it fused in.
// Source: Ioffe and Szegedy, "Batch normalization" (ICML 2015). Statistics are combined in Double over the pictures in
// order, so they depend neither on the number of threads nor, where ranks share a batch, on theirs.

import Kernels
import Ranks

/// Batch norm of `channels` channels in planes of `size` x `size`.
package struct BatchNorm: Hashable, Sendable {
  package let channels: Int
  package let size: Int
  package static let epsilon: Double = 1e-5
  package static let momentum: Double = 0.1

  package init(channels: Int, size: Int) {
    self.channels = channels
    self.size = size
  }

  /// The channels' part of a slab: gamma, beta, running mean or running variance, unused lanes zero.
  package struct Parameters: Sendable {
    package let gamma: Slice
    package let beta: Slice

    package init(gamma: Slice, beta: Slice) {
      self.gamma = gamma
      self.beta = beta
    }
  }

  package var blocks: Int { (channels + channelBlock - 1) / channelBlock }
  /// Floats of gamma, beta, running mean or running variance.
  package var parameterCount: Int { blocks * channelBlock }
  /// Floats kept from forward to backward: `[block][mean 16, reciprocal deviation 16]`.
  package var workspaceCount: Int { blocks * 2 * channelBlock }
  /// Floats of scratch for any pass: a plane's sums a picture and block, and a block's coefficients.
  package func scratchpadCount(batch: Int) -> Int { batch * blocks * 2 * channelBlock + blocks * coefficients }

  private var coefficients: Int { 5 * channelBlock }

  /// y = activation(gamma * (x - mean) / sqrt(variance + epsilon) + beta) with the batch's own biased statistics;
  /// running = (1 - momentum)*running + momentum*(mean or unbiased variance). activation(v) = v > 0 ? v : slope*v.
  ///
  /// - Parameters:
  ///   - x: blocked, any halo. y: blocked; its halo becomes zero. They may not overlap.
  ///   - workspace: `workspaceCount` Floats, for `backward`.
  package func forwardTraining(
    batch: Int, x: Activations, y: Activations, parameters: Parameters, runningMean: Slice, runningVariance: Slice,
    workspace: Slice, scratchpad: Slice, slope: Float = 1, on device: Device
  ) {
    check(x, batch)
    check(y, batch)
    precondition(workspace.count == workspaceCount && scratchpad.count >= scratchpadCount(batch: batch))
    let sums = scratchpad.pointer
    let channel = sums + batch * blocks * 2 * channelBlock
    device.parallel(batch * blocks) { planes in
      for p in planes {
        device.kernels.moments(
          x.plane(p / blocks, p % blocks), size, size, sums + p * 2 * channelBlock)
      }
    }
    withSumsOfAllRanks(sums, batch: batch, on: device) { sums, batch in
      combine(
        sums, batch: batch, channel, parameters, runningMean: runningMean, runningVariance: runningVariance,
        workspace: workspace)
    }
    normalise(batch: batch, x: x, y: y, channel: channel, slope: slope, on: device)
  }

  /// Pictures' moments to the batch's statistics, and what is made of these.
  private func combine(
    _ sums: UnsafePointer<Float>, batch: Int, _ channel: UnsafeMutablePointer<Float>, _ parameters: Parameters,
    runningMean: Slice, runningVariance: Slice, workspace: Slice
  ) {
    if batch == 0 { return }
    let planeCount = Double(size * size)
    let count = planeCount * Double(batch)
    for c in 0..<blocks * channelBlock {
      let (block, lane) = (c / channelBlock, c % channelBlock)
      var mean = 0.0
      for n in 0..<batch { mean += Double(sums[(n * blocks + block) * 2 * channelBlock + lane]) }
      mean /= Double(batch)
      var squares = 0.0
      for n in 0..<batch {
        let plane = sums + (n * blocks + block) * 2 * channelBlock
        let distance = Double(plane[lane]) - mean
        squares += Double(plane[channelBlock + lane]) + planeCount * distance * distance
      }
      let variance = squares / count
      let reciprocal = 1 / (variance + Self.epsilon).squareRoot()
      workspace.pointer[block * 2 * channelBlock + lane] = Float(mean)
      workspace.pointer[block * 2 * channelBlock + channelBlock + lane] = Float(reciprocal)
      setCoefficients(channel, c, mean: mean, reciprocal: reciprocal, parameters)
      if c < channels {
        let unbiased = count > 1 ? squares / (count - 1) : variance
        runningMean.pointer[c] = Float((1 - Self.momentum) * Double(runningMean.pointer[c]) + Self.momentum * mean)
        runningVariance.pointer[c] = Float(
          (1 - Self.momentum) * Double(runningVariance.pointer[c]) + Self.momentum * unbiased)
      }
    }
  }

  /// Calls `body` with the planes' sums of all pictures of the batch, in their order, whichever rank has them, and with
  /// the number of pictures.
  private func withSumsOfAllRanks(
    _ sums: UnsafeMutablePointer<Float>, batch: Int, on device: Device,
    _ body: (_ sums: UnsafePointer<Float>, _ batch: Int) -> Void
  ) {
    guard let ranks = device.ranks, device.sharesNorms else { return body(sums, batch) }
    let ofPicture = blocks * 2 * channelBlock
    let all = ranks.gather(UnsafeRawBufferPointer(UnsafeBufferPointer(start: sums, count: batch * ofPicture)))
    all.bytes.withUnsafeBytes { bytes in
      let floats = bytes.bindMemory(to: Float.self)
      if let start = floats.baseAddress { body(start, floats.count / ofPicture) }
    }
  }

  /// y = activation(gamma * (x - runningMean) / sqrt(runningVariance + epsilon) + beta).
  package func forwardEvaluation(
    batch: Int, x: Activations, y: Activations, parameters: Parameters, runningMean: Slice, runningVariance: Slice,
    scratchpad: Slice, slope: Float = 1, on device: Device
  ) {
    check(x, batch)
    check(y, batch)
    precondition(scratchpad.count >= scratchpadCount(batch: batch))
    for c in 0..<blocks * channelBlock {
      let reciprocal = 1 / (Double(runningVariance.pointer[c]) + Self.epsilon).squareRoot()
      setCoefficients(
        scratchpad.pointer, c, mean: Double(runningMean.pointer[c]), reciprocal: reciprocal, parameters)
    }
    normalise(batch: batch, x: x, y: y, channel: scratchpad.pointer, slope: slope, on: device)
  }

  /// With d = diffY * (y > 0 ? 1 : slope) and xhat = (x - mean) * reciprocal:
  ///
  ///     diffBeta (+)= Σ d;  diffGamma (+)= Σ d*xhat                     (of this rank's pictures)
  ///     diffX = gamma * reciprocal * (d - mean(d) - xhat*mean(d*xhat)) * (x > 0 ? 1 : inputSlope)
  ///
  /// - Parameters:
  ///   - y: the output, where an activation followed the norm; nil where none did.
  ///   - diffX: blocked; its halo becomes zero. May be diffY itself.
  ///   - inputSlope: of the activation whose output x is; 1 where there was none.
  ///   - diffParameters: where to put (or, with `accumulate`, add) the parameters' gradients, zeros in unused lanes;
  ///     nil computes none.
  package func backward(
    batch: Int, diffY: Activations, x: Activations, y: Activations?, diffX: Activations, parameters: Parameters,
    diffParameters: Parameters?, accumulate: Bool, workspace: Slice, scratchpad: Slice, slope: Float, inputSlope: Float,
    on device: Device
  ) {
    check(diffY, batch)
    check(x, batch)
    check(diffX, batch)
    precondition(workspace.count == workspaceCount && scratchpad.count >= scratchpadCount(batch: batch))
    let sums = scratchpad.pointer
    let channel = sums + batch * blocks * 2 * channelBlock
    // Without an activation after the norm the gate must not matter: any plane with slope 1.
    let gate = y ?? x
    let gateSlope = y == nil ? 1 : slope
    device.parallel(batch * blocks) { planes in
      for p in planes {
        let (n, block) = (p / blocks, p % blocks)
        device.kernels.normSums(
          diffY.plane(n, block), x.plane(n, block), gate.plane(n, block), size, size,
          workspace.pointer + block * 2 * channelBlock, gateSlope, sums + p * 2 * channelBlock)
      }
    }
    withSumsOfAllRanks(sums, batch: batch, on: device) { all, allPictures in
      let count = Double(allPictures * size * size)
      for c in 0..<blocks * channelBlock {
        let (block, lane) = (c / channelBlock, c % channelBlock)
        let (sum, product) = sumsOfPictures(all, batch: allPictures, block, lane)
        if let diffParameters {
          // Of this rank's pictures: as those of other layers they are summed over ranks later.
          let own = all == sums ? (sum, product) : sumsOfPictures(sums, batch: batch, block, lane)
          let (beta, gamma) = c < channels ? (Float(own.0), Float(own.1)) : (0, 0)
          diffParameters.beta.pointer[c] = beta + (accumulate ? diffParameters.beta.pointer[c] : 0)
          diffParameters.gamma.pointer[c] = gamma + (accumulate ? diffParameters.gamma.pointer[c] : 0)
        }
        let to = channel + block * coefficients + lane
        let reciprocal = workspace.pointer[block * 2 * channelBlock + channelBlock + lane]
        to[0] = workspace.pointer[block * 2 * channelBlock + lane]
        to[channelBlock] = reciprocal
        to[2 * channelBlock] = parameters.gamma.pointer[c] * reciprocal
        to[3 * channelBlock] = Float(sum / count)
        to[4 * channelBlock] = Float(product / count)
      }
    }
    device.parallel(batch) { pictures in
      for n in pictures {
        for block in 0..<blocks {
          device.kernels.normBackward(
            diffY.plane(n, block), x.plane(n, block), gate.plane(n, block), diffX.plane(n, block), size, size,
            channel + block * coefficients, gateSlope, inputSlope)
        }
      }
      diffX.clearHalo(pictures: pictures)
    }
  }

  private func sumsOfPictures(
    _ sums: UnsafePointer<Float>, batch: Int, _ block: Int, _ lane: Int
  ) -> (sum: Double, product: Double) {
    var (sum, product) = (0.0, 0.0)
    for n in 0..<batch {
      let plane = sums + (n * blocks + block) * 2 * channelBlock
      sum += Double(plane[lane])
      product += Double(plane[channelBlock + lane])
    }
    return (sum, product)
  }

  private func setCoefficients(
    _ channel: UnsafeMutablePointer<Float>, _ c: Int, mean: Double, reciprocal: Double, _ parameters: Parameters
  ) {
    let to = channel + c / channelBlock * coefficients + c % channelBlock
    to[0] = Float(mean)
    to[channelBlock] = Float(Double(parameters.gamma.pointer[c]) * reciprocal)
    to[2 * channelBlock] = parameters.beta.pointer[c]
  }

  private func normalise(
    batch: Int, x: Activations, y: Activations, channel: UnsafePointer<Float>, slope: Float, on device: Device
  ) {
    device.parallel(batch) { pictures in
      for n in pictures {
        for block in 0..<blocks {
          device.kernels.normalise(
            x.plane(n, block), y.plane(n, block), size, size, channel + block * coefficients, slope)
        }
      }
      y.clearHalo(pictures: pictures)
    }
  }

  private func check(_ a: Activations, _ batch: Int) {
    precondition(a.layout.order == .blocked && a.layout.channels == channels)
    precondition(a.layout.height == size && a.layout.width == size && a.holds(batch: batch))
  }
}

extension Activations {
  fileprivate func plane(_ picture: Int, _ block: Int) -> Plane {
    Plane(
      slice.pointer + picture * layout.pictureStride + block * layout.blockStride + layout.pixel(0, 0),
      rowStride: layout.rowStride)
  }
}

// MARK: - As the graph has it

extension BatchNorm: NormPrimitive {
  package var operation: String { "batch norm" }

  package var parameters: [ParameterLayout] {
    [("weight", .gamma), ("bias", .beta), ("running_mean", .runningMean), ("running_var", .runningVariance)].map {
      ParameterLayout(name: $0, kind: $1, channels: channels, count: parameterCount)
    }
  }

  /// Forward: twice through the input, once through the output. Backward: twice through the gradient, the input and the
  /// output, once through the gradient that is written.
  package func work(_ pass: StepRecorder.Pass, batch: Int) -> StepRecorder.Work {
    .init(bytes: (pass == .forward ? 3 : 7) * batch * channels * size * size * MemoryLayout<Float>.stride)
  }

  package func forward(
    batch: Int, x: Activations, y: Activations, parameters: [Slice], statistics: NormStatistics, workspace: Slice,
    scratchpad: Slice, slope: Float, on device: Device
  ) {
    switch statistics {
    case .batch:
      forwardTraining(
        batch: batch, x: x, y: y, parameters: Parameters(parameters), runningMean: parameters[2],
        runningVariance: parameters[3], workspace: workspace, scratchpad: scratchpad, slope: slope, on: device)
    case .running:
      forwardEvaluation(
        batch: batch, x: x, y: y, parameters: Parameters(parameters), runningMean: parameters[2],
        runningVariance: parameters[3], scratchpad: scratchpad, slope: slope, on: device)
    }
  }

  package func backward(
    batch: Int, diffY: Activations, x: Activations, y: Activations?, diffX: Activations, parameters: [Slice],
    diffParameters: [Slice]?, accumulate: Bool, workspace: Slice, scratchpad: Slice, slope: Float, inputSlope: Float,
    on device: Device
  ) {
    backward(
      batch: batch, diffY: diffY, x: x, y: y, diffX: diffX, parameters: Parameters(parameters),
      diffParameters: diffParameters.map(Parameters.init), accumulate: accumulate, workspace: workspace,
      scratchpad: scratchpad, slope: slope, inputSlope: inputSlope, on: device)
  }
}

extension BatchNorm.Parameters {
  /// In the order of `BatchNorm.parameters`.
  fileprivate init(_ slices: [Slice]) { self.init(gamma: slices[0], beta: slices[1]) }
}
