// How activations lie in memory.

import Kernels

/// The place of one net position's activations for a batch, with a halo of zeros around each plane, so that a
/// convolution's taps never ask whether they are inside.
///
/// - `blocked`: channels by 16 (nChw16c with a halo), the rest of the last block zero:
///
///       offset(n, c, y, x) = (((n*blocks + c/16)*(height + 2*halo) + y + halo)*(width + 2*halo) + x + halo)*16 + c%16
///
/// - `interleaved`: pictures of 1 to 4 channels (nhwc with a halo):
///
///       offset(n, c, y, x) = ((n*(height + 2*halo) + y + halo)*(width + 2*halo) + x + halo)*channels + c
package struct ActivationLayout: Hashable, Sendable {
  package enum Order: Hashable, Sendable {
    case blocked
    case interleaved
  }

  package let order: Order
  package let channels: Int
  package let height: Int
  package let width: Int
  package let halo: Int

  package init(_ order: Order, channels: Int, height: Int, width: Int, halo: Int) {
    precondition(channels > 0 && height > 0 && width > 0 && halo >= 0)
    precondition(order == .blocked || channels <= 4, "interleaved pictures have 1 to 4 channels")
    self.order = order
    self.channels = channels
    self.height = height
    self.width = width
    self.halo = halo
  }

  /// 16-channel blocks; a picture is one narrower block.
  package var blocks: Int { order == .blocked ? (channels + channelBlock - 1) / channelBlock : 1 }
  package var pixelStride: Int { order == .blocked ? channelBlock : channels }
  package var rowStride: Int { (width + 2 * halo) * pixelStride }
  package var blockStride: Int { (height + 2 * halo) * rowStride }
  package var pictureStride: Int { blocks * blockStride }

  /// Floats of a batch, rounded up to whole cache lines.
  package func count(batch: Int) -> Int { (batch * pictureStride + 15) / 16 * 16 }

  /// Where pixel (y, x) of a picture's first block begins; y and x may reach into the halo.
  func pixel(_ y: Int, _ x: Int) -> Int { (y + halo) * rowStride + (x + halo) * pixelStride }
}

/// Activations of a batch in their place.
package struct Activations: Sendable {
  package let slice: Slice
  package let layout: ActivationLayout

  package init(_ slice: Slice, _ layout: ActivationLayout) {
    self.slice = slice
    self.layout = layout
  }

  package func holds(batch: Int) -> Bool { slice.count >= layout.count(batch: batch) }

  /// Where row y of a picture's first block begins, behind its halo.
  func row(_ y: Int, of picture: Int) -> UnsafeMutablePointer<Float> {
    slice.pointer + picture * layout.pictureStride + layout.pixel(y, 0)
  }

  /// The values of the first `batch` pictures as NCHW.
  package func array(batch: Int) -> [Float] {
    precondition(holds(batch: batch))
    var values = [Float](repeating: 0, count: batch * layout.channels * layout.height * layout.width)
    forEachElement(batch: batch) { place, index in values[index] = slice.pointer[place] }
    return values
  }

  /// Sets the first `batch` pictures from NCHW values; halo and unused channels become zero.
  package func set(_ values: [Float], batch: Int) {
    values.withUnsafeBufferPointer { set($0, batch: batch) }
  }

  package func set(_ values: UnsafeBufferPointer<Float>, batch: Int) {
    precondition(holds(batch: batch) && values.count == batch * layout.channels * layout.height * layout.width)
    slice[0..<layout.count(batch: batch)].fill(0)
    forEachElement(batch: batch) { place, index in slice.pointer[place] = values[index] }
  }

  private func forEachElement(batch: Int, _ body: (_ place: Int, _ index: Int) -> Void) {
    let l = layout
    var index = 0
    for n in 0..<batch {
      for c in 0..<l.channels {
        let channel = l.order == .blocked ? c / channelBlock * l.blockStride + c % channelBlock : c
        for y in 0..<l.height {
          for x in 0..<l.width {
            body(n * l.pictureStride + channel + l.pixel(y, x), index)
            index += 1
          }
        }
      }
    }
  }

  /// Writes zeros into the halo of the pictures `range`: buffers are reused, so whoever writes a plane clears its
  /// frame.
  func clearHalo(pictures range: Range<Int>) {
    let l = layout
    guard l.halo > 0 else { return }
    let frame = l.halo * l.pixelStride
    for plane in range.lowerBound * l.blocks..<range.upperBound * l.blocks {
      let start = slice.pointer + plane * l.blockStride
      start.update(repeating: 0, count: l.halo * l.rowStride)
      (start + (l.halo + l.height) * l.rowStride).update(repeating: 0, count: l.halo * l.rowStride)
      for y in l.halo..<l.halo + l.height {
        (start + y * l.rowStride).update(repeating: 0, count: frame)
        (start + (y + 1) * l.rowStride - frame).update(repeating: 0, count: frame)
      }
    }
  }
}
