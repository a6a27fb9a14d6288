// Scaling: area averaging down, linear interpolation up, each axis by itself, in exact arithmetic.
//
// One output row at a time: the source rows it covers are added up, each times its weight (the vertical pass, which
// runs along contiguous samples and is where the time goes), then that one row of sums is scaled across (the horizontal
// pass) and divided by the sum of all weights. Weights are whole numbers and every sum fits its floating-point type
// exactly, so nothing is rounded but the result, once: a constant stays constant, a mirrored picture gives the mirrored
// result, and no machine gives other bits than another.

extension Picture {
  /// Scaled so that the short side is exactly `shortSide`; the long one is `shortSide * long / short`, rounded down, as
  /// torchvision's `Resize` does.
  ///
  /// - Precondition: `shortSide` is at least 1, and the result's size isn't absurd.
  public func resized(shortSide: Int) -> Picture {
    guard let size = scaledSize(width: width, height: height, shortSide: shortSide) else {
      preconditionFailure("the scaled picture's size overflows")
    }
    return resized(width: size.width, height: size.height)
  }

  /// Scaled to `width` x `height`, the aspect ratio as it comes out.
  ///
  /// Along an axis that shrinks from n to m samples, output i is the mean of the source over [i n/m, (i + 1) n/m), a
  /// source sample that lies partly inside counting by the part: OpenCV's `INTER_AREA`, and where m divides n, PIL's
  /// `BOX`. Along an axis that grows, output i interpolates linearly at (i + 1/2) n/m - 1/2, the border's samples
  /// repeated. The result is rounded to nearest, halves up. (Exact for sides to 65,535 down and 32,896 up; past that
  /// within one level.)
  ///
  /// - Precondition: `width` and `height` are at least 1.
  public func resized(width: Int, height: Int) -> Picture {
    resized(width: width, height: height, original: (self.width, self.height), reduction: 1)
  }

  /// The same for a picture that the codec has made smaller: each of its pixels stands for `reduction` x `reduction` of
  /// the original's, the last column and row perhaps for fewer. The areas are those of the original.
  ///
  /// - Precondition: the picture's sides are the original's over `reduction`, rounded up; unless that is 1, `width` and
  ///   `height` are at most the picture's.
  func resized(width: Int, height: Int, original: (width: Int, height: Int), reduction: Int) -> Picture {
    precondition(width >= 1 && height >= 1, "a picture has at least one pixel")
    if (width, height) == (self.width, self.height), (width * reduction, height * reduction) == original { return self }
    let across = AxisWeights(from: original.width, by: reduction, to: width)
    let down = AxisWeights(from: original.height, by: reduction, to: height)
    let samples = [UInt8](unsafeUninitializedCapacity: width * height * channels) { target, filled in
      pixels.withUnsafeBufferPointer { source in
        // Float is exact up to here, the division's rounding included: see `scale`.
        if AxisWeights.fitFloat(across, down) {
          scale(source, 0, self.width, channels, across, down, 0..<height, target, as: Float.self)
        } else {
          scale(source, 0, self.width, channels, across, down, 0..<height, target, as: Double.self)
        }
      }
      filled = width * height * channels
    }
    return Picture(width: width, height: height, channels: channels, pixels: samples)
  }
}

/// A picture that is scaled as its rows come, from the top: the same samples as `Picture.resized` gives, without the
/// whole picture in memory.
package struct RowScaler {
  private let width: Int
  private let height: Int
  private let channels: Int
  private let size: (width: Int, height: Int)
  private let across: AxisWeights
  private let down: AxisWeights
  /// Rows that are still needed, from `firstRow` on.
  private var band: [UInt8]
  private var firstRow = 0
  private var rows = 0
  private var pixels: [UInt8]
  private var outputs = 0

  package init(width: Int, height: Int, channels: Int, to size: (width: Int, height: Int)) {
    (self.width, self.height, self.channels, self.size) = (width, height, channels, size)
    across = AxisWeights(from: width, by: 1, to: size.width)
    down = AxisWeights(from: height, by: 1, to: size.height)
    band = [UInt8](
      repeating: 0, count: Self.bandBytes(width: width, height: height, channels: channels, to: size))
    pixels = [UInt8](repeating: 0, count: size.width * size.height * channels)
  }

  /// Room for twice the rows that an output row is made of, so that a row is moved once at most.
  static func bandBytes(width: Int, height: Int, channels: Int, to size: (width: Int, height: Int)) -> Int {
    min(height, 2 * (height / size.height + 3)) * width * channels
  }

  /// The next row: `fill` writes its `width * channels` samples.
  ///
  /// - Precondition: there have been fewer than the picture has.
  package mutating func addRow(_ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
    let rowSamples = width * channels
    precondition(firstRow + rows < height && (rows + 1) * rowSamples <= band.count)
    band.withUnsafeMutableBufferPointer { band in
      if let start = band.baseAddress { fill(start + rows * rowSamples) }
    }
    rows += 1
    if firstRow + rows == height || (rows + 1) * rowSamples > band.count { makeOutputs() }
  }

  /// - Precondition: every row was added.
  package func picture() -> Picture {
    precondition(outputs == size.height)
    return Picture(width: size.width, height: size.height, channels: channels, pixels: pixels)
  }

  /// Makes the outputs whose rows are there, and lets go of those that no later one needs.
  private mutating func makeOutputs() {
    let there = firstRow + rows
    var end = outputs
    while end < size.height, down.sources(of: end).upperBound <= there { end += 1 }
    let (some, rowSamples) = (outputs..<end, size.width * channels)
    band.withUnsafeBufferPointer { band in
      pixels.withUnsafeMutableBufferPointer { pixels in
        let target = UnsafeMutableBufferPointer(
          rebasing: pixels[some.lowerBound * rowSamples..<some.upperBound * rowSamples])
        if AxisWeights.fitFloat(across, down) {
          scale(band, firstRow, width, channels, across, down, some, target, as: Float.self)
        } else {
          scale(band, firstRow, width, channels, across, down, some, target, as: Double.self)
        }
      }
    }
    outputs = end
    if end == size.height { return }
    let needed = down.first[end]
    band.withUnsafeMutableBytes { band in
      let kept = (needed - firstRow) * width * channels..<rows * width * channels
      if let start = band.baseAddress { start.copyMemory(from: start + kept.lowerBound, byteCount: kept.count) }
    }
    (firstRow, rows) = (needed, there - needed)
  }
}

/// The size of a picture scaled by its short side; nil if that overflows.
func scaledSize(width: Int, height: Int, shortSide: Int) -> (width: Int, height: Int)? {
  let (product, overflow) = shortSide.multipliedReportingOverflow(by: max(width, height))
  let long = product / min(width, height)
  if overflow { return nil }
  return width <= height ? (shortSide, long) : (long, shortSide)
}

extension DecodeLimits {
  /// The scaled picture has to keep the limits too: a line of 1 x 60,000 pixels scaled to a short side of 64 is huge.
  func scaledSize(
    width: Int, height: Int, _ scale: PictureScale
  ) throws(PictureError) -> (width: Int, height: Int) {
    guard let size = scale.size(width: width, height: height) else {
      throw PictureError(
        .tooLarge, "it is \(width) x \(height) pixels: too long to scale its short side to \(scale.side)")
    }
    try check(width: size.width, height: size.height, "scaled to a short side of \(scale.side) it would be")
    return size
  }
}

/// Which source samples make up each output sample of one axis, and with what weights. Output i is the sum of
/// `weights[k] * source[first[i] + k - start[i]]` for k in `start[i] ..< start[i + 1]`, divided by `total`.
private struct AxisWeights {
  var first: [Int] = []
  var start: [Int] = [0]
  var weights: [Float] = []
  let total: Int

  /// From the pixels of an original, `reduction` of which are one source sample (the last one may stand for fewer).
  init(from original: Int, by reduction: Int, to target: Int) {
    // In units that every boundary is a multiple of, the axis is a * target units long, an output sample a of them, a
    // source sample b, an original pixel b / reduction.
    let divisor = greatestCommonDivisor(original, reduction * target)
    let (a, b) = (original / divisor, reduction * target / divisor)
    let source = (original + reduction - 1) / reduction
    first.reserveCapacity(target)
    start.reserveCapacity(target + 1)
    weights.reserveCapacity(target + source)
    if target <= source {
      total = a
      for i in 0..<target {
        let (low, high) = (i * a, (i + 1) * a)
        let (begin, end) = (low / b, (high - 1) / b)
        first.append(begin)
        for j in begin...end { weights.append(Float(min(high, (j + 1) * b) - max(low, j * b))) }
        start.append(weights.count)
      }
    } else {
      total = 2 * b
      for i in 0..<target {
        let position = (2 * i + 1) * a - b  // of the output's centre from the first sample's, in 2 b ths of a sample
        let left = max(position, 0) / (2 * b)
        let right = position - left * 2 * b
        first.append(left)
        if right <= 0 || left + 1 == source {
          weights.append(Float(2 * b))
        } else {
          weights.append(Float(2 * b - right))
          weights.append(Float(right))
        }
        start.append(weights.count)
      }
    }
  }
}

extension AxisWeights {
  static func fitFloat(_ across: AxisWeights, _ down: AxisWeights) -> Bool { across.total * down.total < 1 << 14 }

  /// The source samples that output `i` is made of.
  func sources(of i: Int) -> Range<Int> { first[i]..<first[i] + start[i + 1] - start[i] }

  /// Calls `body` with each output's number, its first source sample and its weights.
  @inline(__always)
  func withOutputs(_ body: (_ output: Int, _ first: Int, _ weights: UnsafeBufferPointer<Float>) -> Void) {
    first.withUnsafeBufferPointer { first in
      start.withUnsafeBufferPointer { start in
        weights.withUnsafeBufferPointer { weights in
          for i in 0..<first.count {
            body(i, first[i], UnsafeBufferPointer(rebasing: weights[start[i]..<start[i + 1]]))
          }
        }
      }
    }
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }

/// A floating-point type for the horizontal sums.
private protocol SumScalar: BinaryFloatingPoint, SIMDScalar, Codable {
  /// Adding it to a number from 0 to 255 rounds that to an integer, left in the lowest bits.
  static var rounding: Self { get }
  var lowByte: UInt8 { get }
}

extension Float: SumScalar {
  fileprivate static var rounding: Float { 0x1p23 }
  fileprivate var lowByte: UInt8 { UInt8(truncatingIfNeeded: bitPattern) }
}

extension Double: SumScalar {
  fileprivate static var rounding: Double { 0x1p52 }
  fileprivate var lowByte: UInt8 { UInt8(truncatingIfNeeded: bitPattern) }
}

/// source: [rows from `firstRow` on][width][channels], target: [outputs][across's outputs][channels].
///
/// - Parameter outputs: those of `down`'s to make; their source rows are there.
@inline(__always)
private func scale<Sum: SumScalar>(
  _ source: UnsafeBufferPointer<UInt8>, _ firstRow: Int, _ width: Int, _ channels: Int, _ across: AxisWeights,
  _ down: AxisWeights, _ outputs: Range<Int>, _ target: UnsafeMutableBufferPointer<UInt8>, as: Sum.Type
) {
  guard let source = source.baseAddress, let target = target.baseAddress else { return }
  let rowSamples = width * channels
  let targetSamples = across.first.count * channels
  // One sample more than needed at the end of both rows: three channels are handled as vectors of four.
  withUnsafeTemporaryAllocation(of: Float.self, capacity: rowSamples + 1) { column in
    withUnsafeTemporaryAllocation(of: Sum.self, capacity: targetSamples + 1) { sums in
      guard let column = column.baseAddress, let sums = sums.baseAddress else { return }
      column[rowSamples] = 0
      for y in outputs {
        addRows(source + (down.first[y] - firstRow) * rowSamples, rowSamples, down, y, column)
        if channels == 3 {
          addColumns3(column, across, sums)
        } else {
          addColumns1(column, across, sums)
        }
        // (sum + total/2) / total, rounded down. One half more keeps the quotient 1/2 / total away from every integer,
        // which is more than the two roundings of a multiplication by 1 / total can do (256 * 2^-23 < 1/2 / 2^14); one
        // half less and it rounds to the integer below.
        let total = Sum(across.total * down.total)
        let bias = (total / 2).rounded(.down) + 0.5
        let factor = 1 / total
        let row = target + (y - outputs.lowerBound) * targetSamples
        for i in 0..<targetSamples { row[i] = ((sums[i] + bias) * factor - 0.5 + Sum.rounding).lowByte }
      }
    }
  }
}

/// column[i] = the sum over the rows of output y of weight * source[row][i]
@inline(__always)
private func addRows(
  _ source: UnsafePointer<UInt8>, _ samples: Int, _ down: AxisWeights, _ y: Int, _ column: UnsafeMutablePointer<Float>
) {
  let begin = down.start[y]
  let weight = down.weights[begin]
  for i in 0..<samples { column[i] = weight * Float(source[i]) }
  for k in begin + 1..<down.start[y + 1] {
    let weight = down.weights[k]
    let row = source + (k - begin) * samples
    for i in 0..<samples { column[i] += weight * Float(row[i]) }
  }
}

/// sums[x] = the sum over the samples of output x of weight * column[sample]
@inline(__always)
private func addColumns1<Sum: SumScalar>(
  _ column: UnsafeMutablePointer<Float>, _ across: AxisWeights, _ sums: UnsafeMutablePointer<Sum>
) {
  across.withOutputs { x, first, weights in
    let from = column + first
    var sum: Sum = 0
    for k in 0..<weights.count { sum += Sum(weights[k]) * Sum(from[k]) }
    sums[x] = sum
  }
}

/// The same for three channels, as vectors of four; the fourth lane is the next pixel's first sample and is overwritten
/// by it.
@inline(__always)
private func addColumns3<Sum: SumScalar>(
  _ column: UnsafeMutablePointer<Float>, _ across: AxisWeights, _ sums: UnsafeMutablePointer<Sum>
) {
  across.withOutputs { x, first, weights in
    var pixel = column + 3 * first
    var sum = SIMD4<Sum>()
    for k in 0..<weights.count {
      sum += Sum(weights[k]) * SIMD4(Sum(pixel[0]), Sum(pixel[1]), Sum(pixel[2]), Sum(pixel[3]))
      pixel += 3
    }
    UnsafeMutableRawPointer(sums + 3 * x).storeBytes(of: sum, as: SIMD4<Sum>.self)
  }
}
