// The three passes of fast convolution: what each is in terms of tiles, and how it is split over the threads.

import Kernels

extension Winograd {
  /// The transformed weights are few enough to be kept from one change of the weights to the next.
  var keepsWeights: Bool { weightsCount * MemoryLayout<Float>.stride <= Blocking.winogradKeptBytes }

  /// Floats of scratch of a pass over at most `batch` pictures.
  func scratchpadCount(_ pass: ConvolutionPass, batch: Int, threads: Int) -> Int {
    let c = convolution
    switch pass {
    case .forward: return scratchpadCount(pass, c.inputBlocks * phases, c.outputBlocks, batch, threads)
    case .backwardData: return scratchpadCount(pass, c.outputBlocks, c.inputBlocks * phases, batch, threads)
    case .backwardWeights:
      return WinogradBackwardWeights.Scratch(self, picturesAtATime: picturesAtATime, batch: batch).count(
        threads: threads)
    }
  }

  /// - Parameters: blocks of 16 of a product's two sides.
  private func scratchpadCount(
    _ pass: ConvolutionPass, _ sources: Int, _ results: Int, _ batch: Int, _ threads: Int
  ) -> Int {
    let tiles = tiles(batch: batch)
    if keepsWeights {
      let most = tilesOfBlock(pass, batch: batch)
      return threads
        * (Transformed.count(positions: positions, blocks: sources, tiles: most)
          + Transformed.count(positions: positions, blocks: results, tiles: most))
    }
    let most = Blocking.winogradTilesOfChunk(tiles: tiles, perPicture: tiles / batch)
    return Transformed.count(positions: positions, blocks: sources, tiles: most)
      + threads * chunkScratchCount(tiles: most)
  }

  /// Tiles of a block where weights are kept: the most that one has.
  func tilesOfBlock(_ pass: ConvolutionPass, batch: Int) -> Int {
    let c = convolution
    let width = phases * c.inputBlocks + c.outputBlocks
    let perPicture = tilesPerSide * tilesPerSide
    return min(
      tiles(batch: batch),
      Blocking.winogradTiles(
        ofFloats: positions * width * channelBlock, unit: unit(pass == .backwardData, perPicture: perPicture)))
  }

  /// Tiles that a block has multiples of: patches that overlap are those of whole pictures.
  private func unit(_ backward: Bool, perPicture: Int) -> Int {
    backward && isAdjoint ? perPicture : min(4, perPicture)
  }

  private func chunkScratchCount(tiles: Int) -> Int {
    Transformed.count(positions: positions, blocks: 2, tiles: tiles)
      + positions * (2 * Blocking.winogradDepth * channelBlock * channelBlock + channelBlock)
  }

  // MARK: - forward, backwardData

  func forward(
    batch: Int, source: Activations, weights: Slice, prepared: Slice, destination: Activations, slope: Float,
    gate: ActivationGate?, scratchpad: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    var product = WinogradProduct(
      winograd: self, source: inputSide(source),
      destination: .init(walk: destination.walk(), blocks: convolution.outputBlocks))
    product.slope = slope
    product.gate = gate.map { .init(walk: $0.activations.walk(), blocks: convolution.outputBlocks) }
    product.gateSlope = gate?.slope ?? 1
    run(
      product, batch: batch, backward: false, weights: weights, prepared: prepared, result: destination, scratchpad,
      processor)
  }

  /// At stride 2 the adjoint of forward: the gradient transformed once, all phases of the result summed from it. At
  /// stride 1 it is a forward pass with the kernel turned round.
  func backwardData(
    batch: Int, diffDestination: Activations, weights: Slice, prepared: Slice, diffSource: Activations, slope: Float,
    gate: ActivationGate?, scratchpad: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    let c = convolution
    var product: WinogradProduct
    if isAdjoint {
      product = WinogradProduct(
        winograd: self, source: .init(walk: diffDestination.walk(), blocks: c.outputBlocks),
        destination: inputSide(diffSource))
      product.sourceTransform = .gradient
      product.destinationTransform = .patch
      product.gate = gate.map { inputSide($0.activations) }
    } else {
      product = WinogradProduct(
        winograd: self,
        source: .init(walk: diffDestination.walk(firstY: -c.padding, firstX: -c.padding), blocks: c.outputBlocks),
        destination: .init(walk: diffSource.walk(), blocks: c.inputBlocks))
      product.gate = gate.map { .init(walk: $0.activations.walk(), blocks: c.inputBlocks) }
    }
    product.slope = slope
    product.gateSlope = gate?.slope ?? 1
    run(
      product, batch: batch, backward: true, weights: weights, prepared: prepared, result: diffSource, scratchpad,
      processor)
  }

  /// The patches of the convolution's source, by phases.
  private func inputSide(_ activations: Activations) -> WinogradProduct.Side {
    let c = convolution
    return .init(
      walk: activations.walk(firstY: -c.padding, firstX: -c.padding, step: c.stride), blocks: c.inputBlocks,
      parts: phases, phaseRowStride: activations.layout.rowStride, phasePixelStride: activations.layout.pixelStride)
  }

  private func run(
    _ product: WinogradProduct, batch: Int, backward: Bool, weights: Slice, prepared: Slice, result: Activations,
    _ scratchpad: UnsafeMutablePointer<Float>, _ processor: Processor
  ) {
    let perPicture = tilesPerSide * tilesPerSide
    let tiles = tiles(batch: batch)
    let weights = UnsafePointer(weights.pointer)
    if keepsWeights {
      let prepared = UnsafePointer(prepared.pointer)
      let most = tilesOfBlock(backward ? .backwardData : .forward, batch: batch)
      let scratchCount = product.blockScratchCount(tiles: most)
      let unit = unit(backward, perPicture: perPicture)
      let units = (tiles + unit - 1) / unit
      let blocks = min(units, processor.evenCount(from: (tiles + most - 1) / most))
      // Of fewer blocks than threads each makes a part of the channels.
      let channelTiles = processor.blocking.channelTiles(product.destination.width)
      let splits = blocks < processor.threads ? min(channelTiles, processor.threads) : 1
      processor.parallel(blocks * splits) { items, worker in
        for item in items {
          let (block, split) = (item / splits, item % splits)
          let range = units * block / blocks * unit..<min(tiles, units * (block + 1) / blocks * unit)
          let step = processor.blocking.tile.blocks
          product.run(
            tiles: range,
            blocks: channelTiles * split / splits
              * step..<min(
                product.destination.width, channelTiles * (split + 1) / splits * step),
            weights: prepared, scratch: scratchpad + worker * scratchCount, processor)
          // The halo belongs to whom the picture's first tile does.
          if split == 0 {
            result.clearHalo(
              pictures: (range.lowerBound + perPicture - 1) / perPicture..<(range.upperBound + perPicture - 1)
                / perPicture)
          }
        }
      }
      return
    }

    var begin = 0
    let chunk = Blocking.winogradTilesOfChunk(tiles: tiles, perPicture: perPicture)
    while begin < tiles {
      let range = begin..<min(tiles, begin + chunk)
      let transformed = Transformed(scratchpad, blocks: product.depth, tiles: range.count)
      processor.parallel(product.source.blocks) { blocks in
        for block in blocks {
          product.transformSource(
            block: block, place: block * product.source.parts, tiles: range, to: transformed, processor)
        }
      }
      let workers = scratchpad + positions * transformed.positionStride
      let workerCount = chunkScratchCount(tiles: range.count)
      processor.parallel(processor.blocking.channelTiles(product.destination.width)) { items, worker in
        for item in items {
          product.run(
            channelTile: item, tiles: range, from: transformed, scratch: workers + worker * workerCount, processor
          ) { sourceBlock, block, to, positionStride in
            transformWeights(
              weights, backward: backward, sourceBlock: sourceBlock, block: block, to: to,
              positionStride: positionStride, processor)
          }
        }
      }
      begin = range.upperBound
    }
    processor.parallel(batch) { result.clearHalo(pictures: $0) }
  }

  // MARK: - backwardWeights

  func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    scratchpad: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    let from = WinogradProduct(
      winograd: self, source: inputSide(source),
      destination: .init(walk: diffDestination.walk(), blocks: convolution.outputBlocks))
    WinogradBackwardWeights(winograd: self, source: from, gradient: diffDestination.walk()).run(
      batch: batch, picturesAtATime: picturesAtATime, weights: diffWeights.pointer, accumulate: accumulate,
      scratch: scratchpad, on: processor)
  }

  /// Pictures whose transformed gradient is kept at a time.
  private var picturesAtATime: Int {
    let ofPicture =
      Transformed.count(positions: positions, blocks: convolution.outputBlocks, tiles: tiles(batch: 1))
      * MemoryLayout<Float>.stride
    return max(1, Blocking.winogradGradientBytes / ofPicture)
  }
}
