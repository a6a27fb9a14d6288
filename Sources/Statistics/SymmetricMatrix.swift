// A symmetric matrix and its eigenvectors, the same bits on every machine: sums of Doubles in one order, and no
// function but the square root.

/// What a sum of outer products x x^T is: a covariance, say, of which the eigenvectors are the principal components.
package struct SymmetricMatrix: Sendable {
  package let size: Int
  /// Row-major, both halves.
  private var elements: [Double]

  /// Of zeros.
  package init(size: Int) {
    self.size = size
    elements = [Double](repeating: 0, count: size * size)
  }

  /// An element.
  package subscript(row: Int, column: Int) -> Double { elements[row * size + column] }

  /// Adds x x^T.
  package mutating func addOuterProduct(_ x: [Double]) {
    precondition(x.count == size, "the vector has the matrix's size")
    for row in 0..<size {
      let (factor, start) = (x[row], row * size)
      for column in 0..<size { elements[start + column] += factor * x[column] }
    }
  }

  // MARK: - Eigenvectors

  package struct Eigenvector: Sendable {
    package var value: Double
    /// Of length 1. Its element of the greatest magnitude, of several the first, is positive.
    package var vector: [Double]
  }

  /// All of them, the greatest value first; of equal ones in an order that is always the same.
  ///
  /// Jacobi's method (Golub and Van Loan, "Matrix Computations", 4th edition, section 8.5.5): rotations of two axes
  /// each make one element 0 after the other, row by row, until what is left is nothing beside the diagonal. For some
  /// hundreds of rows: a sweep takes 3 size^3 multiplications, and there are about ten.
  package func eigenvectors() -> [Eigenvector] {
    var matrix = self
    // Its rows become the eigenvectors.
    var vectors = [Double](repeating: 0, count: size * size)
    for i in 0..<size { vectors[i * size + i] = 1 }
    let enough = elements.reduce(0) { $0 + $1 * $1 } * 0x1p-108
    for _ in 0..<50 where matrix.squaresAboveDiagonal > enough {
      for p in 0..<size {
        for q in p + 1..<max(size, p + 1) { matrix.rotate(p, q, &vectors) }
      }
    }
    let order = (0..<size).sorted { (matrix[$1, $1], $0) < (matrix[$0, $0], $1) }
    return order.map { i in
      Eigenvector(value: matrix[i, i], vector: Self.normalised(Array(vectors[i * size..<(i + 1) * size])))
    }
  }

  private var squaresAboveDiagonal: Double {
    var sum = 0.0
    for row in 0..<size {
      for column in row + 1..<max(size, row + 1) { sum += self[row, column] * self[row, column] }
    }
    return sum
  }

  /// Turns the axes p and q so that the element (p, q) becomes 0.
  private mutating func rotate(_ p: Int, _ q: Int, _ vectors: inout [Double]) {
    let element = self[p, q]
    if element == 0 { return }
    let ratio = (self[q, q] - self[p, p]) / (2 * element)
    // Where the square is infinite the rotation is too small to turn anything.
    let tangent = (ratio < 0 ? -1 : 1) / (ratio.magnitude + (ratio * ratio + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<size {
      Self.turn(&elements, k * size + p, k * size + q, cosine, sine)
    }
    for k in 0..<size {
      Self.turn(&elements, p * size + k, q * size + k, cosine, sine)
      Self.turn(&vectors, p * size + k, q * size + k, cosine, sine)
    }
    (elements[p * size + q], elements[q * size + p]) = (0, 0)
  }

  @inline(__always)
  private static func turn(_ values: inout [Double], _ p: Int, _ q: Int, _ cosine: Double, _ sine: Double) {
    let (first, second) = (values[p], values[q])
    values[p] = cosine * first - sine * second
    values[q] = sine * first + cosine * second
  }

  /// Of length 1 again, and with the sign that is the rule.
  private static func normalised(_ vector: [Double]) -> [Double] {
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    var greatest = 0.0
    for value in vector where value.magnitude > greatest.magnitude { greatest = value }
    return vector.map { $0 / (greatest < 0 ? -length : length) }
  }
}
