// Fast convolution: which convolutions have it, its tiles and its scratch. The passes are in WinogradProduct.swift
// (forward and backwardData) and WinogradBackwardWeights.swift; Kernels/WinogradTransforms.swift has the matrices.
//
// A 4x4 kernel at stride 2 is, over the four phases of its source (rows and columns even or odd), a 2x2 kernel at
// stride 1 with four times the channels: F(4x4, 2x2) makes 4x4 results of it with 25 products for each pair of channels
// instead of 64. A 3x3 kernel at stride 1 is one phase of F(4x4, 3x3): 36 instead of 144. docs/LoopNests.md draws both.

import Kernels

/// The fast method of one convolution.
struct Winograd {
  let convolution: Convolution
  let blocking: WinogradBlocking
  /// Of the kernel of a phase, in each direction: 2 or 3.
  let taps: Int

  /// Nil: this convolution has none.
  init?(_ convolution: Convolution, _ blocking: WinogradBlocking) {
    guard convolution.form == .blocked else { return nil }
    switch (convolution.kernel, convolution.stride) {
    case (4, 2): taps = 2
    case (3, 1): taps = 3
    default: return nil
    }
    self.convolution = convolution
    self.blocking = blocking
  }

  /// Results of a tile in each direction; every plane that a convolution of ours makes is a multiple of it.
  static let tile = 4
  /// Of a patch of the source, in each direction.
  var side: Int { Self.tile + taps - 1 }
  /// Products of a tile and a pair of channels.
  var positions: Int { side * side }
  /// Of the source.
  var phases: Int { convolution.stride * convolution.stride }
  /// backwardData is forward's adjoint, patch by patch, with all phases at once; else it is a forward pass itself.
  var isAdjoint: Bool { phases == 4 }
  /// Tiles of a picture in each direction.
  var tilesPerSide: Int { convolution.outputSize / Self.tile }
  var tilesOfPicture: Int { tilesPerSide * tilesPerSide }
  func tiles(batch: Int) -> Int { batch * tilesOfPicture }

  /// The runs of neighbouring tiles in `tiles`: where their kernel calls begin, in tiles, and how many they are. Of
  /// planes with one tile the neighbours are pictures.
  func forEachRun(of tiles: Range<Int>, _ body: (_ first: Int, _ count: Int) -> Void) {
    var first = tiles.lowerBound
    while first < tiles.upperBound {
      let rest = tiles.upperBound - first
      let count = tilesPerSide == 1 ? rest : min(rest, tilesPerSide - first % tilesPerSide)
      body(first, count)
      first += count
    }
  }
}

extension TiledProduct.Walk {
  /// The first pixel of tile `tile` of a plane with `perSide` tiles in each direction.
  func tile(_ tile: Int, perSide: Int) -> UnsafeMutablePointer<Float> {
    let inPicture = tile % (perSide * perSide)
    return start + tile / (perSide * perSide) * pictureStride
      + Winograd.tile * (inPicture / perSide * rowStride + inPicture % perSide * pixelStride)
  }

  /// From one tile of a run to the next.
  func tileStep(perSide: Int) -> Int { perSide == 1 ? pictureStride : Winograd.tile * pixelStride }
}

/// A tensor in the transform domain, `[position][block][tile][16]`: offset(p, b, t, lane) = p*positionStride + (b*room
/// + t)*16 + lane.
struct Transformed {
  let start: UnsafeMutablePointer<Float>
  /// Tiles that a block has room for: whole groups of the micro-kernel, whose last one may reach beyond the tiles.
  private let room: Int
  let positionStride: Int

  fileprivate init(_ start: UnsafeMutablePointer<Float>, room: Int, positionStride: Int) {
    self.start = start
    self.room = room
    self.positionStride = positionStride
  }

  var blockStride: Int { room * channelBlock }

  func block(_ block: Int, tile: Int = 0) -> UnsafeMutablePointer<Float> {
    start + block * blockStride + tile * channelBlock
  }
}

extension Winograd {
  func transformed(_ start: UnsafeMutablePointer<Float>, blocks: Int, tiles: Int) -> Transformed {
    Transformed(start, room: room(tiles), positionStride: positionStride(blocks: blocks, tiles: tiles))
  }

  /// Floats of a tensor in the transform domain.
  func transformedCount(blocks: Int, tiles: Int) -> Int { positions * positionStride(blocks: blocks, tiles: tiles) }

  private func room(_ tiles: Int) -> Int {
    let group = blocking.tile.groupPixels
    return (tiles + group - 1) / group * group
  }

  /// One line more than is needed: strides of whole pages would put all positions of a tile into one set of the
  /// first-level cache.
  private func positionStride(blocks: Int, tiles: Int) -> Int { (blocks * room(tiles) + 1) * channelBlock }
}
