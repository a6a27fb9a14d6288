// Products that read the same source, one of forward, one a phase of backwardData: who computes what, and in which form
// the source is read.
//
// Floats are read where they lie. As bf16 they are read from scratch, where whoever needs them puts them just before:
// a group of pictures that fills half of the second-level cache, so that only the Floats pass through it.

import Kernels

/// Blocked activations as products read them.
struct ProductSource {
  let precision: Precision
  let layout: ActivationLayout
  /// Of picture `firstPicture`.
  let start: UnsafeMutablePointer<Float>
  let firstPicture: Int

  /// All of them as they lie.
  init(_ activations: Activations) {
    precision = .float32
    layout = activations.layout
    start = activations.slice.pointer
    firstPicture = 0
  }

  /// Pairs of neighbouring channels, the pictures from `firstPicture` on:
  ///
  ///     offset(n, c, y, x) = ((((n - firstPicture)*blocks + c/16)*(height + 2*halo) + y + halo)*(width + 2*halo)
  ///                          + x + halo)*8 + c%16/2                                                  (in cells)
  init(pairsOf layout: ActivationLayout, at start: UnsafeMutablePointer<Float>, firstPicture: Int) {
    precision = .bfloat16
    self.layout = layout
    self.start = start
    self.firstPicture = firstPicture
  }

  // In cells.
  var pixelStride: Int { layout.pixelStride / precision.numbersOfCell }
  var rowStride: Int { layout.rowStride / precision.numbersOfCell }
  var blockStride: Int { layout.blockStride / precision.numbersOfCell }
  var pictureStride: Int { layout.pictureStride / precision.numbersOfCell }

  /// The walk over the pixels (firstY + step*y, firstX + step*x), from picture `firstPicture` on.
  func walk(firstY: Int = 0, firstX: Int = 0, step: Int = 1) -> TiledProduct.Walk {
    TiledProduct.Walk(
      start: start + layout.pixel(firstY, firstX) / precision.numbersOfCell, pictureStride: pictureStride,
      rowStride: step * rowStride, pixelStride: step * pixelStride, blockStride: blockStride)
  }
}

/// What some products have in common.
struct SharedSource {
  let activations: Activations
  let precision: Precision
  /// Zeros around the pairs.
  let halo: Int
  let batch: Int
  /// Pictures are single pixels, so a tile takes its pixels from several of them.
  let isOnePixel: Bool
  /// `scratchpadCount` Floats, of pairs.
  let scratchpad: Slice?

  private var layout: ActivationLayout { Self.layout(of: activations.layout, halo: halo) }

  private static func layout(of layout: ActivationLayout, halo: Int) -> ActivationLayout {
    ActivationLayout(
      layout.order, channels: layout.channels, height: layout.height, width: layout.width, halo: halo)
  }

  /// Runs `count` products over the batch: each worker takes pictures; where pictures are few or one pixel each, tiles
  /// of channels.
  ///
  /// - Parameters:
  ///   - result: what the products write; its halo becomes zero.
  ///   - product: one of them, for the pictures from the source's first one on.
  func run(
    count: Int, result: Activations, on device: Device, product: (_ index: Int, _ source: ProductSource) -> TiledProduct
  ) {
    if isOnePixel || batch < device.threads {
      let source = wholeBatch(device)
      let channelTiles = product(0, source).channelTiles(device.blocking)
      device.parallel(count * channelTiles) { items in
        for item in items {
          product(item / channelTiles, source)
            .run(pictures: 0..<batch, channelTile: item % channelTiles, device)
        }
      }
      result.clearHalo(pictures: 0..<batch)
      return
    }
    // A group of pictures through all products, so that its source is read from the cache and not from memory.
    let group = Self.pictures(activations.layout, precision, batch: batch, device.blocking)
    device.parallel(batch) { pictures, worker in
      var first = pictures.lowerBound
      while first < pictures.upperBound {
        let next = min(pictures.upperBound, first + group)
        let source = source(pictures: first..<next, worker: worker, group: group, device)
        for index in 0..<count { product(index, source).run(pictures: first..<next, device) }
        result.clearHalo(pictures: first..<next)
        first = next
      }
    }
  }

  /// Pictures of a group.
  static func pictures(_ source: ActivationLayout, _ precision: Precision, batch: Int, _ blocking: Blocking) -> Int {
    min(batch, blocking.pictures(ofFloats: source.pictureStride / precision.numbersOfCell))
  }

  // MARK: - Pairs

  /// Floats of scratch: a group of pictures for each worker, which is enough for fewer pictures than workers.
  static func scratchpadCount(
    of source: ActivationLayout, _ precision: Precision, batch: Int, threads: Int, _ blocking: Blocking
  ) -> Int {
    guard precision == .bfloat16 else { return 0 }
    return threads * pictures(source, precision, batch: batch, blocking) * source.pictureStride / 2
  }

  private func wholeBatch(_ device: Device) -> ProductSource {
    guard precision == .bfloat16 else { return ProductSource(activations) }
    precondition(!isOnePixel, "products of bf16 are those of planes")
    let source = ProductSource(pairsOf: layout, at: pairs(device), firstPicture: 0)
    device.parallel(batch * layout.blocks) { planes in
      for plane in planes { pair(plane: plane, into: source.start + plane * source.blockStride, device) }
    }
    return source
  }

  private func source(pictures: Range<Int>, worker: Int, group: Int, _ device: Device) -> ProductSource {
    guard precision == .bfloat16 else { return ProductSource(activations) }
    let source = ProductSource(
      pairsOf: layout, at: pairs(device) + worker * group * layout.pictureStride / 2,
      firstPicture: pictures.lowerBound)
    let blocks = layout.blocks
    for plane in pictures.lowerBound * blocks..<pictures.upperBound * blocks {
      pair(
        plane: plane, into: source.start + (plane - pictures.lowerBound * blocks) * source.blockStride, device)
    }
    return source
  }

  private func pairs(_ device: Device) -> UnsafeMutablePointer<Float> {
    let count = Self.scratchpadCount(
      of: layout, precision, batch: batch, threads: device.threads, device.blocking)
    guard let scratchpad, scratchpad.count >= count else { preconditionFailure("pairs need their scratchpad") }
    return scratchpad.pointer
  }

  /// The rows of plane `plane` (counted over pictures and blocks) with their halo to the left and right. No product
  /// reads the rows of zeros above and below.
  private func pair(plane: Int, into cells: UnsafeMutablePointer<Float>, _ device: Device) {
    let (from, to) = (activations.layout, layout)
    let start = activations.slice.pointer + plane * from.blockStride
    let kernel = device.pairs.pairNeighbours
    if from.halo == to.halo {
      let first = to.pixel(0, -to.halo)
      kernel(start + first, cells + first / 2, to.height * to.rowStride)
      return
    }
    for y in 0..<to.height {
      kernel(start + from.pixel(y, -to.halo), cells + to.pixel(y, -to.halo) / 2, to.rowStride)
    }
  }
}
