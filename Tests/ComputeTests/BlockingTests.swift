import Compute
import Kernels
import Testing

/// Protects: the sizes that work is cut into. None changes a bit (ConvolutionTests), but speed and memory depend on
/// them.
@Suite struct BlockingTests {
  /// 32 KiB and 1 MiB: the caches that the sizes were tuned on.
  private static func blocking(first: Int = 32 << 10, second: Int = 1 << 20, rows: RowCounts = RowCounts(4)) -> Blocking
  {
    let tile = RegisterTile(groupPixels: 4, groups: 3, blocks: 2, weightsRows: rows, weightsBlocks: 2)
    return Blocking(tile: tile, firstCacheBytes: first, cacheBytes: second)
  }

  @Test func fastConvolutionFollowsTheCaches() {
    let reference = Self.blocking().winograd(.float32)
    #expect(reference.keptBytes == 8 << 20)
    #expect(reference.blockBytes == 640 << 10)
    #expect(reference.tilesOfChunk == 128)
    #expect(reference.depthOfChunk == 16)
    #expect(reference.tilesOfSum == 64)
    #expect(reference.operandBytes == 4 << 20)

    let larger = Self.blocking(first: 48 << 10, second: 2 << 20).winograd(.float32)
    #expect(larger.tilesOfSum == 96)
    #expect(larger.keptBytes == 16 << 20 && larger.blockBytes == 1280 << 10 && larger.operandBytes == 8 << 20)
    #expect(larger.tilesOfChunk == 256 && larger.depthOfChunk == 32)
  }

  /// Operands of half the size: twice as deep and as long, but products are Floats still.
  @Test func halfTheBytesAreTwiceTheElements() {
    let pairs = Self.blocking().winograd(.bfloat16)
    #expect(pairs.tilesOfChunk == 128 && pairs.depthOfChunk == 32 && pairs.tilesOfSum == 128)
    let smallest = Self.blocking(first: 1, second: 1).winograd(.bfloat16)
    #expect(smallest.tilesOfChunk == 1 && smallest.tilesOfSum == 2)
  }

  /// However small the caches are, there is something in a block.
  @Test func noBlockIsEmpty() {
    let smallest = Self.blocking(first: 1, second: 1).winograd(.float32)
    #expect(smallest.tilesOfChunk >= 1 && smallest.depthOfChunk >= 1 && smallest.tilesOfSum >= 1)
  }

  // MARK: - Rows of backwardWeights

  private static func cut(_ count: Int, _ rows: RowCounts) -> [Int] {
    let blocking = blocking(rows: rows)
    var tiles: [Int] = []
    var rest = count
    while rest > 0 {
      tiles.append(blocking.rows(ofRest: rest))
      rest -= tiles.last ?? rest
    }
    #expect(rest == 0, "\(tiles) aren't \(count) rows")
    return tiles
  }

  /// Any number of rows that a driver has (a multiple of four: a picture of one channel has four taps) is a sum of the
  /// page's tiles.
  @Test(arguments: machineKernels + TileFactsTests.otherPages) func rowsAddUp(_ kernels: KernelTable) {
    let counts = kernels.tile.weightsRows
    for rows in stride(from: 4, through: 1024, by: 4) {
      for tile in Self.cut(rows, counts) { #expect(counts.smallest(from: tile) == tile, "\(kernels): \(tile) rows") }
    }
  }

  /// Few tiles, and no last one much smaller than the others: what AVX-512 and AVX2 have always run, and others.
  @Test func rowsAreCutEvenly() {
    #expect(Self.cut(16, RowCounts(12, 8, 4)) == [8, 8])
    #expect(Self.cut(12, RowCounts(12, 8, 4)) == [12])
    #expect(Self.cut(48, RowCounts(12, 8, 4)) == [12, 12, 12, 12])
    #expect(Self.cut(64, RowCounts(12, 8, 4)) == [12, 12, 12, 12, 8, 8])
    #expect(Self.cut(16, RowCounts(6, 4)) == [6, 6, 4])
    #expect(Self.cut(8, RowCounts(6, 4)) == [4, 4])
    #expect(Self.cut(16, RowCounts(8)) == [8, 8])
    #expect(Self.cut(16, RowCounts(6, 2)) == [6, 6, 2, 2])
  }
}
