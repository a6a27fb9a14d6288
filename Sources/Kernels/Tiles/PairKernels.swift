// Products of bf16: the tables' part for operands that are pairs, and how Floats become pairs.
//
// bf16 is the upper half of a Float: 8 bits of exponent, 7 of the significand. Two of them share the 4 bytes of a
// Float, a cell, so a tensor of pairs lies as one of Floats does, with half as many cells along what is summed. Layouts
// and tiles are the Floats' own. What a cell's two numbers are depends on what a product sums over:
//
//     forward, backwardData   two neighbouring channels of a pixel: (x[2j], x[2j + 1])
//     their weights           the same two channels of the sum, for each channel that is made
//     backwardWeights         two pixels of a row, for each channel
//
// Source: Intel's Architecture Instruction Set Extensions Programming Reference, VDPBF16PS and VCVTNE2PS2BF16. A sum
// takes the high half's product first; every step rounds to nearest even; subnormal numbers are zeros. That is
// ReferenceBFloat16, and Zen 5 was seen to do so to the bit, NaN's payloads aside.

/// A page whose operands are pairs of bf16. Numbers are rounded to nearest even.
public protocol PairPage: ProductPage {
  /// Cell i: (low[i], high[i]).
  static func lanes(_ low: Vector, _ high: Vector) -> Operand
  /// The cells (a[0], a[1]), (a[2], a[3]) ... and then those of b.
  static func neighbours(_ a: Vector, _ b: Vector) -> Operand
  /// Stores the neighbours of one vector: half as many cells.
  static func storeNeighbours(_ a: Vector, _ cells: UnsafeMutablePointer<Float>)
}

/// The kernels of a page of pairs. Its register tiles are those of the `KernelTable` beside it.
public struct PairKernels: Sendable {
  public let tile: RegisterTile
  public var multiplyTile: KernelTable.Multiply
  public var weightsTile: KernelTable.Weights
  /// `transformPairs` and `transformTile` with the matrix of `kind`: F(4x2, 2x2).
  public var transformTile: KernelTable.Transform
  public var pairNeighbours: PairNeighbours
  public var pairLanes: PairLanes
  /// What the machine can do at best, for the benchmarks.
  public let peak: ArithmeticProbe

  public typealias PairNeighbours =
    @Sendable (_ x: UnsafePointer<Float>, _ cells: UnsafeMutablePointer<Float>, _ count: Int) -> Void
  public typealias PairLanes =
    @Sendable (
      _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, _ step: Int, _ cells: UnsafeMutablePointer<Float>,
      _ count: Int
    ) -> Void

  /// Every closure names the page's type, as `KernelTable`'s do.
  ///
  /// - Parameter probe: of as many accumulators as the page's registers hold beside two operands.
  @inlinable
  public init<Page: PairPage, let accumulators: Int>(
    _ page: Page.Type, _ probe: PairProbe<Page, accumulators>.Type
  ) {
    tile = Page.tile
    multiplyTile = { Page.multiply($0, groups: $1, blocks: $2) }
    weightsTile = { Page.weights($0, rows: $1, blocks: $2) }
    transformTile = { Page.transform($0, $1, $2) }
    pairNeighbours = { Page.pairNeighbours($0, $1, count: $2) }
    pairLanes = { Page.pairLanes($0, $1, step: $2, $3, count: $4) }
    peak = ArithmeticProbe(probe)
  }

  /// As `KernelTable`'s; making pairs is of the rest.
  public func only(_ part: ConvolutionPart) -> PairKernels {
    var kernels = self
    switch part {
    case .products:
      (kernels.transformTile, kernels.pairNeighbours) = ({ _, _, _ in }, { _, _, _ in })
      kernels.pairLanes = { _, _, _, _, _ in }
    case .rest: (kernels.multiplyTile, kernels.weightsTile) = ({ _, _, _ in }, { _, _, _ in })
    }
    return kernels
  }
}

extension PairPage {
  /// cells[i] = (x[2i], x[2i + 1]) of `count` Floats, a multiple of 16.
  @inlinable @inline(__always)
  static func pairNeighbours(_ x: UnsafePointer<Float>, _ cells: UnsafeMutablePointer<Float>, count: Int) {
    var i = 0
    while i &+ 32 <= count {
      store(neighbours(load(x + i), load(x + (i &+ 16))), cells + i / 2)
      i += 32
    }
    if i < count {
      let last: Vector = load(x + i)
      storeNeighbours(last, cells + i / 2)
    }
  }

  /// cells[16i + lane] = (low[i*step + lane], high[i*step + lane]) for i < count.
  @inlinable @inline(__always)
  static func pairLanes(
    _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, step: Int, _ cells: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    for i in 0..<count {
      store(lanes(load(low + i &* step), load(high + i &* step)), cells + i &* 16)
    }
  }

  @inlinable @inline(__always)
  static func store(_ pairs: Operand, _ cells: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(cells).storeBytes(of: pairs, as: Operand.self)
  }
}
