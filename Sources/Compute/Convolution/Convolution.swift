// A convolution's geometry and its weights' layout. A transposed convolution is the same object with its passes
// exchanged: forward <-> backwardData, and source and gradient exchanged in backwardWeights. PyTorch's ConvTranspose2d
// keeps its weights just so: (in, out, kh, kw) of the transposed one is (out, in, kh, kw) of the convolution.

import Kernels

/// A square 2-d convolution: kernel 4 stride 2 padding 1, kernel 3 stride 1 padding 1, or a kernel as large as the
/// plane, stride 1 padding 0, to one position: those of the DCGAN nets, and what linear layers are (Linear.swift). Only
/// these have a bias.
package struct Convolution: Hashable, Sendable {
  /// Which kernels run it, decided by what stands on its two sides, never by a timing.
  package enum Form: Hashable, Sendable {
    /// Channels on both sides blocked by 16.
    case blocked
    /// The source is a picture: interleaved, 1 to 4 channels, a row of whole blocks of 16 Floats; kernel 4 stride 2, or
    /// the whole picture to one position.
    case picture
    /// One output channel at one position: the critic's score.
    case score
  }

  package let form: Form
  package let kernel: Int
  package let stride: Int
  package let padding: Int
  package let inputChannels: Int
  package let outputChannels: Int
  package let inputSize: Int
  package let outputSize: Int

  /// - Throws: where no kernel runs such a convolution.
  package init(
    _ form: Form = .blocked, kernel: Int, stride: Int, padding: Int, inputChannels: Int, outputChannels: Int,
    inputSize: Int
  ) throws(GeometryError) {
    outputSize = try Self.checkedOutputSize(
      form, kernel: kernel, stride: stride, padding: padding, inputChannels: inputChannels,
      outputChannels: outputChannels, inputSize: inputSize)
    self.form = form
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.inputSize = inputSize
  }

  /// As benchdnn writes it, without the batch: `ic64ih32oc128oh16kh4sh2ph1`.
  package var description: String {
    "ic\(inputChannels)ih\(inputSize)oc\(outputChannels)oh\(outputSize)kh\(kernel)sh\(stride)ph\(padding)"
  }

  package func multiplyAdds(batch: Int) -> Int {
    batch * outputSize * outputSize * outputChannels * inputChannels * kernel * kernel
  }

  var inputBlocks: Int { (inputChannels + channelBlock - 1) / channelBlock }
  var outputBlocks: Int { (outputChannels + channelBlock - 1) / channelBlock }

  /// Input channels of one weights block: 16, or a picture's own.
  var inputBlock: Int { form == .picture ? inputChannels : channelBlock }

  /// What its source is, and what it makes.
  var inputShape: ActivationShape {
    form == .picture
      ? .pictures(channels: inputChannels, size: inputSize) : .planes(channels: inputChannels, size: inputSize)
  }
  var outputShape: ActivationShape {
    form == .score ? .scores : .planes(channels: outputChannels, size: outputSize)
  }

  /// How far zeros must reach around the source in forward and backwardWeights.
  package var sourceHalo: Int { padding }
  /// How far zeros must reach around the gradient of the output in backwardData.
  package var gradientHalo: Int { form == .blocked && kernel > stride && outputSize > 1 ? 1 : 0 }
}

// MARK: - Weights

extension Convolution {
  /// Floats of the weights in the kernels' layout.
  package var weightsCount: Int {
    switch form {
    case .blocked: outputBlocks * inputBlocks * kernel * kernel * channelBlock * channelBlock
    case .picture: outputBlocks * kernel * kernel * inputChannels * channelBlock
    case .score: inputBlocks * kernel * kernel * channelBlock
    }
  }

  /// Parameters as PyTorch counts them.
  package var parameterCount: Int { outputChannels * inputChannels * kernel * kernel }

  /// Where weight (o, i, y, x) lies in the kernels' layout:
  ///
  /// - blocked (OIhw16i16o), unused lanes zero: `((((o/16)*inputBlocks + i/16)*k + y)*k + x)*256 + (i%16)*16 + o%16`
  /// - picture (Ohwi16o): `((((o/16)*k + y)*k + x)*inputChannels + i)*16 + o%16`
  /// - score (Ihw16i): `((i/16*k + y)*k + x)*16 + i%16`
  package func weightOffset(_ o: Int, _ i: Int, _ y: Int, _ x: Int) -> Int {
    switch form {
    case .blocked:
      ((((o / 16) * inputBlocks + i / 16) * kernel + y) * kernel + x) * 256 + (i % 16) * 16 + o % 16
    case .picture:
      ((((o / 16) * kernel + y) * kernel + x) * inputChannels + i) * 16 + o % 16
    case .score:
      ((i / 16 * kernel + y) * kernel + x) * 16 + i % 16
    }
  }

  /// A layer between a net's first and last: its products may be of bf16.
  package var multipliesBFloat16: Bool { form == .blocked && outputSize > 1 }

  /// Rounds blocked weights to bf16 for `forward`, as pairs of input channels: in the order of the weights, each
  /// `[16 i][16 o]` becomes `[8 pairs of i][16 o]`.
  func pairWeights(_ weights: Slice, into pairs: Slice, on device: Device) {
    precondition(form == .blocked && weights.count == weightsCount && pairs.count == weightsCount / 2)
    let (from, to) = (weights.pointer, pairs.pointer)
    device.parallel(pairs.count / channelBlock) { rows in
      let first = from + rows.lowerBound * 2 * channelBlock
      device.pairs.pairLanes(
        first, first + channelBlock, 2 * channelBlock, to + rows.lowerBound * channelBlock, rows.count)
    }
  }

  /// OIHW values into the kernels' layout.
  package func setWeights(_ weights: Slice, from values: [Float]) {
    precondition(weights.count == weightsCount && values.count == parameterCount)
    weights.fill(0)
    forEachWeight { place, index in weights.pointer[place] = values[index] }
  }

  /// The kernels' layout as OIHW values.
  package func weightValues(_ weights: Slice) -> [Float] {
    precondition(weights.count == weightsCount)
    var values = [Float](repeating: 0, count: parameterCount)
    forEachWeight { place, index in values[index] = weights.pointer[place] }
    return values
  }

  private func forEachWeight(_ body: (_ place: Int, _ index: Int) -> Void) {
    var index = 0
    for o in 0..<outputChannels {
      for i in 0..<inputChannels {
        for y in 0..<kernel {
          for x in 0..<kernel {
            body(weightOffset(o, i, y, x), index)
            index += 1
          }
        }
      }
    }
  }
}

// MARK: - Which there are kernels for

extension Convolution {
  private static func checkedOutputSize(
    _ form: Form, kernel: Int, stride: Int, padding: Int, inputChannels: Int, outputChannels: Int, inputSize: Int
  ) throws(GeometryError) -> Int {
    try GeometryError.check(
      ("a kernel of", kernel, 1), ("a stride of", stride, 1), ("a padding of", padding, 0),
      ("channels in:", inputChannels, 1), ("channels out:", outputChannels, 1), ("a plane of", inputSize, 1))
    let size = try outputSize(kernel: kernel, stride: stride, padding: padding, inputSize: inputSize)
    switch form {
    case .blocked: break
    case .score:
      guard size == 1 && outputChannels == 1 else {
        throw GeometryError("a score is one channel at one position, not \(outputChannels) at \(size)x\(size)")
      }
    case .picture:
      try ActivationShape.checkPictures(channels: inputChannels, size: inputSize)
      guard kernel == 4 || size == 1 else {
        throw GeometryError(
          "there is no \(kernel)x\(kernel) kernel for pictures, only 4x4 at stride 2 or the whole picture")
      }
    }
    let products = [size, size, outputChannels, inputChannels, kernel, kernel].reduce(1.0) { $0 * Double($1) }
    guard products <= GeometryError.mostMultiplyAdds else {
      throw GeometryError("\(products) multiply-adds for a picture: no machine trains that")
    }
    return size
  }

  private static func outputSize(
    kernel: Int, stride: Int, padding: Int, inputSize: Int
  ) throws(GeometryError) -> Int {
    func checkWidth(_ factor: Int) throws(GeometryError) {
      if inputSize % factor != 0 {
        throw GeometryError(
          "\(kernel)x\(kernel) at stride \(stride) wants planes a multiple of \(factor) wide (on the larger side), "
            + "not \(inputSize)")
      }
    }
    switch (kernel, stride, padding) {
    case (4, 2, 1):
      try checkWidth(8)
      return inputSize / 2
    case (3, 1, 1):
      try checkWidth(4)
      return inputSize
    case (inputSize, 1, 0): return 1
    default:
      throw GeometryError(
        "there are no kernels for \(kernel)x\(kernel) at stride \(stride) with padding \(padding) on planes of "
          + "\(inputSize)x\(inputSize); there are for 4x4 at stride 2 with padding 1, 3x3 at stride 1 with padding 1, "
          + "and one as large as the plane")
    }
  }
}
