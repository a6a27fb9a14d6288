// A page of kernels: what one instruction set says of itself, and all that it says.
//
// A page is an enum in a module of its own, which is compiled for that set. Each kernel is a function of the page's
// type, so every specialised symbol carries the page's name. The linker keeps one copy of a symbol that several modules
// define: no machine code may have a name that two pages share, or an old machine would run a new one's instructions.
// KernelSymbolsTests holds the modules to it.

/// The register tiles of one instruction set, for one kind of operands.
public protocol ProductPage: SendableMetatype {
  /// What the set's registers hold; pages may share one. Sums are vectors of Floats, whatever is summed.
  associatedtype Vector: FloatVector
  /// What is multiplied: as many cells of 4 bytes as the vector has Floats, each a Float or a pair of bf16.
  associatedtype Operand: SIMD, BitwiseCopyable where Operand.Scalar: BitwiseCopyable
  static var instructionSet: InstructionSet { get }
  /// The set has FMA: a product and its addition are rounded once.
  static var fused: Bool { get }
  /// The tiles that `multiply` and `weights` have, all that the drivers know of them.
  static var tile: RegisterTile { get }
  /// Runs `MultiplyKernel` with 0 ... tile.groups groups of pixels (0: a single pixel) and 1 ... tile.blocks blocks.
  static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int)
  /// Runs `WeightsKernel` with one of tile.weightsRows source cells and 1 ... tile.weightsBlocks blocks.
  static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int)
  /// Four neighbouring cells of the source: where they are, or a register that holds them.
  associatedtype Terms: BitwiseCopyable
  /// They are in a register, of which a multiply-add takes one lane.
  static var termsAreLanes: Bool { get }
  static func terms(_ p: UnsafePointer<Float>) -> Terms
  /// Term `k` < 4 in every lane. `k` is a constant in the tiles' loops.
  static func term(_ k: Int, of terms: Terms) -> Operand
  /// sum + a * b in each cell: one product, or those of a pair.
  static func adding(_ sum: Vector, _ a: Operand, times b: Operand) -> Vector
}

/// The kernels of one instruction set: its vector, its register tiles, and whether it fuses.
public protocol KernelPage: ProductPage where Operand == Vector {
  static var peak: PeakKernels { get }
}

extension KernelPage {
  @inlinable @inline(__always)
  public static func adding(_ sum: Vector, _ a: Vector, times b: Vector) -> Vector {
    sum.adding(a, times: b, fused: fused)
  }
}

// MARK: - Operands in memory

extension ProductPage {
  @inlinable @inline(__always)
  static func operand(_ p: UnsafePointer<Float>) -> Operand { UnsafeRawPointer(p).loadUnaligned(as: Operand.self) }

}

/// Terms by broadcasts, where a load can fill all lanes at no cost.
extension ProductPage where Terms == UnsafePointer<Float> {
  @inlinable public static var termsAreLanes: Bool { false }

  @inlinable @inline(__always)
  public static func terms(_ p: UnsafePointer<Float>) -> Terms { p }

  @inlinable @inline(__always)
  public static func term(_ k: Int, of terms: Terms) -> Operand {
    Operand(repeating: UnsafeRawPointer(terms + k).loadUnaligned(as: Operand.Scalar.self))
  }
}

/// Terms by lanes, where a multiply-add takes a lane of a register at no cost.
extension ProductPage where Terms == SIMD4<Float>, Operand == SIMD4<Float> {
  @inlinable public static var termsAreLanes: Bool { true }

  @inlinable @inline(__always)
  public static func terms(_ p: UnsafePointer<Float>) -> Terms { load(p) }

  @inlinable @inline(__always)
  public static func term(_ k: Int, of terms: Terms) -> Operand {
    Operand(repeating: k == 0 ? terms.x : k == 1 ? terms.y : k == 2 ? terms.z : terms.w)
  }
}

// MARK: - What a page hasn't

// A driver's mistake, caught in unchecked code too: another tile in the place of the one that is asked for would leave
// results unwritten, or write where there is no room. The messages are made in Kernels: no page has a copy of them.

extension ProductPage {
  @inlinable
  public static func hasNoTile(groups: Int, blocks: Int) -> Never {
    missingTile("multiply tile", groups, "groups", blocks, instructionSet)
  }

  @inlinable
  public static func hasNoTile(rows: Int, blocks: Int) -> Never {
    missingTile("weights tile", rows, "rows", blocks, instructionSet)
  }

  @inlinable
  static func hasNoTransform(_ kind: WinogradTransform, _ method: WinogradMethod) -> Never {
    missingTransform(kind, method, instructionSet)
  }
}

@usableFromInline @inline(never)
func missingTile(
  _ kernel: StaticString, _ size: Int, _ unit: StaticString, _ blocks: Int, _ set: InstructionSet
) -> Never {
  fatalError("the \(set.rawValue) page has no \(kernel) of \(size) \(unit) x \(blocks) blocks")
}

@usableFromInline @inline(never)
func missingTransform(_ kind: WinogradTransform, _ method: WinogradMethod, _ set: InstructionSet) -> Never {
  fatalError("the \(set.rawValue) page has no \(kind) transform of \(method.description)")
}
