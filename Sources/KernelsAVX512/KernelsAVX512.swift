// The kernels for AVX-512: SIMD16. This module is compiled for x86-64-v4; only Compute's dispatch may call it.
//
// Register tile: 12 pixels x 2 vectors (two blocks of 16 channels): 24 accumulators of 32 registers.

#if arch(x86_64)

  import Kernels

  public enum AVX512Page: KernelPage {
    public typealias Vector = SIMD16<Float>
    public typealias Terms = UnsafePointer<Float>
    public static var instructionSet: InstructionSet { .avx512 }
    public static var fused: Bool { true }

    public static var tile: RegisterTile {
      RegisterTile(groupPixels: 4, groups: 3, blocks: 2, weightsRows: RowCounts(12, 8, 4), weightsBlocks: 2)
    }

    public static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
      switch (groups, blocks) {
      case (3, 2): MultiplyKernel<Self, 12, 2>.run(tile)
      case (3, 1): MultiplyKernel<Self, 12, 1>.run(tile)
      case (2, 2): MultiplyKernel<Self, 8, 2>.run(tile)
      case (2, 1): MultiplyKernel<Self, 8, 1>.run(tile)
      case (1, 2): MultiplyKernel<Self, 4, 2>.run(tile)
      case (1, 1): MultiplyKernel<Self, 4, 1>.run(tile)
      case (0, 2): MultiplyKernel<Self, 1, 2>.run(tile)
      case (0, 1): MultiplyKernel<Self, 1, 1>.run(tile)
      default: hasNoTile(groups: groups, blocks: blocks)
      }
    }

    public static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
      switch (rows, blocks) {
      case (12, 2): WeightsKernel<Self, 12, 2>.run(tile)
      case (12, 1): WeightsKernel<Self, 12, 1>.run(tile)
      case (8, 2): WeightsKernel<Self, 8, 2>.run(tile)
      case (8, 1): WeightsKernel<Self, 8, 1>.run(tile)
      case (4, 2): WeightsKernel<Self, 4, 2>.run(tile)
      case (4, 1): WeightsKernel<Self, 4, 1>.run(tile)
      default: hasNoTile(rows: rows, blocks: blocks)
      }
    }

    public static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 16>.self) }
  }

  public let avx512Kernels = KernelTable(AVX512Page.self)

#endif
