// The cache loops around the convolution's micro-kernel, shared by forward and backwardData. From the outside in:
//
//   workers      pictures, or, where a picture is a single pixel, channel tiles     }
//   pictures     a group whose source stays in the second-level cache               } SharedSource.swift
//   channels     a tile of blocks of 16 output channels
//   depth        a chunk of the sum whose weights stay in the cache beside it
//   bands        rows of the grid for which the same rows of the window are inside the source
//   pixels       groups of neighbours, some a tile                                  -> micro-kernel
//
// Blocking.swift has the sizes.

import Kernels

/// One product: every destination pixel (y, x) of a grid is the sum over a window of the source times the weights.
/// Offsets and strides in Floats; of source and weights, in cells: a Float, or a pair of bf16 (PairKernels.swift).
struct TiledProduct {
  /// A tensor's way over pictures, rows and pixels of the grid.
  struct Walk {
    var start: UnsafeMutablePointer<Float>
    var pictureStride: Int
    var rowStride: Int
    var pixelStride: Int
    var blockStride: Int

    /// The same walk from a later picture and block on.
    func advanced(pictures: Int, blocks: Int = 0) -> Walk {
      var walk = self
      walk.start += pictures * pictureStride + blocks * blockStride
      return walk
    }

    func offset(by floats: Int) -> Walk {
      var walk = self
      walk.start += floats
      return walk
    }

    /// From one pixel of a line to the next, see `Lines`.
    func neighbourStride(width: Int) -> Int { width == 1 ? pictureStride : pixelStride }
  }

  var precision = Precision.float32
  var source: Walk
  /// The picture that `source` begins with; the other walks begin with the first one.
  var sourcePicture = 0
  var destination: Walk
  var gate: Walk?
  var gateSlope: Float = 1
  var slope: Float = 1

  var gridHeight: Int
  var gridWidth: Int

  /// Rows of the source itself, without its halo; window row k of grid row y is source row `firstRow + rowStep*y + k`.
  var sourceHeight: Int
  var firstRow: Int
  var rowStep: Int

  /// The window: `depthBlocks` (source.blockStride apart) x `windowRows` (`windowRowStride` apart) x `windowLength`
  /// cells.
  var depthBlocks: Int
  var windowRows: Int
  var windowRowStride: Int
  var windowLength: Int

  /// `[outputBlock][depthBlock][windowRow][windowLength][16]`
  var weights: UnsafePointer<Float>
  var outputBlocks: Int

  /// What the sums start from, `[outputBlock][16]`; nil: zero. A grid of one pixel only.
  var bias: UnsafePointer<Float>?

  private var depthBlockWeights: Int { windowRows * windowLength * channelBlock }
  private var weightsBlockStride: Int { depthBlocks * depthBlockWeights }

  func channelTiles(_ blocking: Blocking) -> Int { blocking.channelTiles(outputBlocks) }

  /// The rows of the window that lie inside the source for grid row y. (The others would add zeros: an eighth of the
  /// work where the grid is 4 high.)
  private func window(ofRow y: Int) -> Range<Int> {
    let first = firstRow + rowStep * y
    return max(0, -first)..<min(windowRows, sourceHeight - first)
  }

  /// All channel tiles for the pictures `range`, in groups.
  func run(pictures range: Range<Int>, _ device: Device) {
    let blocking = device.blocking
    let group = blocking.pictures(ofFloats: depthBlocks * source.blockStride)
    var first = range.lowerBound
    while first < range.upperBound {
      let next = min(range.upperBound, first + group)
      for tile in 0..<channelTiles(blocking) { run(pictures: first..<next, channelTile: tile, device) }
      first = next
    }
  }

  /// One channel tile for the pictures `range`.
  func run(pictures range: Range<Int>, channelTile: Int, _ device: Device) {
    let blocking = device.blocking
    let firstBlock = channelTile * blocking.tile.blocks
    let blocks = min(blocking.tile.blocks, outputBlocks - firstBlock)
    let chunk = blocking.depth(ofFloats: depthBlockWeights * blocks)
    let from = source.advanced(pictures: range.lowerBound - sourcePicture)
    let to = destination.advanced(pictures: range.lowerBound, blocks: firstBlock)
    let gated = gate?.advanced(pictures: range.lowerBound, blocks: firstBlock)

    var tile = MultiplyTile(
      source: from.start, weights: weights + firstBlock * weightsBlockStride, destination: to.start)
    tile.sourcePixelStride = from.neighbourStride(width: gridWidth)
    tile.outerStride = from.blockStride
    tile.innerStride = windowRowStride
    tile.length = windowLength
    tile.weightsBlockStride = weightsBlockStride
    tile.destinationPixelStride = to.neighbourStride(width: gridWidth)
    tile.destinationBlockStride = to.blockStride
    if let gated {
      tile.gatePixelStride = gated.neighbourStride(width: gridWidth)
      tile.gateBlockStride = gated.blockStride
      tile.gateSlope = gateSlope
    }

    if let bias {
      for picture in 0..<range.count {
        for block in 0..<blocks {
          (to.start + picture * to.pictureStride + block * to.blockStride).update(
            from: bias + (firstBlock + block) * channelBlock, count: channelBlock)
        }
      }
    }

    var depth = 0
    while depth < depthBlocks {
      let chunkBlocks = min(chunk, depthBlocks - depth)
      let isLast = depth + chunkBlocks == depthBlocks
      tile.outerCount = chunkBlocks
      tile.accumulate = depth > 0 || bias != nil
      tile.slope = isLast ? slope : 1

      var firstOfBand = 0
      while firstOfBand < gridHeight {
        let window = window(ofRow: firstOfBand)
        var endOfBand = firstOfBand + 1
        while endOfBand < gridHeight, self.window(ofRow: endOfBand) == window { endOfBand += 1 }
        tile.innerCount = window.count
        tile.weights =
          weights + firstBlock * weightsBlockStride + depth * depthBlockWeights
          + window.lowerBound * windowLength * channelBlock
        tile.weightsOuterSkip = (windowRows - window.count) * windowLength * channelBlock
        run(
          &tile, blocks: blocks,
          lines: Lines(pictures: range.count, height: endOfBand - firstOfBand, width: gridWidth),
          source: from.offset(
            by: depth * from.blockStride + firstOfBand * from.rowStride + window.lowerBound * windowRowStride),
          destination: to.offset(by: firstOfBand * to.rowStride),
          gate: isLast ? gated.map { $0.offset(by: firstOfBand * $0.rowStride) } : nil, device)
        firstOfBand = endOfBand
      }
      depth += chunkBlocks
    }
  }

  /// All pixels of a band: groups of neighbours, then what is left of a line, one by one. The walks begin at its first
  /// row.
  private func run(
    _ tile: inout MultiplyTile, blocks: Int, lines: Lines, source from: Walk, destination to: Walk, gate: Walk?,
    _ device: Device
  ) {
    let multiplyTile = device.multiplyTile(precision)
    let size = device.kernels.tile.groupPixels
    let groupsOfLine = lines.length / size
    let groupCount = lines.count * groupsOfLine
    var g = 0
    while g < groupCount {
      let groups = device.blocking.groups(ofRest: groupCount - g)
      // A tile of fewer groups doesn't look at the others' places.
      func places(_ walk: Walk) -> MultiplyTile.Groups<UnsafeMutablePointer<Float>> {
        .init { n in
          let group = min(g + n, groupCount - 1)
          return lines.place(walk, line: group / groupsOfLine, pixel: group % groupsOfLine * size)
        }
      }
      tile.setPlaces(source: places(from), destination: places(to), gate: gate.map { places($0) })
      multiplyTile(&tile, groups, blocks)
      g += groups
    }
    if groupsOfLine * size == lines.length { return }
    for line in 0..<lines.count {
      for pixel in groupsOfLine * size..<lines.length {
        func place(_ walk: Walk) -> MultiplyTile.Groups<UnsafeMutablePointer<Float>> {
          .init(repeating: lines.place(walk, line: line, pixel: pixel))
        }
        tile.setPlaces(source: place(from), destination: place(to), gate: gate.map { place($0) })
        multiplyTile(&tile, 0, blocks)
      }
    }
  }

  /// The pixels of a band, by lines of neighbours that groups are cut from: the rows of all pictures, or, in a grid of
  /// one pixel, the pictures in one line.
  private struct Lines {
    let pictures: Int
    let height: Int
    let width: Int

    var count: Int { width == 1 ? 1 : pictures * height }
    var length: Int { width == 1 ? pictures : width }

    func place(_ walk: Walk, line: Int, pixel: Int) -> UnsafeMutablePointer<Float> {
      if width == 1 { return walk.start + pixel * walk.pictureStride }
      return walk.start + line / height * walk.pictureStride + line % height * walk.rowStride
        + pixel * walk.pixelStride
    }
  }
}

extension MultiplyTile {
  fileprivate mutating func setPlaces(
    source: Groups<UnsafeMutablePointer<Float>>, destination: Groups<UnsafeMutablePointer<Float>>,
    gate: Groups<UnsafeMutablePointer<Float>>?
  ) {
    self.source = .init { UnsafePointer(source[$0]) }
    self.destination = destination
    if let gate { self.gate = .init { UnsafePointer(gate[$0]) } }
  }
}

extension Activations {
  /// The walk over the pixels (firstY + stepY*y, firstX + stepX*x) of each picture.
  func walk(firstY: Int = 0, firstX: Int = 0, step: Int = 1) -> TiledProduct.Walk {
    TiledProduct.Walk(
      start: slice.pointer + layout.pixel(firstY, firstX), pictureStride: layout.pictureStride,
      rowStride: step * layout.rowStride, pixelStride: step * layout.pixelStride, blockStride: layout.blockStride)
  }
}
