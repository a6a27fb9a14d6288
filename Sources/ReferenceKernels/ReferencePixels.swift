// Pictures: bytes in rows of pixels, channels side by side (NHWC), to tensors in [-1, 1] (NCHW) and back.

package enum ReferencePixels {
  /// 2v - 1 with v = byte / 255: 0 becomes -1, 255 becomes 1.
  package static func normalised(_ byte: UInt8) -> Double { 2 * (Double(byte) / 255) - 1 }

  /// The nearest byte; what lies outside of [-1, 1] goes to its end.
  package static func byte(_ value: Double) -> UInt8 {
    UInt8(min(max((value + 1) / 2 * 255, 0), 255).rounded())
  }

  /// `bytes[((n * H + y) * W + x) * C + c]` to N x C x H x W.
  package static func tensor(bytes: [UInt8], count: Int, height: Int, width: Int, channels: Int) -> ReferenceTensor {
    precondition(bytes.count == count * height * width * channels)
    var tensor = ReferenceTensor(shape: [count, channels, height, width])
    for n in 0..<count {
      for y in 0..<height {
        for x in 0..<width {
          for c in 0..<channels {
            tensor[n, c, y, x] = normalised(bytes[((n * height + y) * width + x) * channels + c])
          }
        }
      }
    }
    return tensor
  }
}
