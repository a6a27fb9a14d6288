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

  /// Young averages keep less: by hand 2/11 in the first update, then up to beta.
  @Test func averagesWarmUp() {
    let average = MovingAverage(beta: 0.75)
    #expect(average.kept(in: 1) == 2.0 / 11 && average.kept(in: 2) == 3.0 / 12 && average.kept(in: 17) == 18.0 / 27)
    #expect(average.kept(in: 26) == 0.75 && average.kept(in: 27) == 0.75 && average.kept(in: 1 << 40) == 0.75)
    #expect(MovingAverage(beta: 0).kept(in: 5) == 0)
  }

  @Test func averagesAreSplitOverThreads() {
    var data = TestData(seed: 3)
    let (start, values) = (data.uniform(Self.count), data.uniform(Self.count))
    func result(_ device: Device) -> [Float] {
      let (average, read) = (Guarded(start), Guarded(values))
      for number in [1, 2, 3] {
        MovingAverage(beta: 0.999).update(average.slice, with: read.slice, number: number, on: device)
      }
      for memory in [average, read] { memory.expectUntouched("average, threads \(device.threads)") }
      #expect(read.floats == values)
      return average.floats
    }
    let expected = result(Device(instructionSet: .portable, threads: 1))
    var reference = start.map(Double.init)
    for number in [1, 2, 3] {
      referenceAverage(&reference, values.map(Double.init), beta: 0.999, update: number)
    }
    let exact = reference
    expectEqual(
      expected, ReferenceTensor(shape: [Self.count], values: exact), bound: { _ in 24 * unitRoundoff }, "average")
    for threads in [1, 2, 3, 24, 100] {
      for device in devices(threads: threads) {
        expectSameBits(expected, result(device), "average \(device.instructionSet) threads \(threads)")
      }
    }
  }

  /// Whichever worker's part it is in.
  @Test func aNumberThatIsNotFiniteIsToldForAnyThreads() {
    let values = [Float](repeating: 0.5, count: Self.count)
    for threads in [1, 2, 3, 24] {
      for device in devices(threads: threads) {
        for place in [nil, 0, 16 * 11 + 3, Self.count - 1] {
          func slice() -> Slice {
            let slab = Slab(count: Self.count).all
            slab.copy(from: values)
            return slab
          }
          let bad = slice()
          if let place { bad[place] = .infinity }
          let told = [
            RMSprop(learningRate: 1e-3).update(bad, gradients: slice(), squares: slice(), on: device),
            Adam(learningRate: 1e-3).update(
              slice(), gradients: slice(), means: slice(), squares: bad, step: 1, on: device),
            MovingAverage(beta: 0.9).update(slice(), with: bad, number: 1, on: device), bad.isFinite,
          ]
          let expected = [Bool](repeating: place == nil, count: told.count)
          #expect(told == expected, "\(String(describing: place)) \(device.instructionSet) threads \(threads)")
        }
      }
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
