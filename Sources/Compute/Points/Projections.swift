// Points projected on lines, and how far two sets of them are apart there: on a line the Wasserstein distance between
// as many points is the mean distance between those of the same rank, so it takes a product and a sort.

import Kernels
import SystemSupport

/// The places of `count` points along some directions. Threads share the work and no bit depends on how many.
package final class Projections {
  package let count: Int
  /// So many directions at a time.
  package let directions: Int
  /// [direction][point]
  private let columns: Slab

  package init(count: Int, directions: Int) {
    (self.count, self.directions) = (count, directions)
    columns = Slab(count: count * directions)
  }

  /// The places along a direction.
  package subscript(direction: Int) -> [Float] { columns.all[direction * count..<(direction + 1) * count].array }

  /// Points that are multiplied at a time: with their products they stay in the second-level cache.
  private static let chunk = 256

  /// Sets the places: the points' products with directions `range`.
  package func project(_ points: Points, along vectors: Points, _ range: Range<Int>, on device: Device) {
    precondition(points.count == count && range.count == directions)
    let packed = PackedVectors(vectors, range)
    let row = packed.productCount
    device.parallel((count + Self.chunk - 1) / Self.chunk) { chunks in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.chunk * row) { products in
        guard let products = products.baseAddress else { return }
        for chunk in chunks {
          let first = chunk * Self.chunk
          let size = min(Self.chunk, count - first)
          points.multiply(first..<first + size, by: packed, into: products, on: device)
          for direction in 0..<directions {
            let column = columns.base + direction * count + first
            for n in 0..<size { column[n] = products[n * row + direction] }
          }
        }
      }
    }
  }

  /// Sorts each direction's places.
  package func sort(on device: Device) {
    device.parallel(directions) { range in
      let scratch = allocate(Float.self, count: count, alignment: 64)
      defer { free(scratch) }
      for direction in range { radixSort(columns.base + direction * count, count: count, scratch: scratch) }
    }
  }

  /// The Wasserstein distance along each direction.
  ///
  /// - Precondition: both have as many points and directions, and are sorted.
  package func distances(to other: Projections, on device: Device) -> [Double] {
    precondition(other.count == count && other.directions == directions)
    var result = [Double](repeating: 0, count: directions)
    result.withUnsafeMutableBufferPointer { result in
      nonisolated(unsafe) let result = result
      device.parallel(directions) { range in
        for direction in range {
          let start = direction * count
          result[direction] =
            sumOfDistances(columns.base + start, other.columns.base + start, count) / Double(count)
        }
      }
    }
    return result
  }
}

/// Σ |a - b|, in four sums that are added at the end.
private func sumOfDistances(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Double {
  var sums = SIMD4<Double>()
  var i = 0
  while i + 4 <= count {
    let difference = SIMD4(a[i], a[i + 1], a[i + 2], a[i + 3]) - SIMD4(b[i], b[i + 1], b[i + 2], b[i + 3])
    sums += SIMD4<Double>(difference.replacing(with: -difference, where: difference .< 0))
    i += 4
  }
  var sum = (sums[0] + sums[1]) + (sums[2] + sums[3])
  while i < count {
    sum += Double(abs(a[i] - b[i]))
    i += 1
  }
  return sum
}
