// The nearest of many points: |a - b|² = |a|² + |b|² - 2ab, and the products ab of all pairs are the tiled product. The
// one that is found is measured again, without that formula's cancellation.

import Kernels

/// A point that is nearest to another.
package struct NearestPoint: Sendable, Equatable {
  package var index: Int
  package var squaredDistance: Double

  package init(index: Int, squaredDistance: Double) {
    (self.index, self.squaredDistance) = (index, squaredDistance)
  }
}

extension Points {
  /// Which of these points is nearest to each of `queries`, the first of equals; nil where there is none.
  ///
  /// - Parameter excluding: the query's number to the point that isn't asked, itself as a rule.
  package func nearest(
    to queries: Points, excluding: (@Sendable (_ query: Int) -> Int?)? = nil, on device: Device
  ) -> [NearestPoint?] {
    precondition(queries.dimensions == dimensions)
    let group = 64
    let lengths = (0..<count).map { Float(squaredLength($0)) }
    var result = [NearestPoint?](repeating: nil, count: queries.count)
    result.withUnsafeMutableBufferPointer { result in
      nonisolated(unsafe) let result = result
      device.parallel((queries.count + group - 1) / group) { groups in
        for g in groups {
          let range = g * group..<min(queries.count, (g + 1) * group)
          let found = nearest(to: queries, range, lengths, excluding, on: device)
          for (query, index) in zip(range, found) where index >= 0 {
            result[query] = NearestPoint(
              index: index, squaredDistance: squaredDistance(index, to: query, of: queries))
          }
        }
      }
    }
    return result
  }

  /// The places of the nearest points of the queries `range`, -1 where there is none: on the caller's thread.
  private func nearest(
    to queries: Points, _ range: Range<Int>, _ lengths: [Float], _ excluding: ((Int) -> Int?)?, on device: Device
  ) -> [Int] {
    let packed = PackedVectors(queries, range)
    let row = packed.productCount
    let excluded = range.map { excluding?($0) ?? -1 }
    var best = [Float](repeating: .infinity, count: range.count)
    var found = [Int](repeating: -1, count: range.count)
    let chunk = 128
    withUnsafeTemporaryAllocation(of: Float.self, capacity: chunk * row) { products in
      guard let products = products.baseAddress else { return }
      for first in Swift.stride(from: 0, to: count, by: chunk) {
        let points = first..<min(count, first + chunk)
        multiply(points, by: packed, into: products, on: device)
        for point in points {
          let product = products + (point - first) * row
          for query in 0..<range.count {
            let score = lengths[point] - 2 * product[query]
            if score < best[query] && point != excluded[query] { (best[query], found[query]) = (score, point) }
          }
        }
      }
    }
    return found
  }
}
