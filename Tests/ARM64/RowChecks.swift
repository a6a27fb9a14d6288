// Kernels over rows of Floats and over planes, each against its definition.

import Kernels

func checkSums(_ kernels: KernelTable) {
  var numbers = Numbers(state: 11)
  let count = 16 * 37
  let a = numbers.array(count)
  let b = numbers.array(count)
  var (sum, magnitude) = (0.0, 0.0)
  for i in 0..<count {
    sum += Double(a[i]) * Double(b[i])
    magnitude += abs(Double(a[i]) * Double(b[i]))
  }
  expect("dot", [kernels.dot(a, b, count)], [sum], bound: { _ in magnitude * roundoff * 60 })
  for accumulate in [false, true] {
    var y = b
    kernels.scaledSum(&y, a, 0.375, count, accumulate)
    expect(
      "scaledSum", y, map(count) { (accumulate ? Double(b[$0]) : 0) + 0.375 * Double(a[$0]) },
      bound: { _ in 3 * roundoff })
  }
  for isGated in [false, true] {
    var y = a
    kernels.scaledGate(&y, a, isGated ? b : nil, 0.375, 0.25, count)
    expect(
      "scaledGate", y, map(count) { 0.375 * Double(a[$0]) * (isGated && b[$0] <= 0 ? 0.25 : 1) },
      bound: { _ in 2 * roundoff })
  }
}

func map(_ count: Int, _ value: (_ place: Int) -> Double) -> [Double] {
  var values = [Double](repeating: 0, count: count)
  for i in 0..<count { values[i] = value(i) }
  return values
}

/// Batch norm's four, on a plane of 5 rows of 7 pixels with a halo of one.
func checkNorms(_ kernels: KernelTable) {
  let (rows, pixels, stride) = (5, 7, 9 * 16)
  var numbers = Numbers(state: 12)
  var x = numbers.array(7 * stride)
  var diffY = numbers.array(x.count)
  var gate = numbers.array(x.count)
  let channel = map(80) { _ in 0.5 + 0.25 * Double(numbers.next()) }
  let channels = channel.map { Float($0) }
  let count = Double(rows * pixels)
  func value(_ values: [Float], _ r: Int, _ p: Int, _ lane: Int) -> Double {
    Double(values[r * stride + p * 16 + lane])
  }
  func total(_ lane: Int, _ term: (_ r: Int, _ p: Int) -> Double) -> Double {
    var sum = 0.0
    for r in 0..<rows { for p in 0..<pixels { sum += term(r, p) } }
    return sum
  }
  func gated(_ r: Int, _ p: Int, _ lane: Int) -> Double {
    value(diffY, r, p, lane) * (value(gate, r, p, lane) > 0 ? 1 : 0.25)
  }
  func of(_ part: Int, _ lane: Int) -> Double { Double(channels[part * 16 + lane]) }
  func xhat(_ r: Int, _ p: Int, _ lane: Int) -> Double { (value(x, r, p, lane) - of(0, lane)) * of(1, lane) }
  let (xs, gates) = (x, gate)

  var moments = [Float](repeating: 0, count: 32)
  var sums = moments
  var y = numbers.array(x.count)
  var diffX = y
  let start = y
  x.withUnsafeMutableBufferPointer { x in
    diffY.withUnsafeMutableBufferPointer { diffY in
      gate.withUnsafeMutableBufferPointer { gate in
        let (planeX, planeD) = (Plane(x.baseAddress!, rowStride: stride), Plane(diffY.baseAddress!, rowStride: stride))
        let planeG = Plane(gate.baseAddress!, rowStride: stride)
        kernels.moments(planeX, rows, pixels, &moments)
        y.withUnsafeMutableBufferPointer {
          kernels.normalise(planeX, Plane($0.baseAddress!, rowStride: stride), rows, pixels, channels, 0.25)
        }
        kernels.normSums(planeD, planeX, planeG, rows, pixels, channels, 0.25, &sums)
        diffX.withUnsafeMutableBufferPointer {
          kernels.normBackward(
            planeD, planeX, planeG, Plane($0.baseAddress!, rowStride: stride), rows, pixels, channels, 0.25, 0.5)
        }
      }
    }
  }
  (x, gate) = (xs, gates)
  let means = map(16) { lane in total(lane) { value(x, $0, $1, lane) } / count }
  expect(
    "moments", moments,
    means
      + map(16) { lane in
        total(lane) {
          let distance = value(x, $0, $1, lane) - means[lane]
          return distance * distance
        }
      }, bound: { _ in 40 * count * roundoff })
  expect(
    "normSums", sums,
    map(16) { lane in total(lane) { gated($0, $1, lane) } }
      + map(16) { lane in total(lane) { gated($0, $1, lane) * xhat($0, $1, lane) } },
    bound: { _ in 40 * count * roundoff })
  func inside(_ place: Int, _ result: (_ r: Int, _ p: Int, _ lane: Int) -> Double) -> Double {
    let (r, p) = (place / stride, place % stride / 16)
    return r < rows && p < pixels ? result(r, p, place % 16) : Double(start[place])
  }
  expect(
    "normalise", y,
    map(y.count) { place in
      inside(place) { r, p, lane in
        epilogue((value(x, r, p, lane) - of(0, lane)) * of(1, lane) + of(2, lane), 0.25, nil, 1)
      }
    }, bound: { _ in 6 * roundoff })
  expect(
    "normBackward", diffX,
    map(y.count) { place in
      inside(place) { r, p, lane in
        of(2, lane) * (gated(r, p, lane) - of(3, lane) - xhat(r, p, lane) * of(4, lane))
          * (value(x, r, p, lane) > 0 ? 1 : 0.5)
      }
    }, bound: { _ in 12 * roundoff })
}

func checkActivations(_ kernels: KernelTable) {
  let count = 16 * 400
  var x = [Float](repeating: 0, count: count)
  for i in 0..<count { x[i] = Float(i - count / 2) * 0.003 }
  let special: [Float] = [-0.0, .leastNonzeroMagnitude, 1e10, -1e10, .infinity, -.infinity]
  for i in 0..<special.count { x[i] = special[i] }
  var y = [Float](repeating: 0, count: count)
  kernels.tanh(x, &y, count)
  expect(
    "tanh", y, map(count) { checks_tanh(Double(x[$0])) },
    bound: { 12 * roundoff * abs(Double(y[$0])) + Double(Float.leastNonzeroMagnitude) })
  var numbers = Numbers(state: 13)
  let diffY = numbers.array(count)
  var diffX = y
  kernels.tanhBackward(diffY, y, &diffX, count)
  expect(
    "tanhBackward", diffX, map(count) { Double(diffY[$0]) * (1 - Double(y[$0]) * Double(y[$0])) },
    bound: { _ in 3 * roundoff })
  var clamped = diffY
  kernels.clamp(&clamped, count, -0.5, 0.25)
  expect("clamp", clamped, map(count) { Double(min(max(diffY[$0], -0.5), 0.25)) })
}

/// Column products of 8 pixels, added where neighbours overlap: 18 pixels, of which the row has room for 16 and more.
func checkOverlap(_ kernels: KernelTable) {
  let (pixels, channels) = (8, 3)
  for hasSecond in [false, true] {
    var numbers = Numbers(state: 14)
    let a = numbers.array(pixels * 16)
    let b = numbers.array(pixels * 16)
    var row = [Float](repeating: 0, count: channels + 2 * pixels * channels + channels + 8)
    var expected = [Double](repeating: 0, count: row.count)
    for g in 0..<pixels {
      for half in 0..<2 {
        // Lanes beyond the channels overlap what the next pixel writes, which it does later.
        for i in 0..<(g == pixels - 1 && half == 1 ? 8 : 2 * channels) {
          let lane = g * 16 + half * 8 + i
          expected[2 * (g + half) * channels + i] += Double(a[lane]) + (hasSecond ? Double(b[lane]) : 0)
        }
      }
    }
    row.withUnsafeMutableBufferPointer {
      kernels.overlap(a, hasSecond ? b : nil, pixels, channels, $0.baseAddress! + channels)
    }
    expect("overlap", row, expected, bound: { _ in 4 * roundoff })
  }
}

func checkOptimizers(_ kernels: KernelTable) {
  let count = 16 * 9
  var numbers = Numbers(state: 15)
  let w = numbers.array(count)
  let g = numbers.array(count)
  let v = map(count) { _ in abs(Double(numbers.next())) }.map { Float($0) }
  let m = numbers.array(count)
  let (smoothing, epsilon) = (0.99, 1e-8)

  var (weights, squares) = (w, v)
  let finite = kernels.rmsprop(&weights, g, &squares, count, 0.01, smoothing, Float(epsilon))
  let expected = map(count) { smoothing * Double(v[$0]) + (1 - smoothing) * Double(g[$0]) * Double(g[$0]) }
  expect("rmsprop", [finite] + squares, [0] + expected, bound: { _ in 8 * roundoff })
  expect(
    "rmsprop", weights, map(count) { Double(w[$0]) - 0.01 * Double(g[$0]) / (expected[$0].squareRoot() + epsilon) },
    bound: { _ in 8 * roundoff })

  (weights, squares) = (w, v)
  var means = m
  let stillFinite = kernels.adam(&weights, g, &means, &squares, count, 0.01, 0.5, 0.999, 0.9, Float(epsilon))
  let first = map(count) { 0.5 * Double(m[$0]) + 0.5 * Double(g[$0]) }
  let second = map(count) { 0.999 * Double(v[$0]) + (1 - 0.999) * Double(g[$0]) * Double(g[$0]) }
  expect("adam", [stillFinite] + means + squares, [0] + first + second, bound: { _ in 8 * roundoff })
  expect(
    "adam", weights,
    map(count) { Double(w[$0]) - 0.01 * first[$0] / (second[$0].squareRoot() / 0.9 + epsilon) },
    bound: { abs(first[$0] / second[$0].squareRoot()) * 8 * roundoff + 8 * roundoff })

  var average = m
  let averageIsFinite = kernels.average(&average, w, count, 0.125)
  expect(
    "average", [averageIsFinite] + average,
    [0] + map(count) { Double(m[$0]) + 0.125 * (Double(w[$0]) - Double(m[$0])) }, bound: { _ in 4 * roundoff })
}

/// What the benchmarks divide by: that each round adds a product to every lane.
func checkProbes(_ kernels: KernelTable) {
  let rounds = 100
  var registers = [Float](repeating: 1, count: kernels.peak.arithmetic.registerFloats)
  let operands = registers.count - kernels.peak.arithmetic.operationsPerRound / 2
  registers.withUnsafeMutableBufferPointer { kernels.peak.arithmetic.run($0.baseAddress!, rounds) }
  for i in operands..<registers.count where registers[i] != Float(1 + rounds) {
    checks_wrong("arithmetic probe", i, Double(registers[i]), Double(1 + rounds), 0)
  }
  var numbers = Numbers(state: 16, areWhole: true)
  let source = numbers.array(4 * probeStep)
  var copy = [Float](repeating: 9, count: source.count)
  kernels.peak.copy(source, &copy, source.count)
  expectSame("copy probe", copy, source)
  var sum = 0.0
  for value in source { sum += Double(value) }
  expect("read probe", [kernels.peak.read(source, source.count)], [sum])
}
