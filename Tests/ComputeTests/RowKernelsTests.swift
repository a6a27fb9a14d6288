import SystemSupport
import Compute
import Kernels
import ReferenceKernels
import Testing

/// Protects: kernels over rows of Floats, each instruction set by itself, against their definitions; and that all sets
/// give the same bits.
@Suite struct RowKernelsTests {
  /// tanh from the smallest Floats to far beyond where it is 1, and the special values.
  @Test(arguments: machineKernels) func tanhIsAccurate(_ kernels: KernelTable) {
    var x = [Float](stride(from: -12, through: 12, by: 0x1p-9))
    x += (0..<64).map { Float(sign: .plus, exponent: -$0, significand: 1.37) }
    x += [0, -0.0, .leastNonzeroMagnitude, 1e10, -1e10, .infinity, -.infinity, .greatestFiniteMagnitude]
    while x.count % 16 != 0 { x.append(0.5) }
    var y = [Float](repeating: .nan, count: x.count)
    kernels.tanh(x, &y, x.count)
    let expected = ReferenceActivation.tanh.forward(ReferenceTensor([x.count], x))
    // The rational function's error plus some ten roundings.
    expectEqual(
      y, expected, bound: { 12 * unitRoundoff * abs(expected.values[$0]) + Double(Float.leastNonzeroMagnitude) },
      "tanh \(kernels)")
    #expect(y.allSatisfy { abs($0) <= 1 }, "tanh beyond 1 turns its gradient's sign")
    x = [Float](repeating: .nan, count: 16)
    kernels.tanh(x, &y, 16)
    #expect(y[..<16].allSatisfy { $0.isNaN }, "a NaN must not become a colour")
  }

  @Test(arguments: machineKernels) func tanhBackward(_ kernels: KernelTable) {
    var data = TestData(seed: 1)
    let count = 16 * 37
    let diffY = data.uniform(count)
    let y = data.uniform(count)
    var diffX = [Float](repeating: .nan, count: count)
    kernels.tanhBackward(diffY, y, &diffX, count)
    let expected = ReferenceTensor(
      shape: [count], values: zip(diffY, y).map { Double($0) * (1 - Double($1) * Double($1)) })
    expectEqual(diffX, expected, bound: { 3 * unitRoundoff * abs(Double(diffY[$0])) }, "tanhBackward \(kernels)")
  }

  @Test(arguments: machineKernels) func dotAndScaledSum(_ kernels: KernelTable) {
    for count in [16, 32, 16 * 255] {
      var data = TestData(seed: count)
      let integersA = data.integers(count)
      let integersB = data.integers(count)
      let exact = ReferenceTensor.dot(.init([count], integersA), .init([count], integersB))
      #expect(Double(kernels.dot(integersA, integersB, count)) == exact, "dot \(count) \(kernels)")
      let a = data.uniform(count)
      let b = data.uniform(count)
      let (referenceA, referenceB) = (ReferenceTensor([count], a), ReferenceTensor([count], b))
      let bound =
        Double(count + 2) * unitRoundoff * ReferenceTensor.dot(referenceA.magnitudes, referenceB.magnitudes)
      #expect(abs(Double(kernels.dot(a, b, count)) - ReferenceTensor.dot(referenceA, referenceB)) <= bound)

      for accumulate in [false, true] {
        var y = accumulate ? b : [Float](repeating: .nan, count: count)
        kernels.scaledSum(&y, a, 0.375, count, accumulate)
        let expected = ReferenceTensor(
          shape: [count], values: zip(a, b).map { (accumulate ? Double($1) : 0) + 0.375 * Double($0) })
        expectEqual(y, expected, bound: { _ in 3 * unitRoundoff }, "scaledSum accumulate \(accumulate) \(kernels)")
      }

      // Two roundings, whatever the vectors: the same bits.
      for gate in [nil, integersB] {
        var y = [Float](repeating: .nan, count: count)
        kernels.scaledGate(&y, a, gate, 0.375, 0.2, count)
        let expected = a.indices.map { i in 0.375 * a[i] * (gate.map { $0[i] > 0 } ?? true ? 1 : 0.2) }
        expectSameBits(y, expected, "scaledGate \(gate == nil ? "without" : "with") gate \(kernels)")
      }
    }
  }

  @Test(arguments: machineKernels) func rmsprop(_ kernels: KernelTable) {
    let count = 16 * 9
    var data = TestData(seed: 3)
    var w = data.uniform(count, -0.01, 0.01)
    var v = [Float](repeating: 0, count: count)
    var referenceW = w.map(Double.init)
    var referenceV = v.map(Double.init)
    let reference = ReferenceRMSprop(learningRate: 5e-5)
    for step in 0..<20 {
      // Gradients from 1e-12 to 1: where the mean of squares is tiny, epsilon decides.
      var g = data.uniform(count)
      for i in 0..<count { g[i] *= [1, 1e-3, 1e-6, 1e-9, 1e-12, 0][i % 6] }
      _ = kernels.rmsprop(&w, g, &v, count, 5e-5, 0.99, 1e-8)
      reference.update(parameters: &referenceW, gradients: g.map(Double.init), squares: &referenceV)
      let (expectedW, expectedV) = (referenceW, referenceV)
      // A step is 10 rates at most (the first one: 1 / sqrt(1 - 0.99)); each rounds w once and itself some 8 times.
      expectEqual(
        w, ReferenceTensor(shape: [count], values: expectedW),
        bound: { Double(step + 1) * unitRoundoff * (abs(expectedW[$0]) + 5e-4 + 10 * 5e-4) },
        "rmsprop step \(step) \(kernels)")
      expectEqual(
        v, ReferenceTensor(shape: [count], values: expectedV),
        bound: { Double(step + 1) * 8 * unitRoundoff * expectedV[$0] + Double(Float.leastNonzeroMagnitude) * 100 },
        "rmsprop's squares, step \(step) \(kernels)")
    }
  }

  @Test(arguments: machineKernels) func adam(_ kernels: KernelTable) {
    let count = 16 * 9
    var data = TestData(seed: 4)
    var w = data.uniform(count, -0.1, 0.1)
    var m = [Float](repeating: 0, count: count)
    var v = m
    var referenceW = w.map(Double.init)
    var referenceM = m.map(Double.init)
    var referenceV = referenceM
    let reference = ReferenceAdam(learningRate: 1e-4, beta1: 0.5)
    for step in 1...20 {
      let g = data.uniform(count, -1e-2, 1e-2)
      let correction1 = 1 - pow(0.5, Double(step))
      let correction2 = 1 - pow(0.999, Double(step))
      _ = kernels.adam(
        &w, g, &m, &v, count, Float(1e-4 / correction1), 0.5, 0.999, Float(correction2.squareRoot()), 1e-8)
      reference.update(
        parameters: &referenceW, gradients: g.map(Double.init), firstMoments: &referenceM,
        secondMoments: &referenceV, step: step)
      let expectedW = referenceW
      expectEqual(
        w, ReferenceTensor(shape: [count], values: expectedW),
        bound: { Double(step) * unitRoundoff * (abs(expectedW[$0]) + 16 * 1e-4 * 2) }, "adam step \(step) \(kernels)")
    }
  }

  /// Within a rounding of the naive formula; and where value and average are the same, the same bits stay.
  @Test(arguments: machineKernels) func average(_ kernels: KernelTable) {
    let count = 16 * 9
    var data = TestData(seed: 6)
    let start = data.uniform(count)
    var average = start
    for take: Float in [1e-3, 0.5, 0.9] {
      _ = kernels.average(&average, start, count, take)
      expectSameBits(average, start, "average of the same values, take \(take) \(kernels)")
    }
    var expected = start.map(Double.init)
    for step in 1...50 {
      let values = data.uniform(count)
      let take = Float(1 - min(0.95, Double(1 + step) / Double(10 + step)))
      _ = kernels.average(&average, values, count, take)
      referenceAverage(&expected, values.map(Double.init), beta: 0.95, update: step)
      // Each update rounds three times and `take` once, of numbers below 2.
      expectEqual(
        average, ReferenceTensor(shape: [count], values: expected), bound: { _ in Double(step) * 4 * 2 * unitRoundoff },
        "average, step \(step) \(kernels)")
    }
  }

  /// A single number that isn't finite, wherever it is and however it got there, is told by the pass that writes it,
  /// also where it comes of finite ones; a clamp behind it hides infinities.
  @Test(arguments: machineKernels) func passesTellOfNumbersThatAreNotFinite(_ kernels: KernelTable) {
    let count = 16 * 5
    var data = TestData(seed: 7)
    let (x, g) = (data.uniform(count), data.uniform(count))
    func isFinite(_ place: Int?, _ bad: Float, in which: Int) -> [Bool] {
      var rows = [x, g, g.map { $0 * $0 }, g]  // weights, gradients, squares, means
      if let place { rows[which][place] = bad }
      var (w, v, m, a) = (rows[0], rows[2], rows[3], rows[0])
      let rmsprop = kernels.rmsprop(&w, rows[1], &v, count, 1e-3, 0.99, 1e-8)
      #expect(rmsprop.isNaN || rmsprop == 0)
      #expect(rmsprop.isFinite == (w + v).allSatisfy(\.isFinite), "rmsprop \(kernels)")
      (w, v) = (rows[0], rows[2])
      let adam = kernels.adam(&w, rows[1], &m, &v, count, 1e-3, 0.5, 0.999, 0.3, 1e-8)
      #expect(adam.isFinite == (w + v + m).allSatisfy(\.isFinite), "adam \(kernels)")
      let average = kernels.average(&a, rows[1], count, 0.3)
      #expect(average.isFinite == a.allSatisfy(\.isFinite), "average \(kernels)")
      return [rmsprop.isFinite, adam.isFinite, average.isFinite]
    }
    #expect(isFinite(nil, 0, in: 0) == [true, true, true])
    for place in 0..<count {
      for bad in [Float.nan, .infinity, -.infinity] {
        #expect(isFinite(place, bad, in: 0) == [false, false, false], "\(bad) at \(place)")
        #expect(isFinite(place, bad, in: 1) == [false, false, false], "\(bad) at \(place)")
      }
      // Finite themselves, and too large for their squares.
      #expect(isFinite(place, 1e25, in: 1) == [false, false, true])
      #expect(isFinite(place, .greatestFiniteMagnitude, in: 0) == [true, true, true])
    }
  }

  @Test(arguments: machineKernels) func clamp(_ kernels: KernelTable) {
    var w: [Float] = [-1, -0.01, -0.0099, 0, 0.0099, 0.01, 1, .infinity, -.infinity, 0.02, -0.02, 1e-30, 5, 6, 7, 8]
    let expected = w.map { min(max($0, -0.01), 0.01) }
    kernels.clamp(&w, 16, -0.01, 0.01)
    #expect(w == expected, "clamp \(kernels)")
  }

  /// Everything in this file that doesn't use FMA gives the same bits on every set, portable included.
  @Test func allSetsGiveTheSameBits() {
    let count = 16 * 65
    var data = TestData(seed: 5)
    let x = data.uniform(count, -4, 4)
    let g = data.uniform(count)
    func results(_ kernels: KernelTable) -> [Float] {
      var y = [Float](repeating: 0, count: count)
      kernels.tanh(x, &y, count)
      var all = y
      let tanhX = y
      kernels.tanhBackward(g, tanhX, &y, count)
      all += y
      var (w, v) = (x, g.map { $0 * $0 })
      _ = kernels.rmsprop(&w, g, &v, count, 5e-5, 0.99, 1e-8)
      all += w + v
      var m = g
      _ = kernels.adam(&w, g, &m, &v, count, 1e-3, 0.5, 0.999, 0.3, 1e-8)
      _ = kernels.average(&m, x, count, 0.3)
      return all + w + m + v
    }
    let portable = results(machineKernels[0])
    for kernels in machineKernels.dropFirst() {
      expectSameBits(portable, results(kernels), "rows, portable and \(kernels)")
    }
  }
}
