// The micro-kernel of convolution: forward, backwardData and the single-position products are all this one loop nest.
// Source: the register tile of Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (ACM TOMS
// 34(3), 2008, section 4), with the rows of A addressed as a convolution's taps (Zhang, Franchetti and Low, "High
// performance zero-memory overhead direct convolutions", ICML 2018, section 3) instead of packed.

/// Where one tile reads and writes. All strides are in Floats; of source and weights, in cells of 4 bytes: a Float, or
/// a pair of bf16, and then a term is the two products of a pair (see `ProductPage.adding`).
///
/// The tile computes, for pixels `p` of some groups (a group = `groupPixels` pixels at an even stride: a row's
/// neighbours, or pictures of a batch) and 16-channel blocks `n`:
///
///     dst[p][n] = epilogue( initial + Σ_{o < outerCount} Σ_{i < innerCount} Σ_{k < length}
///                           src[p + o*outerStride + i*innerStride + k]
///                           * weights[n*weightsBlockStride + o*weightsOuterSkip + t*16 ..< +16] )
///
/// with `t` counting the terms in that order, and `initial` 0 or, where `accumulate`, what dst holds.
public struct MultiplyTile {
  /// A place for each group that a tile may have; those of groups that it hasn't aren't looked at.
  public typealias Groups<Place> = InlineArray<3, Place>

  /// Pixel 0 of each group; pixel j of a group at + j*sourcePixelStride.
  public var source: Groups<UnsafePointer<Float>>
  public var sourcePixelStride = 0
  public var outerCount = 1
  public var outerStride = 0
  public var innerCount = 1
  public var innerStride = 0
  /// A multiple of 4.
  public var length = 0

  /// `[term][16]`, one panel a block.
  public var weights: UnsafePointer<Float>
  public var weightsBlockStride = 0
  /// Floats of a panel that belong to no term, after those of each `o`: window rows that would only meet zeros.
  public var weightsOuterSkip = 0

  public var destination: Groups<UnsafeMutablePointer<Float>>
  public var destinationPixelStride = 0
  public var destinationBlockStride = 0
  public var accumulate = false

  /// Epilogue, first part: x > 0 ? x : slope*x. 1 leaves x as it is, 0 is ReLU.
  public var slope: Float = 1

  /// Epilogue, second part, of backward passes: x * (gate > 0 ? 1 : gateSlope), the derivative of the activation whose
  /// output (or input: they have the same sign) is `gate`.
  public var gate: Groups<UnsafePointer<Float>>?
  public var gatePixelStride = 0
  public var gateBlockStride = 0
  public var gateSlope: Float = 1

  @inlinable
  public init(
    source: UnsafePointer<Float>, weights: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>
  ) {
    self.source = .init(repeating: source)
    self.weights = weights
    self.destination = .init(repeating: destination)
  }
}

/// The register tile of `pixels` pixels (1, or whole groups) x `vectors` vectors of neighbouring channels. Vectors that
/// are less than a block of 16 channels are run as often as a block takes.
public enum MultiplyKernel<Page: ProductPage, let pixels: Int, let vectors: Int> {
  @inlinable @inline(never)
  public static func run(_ tile: UnsafePointer<MultiplyTile>) {
    var lane = 0
    repeat {
      run(tile, lane: lane)
      lane += vectors * Page.Vector.scalarCount
    } while lane < 16
  }

  /// The channels from `lane` on. The terms are added in ascending order: the bits of an output don't depend on the
  /// tile's size or on the vector (given `fused`).
  ///
  /// The inner loop takes four terms a turn: where another hardware thread has half of the core's decoders,
  /// instructions that aren't FMAs are what costs time.
  @inlinable @inline(__always)
  static func run(_ tile: UnsafePointer<MultiplyTile>, lane: Int) {
    let t = tile.pointee
    let groupPixels = Page.tile.groupPixels
    let width = Page.Vector.scalarCount
    var c = InlineArray<pixels, InlineArray<vectors, Page.Vector>>(repeating: .init(repeating: Page.Vector()))
    if t.accumulate {
      for m in 0..<pixels {
        let p = t.destination[m / groupPixels] + m % groupPixels * t.destinationPixelStride
        for n in 0..<vectors { c[m][n] = load(p + blockOffset(n, lane, width, t.destinationBlockStride)) }
      }
    }
    var b = t.weights
    // A variable for each group: with an array the loop of 12 x 2 takes two instructions more.
    var outer0 = t.source[0]
    var outer1 = t.source[1]
    var outer2 = t.source[2]
    for _ in 0..<t.outerCount {
      var row0 = outer0
      var row1 = outer1
      var row2 = outer2
      for _ in 0..<t.innerCount {
        var k = 0
        while k < t.length {
          var x = InlineArray<pixels, Page.Terms>(repeating: Page.terms(row0 + k))
          for m in 0..<pixels {
            let group = m / groupPixels
            let source = group == 0 ? row0 : group == 1 ? row1 : row2
            x[m] = Page.terms(source + (k &+ (m % groupPixels) &* t.sourcePixelStride))
          }
          for u in 0..<4 {
            if Page.termsAreLanes {
              // The terms are in registers: a vector of weights at a time, for all pixels.
              for n in 0..<vectors {
                let w = Page.operand(b + (u &* 16 &+ blockOffset(n, lane, width, t.weightsBlockStride)))
                for m in 0..<pixels { c[m][n] = Page.adding(c[m][n], Page.term(u, of: x[m]), times: w) }
              }
            } else {
              // The weights are in registers: a term at a time, for all vectors.
              var w = InlineArray<vectors, Page.Operand>(repeating: Page.Operand())
              for n in 0..<vectors {
                w[n] = Page.operand(b + (u &* 16 &+ blockOffset(n, lane, width, t.weightsBlockStride)))
              }
              for m in 0..<pixels {
                let term = Page.term(u, of: x[m])
                for n in 0..<vectors { c[m][n] = Page.adding(c[m][n], term, times: w[n]) }
              }
            }
          }
          b += 64
          k &+= 4
        }
        row0 += t.innerStride
        row1 += t.innerStride
        row2 += t.innerStride
      }
      outer0 += t.outerStride
      outer1 += t.outerStride
      outer2 += t.outerStride
      b += t.weightsOuterSkip
    }
    let slope = Page.Vector(repeating: t.slope)
    for m in 0..<pixels {
      for n in 0..<vectors { c[m][n] = c[m][n].orElse(c[m][n] * slope, whereNotPositive: c[m][n]) }
    }
    if let gates = t.gate {
      let gateSlope = Page.Vector(repeating: t.gateSlope)
      for m in 0..<pixels {
        let p = gates[m / groupPixels] + m % groupPixels * t.gatePixelStride
        for n in 0..<vectors {
          let gate: Page.Vector = load(p + blockOffset(n, lane, width, t.gateBlockStride))
          c[m][n] = c[m][n].orElse(c[m][n] * gateSlope, whereNotPositive: gate)
        }
      }
    }
    for m in 0..<pixels {
      let p = t.destination[m / groupPixels] + m % groupPixels * t.destinationPixelStride
      for n in 0..<vectors { store(c[m][n], p + blockOffset(n, lane, width, t.destinationBlockStride)) }
    }
  }
}

/// Where vector `n` of a tile begins: lane `lane + n*width` counted over blocks of 16 that are `blockStride` apart.
@inlinable @inline(__always)
func blockOffset(_ n: Int, _ lane: Int, _ width: Int, _ blockStride: Int) -> Int {
  let first = lane &+ n &* width
  return first / 16 &* blockStride &+ first % 16
}
