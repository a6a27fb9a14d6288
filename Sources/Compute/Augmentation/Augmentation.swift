// Augmentation of pictures and its adjoint. Colour, then a shift, then a square of zeros: an affine function of each
// picture, so the gradient goes back through the transpose of its linear part.
//
// Colour is brightness b, then saturation s, then contrast k (Zhao et al. 2020; ReferenceAugmentation is the
// definition). With m(y, x) the mean over a pixel's channels and M over the whole picture, the three together are
//
//     z(c, y, x) = k*s * x(c, y, x) + k*(1 - s) * m(y, x) + (1 - k) * M + b
//
// The matrix of this is symmetric: its transpose is the same formula without b. No FMA anywhere: every instruction set
// gives the same bits.

import Kernels

/// How one picture is changed.
package struct AugmentationParameters: Sendable, Equatable {
  /// Added to each value.
  package var brightness: Float = 0
  /// A value's distance from its pixel's mean is multiplied by this.
  package var saturation: Float = 1
  /// A value's distance from the picture's mean is multiplied by this.
  package var contrast: Float = 1
  /// (y, x) shows what was at (y + shiftY, x + shiftX), or zero where nothing was.
  package var shiftY = 0
  package var shiftX = 0
  /// These pixels of the result are zero.
  package var cutRows = 0..<0
  package var cutColumns = 0..<0

  /// Nothing changes.
  package init() {}
}

extension Activations {
  /// self = the pictures of `source`, the n-th one changed as `parameters[n]` says. The halo becomes zero.
  ///
  /// - Precondition: both are interleaved pictures of one shape, and don't overlap.
  package func setAugmented(_ source: Activations, _ parameters: [AugmentationParameters], on device: Device) {
    checkAugmentation(source, batch: parameters.count)
    device.parallel(parameters.count) { pictures in
      for n in pictures {
        let p = parameters[n]
        let mean = p.contrast == 1 ? 0 : source.mean(ofPicture: n)
        setMoved(
          n, of: source, ColorChange(p, brightness: p.brightness, mean: mean, channels: layout.channels),
          shiftY: p.shiftY, shiftX: p.shiftX, cutRows: p.cutRows, cutColumns: p.cutColumns)
      }
    }
  }

  /// self = the gradient of the pictures that were changed so, from that of the result. The halo becomes zero.
  ///
  /// - Precondition: both are interleaved pictures of one shape, and don't overlap.
  package func setAugmentationGradient(
    _ gradient: Activations, _ parameters: [AugmentationParameters], on device: Device
  ) {
    checkAugmentation(gradient, batch: parameters.count)
    device.parallel(parameters.count) { pictures in
      for n in pictures {
        let p = parameters[n]
        // The square and the shift backwards, then colour.
        setMoved(
          n, of: gradient, .none, shiftY: -p.shiftY, shiftX: -p.shiftX,
          cutRows: p.cutRows.moved(by: p.shiftY, within: layout.height),
          cutColumns: p.cutColumns.moved(by: p.shiftX, within: layout.width))
        let mean = p.contrast == 1 ? 0 : mean(ofPicture: n)
        let change = ColorChange(p, brightness: 0, mean: mean, channels: layout.channels)
        if change == .none { continue }
        for y in 0..<layout.height {
          change.apply(row(y, of: n), to: row(y, of: n), pixels: layout.width, channels: layout.channels)
        }
      }
    }
  }

  private func checkAugmentation(_ source: Activations, batch: Int) {
    let (a, b) = (layout, source.layout)
    precondition(a.order == .interleaved && b.order == .interleaved && a.width * a.channels % 16 == 0)
    precondition(a.channels == b.channels && a.height == b.height && a.width == b.width)
    precondition(holds(batch: batch) && source.holds(batch: batch))
  }

  /// The mean of picture n: 16 sums a row, joined in Double from first to last.
  private func mean(ofPicture n: Int) -> Double {
    let count = layout.width * layout.channels
    var total = 0.0
    for y in 0..<layout.height {
      let row = row(y, of: n)
      var sums = SIMD16<Float>()
      for i in stride(from: 0, to: count, by: 16) { sums = sums + load(row + i) }
      for i in 0..<16 { total += Double(sums[i]) }
    }
    return total / Double(layout.height * count)
  }

  /// Picture n = `source`'s with other colours, shifted, zero at the cut.
  private func setMoved(
    _ n: Int, of source: Activations, _ color: ColorChange, shiftY: Int, shiftX: Int, cutRows: Range<Int>,
    cutColumns: Range<Int>
  ) {
    let (channels, width) = (layout.channels, layout.width)
    clearHalo(pictures: n..<n + 1)
    // What comes from within the source.
    let shown = (0..<width).moved(by: -shiftX, within: width)
    for y in 0..<layout.height {
      let to = row(y, of: n)
      let sourceY = y + shiftY
      guard sourceY >= 0, sourceY < layout.height else {
        to.update(repeating: 0, count: width * channels)
        continue
      }
      to.update(repeating: 0, count: shown.lowerBound * channels)
      color.apply(
        source.row(sourceY, of: n) + (shown.lowerBound + shiftX) * channels, to: to + shown.lowerBound * channels,
        pixels: shown.count, channels: channels)
      (to + shown.upperBound * channels).update(repeating: 0, count: (width - shown.upperBound) * channels)
      if cutRows.contains(y) {
        (to + cutColumns.lowerBound * channels).update(repeating: 0, count: cutColumns.count * channels)
      }
    }
  }
}

extension Range<Int> {
  /// What is left of it within 0 ..< `size`.
  fileprivate func moved(by distance: Int, within size: Int) -> Range<Int> {
    (lowerBound + distance..<upperBound + distance).clamped(to: 0..<size)
  }
}

/// The formula above for one picture: scale * x + (pixelFactor * (sum over the pixel's channels) + offset).
private struct ColorChange: Equatable {
  var scale: Float
  var pixelFactor: Float
  var offset: Float

  static let none = ColorChange(scale: 1, pixelFactor: 0, offset: 0)
}

extension ColorChange {
  init(_ p: AugmentationParameters, brightness: Float, mean: Double, channels: Int) {
    scale = p.contrast * p.saturation
    pixelFactor = p.contrast * (1 - p.saturation) / Float(channels)
    offset = Float((1 - Double(p.contrast)) * mean + Double(brightness))
  }

  /// `from` and `to` may be the same.
  func apply(_ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, pixels: Int, channels: Int) {
    if self == .none {
      to.update(from: from, count: pixels * channels)
      return
    }
    // A constant number of channels makes straight code of the inner loops.
    switch channels {
    case 1: applyEach(from, to: to, pixels: pixels, channels: 1)
    case 3: applyEach(from, to: to, pixels: pixels, channels: 3)
    default: applyEach(from, to: to, pixels: pixels, channels: channels)
    }
  }

  @inline(__always)
  private func applyEach(
    _ from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>, pixels: Int, channels: Int
  ) {
    for pixel in 0..<pixels {
      let first = pixel * channels
      var sum = from[first]
      for c in 1..<channels { sum += from[first + c] }
      let shift = pixelFactor * sum + offset
      for c in 0..<channels { to[first + c] = scale * from[first + c] + shift }
    }
  }
}
