// The kernels of bf16 operands, for AVX-512 with AVX512_BF16: SIMD16. This module is compiled for x86-64-v4 and that;
// only Compute's dispatch may call it.
//
// The register tiles are AVX-512's: the registers hold sums of Floats here as there. (14 x 2 would spill.)

#if arch(x86_64)

  import CVector
  import Kernels

  public enum BF16Page: PairPage {
    public typealias Vector = SIMD16<Float>
    public typealias Operand = SIMD16<Int32>
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

    @inline(__always)
    public static func adding(_ sum: Vector, _ a: Operand, times b: Operand) -> Vector { cpairs16_dot(sum, a, b) }

    @inline(__always)
    public static func lanes(_ low: Vector, _ high: Vector) -> Operand { cpairs16_lanes(low, high) }

    @inline(__always)
    public static func neighbours(_ a: Vector, _ b: Vector) -> Operand { cpairs16_neighbours(a, b) }

    @inline(__always)
    public static func storeNeighbours(_ a: Vector, _ cells: UnsafeMutablePointer<Float>) {
      cpairs16_store_neighbours(a, cells)
    }
  }

  public let bf16Kernels: PairKernels? = PairKernels(BF16Page.self, PairProbe<BF16Page, 16>.self)

#else

  import Kernels

  /// There are none on this processor.
  public let bf16Kernels: PairKernels? = nil

#endif
