// Sums over whole pictures: pictures and gradients of pictures added with a factor for each, and the norm of each.
// Rows are gone through one by one, since halos differ.

import Kernels

extension Activations {
  /// Sets picture 2j to `a`'s picture first + j, and picture 2j + 1 to `b`'s, for `count` of each.
  ///
  /// - Parameters: pictures of one layout.
  package func interleave(_ a: Activations, _ b: Activations, first: Int, count: Int, on device: Device) {
    precondition(a.layout == layout && b.layout == layout && holds(batch: 2 * count))
    precondition(first >= 0 && a.holds(batch: first + count) && b.holds(batch: first + count))
    let stride = layout.pictureStride
    device.parallel(count) { pairs in
      for j in pairs {
        for (i, from) in [a, b].enumerated() {
          (slice.pointer + (2 * j + i) * stride).update(from: from.slice.pointer + (first + j) * stride, count: stride)
        }
      }
    }
  }

  /// self(n) = aFactors[n] * a(n) + bFactors[n] * b(n) of `batch` pictures. The halo becomes zero.
  ///
  /// - Parameters: pictures of as many rows, channels and columns, any halo. self may be `a`.
  package func setSum(
    _ a: Activations, _ aFactors: Slice, _ b: Activations, _ bFactors: Slice, batch: Int, on device: Device
  ) {
    let rowCount = checkRows(batch)
    precondition(a.checkRows(batch) == rowCount && b.checkRows(batch) == rowCount)
    precondition(aFactors.count >= batch && bFactors.count >= batch)
    device.parallel(batch) { pictures in
      for n in pictures {
        for y in 0..<layout.height {
          let to = row(y, of: n)
          device.kernels.scaledSum(to, a.row(y, of: n), aFactors.pointer[n], rowCount, false)
          device.kernels.scaledSum(to, b.row(y, of: n), bFactors.pointer[n], rowCount, true)
        }
      }
      clearHalo(pictures: pictures)
    }
  }

  /// The sum of each picture's squares, to the first `batch` Floats of `sums`. Each row's is `dot`'s; they are added up
  /// in Double.
  package func squaredNorms(batch: Int, into sums: Slice, on device: Device) {
    let rowCount = checkRows(batch)
    precondition(sums.count >= batch)
    device.parallel(batch) { pictures in
      for n in pictures {
        var sum = 0.0
        for y in 0..<layout.height { sum += Double(device.kernels.dot(row(y, of: n), row(y, of: n), rowCount)) }
        sums.pointer[n] = Float(sum)
      }
    }
  }

  /// Floats of a row.
  private func checkRows(_ batch: Int) -> Int {
    let rowCount = layout.width * layout.channels
    precondition(layout.order == .interleaved && rowCount % channelBlock == 0 && holds(batch: batch))
    return rowCount
  }
}
