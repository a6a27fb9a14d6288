// Products of bf16 with sums of Floats: what AVX-512's VCVTNE2PS2BF16 and VDPBF16PS compute, number by number.
//
// bf16 is the upper half of a Float: its sign, its 8 bits of exponent, 7 bits of significand. A sum over terms takes
// them in pairs, the second of a pair first, and rounds after each product:
//
//   sum = flush(fma(a[2j + 1], b[2j + 1], sum));  sum = flush(fma(a[2j], b[2j], sum))       j = 0, 1, ...
//
// where flush makes a zero of a subnormal number, and keeps its sign. Numbers that are rounded to bf16 go to the
// nearest one, of two that are as near to the even one; subnormal ones become zeros, NaN stays NaN, and what is too
// large becomes infinite.

package enum ReferenceBFloat16 {
  /// The nearest bf16, as a Float.
  package static func rounded(_ x: Float) -> Float {
    let bits = x.bitPattern
    if x.isNaN { return Float(bitPattern: bits & 0xffff_0000 | 0x40_0000) }
    // Half of the last place, and a little less where the number below is even: a carry rounds up.
    let half = 0x7fff + bits >> 16 & 1
    return Float(bitPattern: (flushed(x).bitPattern &+ half) & 0xffff_0000)
  }

  /// Zero, with its sign, for a subnormal number.
  package static func flushed(_ x: Float) -> Float { x.isSubnormal ? (x.sign == .minus ? -0.0 : 0.0) : x }

  /// sum + a * b of one pair of terms. The factors are bf16.
  package static func adding(
    _ sum: Float, low: (a: Float, b: Float), high: (a: Float, b: Float)
  ) -> Float {
    let first = flushed(flushed(sum).addingProduct(flushed(high.a), flushed(high.b)))
    return flushed(first.addingProduct(flushed(low.a), flushed(low.b)))
  }
}

// MARK: - Convolutions

/// The passes of a convolution with products of bf16. Operands are rounded first. Here the order of the terms is part
/// of the definition: channels are taken in blocks of 16, those that fill the last block are zeros, and so are the
/// source's columns beside its picture. Rows above and below have no terms.
extension ReferenceConvolution {
  /// `forward`: blocks of input channels, kernel rows, kernel columns, pairs of channels.
  package func bfloat16Forward(source: ReferenceTensor, weights: ReferenceTensor) -> ReferenceTensor {
    let (source, weights) = (source.bfloat16, weights.bfloat16)
    let (count, inputs, height, _) = source.dimensions
    let outputs = weights.shape[0]
    var destination = ReferenceTensor(
      shape: [count, outputs, outputSize(source.shape[2]), outputSize(source.shape[3])])
    destination.setEach { n, o, y, x in
      var sum: Float = 0
      for block in Swift.stride(from: 0, to: inputs, by: 16) {
        for ky in 0..<kernel where 0..<height ~= y * self.stride + ky - padding {
          for kx in 0..<kernel {
            for i in Swift.stride(from: block, to: block + 16, by: 2) {
              func term(_ i: Int) -> (a: Float, b: Float) {
                (
                  source.padded(n, i, y * self.stride + ky - padding, x * self.stride + kx - padding),
                  weights.padded(o, i, ky, kx)
                )
              }
              sum = ReferenceBFloat16.adding(sum, low: term(i), high: term(i + 1))
            }
          }
        }
      }
      return sum
    }
    return destination
  }

  /// `backwardData`: blocks of output channels, rows of the gradient, its columns, pairs of channels.
  package func bfloat16BackwardData(
    diffDestination: ReferenceTensor, weights: ReferenceTensor, sourceSize: (height: Int, width: Int)
  ) -> ReferenceTensor {
    let (gradient, weights) = (diffDestination.bfloat16, weights.bfloat16)
    let (count, outputs, height, _) = gradient.dimensions
    var diffSource = ReferenceTensor(shape: [count, weights.shape[1], sourceSize.height, sourceSize.width])
    diffSource.setEach { n, i, row, column in
      var sum: Float = 0
      // Later taps reach earlier rows.
      for block in Swift.stride(from: 0, to: outputs, by: 16) {
        for ky in (0..<kernel).reversed() where (row + padding - ky) % self.stride == 0 {
          let y = (row + padding - ky) / self.stride
          if row + padding < ky || y >= height { continue }
          for kx in (0..<kernel).reversed() where (column + padding - kx) % self.stride == 0 {
            let x = column + padding < kx ? -1 : (column + padding - kx) / self.stride
            for o in Swift.stride(from: block, to: block + 16, by: 2) {
              func term(_ o: Int) -> (a: Float, b: Float) {
                (gradient.padded(n, o, y, x), weights.padded(o, i, ky, kx))
              }
              sum = ReferenceBFloat16.adding(sum, low: term(o), high: term(o + 1))
            }
          }
        }
      }
      return sum
    }
    return diffSource
  }

  /// `backwardWeights`: pictures, rows, pairs of columns. Rows are even.
  package func bfloat16BackwardWeights(source: ReferenceTensor, diffDestination: ReferenceTensor) -> ReferenceTensor {
    let (source, gradient) = (source.bfloat16, diffDestination.bfloat16)
    let (count, inputs, height, _) = source.dimensions
    var diffWeights = ReferenceTensor(shape: [gradient.shape[1], inputs, kernel, kernel])
    diffWeights.setEach { o, i, ky, kx in
      var sum: Float = 0
      for n in 0..<count {
        for y in 0..<gradient.shape[2] where 0..<height ~= y * self.stride + ky - padding {
          for x in Swift.stride(from: 0, to: gradient.shape[3], by: 2) {
            func term(_ x: Int) -> (a: Float, b: Float) {
              (
                source.padded(n, i, y * self.stride + ky - padding, x * self.stride + kx - padding),
                gradient.padded(n, o, y, x)
              )
            }
            sum = ReferenceBFloat16.adding(sum, low: term(x), high: term(x + 1))
          }
        }
      }
      return sum
    }
    return diffWeights
  }
}

extension ReferenceTensor {
  fileprivate var bfloat16: ReferenceTensor { map { Double(ReferenceBFloat16.rounded(Float($0))) } }

  /// A zero beside the picture and behind its last channel.
  fileprivate func padded(_ n: Int, _ c: Int, _ y: Int, _ x: Int) -> Float {
    c < shape[1] && n < shape[0] && x >= 0 && x < shape[3] ? Float(self[n, c, y, x]) : 0
  }

  fileprivate mutating func setEach(_ value: (Int, Int, Int, Int) -> Float) {
    for n in 0..<shape[0] {
      for c in 0..<shape[1] {
        for y in 0..<shape[2] {
          for x in 0..<shape[3] { self[n, c, y, x] = Double(value(n, c, y, x)) }
        }
      }
    }
  }
}
