// Where pictures enter and leave the nets: bytes to Floats in the interleaved layout and back, and the gradient of
// tanh.

import Kernels

extension Activations {
  /// Sets the first `count` pictures from bytes `[picture][y][x][channel]`: 2*(byte/255) - 1. The halo becomes zero.
  package func setPixels(_ pixels: UnsafeBufferPointer<UInt8>, count: Int, on device: Device) {
    let rowCount = layout.width * layout.channels
    precondition(
      layout.order == .interleaved && holds(batch: count) && pixels.count >= count * layout.height * rowCount)
    guard let bytes = pixels.baseAddress else { return }
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { table in
      for value in 0..<256 { table[value] = 2 * (Float(value) / 255) - 1 }
      device.parallel(count) { pictures in
        for n in pictures {
          clearHalo(pictures: n..<n + 1)
          for y in 0..<layout.height {
            let from = bytes + (n * layout.height + y) * rowCount
            let to = row(y, of: n)
            for i in 0..<rowCount { to[i] = table[Int(from[i])] }
          }
        }
      }
    }
  }

  /// The bytes `[y][x][channel]` of picture `n`: (value + 1)/2*255, rounded, within 0 ... 255.
  package func pixels(of n: Int) -> [UInt8] {
    let rowCount = layout.width * layout.channels
    precondition(layout.order == .interleaved && n >= 0 && holds(batch: n + 1))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(layout.height * rowCount)
    for y in 0..<layout.height {
      let from = row(y, of: n)
      for i in 0..<rowCount {
        let value = ((from[i] + 1) * 127.5).rounded()
        bytes.append(value >= 255 ? 255 : value > 0 ? UInt8(value) : 0)
      }
    }
    return bytes
  }

  /// The values of `pictures`, `[picture][channel][y][x]`, to `values`: as many.
  package func copy(
    pictures: Range<Int>, to values: UnsafeMutableBufferPointer<Float>, on device: Device
  ) {
    let (channels, width, plane) = (layout.channels, layout.width, layout.height * layout.width)
    precondition(
      layout.order == .interleaved && pictures.lowerBound >= 0 && holds(batch: pictures.upperBound)
        && values.count == pictures.count * channels * plane)
    guard let start = values.baseAddress else { return }
    device.parallel(pictures.count) { range in
      for n in range {
        for y in 0..<layout.height {
          let from = row(y, of: pictures.lowerBound + n)
          for channel in 0..<channels {
            let to = start + (n * channels + channel) * plane + y * width
            for x in 0..<width { to[x] = from[x * channels + channel] }
          }
        }
      }
    }
  }

  /// self = diffY * (1 - y*y) for y = tanh(x): the gradient of x. All three are pictures; the halo of self becomes
  /// zero.
  package func setTanhGradient(diffY: Activations, y: Activations, batch: Int, on device: Device) {
    let rowCount = layout.width * layout.channels
    precondition(layout.order == .interleaved && rowCount % 16 == 0)
    precondition(holds(batch: batch) && diffY.holds(batch: batch) && y.holds(batch: batch))
    device.parallel(batch) { pictures in
      for n in pictures {
        clearHalo(pictures: n..<n + 1)
        for row in 0..<layout.height {
          device.kernels.tanhBackward(
            diffY.row(row, of: n), y.row(row, of: n), self.row(row, of: n), rowCount)
        }
      }
    }
  }
}
