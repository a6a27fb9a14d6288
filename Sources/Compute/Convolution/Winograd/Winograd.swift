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
    switch (convolution.kernel, convolution.stride, blocking.precision) {
    case (4, 2, _): taps = 2
    case (3, 1, .float32): taps = 3
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
/// + t)*16 + lane. Of bf16, in cells: `[position][block][tile][8 pairs of channels]`, or `[position][block][pair of
/// tiles][16]`.
struct Transformed {
  let start: UnsafeMutablePointer<Float>
  let form: TransformedForm
  /// Tiles that a block has room for: whole groups of the micro-kernel, whose last one may reach beyond the tiles.
  private let room: Int
  let positionStride: Int

  fileprivate init(
    _ start: UnsafeMutablePointer<Float>, _ form: TransformedForm, room: Int, positionStride: Int
  ) {
    self.start = start
    self.form = form
    self.room = room
    self.positionStride = positionStride
  }

  var blockStride: Int { room * step }
  /// From a tile, or a pair of tiles, to the next.
  var step: Int { form.step }

  /// - Parameter tile: of pairs of tiles an even one.
  func block(_ block: Int, tile: Int = 0) -> UnsafeMutablePointer<Float> {
    start + block * blockStride + tile / form.tilesOfStep * step
  }
}

extension Winograd {
  /// What products over channels multiply; their results are `.floats`.
  var channelForm: TransformedForm { blocking.precision == .float32 ? .floats : .channelPairs }
  /// What sums over tiles, and the rows of transformed weights, are made of.
  var tileForm: TransformedForm { blocking.precision == .float32 ? .floats : .tilePairs }

  func transformed(
    _ start: UnsafeMutablePointer<Float>, _ form: TransformedForm, blocks: Int, tiles: Int
  ) -> Transformed {
    Transformed(
      start, form, room: room(form, tiles), positionStride: positionStride(form, blocks: blocks, tiles: tiles))
  }

  /// Floats of a tensor in the transform domain.
  func transformedCount(_ form: TransformedForm, blocks: Int, tiles: Int) -> Int {
    positions * positionStride(form, blocks: blocks, tiles: tiles)
  }

  private func room(_ form: TransformedForm, _ tiles: Int) -> Int {
    let group = blocking.tile.groupPixels
    let steps = (tiles + form.tilesOfStep - 1) / form.tilesOfStep
    return (steps + group - 1) / group * group
  }

  /// One line more than is needed: strides of whole pages would put all positions of a tile into one set of the
  /// first-level cache.
  private func positionStride(_ form: TransformedForm, blocks: Int, tiles: Int) -> Int {
    blocks * room(form, tiles) * form.step + channelBlock
  }
}

extension TransformedForm {
  /// Cells of a tile's 16 channels, or of a pair of tiles.
  var step: Int { self == .channelPairs ? channelBlock / 2 : channelBlock }
  var tilesOfStep: Int { self == .tilePairs ? 2 : 1 }
}
