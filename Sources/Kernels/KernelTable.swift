// The table of kernels: what Compute's drivers call, one value per instruction set.

/// The instruction sets that kernels are built for. Raw values are what `WGAN_ISA` takes.
public enum InstructionSet: String, CaseIterable, Sendable {
  case portable
  case avx2
  case avx512
}

/// The accumulators that an instruction set's registers hold.
public struct RegisterTile: Sendable {
  /// Pixels of a group of `multiplyTile`: neighbours that need one address.
  public let groupPixels: Int
  /// Groups of the largest tile of `multiplyTile`.
  public let groups: Int
  /// 16-channel blocks of the largest tile, of `multiplyTile` and of `weightsTile`.
  public let blocks: Int
  /// Source Floats of the largest tile of `weightsTile`.
  public let rows: Int

  public init(groupPixels: Int, groups: Int, blocks: Int, rows: Int) {
    self.groupPixels = groupPixels
    self.groups = groups
    self.blocks = blocks
    self.rows = rows
  }
}

/// The kernels of one instruction set. The closures are its module's entry points; nothing else of the module is
/// called.
public struct KernelTable: Sendable {
  public let instructionSet: InstructionSet
  public let tile: RegisterTile

  /// `multiplyTile` with `groups` groups of pixels (1 ... tile.groups; 0: a single pixel) and 1 ... tile.blocks blocks.
  public let multiply: @Sendable (_ tile: UnsafePointer<MultiplyTile>, _ groups: Int, _ blocks: Int) -> Void
  /// `weightsTile` with `rows` source Floats (tile.rows, 8 or 4, at most tile.rows) and 1 ... tile.blocks blocks.
  public let weights: @Sendable (_ tile: UnsafePointer<WeightsTile>, _ rows: Int, _ blocks: Int) -> Void
  /// `transformTile` with the matrix of `kind` for kernels of 2x2 or 3x3 `taps`.
  public let transform: @Sendable (_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ taps: Int) -> Void

  public let dot: @Sendable (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float
  public let scaledSum:
    @Sendable (
      _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ factor: Float, _ count: Int, _ accumulate: Bool
    ) -> Void
  public let scaledGate:
    @Sendable (
      _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ gate: UnsafePointer<Float>?, _ factor: Float,
      _ slope: Float, _ count: Int
    ) -> Void

  public let moments: @Sendable (_ x: Plane, _ rows: Int, _ pixels: Int, _ moments: UnsafeMutablePointer<Float>) -> Void
  public let normalise:
    @Sendable (
      _ x: Plane, _ y: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>, _ slope: Float
    ) -> Void
  public let normSums:
    @Sendable (
      _ diffY: Plane, _ x: Plane, _ gate: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>,
      _ slope: Float, _ sums: UnsafeMutablePointer<Float>
    ) -> Void
  public let normBackward:
    @Sendable (
      _ diffY: Plane, _ x: Plane, _ gate: Plane, _ diffX: Plane, _ rows: Int, _ pixels: Int,
      _ channel: UnsafePointer<Float>, _ slope: Float, _ inputSlope: Float
    ) -> Void

  public let tanh: @Sendable (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void
  public let tanhBackward:
    @Sendable (
      _ diffY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ diffX: UnsafeMutablePointer<Float>, _ count: Int
    ) -> Void
  public let overlap:
    @Sendable (
      _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?, _ pixels: Int, _ channels: Int,
      _ row: UnsafeMutablePointer<Float>
    ) -> Void

  public let rmsprop:
    @Sendable (
      _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ count: Int,
      _ rate: Float, _ smoothing: Double, _ epsilon: Float
    ) -> Void
  public let adam:
    @Sendable (
      _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
      _ v: UnsafeMutablePointer<Float>, _ count: Int, _ stepSize: Float, _ beta1: Double, _ beta2: Double,
      _ sqrtCorrection2: Float, _ epsilon: Float
    ) -> Void
  public let clamp: @Sendable (_ w: UnsafeMutablePointer<Float>, _ count: Int, _ low: Float, _ high: Float) -> Void

  /// What the machine can do at best, for the benchmarks.
  public let peak: PeakKernels

  public init(
    instructionSet: InstructionSet,
    tile: RegisterTile,
    multiply: @escaping @Sendable (_ tile: UnsafePointer<MultiplyTile>, _ groups: Int, _ blocks: Int) -> Void,
    weights: @escaping @Sendable (_ tile: UnsafePointer<WeightsTile>, _ rows: Int, _ blocks: Int) -> Void,
    transform:
      @escaping @Sendable (_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ taps: Int) -> Void,
    dot: @escaping @Sendable (_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float,
    scaledSum:
      @escaping @Sendable (
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ factor: Float, _ count: Int, _ accumulate: Bool
      ) -> Void,
    scaledGate:
      @escaping @Sendable (
        _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, _ gate: UnsafePointer<Float>?, _ factor: Float,
        _ slope: Float, _ count: Int
      ) -> Void,
    moments:
      @escaping @Sendable (_ x: Plane, _ rows: Int, _ pixels: Int, _ moments: UnsafeMutablePointer<Float>) -> Void,
    normalise:
      @escaping @Sendable (
        _ x: Plane, _ y: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>, _ slope: Float
      ) -> Void,
    normSums:
      @escaping @Sendable (
        _ diffY: Plane, _ x: Plane, _ gate: Plane, _ rows: Int, _ pixels: Int, _ channel: UnsafePointer<Float>,
        _ slope: Float, _ sums: UnsafeMutablePointer<Float>
      ) -> Void,
    normBackward:
      @escaping @Sendable (
        _ diffY: Plane, _ x: Plane, _ gate: Plane, _ diffX: Plane, _ rows: Int, _ pixels: Int,
        _ channel: UnsafePointer<Float>, _ slope: Float, _ inputSlope: Float
      ) -> Void,
    tanh: @escaping @Sendable (_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int) -> Void,
    tanhBackward:
      @escaping @Sendable (
        _ diffY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ diffX: UnsafeMutablePointer<Float>, _ count: Int
      ) -> Void,
    overlap:
      @escaping @Sendable (
        _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?, _ pixels: Int, _ channels: Int,
        _ row: UnsafeMutablePointer<Float>
      ) -> Void,
    rmsprop:
      @escaping @Sendable (
        _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ v: UnsafeMutablePointer<Float>, _ count: Int,
        _ rate: Float, _ smoothing: Double, _ epsilon: Float
      ) -> Void,
    adam:
      @escaping @Sendable (
        _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, _ m: UnsafeMutablePointer<Float>,
        _ v: UnsafeMutablePointer<Float>, _ count: Int, _ stepSize: Float, _ beta1: Double, _ beta2: Double,
        _ sqrtCorrection2: Float, _ epsilon: Float
      ) -> Void,
    clamp: @escaping @Sendable (_ w: UnsafeMutablePointer<Float>, _ count: Int, _ low: Float, _ high: Float) -> Void,
    peak: PeakKernels
  ) {
    self.instructionSet = instructionSet
    self.tile = tile
    self.multiply = multiply
    self.weights = weights
    self.transform = transform
    self.dot = dot
    self.scaledSum = scaledSum
    self.scaledGate = scaledGate
    self.moments = moments
    self.normalise = normalise
    self.normSums = normSums
    self.normBackward = normBackward
    self.tanh = tanh
    self.tanhBackward = tanhBackward
    self.overlap = overlap
    self.rmsprop = rmsprop
    self.adam = adam
    self.clamp = clamp
    self.peak = peak
  }
}
