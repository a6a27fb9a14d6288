// The micro-kernel of backwardWeights: an outer product a pixel, summed over rows and pictures.
// Source: the same register tile as MultiplyTile, with both operands read where they lie (nothing is packed).

/// Where one tile reads and writes. All strides are in Floats; of source and gradient, in cells of 4 bytes: a Float, or
/// the bf16 of two neighbouring pixels, and then a term is the products of both (see `ProductPage.adding`).
///
/// The tile computes, for some neighbouring cells `m` of the source (input channels of one tap, or taps x channels of
/// a picture) and 16-channel blocks `n` of the gradient:
///
///     diffWeights[n*diffWeightsBlockStride + m*16 ..< +16] = initial +
///         Σ_{o < outerCount} Σ_{i < innerCount} Σ_{x < length}
///             source[o*sourceOuterStride + i*sourceInnerStride + x*sourceStep + m]
///             * gradient[o*gradientOuterStride + i*gradientInnerStride + x*gradientStep
///                        + n*gradientBlockStride ..< +16]
///
/// with the terms in that order, and `initial` 0 or, where `accumulate`, what diffWeights holds.
public struct WeightsTile {
  public var source: UnsafePointer<Float>
  public var sourceStep = 0
  public var sourceInnerStride = 0
  public var sourceOuterStride = 0

  public var gradient: UnsafePointer<Float>
  public var gradientStep = 0
  public var gradientInnerStride = 0
  public var gradientOuterStride = 0
  public var gradientBlockStride = 0

  public var outerCount = 1
  public var innerCount = 1
  public var length = 0

  public var diffWeights: UnsafeMutablePointer<Float>
  public var diffWeightsBlockStride = 0
  public var accumulate = false

  @inlinable
  public init(
    source: UnsafePointer<Float>, gradient: UnsafePointer<Float>, diffWeights: UnsafeMutablePointer<Float>
  ) {
    self.source = source
    self.gradient = gradient
    self.diffWeights = diffWeights
  }
}

/// The register tile of `rows` source cells x `vectors` vectors of neighbouring gradient channels. Vectors that are
/// less than a block of 16 channels are run as often as a block takes.
public enum WeightsKernel<Page: ProductPage, let rows: Int, let vectors: Int> {
  @usableFromInline typealias Accumulators = InlineArray<rows, InlineArray<vectors, Page.Vector>>

  @inlinable @inline(never)
  public static func run(_ tile: UnsafePointer<WeightsTile>) {
    var lane = 0
    repeat {
      run(tile, lane: lane)
      lane += vectors * Page.Vector.scalarCount
    } while lane < 16
  }

  /// The gradient's channels from `lane` on.
  @inlinable @inline(__always)
  static func run(_ tile: UnsafePointer<WeightsTile>, lane: Int) {
    let t = tile.pointee
    let width = Page.Vector.scalarCount
    var c = Accumulators(repeating: .init(repeating: Page.Vector()))
    if t.accumulate {
      for m in 0..<rows {
        for n in 0..<vectors {
          c[m][n] = load(t.diffWeights + m * 16 + blockOffset(n, lane, width, t.diffWeightsBlockStride))
        }
      }
    }
    var outerA = t.source
    var outerB = t.gradient
    for _ in 0..<t.outerCount {
      var rowA = outerA
      var rowB = outerB
      for _ in 0..<t.innerCount {
        var a = rowA
        var b = rowB
        // Four terms a turn, as in MultiplyKernel; a batch may leave up to three.
        var x = 0
        while x &+ 4 <= t.length {
          for _ in 0..<4 {
            add(a, b, t.gradientBlockStride, lane, to: &c)
            a += t.sourceStep
            b += t.gradientStep
          }
          x &+= 4
        }
        while x < t.length {
          add(a, b, t.gradientBlockStride, lane, to: &c)
          a += t.sourceStep
          b += t.gradientStep
          x &+= 1
        }
        rowA += t.sourceInnerStride
        rowB += t.gradientInnerStride
      }
      outerA += t.sourceOuterStride
      outerB += t.gradientOuterStride
    }
    for m in 0..<rows {
      for n in 0..<vectors {
        store(c[m][n], t.diffWeights + m * 16 + blockOffset(n, lane, width, t.diffWeightsBlockStride))
      }
    }
  }

  /// One outer product: c[m][n] += a[m] * b[n].
  @inlinable @inline(__always)
  static func add(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ blockStride: Int, _ lane: Int, to c: inout Accumulators
  ) {
    var g = InlineArray<vectors, Page.Operand>(repeating: Page.Operand())
    for n in 0..<vectors { g[n] = Page.operand(b + blockOffset(n, lane, Page.Vector.scalarCount, blockStride)) }
    for m in 0..<rows {
      let x = Page.term(m % 4, of: Page.terms(a + m / 4 * 4))
      for n in 0..<vectors { c[m][n] = Page.adding(c[m][n], x, times: g[n]) }
    }
  }
}
