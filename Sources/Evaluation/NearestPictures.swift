// Which picture of a set is nearest to another one: by the difference of their thumbnails, which doesn't change where
// an edge is a pixel off or the grain is another.

import Compute
import Statistics
import SystemSupport

/// The nearest picture to another one.
package struct NearestPicture: Sendable, Equatable {
  package var index: Int
  /// It is nearest as a mirror shows it.
  package var isMirrored: Bool
  /// The root of the mean square of the thumbnails' differences, in levels of 0 ... 255.
  package var distance: Double

  package init(index: Int, isMirrored: Bool, distance: Double) {
    (self.index, self.isMirrored, self.distance) = (index, isMirrored, distance)
  }
}

package enum NearestPictures {
  /// A thumbnail's side in pixels.
  package static let side = 16

  /// For each picture the nearest one of `others`, as it is or mirrored.
  ///
  /// - Parameter itself: `others` are the pictures themselves: none is compared with itself.
  package static func find(
    _ pictures: PictureSet, in others: PictureSet, itself: Bool = false, on device: Device
  ) -> [NearestPicture?] {
    precondition(pictures.size == others.size && pictures.channels == others.channels)
    let count = pictures.count
    let queries = thumbnails(of: pictures, 0..<count, mirrored: true, on: device)
    var best = [NearestPicture?](repeating: nil, count: count)
    // Bounds the memory, however many there are.
    let chunk = 8192
    for first in stride(from: 0, to: others.count, by: chunk) {
      let range = first..<min(others.count, first + chunk)
      let points = thumbnails(of: others, range, mirrored: false, on: device)
      let found = points.nearest(to: queries, excluding: { itself ? $0 % count - first : nil }, on: device)
      for (query, nearest) in found.enumerated() {
        guard let nearest else { continue }
        let distance = (nearest.squaredDistance / Double(queries.dimensions)).squareRoot()
        if let known = best[query % count], known.distance <= distance { continue }
        best[query % count] = NearestPicture(
          index: first + nearest.index, isMirrored: query >= count, distance: distance)
      }
    }
    return best
  }

  /// The pictures' thumbnails, and, where asked for, behind them all those of the mirrored pictures.
  private static func thumbnails(
    of pictures: PictureSet, _ range: Range<Int>, mirrored: Bool, on device: Device
  ) -> Points {
    let side = min(side, pictures.size)
    let points = Points(
      count: range.count * (mirrored ? 2 : 1), dimensions: side * side * pictures.channels)
    let queue = WorkQueue(count: range.count, chunk: 16)
    onThreads(min(device.threads, range.count)) {
      while let some = queue.take() {
        for n in some {
          let values = thumbnail(pictures[range.lowerBound + n], pictures.size, pictures.channels, side: side)
          points.set(from: n, values)
          if mirrored { points.set(from: range.count + n, Self.mirrored(values, side, pictures.channels)) }
        }
      }
    }
    return points
  }

  /// Means over squares of pixels, around 0: then lengths are small beside distances.
  private static func thumbnail(_ bytes: [UInt8], _ size: Int, _ channels: Int, side: Int) -> [Float] {
    let step = size / side
    var sums = [Int32](repeating: 0, count: side * side * channels)
    for y in 0..<side * step {
      for x in 0..<side * step {
        for c in 0..<channels {
          sums[(y / step * side + x / step) * channels + c] += Int32(bytes[(y * size + x) * channels + c])
        }
      }
    }
    return sums.map { Float($0) / Float(step * step) - 127.5 }
  }

  private static func mirrored(_ values: [Float], _ side: Int, _ channels: Int) -> [Float] {
    var result = values
    for y in 0..<side {
      for x in 0..<side {
        for c in 0..<channels {
          result[(y * side + x) * channels + c] = values[(y * side + side - 1 - x) * channels + c]
        }
      }
    }
    return result
  }
}

/// What nearest pictures say of a set, beside one that is as it should be.
package struct NeighbourSummary: Sendable, Equatable {
  /// Medians of the distances.
  package var median: Double
  package var normalMedian: Double
  /// The shares of pictures that are nearer to another one than half of what is normal.
  package var near: Double
  package var normalNear: Double

  /// Half of the normal median is nearer than different pictures are by chance, but for very few: of 2,058 held-out
  /// faces six, three of which are the same photograph as the training picture.
  package static let nearShare = 0.5

  /// Of samples beside training pictures: they copy. Twice as many near ones as is normal, beyond a hundredth, which
  /// may be chance; or all of them much nearer.
  package var isCopying: Bool { near > 2 * normalNear + 0.01 || median < 0.7 * normalMedian }

  /// Nil where one of them is empty.
  package init?(_ distances: [Double], normal: [Double]) {
    guard let median = Statistics.median(distances), let normalMedian = Statistics.median(normal) else { return nil }
    (self.median, self.normalMedian) = (median, normalMedian)
    func share(_ values: [Double]) -> Double {
      Double(values.count { $0 < Self.nearShare * normalMedian }) / Double(values.count)
    }
    (near, normalNear) = (share(distances), share(normal))
  }
}
