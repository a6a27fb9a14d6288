// Points of a space of many dimensions, and their products with other vectors of it: the register-tiled product of
// linear layers, with points as its pixels.

import Kernels

/// `count` points of `dimensions` Floats each, zero at first.
package struct Points: Sendable {
  package let count: Int
  package let dimensions: Int
  /// Floats from a point to the next: whole groups of four terms, as the product takes them; the rest stays zero.
  fileprivate let stride: Int
  fileprivate let slab: Slab

  package init(count: Int, dimensions: Int) {
    precondition(count >= 0 && dimensions >= 1)
    (self.count, self.dimensions) = (count, dimensions)
    stride = (dimensions + 3) / 4 * 4
    slab = Slab(count: count * stride)
  }

  package init(_ points: [[Float]], dimensions: Int) {
    self.init(count: points.count, dimensions: dimensions)
    for (index, point) in points.enumerated() { set(from: index, point) }
  }

  package subscript(index: Int) -> [Float] {
    precondition(0 <= index && index < count)
    return slab.all[index * stride..<index * stride + dimensions].array
  }

  /// Sets the points from `first` on to `values`, [point][dimension]. Threads may set different points at once.
  package func set(from first: Int, _ values: [Float]) {
    let points = values.count / dimensions
    precondition(values.count == points * dimensions && first >= 0 && first + points <= count)
    values.withUnsafeBufferPointer { values in
      guard let from = values.baseAddress else { return }
      for n in 0..<points { place(first + n).update(from: from + n * dimensions, count: dimensions) }
    }
  }

  /// A copy of some of them.
  package subscript(range: Range<Int>) -> Points {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let points = Points(count: range.count, dimensions: dimensions)
    points.slab.base.update(from: place(range.lowerBound), count: range.count * stride)
    return points
  }

  fileprivate func place(_ index: Int) -> UnsafeMutablePointer<Float> { slab.base + index * stride }
}

// MARK: - Moments

extension Points {
  /// Each dimension's mean, and the mean of its squares, summed in Double: within blocks of points, then over the
  /// blocks in their order.
  package func moments(on device: Device) -> [(mean: Double, square: Double)] {
    let block = 512
    let blocks = (count + block - 1) / block
    var sums = [Double](repeating: 0, count: max(1, blocks) * 2 * dimensions)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      device.parallel(blocks) { range in
        for b in range {
          let to = UnsafeMutableBufferPointer(rebasing: sums[b * 2 * dimensions..<(b + 1) * 2 * dimensions])
          for n in b * block..<min(count, (b + 1) * block) {
            let from = place(n)
            for d in 0..<dimensions {
              let value = Double(from[d])
              to[d] += value
              to[dimensions + d] += value * value
            }
          }
        }
      }
    }
    return (0..<dimensions).map { d in
      var (sum, squares) = (0.0, 0.0)
      for b in 0..<blocks {
        sum += sums[b * 2 * dimensions + d]
        squares += sums[(b * 2 + 1) * dimensions + d]
      }
      return (sum / Double(count), squares / Double(count))
    }
  }

  /// Each dimension d of each point becomes (value - shifts[d]) * factors[d].
  package func rescale(subtracting shifts: [Float], times factors: [Float], on device: Device) {
    precondition(shifts.count == dimensions && factors.count == dimensions)
    device.parallel(count) { range in
      for n in range {
        let values = place(n)
        for d in 0..<dimensions { values[d] = (values[d] - shifts[d]) * factors[d] }
      }
    }
  }
}

// MARK: - Products

/// Vectors that points are multiplied by, as the product's weights lie: [block of 16 vectors][term][16].
struct PackedVectors: Sendable {
  let count: Int
  let dimensions: Int
  fileprivate let weights: Slab

  /// Vectors beyond the last are zero.
  var blocks: Int { (count + channelBlock - 1) / channelBlock }
  /// Products of a point, those beyond the last vector included.
  var productCount: Int { blocks * channelBlock }

  init(_ vectors: Points, _ range: Range<Int>) {
    (count, dimensions) = (range.count, vectors.dimensions)
    let terms = vectors.stride
    weights = Slab(count: (range.count + channelBlock - 1) / channelBlock * terms * channelBlock)
    for (n, vector) in range.enumerated() {
      let from = vectors.place(vector)
      let to = weights.base + n / channelBlock * terms * channelBlock + n % channelBlock
      for d in 0..<dimensions { to[d * channelBlock] = from[d] }
    }
  }
}

extension Points {
  /// products[point][vector] of the points `range`, rows of `vectors.productCount`: on the caller's thread.
  func multiply(
    _ range: Range<Int>, by vectors: PackedVectors, into products: UnsafeMutablePointer<Float>, on device: Device
  ) {
    precondition(vectors.dimensions == dimensions && range.lowerBound >= 0 && range.upperBound <= count)
    let row = vectors.productCount
    let product = TiledProduct(
      source: TiledProduct.Walk(
        start: place(range.lowerBound), pictureStride: stride, rowStride: stride, pixelStride: stride,
        blockStride: stride),
      destination: TiledProduct.Walk(
        start: products, pictureStride: row, rowStride: row, pixelStride: row, blockStride: channelBlock),
      gridHeight: 1, gridWidth: 1, sourceHeight: 1, firstRow: 0, rowStep: 1, depthBlocks: 1, windowRows: 1,
      windowRowStride: 0, windowLength: stride, weights: UnsafePointer(vectors.weights.base),
      outputBlocks: vectors.blocks)
    product.run(pictures: 0..<range.count, device)
  }

  /// The sum of a point's squares, in Double.
  func squaredLength(_ index: Int) -> Double {
    let values = place(index)
    var sum = 0.0
    for d in 0..<dimensions { sum += Double(values[d]) * Double(values[d]) }
    return sum
  }

  /// From one of these points to one of `others`, in Double.
  func squaredDistance(_ index: Int, to other: Int, of others: Points) -> Double {
    let (a, b) = (place(index), others.place(other))
    var sum = 0.0
    for d in 0..<dimensions {
      let difference = Double(a[d]) - Double(b[d])
      sum += difference * difference
    }
    return sum
  }
}
