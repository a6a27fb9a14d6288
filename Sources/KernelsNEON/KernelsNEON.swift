// The kernels for NEON, which every arm64 processor has: SIMD4.
//
// Register tile: 6 pixels x 4 vectors (one block of 16 channels): 24 accumulators of 32 registers. Four terms of a
// pixel are one load, and `fmla` takes a lane of it: a broadcast would be an instruction of its own. So a turn of the
// loop is 6 loads of source and 8 of weights (a pair of vectors each) for 96 multiply-adds. The tile of weights is
// 12 x 2: three vectors of source cells, used by lanes, and half a block of the gradient's channels, run twice.

#if arch(arm64)

  import Kernels

  public enum NEONPage: KernelPage {
    public typealias Vector = SIMD4<Float>
    public typealias Terms = Vector
    public static var instructionSet: InstructionSet { .neon }
    public static var fused: Bool { true }

    public static var tile: RegisterTile {
      RegisterTile(groupPixels: 2, groups: 3, blocks: 1, weightsRows: RowCounts(12, 8, 4), weightsBlocks: 1)
    }

    public static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
      switch (groups, blocks) {
      case (3, 1): MultiplyKernel<Self, 6, 4>.run(tile)
      case (2, 1): MultiplyKernel<Self, 4, 4>.run(tile)
      case (1, 1): MultiplyKernel<Self, 2, 4>.run(tile)
      case (0, 1): MultiplyKernel<Self, 1, 4>.run(tile)
      default: hasNoTile(groups: groups, blocks: blocks)
      }
    }

    public static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
      switch (rows, blocks) {
      case (12, 1): WeightsKernel<Self, 12, 2>.run(tile)
      case (8, 1): WeightsKernel<Self, 8, 2>.run(tile)
      case (4, 1): WeightsKernel<Self, 4, 4>.run(tile)
      default: hasNoTile(rows: rows, blocks: blocks)
      }
    }

    public static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 24>.self) }
  }

  public let neonKernels = KernelTable(NEONPage.self)

#endif
