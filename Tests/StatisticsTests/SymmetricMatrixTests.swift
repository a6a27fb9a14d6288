import Statistics
import Testing

/// Protects: eigenvectors are what they are called, in the order and with the sign of the rule.
@Suite struct SymmetricMatrixTests {
  /// Of some vectors whose numbers look random.
  static func matrix(size: Int, vectors: Int) -> SymmetricMatrix {
    var matrix = SymmetricMatrix(size: size)
    for i in 0..<vectors {
      matrix.addOuterProduct((0..<size).map { Double((i * 7919 + $0 * 104_729 + i * $0 * 31) % 997) / 500 - 1 })
    }
    return matrix
  }

  /// A v = value v, vectors of length 1 at right angles, the greatest value first, and the values' sum is the trace.
  /// With fewer vectors than rows some values are 0.
  @Test(arguments: [(1, 1), (2, 5), (8, 3), (40, 100), (64, 20)]) func eigenvectors(size: Int, vectors: Int) {
    let matrix = Self.matrix(size: size, vectors: vectors)
    let found = matrix.eigenvectors()
    #expect(found.count == size)
    let greatest = found.first?.value ?? 0
    let tolerance = 1e-12 * greatest
    for (i, one) in found.enumerated() {
      for row in 0..<size {
        let product = (0..<size).reduce(0) { $0 + matrix[row, $1] * one.vector[$1] }
        #expect(abs(product - one.value * one.vector[row]) <= tolerance, "\(i), \(row)")
      }
      for (j, other) in found[...i].enumerated() {
        let product = zip(one.vector, other.vector).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - (i == j ? 1 : 0)) < 1e-13)
      }
    }
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.value >= $1.value })
    let trace = (0..<size).reduce(0) { $0 + matrix[$1, $1] }
    #expect(abs(found.reduce(0) { $0 + $1.value } - trace) <= tolerance * Double(size))
    #expect(found.dropFirst(vectors).allSatisfy { abs($0.value) <= tolerance })
  }

  /// The element of the greatest magnitude is positive, of several the first.
  @Test func signsFollowTheRule() {
    for one in Self.matrix(size: 24, vectors: 60).eigenvectors() {
      let greatest = one.vector.map(\.magnitude).max() ?? 0
      #expect(one.vector.first { $0.magnitude == greatest } == greatest)
    }
    var matrix = SymmetricMatrix(size: 2)
    matrix.addOuterProduct([-1, 1])
    #expect(matrix.eigenvectors().map { $0.vector.map { $0 > 0 } } == [[true, false], [true, true]])
  }

  /// Equal values keep the axes' order; nothing has no eigenvectors.
  @Test func equalValues() {
    var matrix = SymmetricMatrix(size: 3)
    for (axis, length) in [(0, 1.0), (1, 2), (2, 2)] {
      matrix.addOuterProduct((0..<3).map { $0 == axis ? length : 0 })
    }
    let found = matrix.eigenvectors()
    #expect(found.map(\.value) == [4, 4, 1])
    #expect(found.map(\.vector) == [[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    #expect(SymmetricMatrix(size: 3).eigenvectors().map(\.value) == [0, 0, 0])
    #expect(SymmetricMatrix(size: 0).eigenvectors().isEmpty)
  }
}
