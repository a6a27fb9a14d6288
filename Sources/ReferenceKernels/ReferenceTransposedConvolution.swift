// Transposed convolution without bias (PyTorch's ConvTranspose2d): the adjoint of the convolution of the same kernel k,
// stride s and padding p. Each source pixel adds its value times the kernel to a k x k window of the destination.
//
//   source       N x I x H x W
//   weights      I x O x k x k       PyTorch's order: the source's channels come first
//   destination  N x O x H' x W'     H' = (H - 1) s - 2p + k, W' likewise
//
//   destination[n, o, y s + ky - p, x s + kx - p] += source[n, i, y, x] weights[i, o, ky, kx]    for all n, i, o, y, x,
//   ky, kx
//
// where what falls outside of the destination is dropped.

package struct ReferenceTransposedConvolution: Hashable, Sendable {
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
    let outputSize = (size - 1) * stride - 2 * padding + kernel
    precondition(size > 0 && outputSize > 0)
    return outputSize
  }

  /// The destination, N x O x H' x W'.
  package func forward(source: ReferenceTensor, weights: ReferenceTensor) -> ReferenceTensor {
    let (count, inputs, height, width) = source.dimensions
    let outputs = weights.shape[1]
    precondition(weights.shape == [inputs, outputs, kernel, kernel])
    var destination = ReferenceTensor(shape: [count, outputs, outputSize(height), outputSize(width)])
    let (destinationHeight, destinationWidth) = (destination.shape[2], destination.shape[3])
    for n in 0..<count {
      for i in 0..<inputs {
        for o in 0..<outputs {
          for y in 0..<height {
            for x in 0..<width {
              for ky in 0..<kernel {
                for kx in 0..<kernel {
                  let row = y * stride + ky - padding
                  let column = x * stride + kx - padding
                  guard 0 <= row && row < destinationHeight && 0 <= column && column < destinationWidth else {
                    continue
                  }
                  destination[n, o, row, column] += source[n, i, y, x] * weights[i, o, ky, kx]
                }
              }
            }
          }
        }
      }
    }
    return destination
  }

  /// The gradient with respect to the source, N x I x H x W: each pixel gathers from the window that it wrote to.
  ///
  ///   diffSource[n, i, y, x] = sum over o, ky, kx of diffDestination[n, o, y s + ky - p, x s + kx - p] weights[i, o,
  ///   ky, kx]
  package func backwardData(diffDestination: ReferenceTensor, weights: ReferenceTensor) -> ReferenceTensor {
    let (count, outputs, destinationHeight, destinationWidth) = diffDestination.dimensions
    let inputs = weights.shape[0]
    precondition(weights.shape == [inputs, outputs, kernel, kernel])
    let (height, width) = (sourceSize(destinationHeight), sourceSize(destinationWidth))
    var diffSource = ReferenceTensor(shape: [count, inputs, height, width])
    for n in 0..<count {
      for i in 0..<inputs {
        for y in 0..<height {
          for x in 0..<width {
            var sum = 0.0
            for o in 0..<outputs {
              for ky in 0..<kernel {
                for kx in 0..<kernel {
                  let row = y * stride + ky - padding
                  let column = x * stride + kx - padding
                  guard 0 <= row && row < destinationHeight && 0 <= column && column < destinationWidth else {
                    continue
                  }
                  sum += diffDestination[n, o, row, column] * weights[i, o, ky, kx]
                }
              }
            }
            diffSource[n, i, y, x] = sum
          }
        }
      }
    }
    return diffSource
  }

  /// The gradient with respect to the weights, I x O x k x k.
  ///
  ///   diffWeights[i, o, ky, kx] = sum over n, y, x of source[n, i, y, x] diffDestination[n, o, y s + ky - p, x s + kx
  ///   - p]
  package func backwardWeights(source: ReferenceTensor, diffDestination: ReferenceTensor) -> ReferenceTensor {
    let (count, inputs, height, width) = source.dimensions
    let outputs = diffDestination.shape[1]
    precondition(diffDestination.shape == [count, outputs, outputSize(height), outputSize(width)])
    let (destinationHeight, destinationWidth) = (diffDestination.shape[2], diffDestination.shape[3])
    var diffWeights = ReferenceTensor(shape: [inputs, outputs, kernel, kernel])
    for i in 0..<inputs {
      for o in 0..<outputs {
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            var sum = 0.0
            for n in 0..<count {
              for y in 0..<height {
                for x in 0..<width {
                  let row = y * stride + ky - padding
                  let column = x * stride + kx - padding
                  guard 0 <= row && row < destinationHeight && 0 <= column && column < destinationWidth else {
                    continue
                  }
                  sum += source[n, i, y, x] * diffDestination[n, o, row, column]
                }
              }
            }
            diffWeights[i, o, ky, kx] = sum
          }
        }
      }
    }
    return diffWeights
  }

  /// H for H': the only size whose `outputSize` is `size`.
  private func sourceSize(_ size: Int) -> Int {
    let scaled = size + 2 * padding - kernel
    precondition(scaled >= 0 && scaled % stride == 0, "no source gives a destination of \(size)")
    return scaled / stride + 1
  }
}
