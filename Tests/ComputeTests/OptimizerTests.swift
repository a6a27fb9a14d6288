import Compute
import ReferenceKernels
import Testing

/// Protects: an optimizer's pass over a whole slab: its schedule, and its split over threads. The formulas' accuracy is
/// RowKernelsTests'.
@Suite struct OptimizerTests {
  static let count = 16 * 23

  @Test func adamCountsItsSteps() {
    var data = TestData(seed: 1)
    let start = data.uniform(Self.count)
    let gradients = (0..<5).map { _ in data.uniform(Self.count) }
    let adam = Adam(learningRate: 1e-3, beta1: 0.5)
    let reference = ReferenceAdam(learningRate: 1e-3, beta1: 0.5)
    for device in devices(threads: 3) {
      let weights = Guarded(start)
      let (means, squares) = (
        Guarded([Float](repeating: 0, count: Self.count)), Guarded([Float](repeating: 0, count: Self.count))
      )
      var expected = start.map(Double.init)
      var first = [Double](repeating: 0, count: Self.count)
      var second = first
      for (i, gradient) in gradients.enumerated() {
        adam.update(
          weights.slice, gradients: Guarded(gradient).slice, means: means.slice, squares: squares.slice, step: i + 1,
          on: device)
        reference.update(
          parameters: &expected, gradients: gradient.map(Double.init), firstMoments: &first, secondMoments: &second,
          step: i + 1)
      }
      let values = expected
      expectEqual(
        weights.floats, ReferenceTensor(shape: [Self.count], values: values),
        bound: { 5 * unitRoundoff * (abs(values[$0]) + 16 * 2e-3) }, "adam \(device.instructionSet)")
      for memory in [weights, means, squares] { memory.expectUntouched("adam") }
    }
  }

  @Test func threadsSplitSlabsIntoWholeLines() {
    var data = TestData(seed: 2)
    let start = data.uniform(Self.count)
    let gradient = data.uniform(Self.count)
    func result(_ device: Device) -> [Float] {
      let (weights, squares) = (Guarded(start), Guarded(gradient.map { $0 * $0 }))
      RMSprop(learningRate: 1e-2).update(
        weights.slice, gradients: Guarded(gradient).slice, squares: squares.slice, on: device)
      let clipped = Guarded(weights.floats)
      clipped.slice.clamp(to: -0.25...0.5, on: device)
      for memory in [weights, squares, clipped] { memory.expectUntouched("rmsprop, threads \(device.threads)") }
      return weights.floats + squares.floats + clipped.floats
    }
    let expected = result(Device(instructionSet: .portable, threads: 1))
    #expect(expected.suffix(Self.count).min() == -0.25 && expected.suffix(Self.count).max() == 0.5)
    for threads in [1, 2, 3, 24, 100] {
      for device in devices(threads: threads) {
        expectSameBits(expected, result(device), "rmsprop \(device.instructionSet) threads \(threads)")
      }
    }
  }
}
