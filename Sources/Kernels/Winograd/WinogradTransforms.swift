// The matrices of fast convolution, F(4x4, 2x2) and F(4x4, 3x3): 4x4 results of a 2x2 or 3x3 kernel from 25 or 36
// products instead of 64 or 144; of bf16 F(4x2, 2x2): 4x2 results of a 2x2 kernel from 15 products instead of 32. Toom
// and Cook's algorithm: values at some points and at infinity decide a polynomial. Source: Lavin and Gray (CVPR 2016),
// section 4; the points are those of Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the
// accuracy of Winograd convolution for deep neural networks" (ACM TOMS 46(4), 2020), section 5, in spirit: symmetric,
// so that even and odd parts are shared, and near 1, so that powers stay small. docs/Numerics.md has the errors.
//
// In one dimension, with input d (n = results + taps - 1 values), kernel g and result y, `*` by element:
//
//     y = Aᵀ [ (G g) * (Bᵀ d) ]                 forward (and backwardData at stride 1)
//     d = B  [ (G g) * (A y) ]                  backwardData at stride 2, its adjoint in d: patches of neighbouring
//                                               tiles overlap and add up
//     g = Gᵀ [ (A y) * (Bᵀ d) ]                 backwardWeights, its adjoint in g
//
// F(4, 2), points 1/2, -1/2, 3/2, -3/2, infinity:
//
//          | -9/8  -9/4   1/2  1  0 |       | -1/2  -1/4 |        | 1    1     1      1    0 |
//          |  9/8  -9/4  -1/2  1  0 |       |  1/2  -1/4 |   Aᵀ = | 1/2 -1/2   3/2   -3/2  0 |
//     Bᵀ = | -3/8  -1/4   3/2  1  0 |   G = |  1/6   1/4 |        | 1/4  1/4   9/4    9/4  0 |
//          |  3/8  -1/4  -3/2  1  0 |       | -1/6   1/4 |        | 1/8 -1/8  27/8  -27/8  1 |
//          | 9/16   0    -5/2  0  1 |       |   0     1  |
//
// F(4, 3), points 0, 3/4, -3/4, 3/2, -3/2, infinity; row j of Aᵀ has the j-th powers of the points; a = -128/243, b =
// 32/243:
//
//          | 81/64    0    -45/16     0    1  0 |       | 64/81     0       0    |
//          |   0  -27/16   -9/4     3/4   1  0 |       |   a     3/4 a   9/16 a |
//     Bᵀ = |   0   27/16   -9/4    -3/4   1  0 |   G = |   a    -3/4 a   9/16 a |
//          |   0  -27/32   -9/16    3/2   1  0 |       |   b     3/2 b   9/4 b  |
//          |   0   27/32   -9/16   -3/2   1  0 |       |   b    -3/2 b   9/4 b  |
//          |   0   81/64     0    -45/16  0  1 |       |   0       0       1    |

// F(2, 2), points 1, -1, infinity:
//
//          |  1  1  0 |       | 1/2   1/2 |        | 1   1  0 |
//     Bᵀ = |  1 -1  0 |   G = | 1/2  -1/2 |   Aᵀ = | 1  -1  1 |
//          | -1  0  1 |       |  0     1  |
//
// F(4x2, 2x2) has F(4, 2) in one direction and F(2, 2) in the other. Its F(4, 2) keeps G's denominators out of what is
// rounded: G is whole, S G with S = diag(-4, -4, 12, 12, 1), and Aᵀ and B of forward and backwardData take them, Aᵀ/S
// and B/S. Then bf16 holds all that becomes of small integers, and a test on them finds each wrong term.

/// F(results, taps) of one direction.
public enum WinogradMatrices: Sendable {
  case f42
  case f43
  case f22
  /// F(4, 2) with G of whole numbers.
  case f42whole

  @inlinable public var results: Int {
    switch self {
    case .f42, .f43, .f42whole: 4
    case .f22: 2
    }
  }

  @inlinable public var taps: Int {
    switch self {
    case .f42, .f22, .f42whole: 2
    case .f43: 3
    }
  }

  /// Values of a patch, and products of a tile.
  @inlinable public var side: Int {
    switch self {
    case .f42, .f42whole: 5
    case .f43: 6
    case .f22: 3
    }
  }
}

/// A fast method: its matrices along columns and along rows.
public enum WinogradMethod: Sendable {
  case f4x4of2x2
  case f4x4of3x3
  case f4x2of2x2

  /// What makes rows of a tile: it is applied to columns.
  @inlinable
  public var rows: WinogradMatrices {
    switch self {
    case .f4x4of2x2: .f42
    case .f4x4of3x3: .f43
    case .f4x2of2x2: .f42whole
    }
  }

  /// What makes columns of a tile: it is applied to rows.
  @inlinable
  public var columns: WinogradMatrices {
    switch self {
    case .f4x4of2x2: .f42
    case .f4x4of3x3: .f43
    case .f4x2of2x2: .f22
    }
  }

  /// "F(4x4, 2x2)"
  public var description: String {
    "F(\(rows.results)x\(columns.results), \(rows.taps)x\(columns.taps))"
  }
}

/// The transforms; each takes a tile of R x R vectors to one of S x S. The sizes are those of F(4x4, 2x2).
public enum WinogradTransform: Sendable {
  /// Bᵀ d B: a patch of the source, 5x5 to 5x5.
  case input
  /// Aᵀ m A: products to results, 5x5 to 4x4, with the epilogue.
  case output
  /// A y Aᵀ: a tile of the gradient, 4x4 to 5x5.
  case gradient
  /// G g Gᵀ: a kernel, 2x2 to 5x5.
  case weights
  /// B m Bᵀ: products to a patch of the source's gradient, 5x5 to 5x5, by `overlapTile` (there is none of F(4, 3)).
  case patch
  /// Gᵀ q G: sums of products to the kernel's gradient, 5x5 to 2x2, which may add to what is there.
  case diffWeights

  /// Length of a row or column that it takes.
  @inlinable
  func sourceSide(_ matrices: WinogradMatrices) -> Int {
    switch self {
    case .input, .output, .patch, .diffWeights: matrices.side
    case .gradient: matrices.results
    case .weights: matrices.taps
    }
  }

  /// Length of a row or column that it makes.
  @inlinable
  func side(_ matrices: WinogradMatrices) -> Int {
    switch self {
    case .input, .gradient, .weights, .patch: matrices.side
    case .output: matrices.results
    case .diffWeights: matrices.taps
    }
  }
}

/// A column of vectors that a matrix takes or makes, with room for the longest: 6 of F(4, 3).
public typealias WinogradColumn<Vector: FloatVector> = InlineArray<6, Vector>

// MARK: - F(4, 2)

extension ProductPage {
  @inlinable @inline(__always)
  static func inputOf2(_ d: InlineArray<5, Vector>) -> InlineArray<5, Vector> {
    let minus94 = Vector(repeating: -9.0 / 4)
    let minus14 = Vector(repeating: -1.0 / 4)
    let odd1 = d[3].adding(d[1], times: minus94, fused: fused)
    let even1 = d[2].adding(d[0], times: minus94, fused: fused)
    let odd2 = d[3].adding(d[1], times: minus14, fused: fused)
    let even2 = d[2].adding(d[0], times: minus14, fused: fused)
    let last = d[4].adding(d[2], times: Vector(repeating: -5.0 / 2), fused: fused)
    return [
      odd1.adding(even1, times: Vector(repeating: 1.0 / 2), fused: fused),
      odd1.adding(even1, times: Vector(repeating: -1.0 / 2), fused: fused),
      odd2.adding(even2, times: Vector(repeating: 3.0 / 2), fused: fused),
      odd2.adding(even2, times: Vector(repeating: -3.0 / 2), fused: fused),
      last.adding(d[0], times: Vector(repeating: 9.0 / 16), fused: fused),
    ]
  }

  @inlinable @inline(__always)
  static func outputOf2(_ m: InlineArray<5, Vector>) -> InlineArray<4, Vector> {
    let sum1 = m[0] + m[1]
    let difference1 = m[0] - m[1]
    let sum2 = m[2] + m[3]
    let difference2 = m[2] - m[3]
    let last = m[4].adding(difference1, times: Vector(repeating: 1.0 / 8), fused: fused)
    return [
      sum1 + sum2,
      (difference1 * Vector(repeating: 1.0 / 2)).adding(difference2, times: Vector(repeating: 3.0 / 2), fused: fused),
      (sum1 * Vector(repeating: 1.0 / 4)).adding(sum2, times: Vector(repeating: 9.0 / 4), fused: fused),
      last.adding(difference2, times: Vector(repeating: 27.0 / 8), fused: fused),
    ]
  }

  @inlinable @inline(__always)
  static func gradientOf2(_ y: InlineArray<4, Vector>) -> InlineArray<5, Vector> {
    let even1 = y[0].adding(y[2], times: Vector(repeating: 1.0 / 4), fused: fused)
    let odd1 = y[1].adding(y[3], times: Vector(repeating: 1.0 / 4), fused: fused)
    let even2 = y[0].adding(y[2], times: Vector(repeating: 9.0 / 4), fused: fused)
    let odd2 = y[1].adding(y[3], times: Vector(repeating: 9.0 / 4), fused: fused)
    return [
      even1.adding(odd1, times: Vector(repeating: 1.0 / 2), fused: fused),
      even1.adding(odd1, times: Vector(repeating: -1.0 / 2), fused: fused),
      even2.adding(odd2, times: Vector(repeating: 3.0 / 2), fused: fused),
      even2.adding(odd2, times: Vector(repeating: -3.0 / 2), fused: fused),
      y[3],
    ]
  }

  @inlinable @inline(__always)
  static func patchOf2(_ m: InlineArray<5, Vector>) -> InlineArray<5, Vector> {
    let sum1 = m[0] + m[1]
    let difference1 = m[0] - m[1]
    let sum2 = m[2] + m[3]
    let difference2 = m[2] - m[3]
    let first = (m[4] * Vector(repeating: 9.0 / 16)).adding(
      difference2, times: Vector(repeating: -3.0 / 8), fused: fused)
    let middle = (m[4] * Vector(repeating: -5.0 / 2)).adding(
      difference2, times: Vector(repeating: 3.0 / 2), fused: fused)
    return [
      first.adding(difference1, times: Vector(repeating: -9.0 / 8), fused: fused),
      (sum2 * Vector(repeating: -1.0 / 4)).adding(sum1, times: Vector(repeating: -9.0 / 4), fused: fused),
      middle.adding(difference1, times: Vector(repeating: 1.0 / 2), fused: fused),
      sum1 + sum2,
      m[4],
    ]
  }

  @inlinable @inline(__always)
  static func weightsOf2(_ g: InlineArray<2, Vector>) -> InlineArray<5, Vector> {
    let quarter = g[1] * Vector(repeating: 1.0 / 4)
    let minusQuarter = g[1] * Vector(repeating: -1.0 / 4)
    return [
      minusQuarter.adding(g[0], times: Vector(repeating: -1.0 / 2), fused: fused),
      minusQuarter.adding(g[0], times: Vector(repeating: 1.0 / 2), fused: fused),
      quarter.adding(g[0], times: Vector(repeating: 1.0 / 6), fused: fused),
      quarter.adding(g[0], times: Vector(repeating: -1.0 / 6), fused: fused),
      g[1],
    ]
  }

  @inlinable @inline(__always)
  static func diffWeightsOf2(_ q: InlineArray<5, Vector>) -> InlineArray<2, Vector> {
    let difference1 = (q[1] - q[0]) * Vector(repeating: 1.0 / 2)
    let sums = (q[2] + q[3]) - (q[0] + q[1])
    return [
      difference1.adding(q[2] - q[3], times: Vector(repeating: 1.0 / 6), fused: fused),
      q[4].adding(sums, times: Vector(repeating: 1.0 / 4), fused: fused),
    ]
  }

}

// MARK: - F(4, 3)

extension ProductPage {
  @inlinable @inline(__always)
  static func inputOf3(_ d: InlineArray<6, Vector>) -> InlineArray<6, Vector> {
    let minus94 = Vector(repeating: -9.0 / 4)
    let minus916 = Vector(repeating: -9.0 / 16)
    let minus4516 = Vector(repeating: -45.0 / 16)
    let plus8164 = Vector(repeating: 81.0 / 64)
    let even1 = d[4].adding(d[2], times: minus94, fused: fused)
    let odd1 = d[3].adding(d[1], times: minus94, fused: fused)
    let even2 = d[4].adding(d[2], times: minus916, fused: fused)
    let odd2 = d[3].adding(d[1], times: minus916, fused: fused)
    let first = d[4].adding(d[2], times: minus4516, fused: fused)
    let last = d[5].adding(d[3], times: minus4516, fused: fused)
    return [
      first.adding(d[0], times: plus8164, fused: fused),
      even1.adding(odd1, times: Vector(repeating: 3.0 / 4), fused: fused),
      even1.adding(odd1, times: Vector(repeating: -3.0 / 4), fused: fused),
      even2.adding(odd2, times: Vector(repeating: 3.0 / 2), fused: fused),
      even2.adding(odd2, times: Vector(repeating: -3.0 / 2), fused: fused),
      last.adding(d[1], times: plus8164, fused: fused),
    ]
  }

  @inlinable @inline(__always)
  static func outputOf3(_ m: InlineArray<6, Vector>) -> InlineArray<4, Vector> {
    let sum1 = m[1] + m[2]
    let difference1 = m[1] - m[2]
    let sum2 = m[3] + m[4]
    let difference2 = m[3] - m[4]
    let last = m[5].adding(difference1, times: Vector(repeating: 27.0 / 64), fused: fused)
    return [
      m[0] + (sum1 + sum2),
      (difference1 * Vector(repeating: 3.0 / 4)).adding(difference2, times: Vector(repeating: 3.0 / 2), fused: fused),
      (sum1 * Vector(repeating: 9.0 / 16)).adding(sum2, times: Vector(repeating: 9.0 / 4), fused: fused),
      last.adding(difference2, times: Vector(repeating: 27.0 / 8), fused: fused),
    ]
  }

  @inlinable @inline(__always)
  static func gradientOf3(_ y: InlineArray<4, Vector>) -> InlineArray<6, Vector> {
    let even1 = y[0].adding(y[2], times: Vector(repeating: 9.0 / 16), fused: fused)
    let odd1 = y[1].adding(y[3], times: Vector(repeating: 9.0 / 16), fused: fused)
    let even2 = y[0].adding(y[2], times: Vector(repeating: 9.0 / 4), fused: fused)
    let odd2 = y[1].adding(y[3], times: Vector(repeating: 9.0 / 4), fused: fused)
    return [
      y[0],
      even1.adding(odd1, times: Vector(repeating: 3.0 / 4), fused: fused),
      even1.adding(odd1, times: Vector(repeating: -3.0 / 4), fused: fused),
      even2.adding(odd2, times: Vector(repeating: 3.0 / 2), fused: fused),
      even2.adding(odd2, times: Vector(repeating: -3.0 / 2), fused: fused),
      y[3],
    ]
  }

  @inlinable @inline(__always)
  static func weightsOf3(_ g: InlineArray<3, Vector>) -> InlineArray<6, Vector> {
    let a = Vector(repeating: -128.0 / 243)
    let b = Vector(repeating: 32.0 / 243)
    let even1 = g[0].adding(g[2], times: Vector(repeating: 9.0 / 16), fused: fused) * a
    let odd1 = g[1] * Vector(repeating: -32.0 / 81)
    let even2 = g[0].adding(g[2], times: Vector(repeating: 9.0 / 4), fused: fused) * b
    let odd2 = g[1] * Vector(repeating: 16.0 / 81)
    return [g[0] * Vector(repeating: 64.0 / 81), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, g[2]]
  }

  @inlinable @inline(__always)
  static func diffWeightsOf3(_ q: InlineArray<6, Vector>) -> InlineArray<3, Vector> {
    let sum1 = (q[1] + q[2]) * Vector(repeating: -128.0 / 243)
    let difference1 = (q[1] - q[2]) * Vector(repeating: -32.0 / 81)
    let sum2 = (q[3] + q[4]) * Vector(repeating: 32.0 / 243)
    let difference2 = (q[3] - q[4]) * Vector(repeating: 16.0 / 81)
    let last = q[5].adding(sum1, times: Vector(repeating: 9.0 / 16), fused: fused)
    return [
      (sum1 + sum2).adding(q[0], times: Vector(repeating: 64.0 / 81), fused: fused),
      difference1 + difference2,
      last.adding(sum2, times: Vector(repeating: 9.0 / 4), fused: fused),
    ]
  }
}

// MARK: - F(4, 2) with G of whole numbers

extension ProductPage {
  @inlinable @inline(__always)
  static func wholeWeightsOf2(_ g: InlineArray<2, Vector>) -> InlineArray<5, Vector> {
    let even = g[0] + g[0]
    let odd = g[1] * Vector(repeating: 3)
    return [g[1] + even, g[1] - even, odd + even, odd - even, g[1]]
  }

  @inlinable @inline(__always)
  static func outputOfWhole2(_ m: InlineArray<5, Vector>) -> InlineArray<4, Vector> {
    let sum1 = m[0] + m[1]
    let difference1 = m[0] - m[1]
    let sum2 = m[2] + m[3]
    let difference2 = m[2] - m[3]
    let last = m[4].adding(difference1, times: Vector(repeating: -1.0 / 32), fused: fused)
    return [
      (sum1 * Vector(repeating: -1.0 / 4)).adding(sum2, times: Vector(repeating: 1.0 / 12), fused: fused),
      (difference2 - difference1) * Vector(repeating: 1.0 / 8),
      (sum1 * Vector(repeating: -1.0 / 16)).adding(sum2, times: Vector(repeating: 3.0 / 16), fused: fused),
      last.adding(difference2, times: Vector(repeating: 9.0 / 32), fused: fused),
    ]
  }

  @inlinable @inline(__always)
  static func patchOfWhole2(_ m: InlineArray<5, Vector>) -> InlineArray<5, Vector> {
    let sum1 = m[0] + m[1]
    let difference1 = m[0] - m[1]
    let sum2 = m[2] + m[3]
    let difference2 = m[2] - m[3]
    let first = (m[4] * Vector(repeating: 9.0 / 16)).adding(
      difference2, times: Vector(repeating: -1.0 / 32), fused: fused)
    let middle = (difference2 - difference1) * Vector(repeating: 1.0 / 8)
    return [
      first.adding(difference1, times: Vector(repeating: 9.0 / 32), fused: fused),
      (sum1 * Vector(repeating: 9.0 / 16)).adding(sum2, times: Vector(repeating: -1.0 / 48), fused: fused),
      middle.adding(m[4], times: Vector(repeating: -5.0 / 2), fused: fused),
      (sum1 * Vector(repeating: -1.0 / 4)).adding(sum2, times: Vector(repeating: 1.0 / 12), fused: fused),
      m[4],
    ]
  }
}

// MARK: - F(2, 2)

extension ProductPage {
  @inlinable @inline(__always)
  static func inputOf22(_ d: InlineArray<3, Vector>) -> InlineArray<3, Vector> {
    [d[0] + d[1], d[0] - d[1], d[2] - d[0]]
  }

  @inlinable @inline(__always)
  static func outputOf22(_ m: InlineArray<3, Vector>) -> InlineArray<2, Vector> {
    [m[0] + m[1], (m[0] - m[1]) + m[2]]
  }

  @inlinable @inline(__always)
  static func gradientOf22(_ y: InlineArray<2, Vector>) -> InlineArray<3, Vector> {
    [y[0] + y[1], y[0] - y[1], y[1]]
  }

  @inlinable @inline(__always)
  static func patchOf22(_ m: InlineArray<3, Vector>) -> InlineArray<3, Vector> {
    [(m[0] + m[1]) - m[2], m[0] - m[1], m[2]]
  }

  @inlinable @inline(__always)
  static func weightsOf22(_ g: InlineArray<2, Vector>) -> InlineArray<3, Vector> {
    let half = Vector(repeating: 1.0 / 2)
    return [(g[0] + g[1]) * half, (g[0] - g[1]) * half, g[1]]
  }

  @inlinable @inline(__always)
  static func diffWeightsOf22(_ q: InlineArray<3, Vector>) -> InlineArray<2, Vector> {
    let half = Vector(repeating: 1.0 / 2)
    return [(q[0] + q[1]) * half, ((q[0] - q[1]) * half) + q[2]]
  }
}
