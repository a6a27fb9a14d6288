// The cache loops around the convolution's micro-kernel, shared by forward and backwardData. From the outside in:
//
//   workers      pictures, or, where a picture is a single pixel, channel tiles
//   pictures     a group whose source stays in the second-level cache
//   channels     a tile of 1 or 2 blocks of 16 output channels
//   depth        a chunk of the sum whose weights stay in the cache beside it
//   pixels       quads of 4, one or two a tile                                      -> micro-kernel

import Kernels

/// One product: every destination pixel (y, x) of a grid is the sum over a window of the source times the weights. Offsets and
/// strides in Floats.
struct TiledProduct {
  /// A tensor's way over pictures, rows and pixels of the grid.
  struct Walk {
    var start: UnsafeMutablePointer<Float>
    var pictureStride: Int
    var rowStride: Int
    var pixelStride: Int
    var blockStride: Int

    /// The first of the four pixels of quad `q` of the pictures from `picture` on, in a grid `width` wide with
    /// `quads` quads a picture. In a grid of one pixel a quad is 4 pictures.
    func quad(_ q: Int, width: Int, quads: Int) -> UnsafeMutablePointer<Float> {
      if width == 1 { return start + 4 * q * pictureStride }
      let inPicture = q % quads
      let perRow = width / 4
      return start + q / quads * pictureStride + inPicture / perRow * rowStride + inPicture % perRow * 4 * pixelStride
    }

    /// The same walk from a later picture and block on.
    func advanced(pictures: Int, blocks: Int = 0) -> Walk {
      var walk = self
      walk.start += pictures * pictureStride + blocks * blockStride
      return walk
    }

    /// From one pixel of a quad to the next.
    func quadStride(width: Int) -> Int { width == 1 ? pictureStride : pixelStride }
  }

  var source: Walk
  var destination: Walk
  var gate: Walk?
  var gateSlope: Float = 1
  var slope: Float = 1

  var gridHeight: Int
  var gridWidth: Int

  /// The window: `depthBlocks` (source.blockStride apart) x `windowRows` (`windowRowStride` apart) x `windowLength` Floats.
  var depthBlocks: Int
  var windowRows: Int
  var windowRowStride: Int
  var windowLength: Int

  /// `[outputBlock][depthBlock][windowRow][windowLength][16]`
  var weights: UnsafePointer<Float>
  var outputBlocks: Int

  private var quads: Int { gridHeight * gridWidth / 4 }
  private var depthBlockWeights: Int { windowRows * windowLength * channelBlock }
  private var weightsBlockStride: Int { depthBlocks * depthBlockWeights }

  func channelTiles(_ kernels: KernelTable) -> Int { (outputBlocks + kernels.tileBlocks - 1) / kernels.tileBlocks }

  /// All channel tiles for the pictures `range`, in groups.
  func run(pictures range: Range<Int>, _ processor: Processor) {
    let pictureBytes = depthBlocks * source.blockStride * MemoryLayout<Float>.stride
    let group = max(1, processor.cacheBytes / 2 / max(1, pictureBytes))
    var first = range.lowerBound
    while first < range.upperBound {
      let next = min(range.upperBound, first + group)
      for tile in 0..<channelTiles(processor.kernels) { run(pictures: first..<next, channelTile: tile, processor) }
      first = next
    }
  }

  /// One channel tile for the pictures `range`.
  func run(pictures range: Range<Int>, channelTile: Int, _ processor: Processor) {
    let kernels = processor.kernels
    let firstBlock = channelTile * kernels.tileBlocks
    let blocks = min(kernels.tileBlocks, outputBlocks - firstBlock)
    let depthBlockBytes = depthBlockWeights * blocks * MemoryLayout<Float>.stride
    let chunk = max(1, processor.cacheBytes / 2 / depthBlockBytes)
    let from = source.advanced(pictures: range.lowerBound)
    let to = destination.advanced(pictures: range.lowerBound, blocks: firstBlock)
    let gated = gate?.advanced(pictures: range.lowerBound, blocks: firstBlock)

    var tile = MultiplyTile(
      source: from.start, weights: weights + firstBlock * weightsBlockStride, destination: to.start)
    tile.sourcePixelStride = from.quadStride(width: gridWidth)
    tile.outerStride = from.blockStride
    tile.innerCount = windowRows
    tile.innerStride = windowRowStride
    tile.length = windowLength
    tile.weightsBlockStride = weightsBlockStride
    tile.destinationPixelStride = to.quadStride(width: gridWidth)
    tile.destinationBlockStride = to.blockStride
    if let gated {
      tile.gatePixelStride = gated.quadStride(width: gridWidth)
      tile.gateBlockStride = gated.blockStride
      tile.gateSlope = gateSlope
    }

    var depth = 0
    while depth < depthBlocks {
      let chunkBlocks = min(chunk, depthBlocks - depth)
      let isLast = depth + chunkBlocks == depthBlocks
      tile.outerCount = chunkBlocks
      tile.accumulate = depth > 0
      tile.slope = isLast ? slope : 1
      let depthOffset = depth * from.blockStride

      let pixels = gridWidth == 1 ? range.count : range.count * gridHeight * gridWidth
      let quadCount = pixels / 4
      var q = 0
      while q < quadCount {
        let pair = kernels.tilePixels == 8 && q + 1 < quadCount
        let second = pair ? q + 1 : q
        tile.source0 = UnsafePointer(from.quad(q, width: gridWidth, quads: quads) + depthOffset)
        tile.source1 = UnsafePointer(from.quad(second, width: gridWidth, quads: quads) + depthOffset)
        tile.destination0 = to.quad(q, width: gridWidth, quads: quads)
        tile.destination1 = to.quad(second, width: gridWidth, quads: quads)
        if isLast, let gated {
          tile.gate0 = UnsafePointer(gated.quad(q, width: gridWidth, quads: quads))
          tile.gate1 = UnsafePointer(gated.quad(second, width: gridWidth, quads: quads))
        }
        kernels.multiply(&tile, pair ? 8 : 4, blocks)
        q = second + 1
      }
      // Only a grid of one pixel can leave less than a quad: a batch that is no multiple of 4.
      for picture in quadCount * 4..<pixels {
        tile.source0 = UnsafePointer(from.start + picture * from.pictureStride + depthOffset)
        tile.destination0 = to.start + picture * to.pictureStride
        if isLast, let gated {
          tile.gate0 = UnsafePointer(gated.start + picture * gated.pictureStride)
          tile.gate1 = tile.gate0
        }
        kernels.multiply(&tile, 1, blocks)
      }
      tile.weights += chunkBlocks * depthBlockWeights
      depth += chunkBlocks
    }
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
