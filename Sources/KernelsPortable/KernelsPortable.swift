// The kernels for any processor: SIMD4. Without FMA, which SSE2 hasn't (each lane of one would be a call of `fmaf`),
// and so on arm64 too: the set has the same bits everywhere.
//
// Register tile: 4 pixels x 2 vectors, run twice for a block of 16 channels: 8 accumulators of 16 registers.

import Kernels

public enum PortablePage: KernelPage {
  public typealias Vector = SIMD4<Float>
  public typealias Terms = UnsafePointer<Float>
  public static var instructionSet: InstructionSet { .portable }
  public static var fused: Bool { false }

  public static var tile: RegisterTile {
    RegisterTile(groupPixels: 2, groups: 2, blocks: 1, weightsRows: RowCounts(4), weightsBlocks: 1)
  }

  public static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
    switch (groups, blocks) {
    case (2, 1): MultiplyKernel<Self, 4, 2>.run(tile)
    case (1, 1): MultiplyKernel<Self, 2, 2>.run(tile)
    case (0, 1): MultiplyKernel<Self, 1, 2>.run(tile)
    default: hasNoTile(groups: groups, blocks: blocks)
    }
  }

  public static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
    switch (rows, blocks) {
    case (4, 1): WeightsKernel<Self, 4, 2>.run(tile)
    default: hasNoTile(rows: rows, blocks: blocks)
    }
  }

  public static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 14>.self) }
}

public let portableKernels = KernelTable(PortablePage.self)
