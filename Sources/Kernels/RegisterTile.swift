// The register tiles of a page, as facts that the drivers read: how pixels and channels are cut, how far the room
// behind a row of tiles reaches, how a kernel row is divided.

/// The accumulators that an instruction set's registers hold. Every tile up to the largest exists.
public struct RegisterTile: Sendable, Hashable {
  /// Pixels of a group of `MultiplyTile`: neighbours that need one address.
  public let groupPixels: Int
  /// Groups of the largest tile of `MultiplyTile`.
  public let groups: Int
  /// 16-channel blocks of the largest tile of `MultiplyTile`.
  public let blocks: Int
  /// Source Floats of the tiles of `WeightsTile`.
  public let weightsRows: RowCounts
  /// 16-channel blocks of the largest tile of `WeightsTile`.
  public let weightsBlocks: Int

  @inlinable
  public init(groupPixels: Int, groups: Int, blocks: Int, weightsRows: RowCounts, weightsBlocks: Int) {
    self.groupPixels = groupPixels
    self.groups = groups
    self.blocks = blocks
    self.weightsRows = weightsRows
    self.weightsBlocks = weightsBlocks
  }
}

/// Up to three numbers between 1 and 63. Bits of a word, since drivers copy it in their loops: an array there would be
/// counted by all threads.
public struct RowCounts: Sendable, Hashable {
  @usableFromInline let bits: UInt64

  @inlinable
  public init(_ first: Int, _ second: Int = 0, _ third: Int = 0) {
    bits = (1 << first | 1 << second | 1 << third) & ~1
  }

  @inlinable public var largest: Int { 63 - bits.leadingZeroBitCount }

  /// The smallest that is `count` or more; nil: there is none.
  @inlinable
  public func smallest(from count: Int) -> Int? {
    let rest = bits >> count
    return rest == 0 ? nil : count + rest.trailingZeroBitCount
  }

  /// The largest that is `count` or less; nil: there is none.
  @inlinable
  public func largest(upTo count: Int) -> Int? {
    let rest = count < 63 ? bits & (1 << (count + 1) - 1) : bits
    return rest == 0 ? nil : 63 - rest.leadingZeroBitCount
  }
}
