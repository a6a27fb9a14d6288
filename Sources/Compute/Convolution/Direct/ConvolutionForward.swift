// Forward convolution (and backwardData of the transposed one).

import Kernels

/// The gradient of the activation before a tensor, applied where that tensor's gradient is written: times
/// (activations > 0 ? 1 : slope).
package struct ActivationGate: Sendable {
  package let activations: Activations
  package let slope: Float

  package init(_ activations: Activations, slope: Float) {
    self.activations = activations
    self.slope = slope
  }
}

extension Convolution {
  /// destination(n, o, y, x) = activation( bias(o) + Σ_{i, ky, kx} source(n, i, stride*y + ky - padding, stride*x + kx
  /// - padding) * weights(o, i, ky, kx) ), activation(v) = v > 0 ? v : slope*v, then times the gate where there is one.
  ///
  /// - Parameters:
  ///   - source: blocked (interleaved for a picture), `inputChannels` x inputSize², halo of `sourceHalo` zeros or
  ///     wider.
  ///   - weights: `weightsCount` Floats, see `weightOffset`; of bf16 from `pairWeights`.
  ///   - bias: of a layer with one position; nil: none. Whole blocks of 16, the unused lanes zero.
  ///   - destination: blocked, `outputChannels` x outputSize²; its halo becomes zero.
  ///   - precision: bf16 where `multipliesBFloat16`.
  ///   - scratchpad: `forwardScratchpadCount` Floats.
  package func forward(
    batch: Int, source: Activations, weights: Slice, bias: Slice? = nil, destination: Activations, slope: Float = 1,
    gate: ActivationGate? = nil, precision: Precision = .float32, scratchpad: Slice? = nil, on device: Device
  ) {
    precondition(form != .score, "a score has its own driver")
    check(input: source, output: destination, weights: nil, batch: batch, inputHalo: sourceHalo, outputHalo: 0)
    precondition(weights.count == weightsCount / precision.numbersOfCell)
    precondition(bias.map { outputSize == 1 && $0.count == outputBlocks * channelBlock } ?? true)
    let shared = SharedSource(
      activations: source, precision: precision, halo: sourceHalo, batch: batch, isOnePixel: outputSize == 1,
      scratchpad: scratchpad)
    shared.run(count: 1, result: destination, on: device) { _, source in
      var product = TiledProduct(
        precision: precision, source: source.walk(firstY: -padding, firstX: -padding, step: stride),
        sourcePicture: source.firstPicture, destination: destination.walk(), gate: gate?.activations.walk(),
        gateSlope: gate?.slope ?? 1, slope: slope, gridHeight: outputSize, gridWidth: outputSize,
        sourceHeight: inputSize, firstRow: -padding, rowStep: stride, depthBlocks: source.layout.blocks,
        windowRows: kernel, windowRowStride: source.rowStride, windowLength: kernel * source.pixelStride,
        weights: UnsafePointer(weights.pointer), outputBlocks: outputBlocks,
        bias: bias.map { UnsafePointer($0.pointer) })
      if form == .picture && outputSize == 1 {
        // A picture is one block. Its rows are what a chunk of the sum can be made of.
        product.source.blockStride = source.rowStride
        (product.depthBlocks, product.windowRows, product.windowRowStride) = (kernel, 1, 0)
      }
      return product
    }
  }

  /// Floats of scratch of `forward`.
  func forwardScratchpadCount(batch: Int, precision: Precision, threads: Int, _ blocking: Blocking) -> Int {
    let source = ActivationLayout(
      form == .picture ? .interleaved : .blocked, channels: inputChannels, height: inputSize, width: inputSize,
      halo: sourceHalo)
    return SharedSource.scratchpadCount(of: source, precision, batch: batch, threads: threads, blocking)
  }

  /// The operands are those of this convolution: `input` on its input side, `output` on its output side.
  func check(
    input: Activations, output: Activations, weights: Slice?, batch: Int, inputHalo: Int, outputHalo: Int
  ) {
    precondition(input.layout.order == (form == .picture ? .interleaved : .blocked))
    precondition(output.layout.order == .blocked)
    precondition(input.layout.channels == inputChannels && output.layout.channels == outputChannels)
    precondition(input.layout.height == inputSize && input.layout.width == inputSize)
    precondition(output.layout.height == outputSize && output.layout.width == outputSize)
    precondition(input.layout.halo >= inputHalo && output.layout.halo >= outputHalo)
    precondition(input.holds(batch: batch) && output.holds(batch: batch))
    precondition(weights == nil || weights?.count == weightsCount)
  }
}
