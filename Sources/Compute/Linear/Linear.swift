// A linear layer, y = W x + b (PyTorch's nn.Linear): a convolution whose kernel covers its whole input, with a bias.
// Vectors are planes of 1x1; a picture's values are a linear layer's in PyTorch's order (channel, row, column), and lie
// as the picture does.

import Kernels

/// A linear layer between vectors, from pictures (flattened), or to pictures (viewed as such).
package struct Linear: Hashable, Sendable {
  /// To pictures: the convolution of whose forward pass the layer is the adjoint.
  package let convolution: Convolution
  package let makesPictures: Bool

  /// - Parameter isScore: one output, and nothing behind it.
  package init(inputs: Int, outputs: Int, isScore: Bool = false) throws(GeometryError) {
    convolution = try Convolution(
      isScore ? .score : .blocked, kernel: 1, stride: 1, padding: 0, inputChannels: inputs, outputChannels: outputs,
      inputSize: 1)
    makesPictures = false
  }

  package init(fromPicturesOf channels: Int, size: Int, outputs: Int) throws(GeometryError) {
    convolution = try Convolution(
      .picture, kernel: size, stride: 1, padding: 0, inputChannels: channels, outputChannels: outputs, inputSize: size)
    makesPictures = false
  }

  package init(inputs: Int, toPicturesOf channels: Int, size: Int) throws(GeometryError) {
    convolution = try Convolution(
      .picture, kernel: size, stride: 1, padding: 0, inputChannels: channels, outputChannels: inputs, inputSize: size)
    makesPictures = true
  }

  /// The one that takes what `input` is.
  ///
  /// - Parameter isScore: one output, and nothing behind it.
  package init(_ input: ActivationShape, outputs: Int, isScore: Bool) throws(GeometryError) {
    switch input {
    case .planes(let inputs, 1): try self.init(inputs: inputs, outputs: outputs, isScore: isScore)
    case .pictures(let channels, let size) where !isScore:
      try self.init(fromPicturesOf: channels, size: size, outputs: outputs)
    case .pictures, .planes, .scores:
      throw GeometryError(
        isScore
          ? "a linear layer to a score takes values, not \(input.description)"
          : "a linear layer takes values or pictures, not \(input.description)")
    }
  }

  /// The one whose values are pictures.
  package init(_ input: ActivationShape, outputs: Int, viewedAs pictures: ActivationShape) throws(GeometryError) {
    guard case .planes(let inputs, 1) = input else {
      throw GeometryError("a linear layer to pictures takes values, not \(input.description)")
    }
    try self.init(inputs: inputs, toPicturesOf: pictures.channels, size: pictures.size)
    guard outputs == planeCount else {
      throw GeometryError("\(outputs) values can't be viewed as \(pictures.description)")
    }
  }

  /// The values of a plane of the convolution's input: what its weights count for each output channel.
  private var planeCount: Int { convolution.inputChannels * convolution.inputSize * convolution.inputSize }

  /// As in PyTorch: (out, in).
  package var weightShape: [Int] {
    makesPictures ? [planeCount, convolution.outputChannels] : [convolution.outputChannels, planeCount]
  }
}

// MARK: - Weights

extension Linear {
  var parameters: [ParameterLayout] {
    let (outputs, inputs) = (weightShape[0], weightShape[1])
    return [
      ParameterLayout(
        name: "weight", kind: .linearWeight, shape: weightShape, count: convolution.weightsCount, read: weightValues,
        write: { setWeights($0, from: $1) }),
      ParameterLayout(
        name: "bias", kind: .bias(fanIn: inputs), shape: [outputs], count: biasCount, read: biasValues,
        write: { setBias($0, from: $1) }),
    ]
  }

  /// The kernels' layout as (out, in) values.
  package func weightValues(_ weights: Slice) -> [Float] {
    let values = convolution.weightValues(weights)
    return makesPictures ? transposed(values, rows: convolution.outputChannels, columns: planeCount) : values
  }

  /// (out, in) values into the kernels' layout.
  package func setWeights(_ weights: Slice, from values: [Float]) {
    convolution.setWeights(
      weights, from: makesPictures ? transposed(values, rows: planeCount, columns: convolution.outputChannels) : values)
  }

  private func transposed(_ values: [Float], rows: Int, columns: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for column in 0..<columns {
      for row in 0..<rows { result.append(values[row * columns + column]) }
    }
    return result
  }
}

// MARK: - Bias

extension Linear {
  /// Floats of the bias: as one position of the output lies, without a halo; whole blocks of 16.
  package var biasCount: Int {
    makesPictures ? planeCount : (convolution.outputChannels + channelBlock - 1) / channelBlock * channelBlock
  }

  /// Where PyTorch's values lie. Of a picture (channel, row, column) are (row, column, channel).
  private func biasOffset(_ index: Int) -> Int {
    if !makesPictures { return index }
    let area = convolution.inputSize * convolution.inputSize
    return index % area * convolution.inputChannels + index / area
  }

  package func biasValues(_ bias: Slice) -> [Float] {
    precondition(bias.count == biasCount)
    return (0..<weightShape[0]).map { bias.pointer[biasOffset($0)] }
  }

  package func setBias(_ bias: Slice, from values: [Float]) {
    precondition(bias.count == biasCount && values.count == weightShape[0])
    bias.fill(0)
    for (i, value) in values.enumerated() { bias.pointer[biasOffset(i)] = value }
  }

  /// destination(n, o) += factors[n] * bias(o), then times the gate where there is one.
  ///
  /// - Parameter destination: vectors, without a halo.
  func addBias(
    _ bias: Slice, factors: Slice, to destination: Activations, gate: ActivationGate?, batch: Int, on device: Device
  ) {
    let stride = destination.layout.pictureStride
    precondition(!makesPictures && bias.count == biasCount && stride == biasCount && factors.count >= batch)
    precondition(destination.holds(batch: batch) && gate.map { $0.activations.layout == destination.layout } ?? true)
    device.parallel(batch) { pictures in
      for n in pictures {
        let values = destination.slice.pointer + n * stride
        device.kernels.scaledSum(values, bias.pointer, factors.pointer[n], biasCount, true)
        guard let gate else { continue }
        device.kernels.scaledGate(
          values, values, UnsafePointer(gate.activations.slice.pointer + n * stride), 1, gate.slope, biasCount)
      }
    }
  }

  /// diffBias(o) = (accumulate ? diffBias : 0) + Σ_n factors[n] * gradient(n, o), the sum first (see
  /// `scoreBackwardBias`), in the pictures' order.
  ///
  /// - Parameters:
  ///   - gradient: of the layer's output: pictures, or vectors; any halo.
  ///   - factors: nil: 1.
  package func backwardBias(
    batch: Int, gradient: Activations, factors: Slice? = nil, diffBias: Slice, accumulate: Bool, on device: Device
  ) {
    if let factors {
      backwardBias(batch: batch, gradient: gradient, factors: factors, diffBias: diffBias, accumulate: accumulate)
    } else {
      backwardBias(batch: batch, gradient: gradient, diffBias: diffBias, accumulate: accumulate, on: device)
    }
  }

  /// Each product is rounded and then added, in Double: real and fake pictures' often cancel, and a fused operation, or
  /// sums in Float, would leave a rest, which RMSprop would turn into whole steps.
  private func backwardBias(
    batch: Int, gradient: Activations, factors: Slice, diffBias: Slice, accumulate: Bool
  ) {
    let layout = gradient.layout
    precondition(!makesPictures && layout.order == .blocked && gradient.holds(batch: batch))
    precondition(diffBias.count == biasCount && factors.count >= batch)
    for o in 0..<biasCount {
      let place = o / channelBlock * layout.blockStride + layout.pixel(0, 0) + o % channelBlock
      var sum = 0.0
      for n in 0..<batch {
        let product: Float = factors.pointer[n] * gradient.slice.pointer[n * layout.pictureStride + place]
        sum += Double(product)
      }
      diffBias.pointer[o] = (accumulate ? diffBias.pointer[o] : 0) + Float(sum)
    }
  }

  private func backwardBias(
    batch: Int, gradient: Activations, diffBias: Slice, accumulate: Bool, on device: Device
  ) {
    let layout = gradient.layout
    let lineCount = makesPictures ? layout.width * layout.channels : channelBlock
    precondition(gradient.holds(batch: batch) && diffBias.count == biasCount)
    precondition(layout.order == (makesPictures ? .interleaved : .blocked))
    device.parallel(biasCount / lineCount) { lines in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: lineCount) { before in
        guard let before = before.baseAddress else { return }
        for line in lines {
          let place = makesPictures ? layout.pixel(line, 0) : line * layout.blockStride + layout.pixel(0, 0)
          let sum = diffBias.pointer + line * lineCount
          if accumulate { before.update(from: sum, count: lineCount) }
          for n in 0..<batch {
            device.kernels.scaledSum(
              sum, gradient.slice.pointer + n * layout.pictureStride + place, 1, lineCount, n > 0)
          }
          if accumulate { device.kernels.scaledSum(sum, before, 1, lineCount, true) }
        }
      }
    }
  }
}
