// The transformed weights of fast convolution.

import Kernels

extension Winograd {
  /// The weights of a source block and an output block, transformed: at each position `[part][16][16]`, source channels by rows.
  ///
  /// - Parameter phase: nil: for forward, all phases of the source as parts. Else for backwardData, whose source and output are
  ///   exchanged, that phase of the output alone.
  func transformWeights(
    _ weights: UnsafePointer<Float>, sourceBlock: Int, outputBlock: Int, phase: Int?,
    to: UnsafeMutablePointer<Float>, positionStride: Int, _ processor: Processor
  ) {
    let c = convolution
    let area = channelBlock * channelBlock
    var tile = TransformTile(source: weights, destination: to)
    tile.sourceStep = channelBlock
    tile.destinationStep = channelBlock
    tile.destinationRowStride = side * positionStride
    tile.destinationColumnStride = positionStride
    tile.count = channelBlock
    if let phase {
      let phase = c.phase(phase)
      // The kernel as the phase's gradient sees it, in the order of ascending gradient rows and columns, and with i across.
      withTransposed(
        weights, outputBlock: sourceBlock, inputBlock: outputBlock, firstTapY: phase.firstTapY,
        firstTapX: phase.firstTapX
      ) { transposed in
        tile.source = transposed
        tile.sourceRowStride = taps * area
        tile.sourceColumnStride = area
        processor.kernels.transform(&tile, .weights, taps)
      }
    } else {
      tile.sourceRowStride = c.stride * c.kernel * area
      tile.sourceColumnStride = c.stride * area
      for part in 0..<phases {
        tile.source =
          weights + c.weightOffset(outputBlock * 16, sourceBlock * 16, part / c.stride, part % c.stride)
        tile.destination = to + part * area
        processor.kernels.transform(&tile, .weights, taps)
      }
    }
  }

  /// Calls `body` with `[tap row][tap column][16 o][16 i]`: kernel rows firstTapY, firstTapY - stride, ..., columns likewise.
  private func withTransposed(
    _ weights: UnsafePointer<Float>, outputBlock: Int, inputBlock: Int, firstTapY: Int, firstTapX: Int,
    _ body: (UnsafePointer<Float>) -> Void
  ) {
    let c = convolution
    var taps = InlineArray<2304, Float>(repeating: 0)  // 3 x 3 x 16 x 16
    var span = taps.mutableSpan
    span.withUnsafeMutableBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      for row in 0..<self.taps {
        for column in 0..<self.taps {
          let (ky, kx) = (firstTapY - row * c.stride, firstTapX - column * c.stride)
          transpose16(
            weights + c.weightOffset(outputBlock * 16, inputBlock * 16, ky, kx),
            into: start + (row * self.taps + column) * channelBlock * channelBlock)
        }
      }
      body(start)
    }
  }

  /// Floats of all transformed weights of forward; those of backwardData (all of its phases) are as many.
  var weightsCount: Int {
    positions * phases * convolution.inputBlocks * convolution.outputBlocks * channelBlock * channelBlock
  }

  /// All of them, `[position][output block][source block][part][16][16]`; of backwardData one phase after the other.
  func transformAllWeights(
    _ weights: UnsafePointer<Float>, backward: Bool, into to: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    let c = convolution
    let area = channelBlock * channelBlock
    let (sources, outputs) = backward ? (c.outputBlocks, c.inputBlocks) : (c.inputBlocks, c.outputBlocks)
    let parts = backward ? 1 : phases
    let positionStride = outputs * sources * parts * area
    processor.parallel(outputs * sources) { items in
      for item in items {
        let place = to + item * parts * area
        for problem in 0..<(backward ? phases : 1) {
          transformWeights(
            weights, sourceBlock: item % sources, outputBlock: item / sources, phase: backward ? problem : nil,
            to: place + problem * positions * positionStride, positionStride: positionStride, processor)
        }
      }
    }
  }
}
