// The kernels for AVX2 and FMA: SIMD8. This module is compiled for x86-64-v3; only Compute's dispatch may call it.
//
// Register tile: 6 pixels x 2 vectors (one block of 16 channels): 12 accumulators of 16 registers.

#if arch(x86_64)

  import Kernels

  public enum AVX2Page: KernelPage {
    public typealias Vector = SIMD8<Float>
    public typealias Terms = UnsafePointer<Float>
    public static var instructionSet: InstructionSet { .avx2 }
    public static var fused: Bool { true }

    public static var tile: RegisterTile {
      RegisterTile(groupPixels: 2, groups: 3, blocks: 1, weightsRows: RowCounts(6, 4), weightsBlocks: 1)
    }

    public static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
      switch (groups, blocks) {
      case (3, 1): MultiplyKernel<Self, 6, 2>.run(tile)
      case (2, 1): MultiplyKernel<Self, 4, 2>.run(tile)
      case (1, 1): MultiplyKernel<Self, 2, 2>.run(tile)
      case (0, 1): MultiplyKernel<Self, 1, 2>.run(tile)
      default: hasNoTile(groups: groups, blocks: blocks)
      }
    }

    public static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
      switch (rows, blocks) {
      case (6, 1): WeightsKernel<Self, 6, 2>.run(tile)
      case (4, 1): WeightsKernel<Self, 4, 2>.run(tile)
      default: hasNoTile(rows: rows, blocks: blocks)
      }
    }

    public static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 12>.self) }
  }

  public let avx2Kernels = KernelTable(AVX2Page.self)

#endif
