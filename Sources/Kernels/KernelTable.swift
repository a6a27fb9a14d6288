// The table of kernels: what Compute's drivers call, one value per instruction set.

/// The instruction sets that kernels are built for. Raw values are what `WGAN_ISA` takes.
public enum InstructionSet: String, CaseIterable, Sendable {
  case portable
  case avx2
  case avx512
  case neon
}

/// The kernels of one page. The closures are its module's entry points; nothing else of the module is called.
public struct KernelTable: Sendable {
  public let instructionSet: InstructionSet
  public let tile: RegisterTile

  /// `MultiplyKernel` with 0 ... tile.groups groups of pixels (0: a single pixel) and 1 ... tile.blocks blocks.
  public var multiplyTile: Multiply
  /// `WeightsKernel` with one of tile.weightsRows source Floats and 1 ... tile.weightsBlocks blocks.
  public var weightsTile: Weights
  /// `transformTile` with the matrix of `kind`: F(4x4, 2x2) and F(4x4, 3x3).
  public var transformTile: Transform

  public let dot: Dot
  public let scaledSum: ScaledSum
  public let scaledGate: ScaledGate

  public let moments: Moments
  public let normalise: Normalise
  public let normSums: NormSums
  public let normBackward: NormBackward

  public let tanh: Tanh
  public let tanhBackward: TanhBackward
  public let overlap: Overlap

  /// These three give 0, or NaN where they have written a number that isn't finite.
  public let rmsprop: RMSprop
  public let adam: Adam
  public let average: Average
  public let clamp: Clamp

  /// What the machine can do at best, for the benchmarks.
  public let peak: PeakKernels

  /// Every closure names the page's type. One that didn't would be the same symbol in all pages' modules.
  @inlinable
  public init<Page: KernelPage>(_ page: Page.Type) {
    instructionSet = Page.instructionSet
    tile = Page.tile
    multiplyTile = { Page.multiply($0, groups: $1, blocks: $2) }
    weightsTile = { Page.weights($0, rows: $1, blocks: $2) }
    transformTile = { Page.transform($0, $1, $2) }
    dot = { Page.dotProduct($0, $1, count: $2) }
    scaledSum = { Page.scaledSum($0, $1, factor: $2, count: $3, accumulate: $4) }
    scaledGate = { Page.scaledGate($0, $1, gate: $2, factor: $3, slope: $4, count: $5) }
    moments = { Page.planeMoments($0, rows: $1, pixels: $2, moments: $3) }
    normalise = { Page.planeNormalise($0, $1, rows: $2, pixels: $3, channel: $4, slope: $5) }
    normSums = { Page.planeNormSums($0, $1, gate: $2, rows: $3, pixels: $4, channel: $5, slope: $6, sums: $7) }
    normBackward = {
      Page.planeNormBackward($0, $1, gate: $2, $3, rows: $4, pixels: $5, channel: $6, slope: $7, inputSlope: $8)
    }
    tanh = { Page.tanhRow($0, $1, count: $2) }
    tanhBackward = { Page.tanhBackwardRow($0, $1, $2, count: $3) }
    overlap = { Page.overlapRow($0, $1, pixels: $2, channels: $3, row: $4) }
    rmsprop = { Page.rmspropRow($0, $1, $2, count: $3, rate: $4, smoothing: $5, epsilon: $6) }
    adam = {
      Page.adamRow(
        $0, $1, $2, $3, count: $4, stepSize: $5, beta1: $6, beta2: $7, sqrtCorrection2: $8, epsilon: $9)
    }
    average = { Page.averageRow($0, $1, count: $2, take: $3) }
    clamp = { Page.clampRow($0, count: $1, low: $2, high: $3) }
    peak = Page.peak
  }
}

// MARK: - Parts of a convolution

/// What a convolution's time goes to, for the benchmarks.
public enum ConvolutionPart: String, CaseIterable, Sendable {
  /// The tiles that multiply and add.
  case products
  /// All the rest: the fast method's transforms, packing, the loops themselves.
  case rest
}

extension KernelTable {
  /// The same kernels, those of the other part doing nothing: results are wrong, times are the part's own, as far as
  /// the other part didn't bring its operands into a cache.
  public func only(_ part: ConvolutionPart) -> KernelTable {
    var table = self
    switch part {
    case .products: table.transformTile = { _, _, _ in }
    case .rest: (table.multiplyTile, table.weightsTile) = ({ _, _, _ in }, { _, _, _ in })
    }
    return table
  }
}

// MARK: - Signatures

extension KernelTable {
  public typealias Multiply = @Sendable (_ tile: UnsafePointer<MultiplyTile>, _ groups: Int, _ blocks: Int) -> Void
  public typealias Weights = @Sendable (_ tile: UnsafePointer<WeightsTile>, _ rows: Int, _ blocks: Int) -> Void
  public typealias Transform =
    @Sendable (_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ method: WinogradMethod) -> Void

  public typealias Dot = @Sendable (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float
  public typealias ScaledSum =
    @Sendable (
      _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ factor: Float, _ count: Int, _ accumulate: Bool
    ) -> Void
  public typealias ScaledGate =
    @Sendable (
      _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ gate: UnsafePointer<Float>?, _ factor: Float,
      _ slope: Float, _ count: Int
    ) -> Void

  public typealias Moments =
    @Sendable (_ x: Plane, _ rows: Int, _ pixels: Int, _ moments: UnsafeMutablePointer<Float>) -> Void
  public typealias Normalise =
    @Sendable (
      _ x: Plane, _ y: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>, _ slope: Float
    ) -> Void
  public typealias NormSums =
    @Sendable (
      _ diffY: Plane, _ x: Plane, _ gate: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>,
      _ slope: Float, _ sums: UnsafeMutablePointer<Float>
    ) -> Void
  public typealias NormBackward =
    @Sendable (
      _ diffY: Plane, _ x: Plane, _ gate: Plane, _ diffX: Plane, _ rows: Int, _ pixels: Int,
      _ channel: UnsafePointer<Float>, _ slope: Float, _ inputSlope: Float
    ) -> Void

  public typealias Tanh =
    @Sendable (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void
  public typealias TanhBackward =
    @Sendable (
      _ diffY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ diffX: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Void
  public typealias Overlap =
    @Sendable (
      _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?, _ pixels: Int, _ channels: Int,
      _ row: UnsafeMutablePointer<Float>
    ) -> Void

  public typealias RMSprop =
    @Sendable (
      _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ count: Int,
      _ rate: Float, _ smoothing: Double, _ epsilon: Float
    ) -> Float
  public typealias Adam =
    @Sendable (
      _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
      _ v: UnsafeMutablePointer<Float>, _ count: Int, _ stepSize: Float, _ beta1: Double, _ beta2: Double,
      _ sqrtCorrection2: Float, _ epsilon: Float
    ) -> Float
  public typealias Average =
    @Sendable (_ a: UnsafeMutablePointer<Float>, _ w: UnsafePointer<Float>, _ count: Int, _ take: Float) -> Float
  public typealias Clamp =
    @Sendable (_ w: UnsafeMutablePointer<Float>, _ count: Int, _ low: Float, _ high: Float) -> Void
}
