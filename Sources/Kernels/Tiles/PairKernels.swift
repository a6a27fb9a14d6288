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
  /// The numbers in the cells' low halves.
  static func low(_ pairs: Operand) -> Vector
}

/// The kernels of a page of pairs. Its register tiles are those of the `KernelTable` beside it.
public struct PairKernels: Sendable {
  public let tile: RegisterTile
  public let multiplyTile: KernelTable.Multiply
  public let weightsTile: KernelTable.Weights
  /// Those of 2x2 taps, to the form that the next step multiplies.
  public let transformTile: KernelTable.Transform
  public let pairNeighbours: PairNeighbours
  public let pairLanes: PairLanes

  public typealias PairNeighbours =
    @Sendable (_ x: UnsafePointer<Float>, _ cells: UnsafeMutablePointer<Float>, _ count: Int) -> Void
  public typealias PairLanes =
    @Sendable (
      _ low: UnsafePointer<Float>, _ high: UnsafePointer<Float>, _ step: Int, _ cells: UnsafeMutablePointer<Float>,
      _ count: Int
    ) -> Void

  /// Every closure names the page's type, as `KernelTable`'s do.
  @inlinable
  public init<Page: PairPage>(_ page: Page.Type) {
    tile = Page.tile
    multiplyTile = { Page.multiply($0, groups: $1, blocks: $2) }
    weightsTile = { Page.weights($0, rows: $1, blocks: $2) }
    transformTile = { Page.transform($0, $1, taps: $2) }
    pairNeighbours = { Page.pairNeighbours($0, $1, count: $2) }
    pairLanes = { Page.pairLanes($0, $1, step: $2, $3, count: $4) }
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

// MARK: - Fast convolution

// F(4, 3) is missing: its rms error would be 4.7 times the direct method's at its best points.

extension PairPage {
  /// Amplifies the rounding of bf16 operands least among the points with short powers: by 2.81, where 1/2 and 3/2 have
  /// 3.27. (The mean over a tile of Σ A²|G|²|B|² / taps, for numbers of like size.)
  @inlinable @inline(__always)
  public static var points: WinogradPoints { WinogradPoints(near: 3.0 / 8, far: 5.0 / 4) }

  @inlinable @inline(__always)
  public static func write(
    _ x: Vector, to place: UnsafeMutablePointer<Float>, as form: TransformedForm, isSecond: Bool
  ) {
    switch form {
    case .floats: Kernels.store(x, place)
    case .channelPairs: storeNeighbours(x, place)
    case .tilePairs: store(isSecond ? lanes(low(operand(place)), x) : lanes(x, Vector()), place)
    }
  }

  @inlinable
  static func transform(_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, taps: Int) {
    switch (kind, taps, tile.pointee.form) {
    case (.input, 2, .channelPairs): transformInputToChannels(tile)
    case (.input, 2, .tilePairs): transformInputToTiles(tile)
    case (.gradient, 2, .channelPairs): transformGradientToChannels(tile)
    case (.gradient, 2, .tilePairs): transformGradientToTiles(tile)
    case (.weights, 2, .tilePairs): transformWeightsToRows(tile)
    case (.output, 2, .floats): transformPairsOutput(tile)
    case (.patch, 2, .floats): transformPairsPatch(tile)
    case (.diffWeights, 2, .floats): transformPairsDiffWeights(tile)
    default: hasNoTransform(kind, taps: taps)
    }
  }

  @inlinable @inline(never)
  static func transformInputToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .input, taps: 2, form: .channelPairs)
  }

  @inlinable @inline(never)
  static func transformInputToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .input, taps: 2, form: .tilePairs)
  }

  @inlinable @inline(never)
  static func transformGradientToChannels(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .gradient, taps: 2, form: .channelPairs)
  }

  @inlinable @inline(never)
  static func transformGradientToTiles(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .gradient, taps: 2, form: .tilePairs)
  }

  /// A "tile" of weights is a row: the kernels of one channel of the sum.
  @inlinable @inline(never)
  static func transformWeightsToRows(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .weights, taps: 2, form: .tilePairs)
  }

  @inlinable @inline(never)
  static func transformPairsOutput(_ tile: UnsafePointer<TransformTile>) { transformTile(tile, .output, taps: 2) }

  @inlinable @inline(never)
  static func transformPairsPatch(_ tile: UnsafePointer<TransformTile>) { overlapTile(tile, taps: 2) }

  @inlinable @inline(never)
  static func transformPairsDiffWeights(_ tile: UnsafePointer<TransformTile>) {
    transformTile(tile, .diffWeights, taps: 2)
  }
}
