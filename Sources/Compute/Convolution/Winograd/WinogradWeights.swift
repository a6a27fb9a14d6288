// The transformed weights of fast convolution.

import CProcessor
import Kernels

extension Winograd {
  /// Cells of two blocks' transformed weights at one position: `[16][16]`, source channels by rows, or of bf16 `[8
  /// pairs of source channels][16]`.
  var weightsArea: Int { channelBlock * channelBlock / blocking.precision.numbersOfCell }

  /// The weights of a source block and a block of the destination, transformed: at each position `[part][weightsArea]`.
  ///
  /// - Parameters:
  ///   - backward: for backwardData, where source and destination are exchanged.
  ///   - block: of the destination; in backwardData at stride 2 (block, phase), a part of its own.
  func transformWeights(
    _ weights: UnsafePointer<Float>, backward: Bool, sourceBlock: Int, block: Int, to: UnsafeMutablePointer<Float>,
    positionStride: Int, _ device: Device
  ) {
    let c = convolution
    let area = channelBlock * channelBlock
    let transformTile = device.transformTile(blocking.precision)
    var tile = TransformTile(source: weights, destination: to)
    tile.pairs = .tiles
    tile.sourceStep = channelBlock
    tile.destinationStep = channelBlock
    tile.destinationRowStride = method.columns.side * positionStride
    tile.destinationColumnStride = positionStride
    tile.count = channelBlock
    if backward {
      withTransposed(
        weights, outputBlock: sourceBlock, inputBlock: block / phases, phase: block % phases
      ) { transposed in
        tile.source = transposed
        tile.sourceRowStride = taps * area
        tile.sourceColumnStride = area
        transformTile(&tile, .weights, method)
      }
    } else {
      tile.sourceRowStride = c.stride * c.kernel * area
      tile.sourceColumnStride = c.stride * area
      for part in 0..<phases {
        tile.source = weights + c.weightOffset(block * 16, sourceBlock * 16, part / c.stride, part % c.stride)
        tile.destination = to + part * weightsArea
        transformTile(&tile, .weights, method)
      }
    }
  }

  /// Calls `body` with the taps of a phase, `[tap row][tap column][16 o][16 i]`; where backwardData is a forward pass,
  /// in the opposite order.
  private func withTransposed(
    _ weights: UnsafePointer<Float>, outputBlock: Int, inputBlock: Int, phase: Int,
    _ body: (UnsafePointer<Float>) -> Void
  ) {
    let c = convolution
    let nextBlock = c.weightsCount / c.outputBlocks
    var taps = InlineArray<2304, Float>(repeating: 0)  // 3 x 3 x 16 x 16
    var span = taps.mutableSpan
    span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      for row in 0..<self.taps {
        for column in 0..<self.taps {
          let (ky, kx) =
            isAdjoint
            ? (phase / c.stride + row * c.stride, phase % c.stride + column * c.stride)
            : (c.kernel - 1 - row, c.kernel - 1 - column)
          let tap = weights + c.weightOffset(outputBlock * 16, inputBlock * 16, ky, kx)
          // The same tap of the next output block, which is the next call's, is too far away for the processor to
          // foresee.
          for line in 0..<channelBlock { cprocessor_prefetch(tap + nextBlock + line * channelBlock) }
          transposeBlock(tap, into: start + (row * self.taps + column) * channelBlock * channelBlock)
        }
      }
      body(start)
    }
  }

  /// Floats of all transformed weights, of forward and of backwardData alike.
  var weightsCount: Int { positions * weightsPositionStride }

  /// One line more than is needed: at strides of whole pages all positions would share a set of the caches.
  var weightsPositionStride: Int {
    phases * convolution.inputBlocks * convolution.outputBlocks * weightsArea + channelBlock
  }

  /// All of them, `[position][destination block][source block][part][weightsArea]`; at backwardData's stride 2 a
  /// destination block is (block, phase).
  func transformAllWeights(
    _ weights: UnsafePointer<Float>, backward: Bool, into to: UnsafeMutablePointer<Float>, on device: Device
  ) {
    let c = convolution
    let sources = backward ? c.outputBlocks : c.inputBlocks
    let blocks = backward ? c.inputBlocks * phases : c.outputBlocks
    let parts = backward ? 1 : phases
    device.parallel(blocks * sources) { items in
      for item in items {
        transformWeights(
          weights, backward: backward, sourceBlock: item % sources, block: item / sources,
          to: to + item * parts * weightsArea, positionStride: weightsPositionStride, device)
      }
    }
  }
}
