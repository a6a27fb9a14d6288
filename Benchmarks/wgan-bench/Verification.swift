// Is what we are about to time right? Small integers, whose sums Float holds exactly, against the reference: the direct
// method to the last bit; the fast one, whose matrices aren't whole numbers, to an eighth, where any wrong term is off
// by one. (What is rounded to bf16 is exact here.)

import Compute
import Dispatch
import Randomness
import ReferenceKernels

/// The right results of one convolution for a small batch, computed once for all instruction sets and thread counts.
struct Verification {
  let shape: ConvolutionShape
  private let operands: ConvolutionRun.Operands
  private let expected: [Pass: [Float]]

  /// - Parameter threads: the most that it will be verified with. The batch is one more, so that every thread has work
  ///   and one has more, and where pictures share a register tile (their planes are one pixel) at least 13: full tiles
  ///   of 12, 6 or 4 pictures, whatever the set's are, and one picture that is left. It is never more than the
  ///   original's.
  init(_ original: ConvolutionShape, passes: [Pass], threads: Int) {
    let c = original.convolution
    let batch = min(original.batch, max(c.outputSize == 1 ? 13 : 2, threads + 1))
    shape = ConvolutionShape(batch: batch, convolution: c)
    func integers(_ count: Int, _ index: Int) -> [Float] {
      var stream = RandomStream(seed: 1, purpose: .test, index: index)
      return (0..<count).map { _ in Float(Int(stream.nextWord() >> 8) % 5) - 2 }
    }
    let sourceCount = c.inputChannels * c.inputSize * c.inputSize
    let destinationCount = c.outputChannels * c.outputSize * c.outputSize
    let operands = ConvolutionRun.Operands(
      source: integers(batch * sourceCount, 0), weights: integers(c.parameterCount, 1),
      diffDestination: integers(batch * destinationCount, 2))
    self.operands = operands

    // The reference picture by picture, on all cores.
    let reference = ReferenceConvolution(kernel: c.kernel, stride: c.stride, padding: c.padding)
    @Sendable func tensor(_ shape: [Int], _ values: ArraySlice<Float>) -> ReferenceTensor {
      ReferenceTensor(shape: shape, values: values.map(Double.init))
    }
    let weights = tensor([c.outputChannels, c.inputChannels, c.kernel, c.kernel], operands.weights[...])
    var expected: [Pass: [Float]] = [:]
    for pass in passes {
      let pictures = concurrentMap(batch) { n in
        let source = tensor(
          [1, c.inputChannels, c.inputSize, c.inputSize], operands.source[n * sourceCount..<(n + 1) * sourceCount])
        let diffDestination = tensor(
          [1, c.outputChannels, c.outputSize, c.outputSize],
          operands.diffDestination[n * destinationCount..<(n + 1) * destinationCount])
        switch pass {
        case .forward: return reference.forward(source: source, weights: weights).values
        case .backwardData:
          return reference.backwardData(
            diffDestination: diffDestination, weights: weights, sourceSize: (c.inputSize, c.inputSize)
          ).values
        case .backwardWeights:
          return reference.backwardWeights(source: source, diffDestination: diffDestination).values
        }
      }
      if pass == .backwardWeights {
        var sum = [Double](repeating: 0, count: c.parameterCount)
        for picture in pictures { for i in sum.indices { sum[i] += picture[i] } }
        expected[pass] = sum.map(Float.init)
      } else {
        expected[pass] = pictures.flatMap { $0.map(Float.init) }
      }
    }
    self.expected = expected
  }

  /// A line for each pass whose result is wrong.
  func failures(_ algorithm: AlgorithmChoice, _ precision: Precision, on device: Device) -> [Pass: String] {
    let run = ConvolutionRun(shape, algorithm, precision, operands, on: device)
    var failures: [Pass: String] = [:]
    for (pass, expected) in expected {
      run.run(pass)
      let values = run.result(pass)
      let allowed: Float = run.algorithm(pass) == .direct ? 0 : 0.125
      let wrong = values.indices.filter { !(abs(values[$0] - expected[$0]) <= allowed) }
      if let first = wrong.first {
        failures[pass] =
          "\(shape.text) \(pass.rawValue) \(device.instructionSet.rawValue) \(device.threads) threads: "
          + "\(wrong.count) of \(values.count) values are wrong, the first at \(first): "
          + "\(values[first]) instead of \(expected[first])"
      }
    }
    return failures
  }
}

/// `body` of 0 ..< count, on all cores, in order.
private func concurrentMap(_ count: Int, _ body: @Sendable (Int) -> [Double]) -> [[Double]] {
  var results = [[Double]](repeating: [], count: count)
  results.withUnsafeMutableBufferPointer { buffer in
    nonisolated(unsafe) let buffer = buffer
    withoutActuallyEscaping(body) { body in
      DispatchQueue.concurrentPerform(iterations: count) { buffer[$0] = body($0) }
    }
  }
  return results
}
