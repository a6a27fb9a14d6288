// Fast convolution: which convolutions have it, its tiles and its scratch. The passes are in WinogradProduct.swift
// (forward and backwardData) and WinogradBackwardWeights.swift; Kernels/WinogradTransforms.swift has the matrices.
//
// A 4x4 kernel at stride 2 is, over the four phases of its source (rows and columns even or odd), a 2x2 kernel at
// stride 1 with four times the channels: F(4x4, 2x2) makes 4x4 results of it with 25 products for each pair of channels
// instead of 64. A 3x3 kernel at stride 1 is one phase of F(4x4, 3x3): 36 instead of 144. docs/LoopNests.md draws both.
//
// With products of bf16 the method is F(4x2, 2x2), 30 products instead of 64 for 4x4 results, and 3x3 kernels have
// none: they would round too much (docs/Numerics.md).

import Kernels

/// The fast method of one convolution.
struct Winograd {
  let convolution: Convolution
  let blocking: WinogradBlocking
  let method: WinogradMethod

  /// Nil: this convolution has none.
  init?(_ convolution: Convolution, _ blocking: WinogradBlocking) {
    guard convolution.form == .blocked else { return nil }
    switch (convolution.kernel, convolution.stride, blocking.precision) {
    case (4, 2, .float32): method = .f4x4of2x2
    case (3, 1, .float32): method = .f4x4of3x3
    case (4, 2, .bfloat16): method = .f4x2of2x2
    default: return nil
    }
    self.convolution = convolution
    self.blocking = blocking
  }

  /// Of the kernel of a phase, in each direction.
  var taps: Int { method.rows.taps }
  /// Products of a tile and a pair of channels.
  var positions: Int { method.rows.side * method.columns.side }
  /// Of the source.
  var phases: Int { convolution.stride * convolution.stride }
  /// backwardData is forward's adjoint, patch by patch, with all phases at once; else it is a forward pass itself.
  var isAdjoint: Bool { phases == 4 }
  /// The tiles of the plane that it makes.
  var grid: TileGrid {
    let (height, width) = (method.rows.results, method.columns.results)
    return TileGrid(
      height: height, width: width, rows: convolution.outputSize / height, columns: convolution.outputSize / width)
  }
  func tiles(batch: Int) -> Int { batch * grid.tiles }

  /// The runs of neighbouring tiles in `tiles`: where their kernel calls begin, in tiles, and how many they are. Of
  /// planes with one tile the neighbours are pictures.
  func forEachRun(of tiles: Range<Int>, _ body: (_ first: Int, _ count: Int) -> Void) {
    let grid = grid
    var first = tiles.lowerBound
    while first < tiles.upperBound {
      let rest = tiles.upperBound - first
      let count = grid.tiles == 1 ? rest : min(rest, grid.columns - first % grid.columns)
      body(first, count)
      first += count
    }
  }
}

/// Tiles of a plane, row by row. Every plane that a convolution of ours makes is a multiple of 4 pixels in each
/// direction, and so a whole number of tiles.
struct TileGrid {
  /// Pixels of a tile.
  let height: Int
  let width: Int
  /// Tiles of a plane.
  let rows: Int
  let columns: Int
  var tiles: Int { rows * columns }
}

extension TiledProduct.Walk {
  /// The first pixel of tile `tile`.
  func tile(_ tile: Int, _ grid: TileGrid) -> UnsafeMutablePointer<Float> {
    let inPicture = tile % grid.tiles
    return start + tile / grid.tiles * pictureStride
      + inPicture / grid.columns * grid.height * rowStride + inPicture % grid.columns * grid.width * pixelStride
  }

  /// From one tile of a run to the next.
  func tileStep(_ grid: TileGrid) -> Int { grid.tiles == 1 ? pictureStride : grid.width * pixelStride }
}

/// A tensor in the transform domain, `[position][block][tile][16]`: offset(p, b, t, lane) = p*positionStride + (b*room
/// + t)*16 + lane. Of operands that are bf16, in cells: `[position][block][pair of tiles][16]`, see
/// PairTransforms.swift.
struct Transformed {
  let start: UnsafeMutablePointer<Float>
  /// From one tile to the next: the cells of 16 numbers.
  let step: Int
  /// Tiles that a block has room for: whole groups of the micro-kernel, whose last one may reach beyond the tiles.
  private let room: Int
  let positionStride: Int

  fileprivate init(_ start: UnsafeMutablePointer<Float>, step: Int, room: Int, positionStride: Int) {
    self.start = start
    self.step = step
    self.room = room
    self.positionStride = positionStride
  }

  var blockStride: Int { room * step }

  /// - Parameter tile: of pairs of tiles an even one.
  func block(_ block: Int, tile: Int = 0) -> UnsafeMutablePointer<Float> { start + block * blockStride + tile * step }

  /// The same from tile `tile` on.
  func from(tile: Int) -> Transformed {
    Transformed(block(0, tile: tile), step: step, room: room, positionStride: positionStride)
  }
}

extension Winograd {
  /// What is multiplied, or what comes of it.
  enum Role { case operand, product }

  func transformed(_ start: UnsafeMutablePointer<Float>, _ role: Role, blocks: Int, tiles: Int) -> Transformed {
    Transformed(
      start, step: step(role), room: room(tiles), positionStride: positionStride(role, blocks: blocks, tiles: tiles))
  }

  /// Cells of a tensor in the transform domain.
  func transformedCount(_ role: Role, blocks: Int, tiles: Int) -> Int {
    positions * positionStride(role, blocks: blocks, tiles: tiles)
  }

  /// Tiles whose operands are stored together.
  var tilesOfStore: Int { blocking.precision.numbersOfCell }

  private func step(_ role: Role) -> Int { role == .product ? channelBlock : channelBlock / tilesOfStore }

  private func room(_ tiles: Int) -> Int {
    let group = blocking.tile.groupPixels
    return (tiles + group - 1) / group * group
  }

  /// One line more than is needed: strides of whole pages would put all positions of a tile into one set of the
  /// first-level cache.
  private func positionStride(_ role: Role, blocks: Int, tiles: Int) -> Int {
    blocks * room(tiles) * step(role) + channelBlock
  }
}
