import Compute
import Kernels
import Randomness
import Testing

/// Protects: products of points, their order on a line, the distances there and the nearest of them, by what each of
/// them means.
@Suite struct PointsTests {
  static func points(_ count: Int, _ dimensions: Int, seed: Int, reach: Int = 9) -> Points {
    var data = TestData(seed: seed)
    return Points((0..<count).map { _ in data.integers(dimensions, reach: reach) }, dimensions: dimensions)
  }

  static func product(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// Whole numbers: every product is exact, on every set.
  @Test(arguments: machineKernels, [(1, 1, 1), (7, 3, 5), (300, 49, 16), (513, 147, 37)])
  func sortedProjectionsAreTheSortedProducts(
    kernels: KernelTable, shape: (count: Int, dimensions: Int, directions: Int)
  ) {
    let points = Self.points(shape.count, shape.dimensions, seed: 1)
    let directions = Self.points(shape.directions, shape.dimensions, seed: 2)
    for threads in [1, 2, 3] {
      let device = Device(kernels: kernels, threads: threads)
      let projections = Projections(count: shape.count, directions: shape.directions)
      projections.project(points, along: directions, 0..<shape.directions, on: device)
      let expected = (0..<shape.directions).map { d in
        (0..<shape.count).map { Self.product(points[$0], directions[d]) }
      }
      for d in 0..<shape.directions { #expect(projections[d] == expected[d]) }
      projections.sort(on: device)
      for d in 0..<shape.directions { #expect(projections[d] == expected[d].sorted()) }
    }
  }

  /// Every kind of Float but NaN.
  @Test func sortingIsSorting() {
    var stream = RandomStream(seed: 3, purpose: .test)
    var values: [Float] = [0, -0, .infinity, -.infinity, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, 1, -1, 1]
    while values.count < 5003 {
      let value = Float(bitPattern: stream.nextWord())
      if !value.isNaN { values.append(value) }
    }
    let device = Device(threads: 2)
    let projections = Projections(count: values.count, directions: 1)
    projections.project(
      Points(values.map { [$0] }, dimensions: 1), along: Points([[1]], dimensions: 1), 0..<1, on: device)
    // Infinity times the product's unused terms of zero isn't a number.
    let before = projections[0].map { $0.isNaN ? 0 : $0 }
    let points = Points(before.map { [$0] }, dimensions: 1)
    projections.project(points, along: Points([[1]], dimensions: 1), 0..<1, on: device)
    projections.sort(on: device)
    #expect(projections[0] == before.sorted())
  }

  /// The Wasserstein distance of two sets of points on a line is the least mean distance over all ways to pair them.
  @Test(arguments: 0..<20) func theDistanceOnALineIsTheBestPairing(seed: Int) {
    let count = 6
    let (a, b) = (Self.points(count, 1, seed: seed, reach: 20), Self.points(count, 1, seed: seed + 100, reach: 20))
    func least(_ left: [Int], _ from: Int) -> Float {
      if from == count { return 0 }
      return left.map { to in abs(a[from][0] - b[to][0]) + least(left.filter { $0 != to }, from + 1) }.min() ?? 0
    }
    let device = Device(threads: 1)
    let projections = [a, b].map { points in
      let projections = Projections(count: count, directions: 1)
      projections.project(points, along: Points([[1]], dimensions: 1), 0..<1, on: device)
      projections.sort(on: device)
      return projections
    }
    let distance = projections[0].distances(to: projections[1], on: device)[0]
    #expect(distance == Double(least(Array(0..<count), 0)) / Double(count))
  }

  /// A shift of all points moves each line's places by its share along the line.
  @Test func aShiftIsFoundAgain() {
    let (dimensions, device) = (147, Device(threads: 2))
    let points = Self.points(1000, dimensions, seed: 4)
    let shift = Self.points(1, dimensions, seed: 5)[0]
    let directions = Self.points(16, dimensions, seed: 6)
    for factor: Float in [0, 1, 2] {
      let shifted = Points(
        (0..<points.count).map { zip(points[$0], shift).map { $0 + factor * $1 } }, dimensions: dimensions)
      let projections = [points, shifted].map { points in
        let projections = Projections(count: points.count, directions: 16)
        projections.project(points, along: directions, 0..<16, on: device)
        projections.sort(on: device)
        return projections
      }
      let distances = projections[0].distances(to: projections[1], on: device)
      #expect(distances == (0..<16).map { Double(abs(factor * Self.product(shift, directions[$0]))) })
    }
  }

  @Test(arguments: machineKernels, [(1, 5, 3), (129, 70, 147), (300, 65, 768)])
  func nearestIsTheNearest(kernels: KernelTable, shape: (points: Int, queries: Int, dimensions: Int)) {
    let points = Self.points(shape.points, shape.dimensions, seed: 7)
    let queries = Self.points(shape.queries, shape.dimensions, seed: 8)
    func expected(excluding: (Int) -> Int?) -> [NearestPoint?] {
      (0..<shape.queries).map { query in
        let all = (0..<shape.points).filter { $0 != excluding(query) }.map { point -> NearestPoint in
          let pairs = zip(points[point], queries[query])
          return NearestPoint(
            index: point, squaredDistance: pairs.reduce(0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) })
        }
        return all.min { $0.squaredDistance < $1.squaredDistance }
      }
    }
    for threads in [1, 2, 3] {
      let device = Device(kernels: kernels, threads: threads)
      #expect(points.nearest(to: queries, on: device) == expected { _ in nil })
      #expect(points.nearest(to: queries, excluding: { $0 }, on: device) == expected { $0 })
    }
  }

  @Test func momentsAndScales() {
    let points = Self.points(1300, 5, seed: 9)
    let device = Device(threads: 3)
    let moments = points.moments(on: device)
    for d in 0..<5 {
      let values = (0..<1300).map { Double(points[$0][d]) }
      #expect(moments[d].mean == values.reduce(0, +) / 1300)
      #expect(moments[d].square == values.reduce(0) { $0 + $1 * $1 } / 1300)
    }
    let first = points[0]
    points.rescale(subtracting: [1, 2, 3, 4, 5], times: [2, 2, 2, 2, 0.5], on: device)
    #expect(points[0] == zip(zip(first, 1...5), [2, 2, 2, 2, 0.5]).map { ($0.0 - Float($0.1)) * $1 })
  }
}
