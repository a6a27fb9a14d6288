// Convolution without bias ("cross-correlation" in mathematics), with a square kernel of k x k, one stride s and one
// padding p for both directions. With N pictures, I input and O output channels:
//
//   source       N x I x H x W
//   weights      O x I x k x k
//   destination  N x O x H' x W'     H' = floor((H + 2p - k) / s) + 1, W' likewise
//
//   destination[n, o, y, x] = sum over i, ky, kx of source[n, i, y s + ky - p, x s + kx - p] weights[o, i, ky, kx]
//
// where the source is zero outside of its picture.

package struct ReferenceConvolution: Hashable, Sendable {
  package let kernel: Int
  package let stride: Int
  package let padding: Int

  package init(kernel: Int, stride: Int, padding: Int) {
    precondition(kernel > 0 && stride > 0 && padding >= 0)
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  /// H' for H: the rows (or columns) of the destination.
  package func outputSize(_ size: Int) -> Int {
    precondition(size + 2 * padding >= kernel, "a kernel of \(kernel) doesn't fit into \(size) + 2 * \(padding)")
    return (size + 2 * padding - kernel) / stride + 1
  }

  /// The destination, N x O x H' x W'.
  package func forward(source: ReferenceTensor, weights: ReferenceTensor) -> ReferenceTensor {
    let (count, inputs, height, width) = source.dimensions
    let outputs = weights.shape[0]
    precondition(weights.shape == [outputs, inputs, kernel, kernel])
    var destination = ReferenceTensor(shape: [count, outputs, outputSize(height), outputSize(width)])
    for n in 0..<count {
      for o in 0..<outputs {
        for y in 0..<destination.shape[2] {
          for x in 0..<destination.shape[3] {
            var sum = 0.0
            for i in 0..<inputs {
              for ky in 0..<kernel {
                for kx in 0..<kernel {
                  let sourceY = y * stride + ky - padding
                  let sourceX = x * stride + kx - padding
                  guard 0 <= sourceY && sourceY < height && 0 <= sourceX && sourceX < width else { continue }
                  sum += source[n, i, sourceY, sourceX] * weights[o, i, ky, kx]
                }
              }
            }
            destination[n, o, y, x] = sum
          }
        }
      }
    }
    return destination
  }

  /// The gradient with respect to the source, N x I x H x W, from that with respect to the destination: every output
  /// that saw a pixel gives it its weight times its own gradient. Output row y saw row r by tap ky where y s + ky - p =
  /// r.
  ///
  ///   diffSource[n, i, r, c] = sum over o and all (ky, kx) where (r + p - ky) / s = y and (c + p - kx) / s = x are
  ///                            whole and inside of diffDestination[n, o, y, x] weights[o, i, ky, kx]
  ///
  /// - Parameter sourceSize: H and W, which H' and W' don't determine.
  package func backwardData(
    diffDestination: ReferenceTensor, weights: ReferenceTensor, sourceSize: (height: Int, width: Int)
  ) -> ReferenceTensor {
    let (count, outputs, height, width) = diffDestination.dimensions
    let inputs = weights.shape[1]
    precondition(weights.shape == [outputs, inputs, kernel, kernel])
    precondition(height == outputSize(sourceSize.height) && width == outputSize(sourceSize.width))
    var diffSource = ReferenceTensor(shape: [count, inputs, sourceSize.height, sourceSize.width])
    for n in 0..<count {
      for i in 0..<inputs {
        for row in 0..<sourceSize.height {
          for column in 0..<sourceSize.width {
            var sum = 0.0
            for ky in 0..<kernel {
              for kx in 0..<kernel {
                let scaledY = row + padding - ky
                let scaledX = column + padding - kx
                guard scaledY >= 0 && scaledY % stride == 0 && scaledY / stride < height else { continue }
                guard scaledX >= 0 && scaledX % stride == 0 && scaledX / stride < width else { continue }
                for o in 0..<outputs {
                  sum += diffDestination[n, o, scaledY / stride, scaledX / stride] * weights[o, i, ky, kx]
                }
              }
            }
            diffSource[n, i, row, column] = sum
          }
        }
      }
    }
    return diffSource
  }

  /// The gradient with respect to the weights, O x I x k x k.
  ///
  ///   diffWeights[o, i, ky, kx] = sum over n, y, x of diffDestination[n, o, y, x] source[n, i, y s + ky - p, x s + kx
  ///   - p]
  package func backwardWeights(source: ReferenceTensor, diffDestination: ReferenceTensor) -> ReferenceTensor {
    let (count, inputs, height, width) = source.dimensions
    let outputs = diffDestination.shape[1]
    precondition(diffDestination.shape == [count, outputs, outputSize(height), outputSize(width)])
    var diffWeights = ReferenceTensor(shape: [outputs, inputs, kernel, kernel])
    for o in 0..<outputs {
      for i in 0..<inputs {
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            var sum = 0.0
            for n in 0..<count {
              for y in 0..<diffDestination.shape[2] {
                for x in 0..<diffDestination.shape[3] {
                  let sourceY = y * stride + ky - padding
                  let sourceX = x * stride + kx - padding
                  guard 0 <= sourceY && sourceY < height && 0 <= sourceX && sourceX < width else { continue }
                  sum += diffDestination[n, o, y, x] * source[n, i, sourceY, sourceX]
                }
              }
            }
            diffWeights[o, i, ky, kx] = sum
          }
        }
      }
    }
    return diffWeights
  }
}

extension ReferenceTensor {
  /// N, C, H, W of a tensor of four dimensions.
  var dimensions: (Int, Int, Int, Int) {
    precondition(shape.count == 4, "expected N x C x H x W, got \(shape)")
    return (shape[0], shape[1], shape[2], shape[3])
  }
}
