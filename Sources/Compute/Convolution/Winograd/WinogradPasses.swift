// The three passes of fast convolution: what each is in terms of tiles, and how it is split over the threads.

import Kernels

extension Winograd {
  /// The transformed weights are few enough to be kept from one change of the weights to the next.
  var keepsWeights: Bool { weightsCount * Precision.float32.bytes <= blocking.keptBytes }

  /// Floats of scratch of a pass over at most `batch` pictures.
  func scratchpadCount(_ pass: ConvolutionPass, batch: Int, threads: Int) -> Int {
    if pass == .backwardWeights {
      return WinogradBackwardWeights.Scratch.count(self, batch: batch, threads: threads)
    }
    let (sources, results) = productBlocks(pass)
    if keepsWeights {
      let most = tilesOfBlock(pass, batch: batch)
      return threads
        * (transformedCount(.operand, blocks: sources, tiles: most)
          + transformedCount(.product, blocks: results, tiles: most))
    }
    let most = blocking.tilesOfChunk(tiles: tiles(batch: batch), perPicture: grid.tiles)
    return transformedCount(.operand, blocks: sources, tiles: most)
      + threads * chunkScratchCount(tiles: most, depth: depthOfChunk(pass))
  }

  /// Blocks of 16, with phases, of the two sides of a pass's product.
  private func productBlocks(_ pass: ConvolutionPass) -> (sources: Int, results: Int) {
    let inputs = convolution.inputBlocks * phases
    return pass == .backwardData ? (convolution.outputBlocks, inputs) : (inputs, convolution.outputBlocks)
  }

  /// Tiles of a block where weights are kept: the most that one has.
  func tilesOfBlock(_ pass: ConvolutionPass, batch: Int) -> Int {
    let (sources, results) = productBlocks(pass)
    return min(
      tiles(batch: batch),
      blocking.tilesOfBlock(
        bytes: positions * (sources * blocking.precision.bytes + results * Precision.float32.bytes) * channelBlock,
        unit: unit(pass == .backwardData)))
  }

  /// Tiles that a block has multiples of: a group of the micro-kernel; patches that overlap are those of whole
  /// pictures.
  private func unit(_ backward: Bool) -> Int {
    backward && isAdjoint ? grid.tiles : min(blocking.tile.groupPixels, grid.tiles)
  }

  /// Blocks and phases of a chunk of a pass's sum where weights aren't kept.
  func depthOfChunk(_ pass: ConvolutionPass) -> Int {
    blocking.depthOfChunk(parts: pass == .backwardData ? 1 : phases)
  }

  /// A worker's products and transformed weights of a chunk.
  private func chunkScratchCount(tiles: Int, depth: Int) -> Int {
    transformedCount(.product, blocks: blocking.tile.blocks, tiles: tiles)
      + positions * (blocking.tile.blocks * depth * weightsArea + channelBlock)
  }

  // MARK: - forward, backwardData

  func forward(
    batch: Int, source: Activations, weights: Slice, prepared: Slice, destination: Activations, slope: Float,
    gate: ActivationGate?, scratchpad: UnsafeMutablePointer<Float>, on device: Device
  ) {
    var product = WinogradProduct(
      winograd: self, kernels: .init(blocking.precision, device), source: inputSide(source),
      destination: .init(walk: destination.walk(), blocks: convolution.outputBlocks))
    product.slope = slope
    product.gate = gate.map { .init(walk: $0.activations.walk(), blocks: convolution.outputBlocks) }
    product.gateSlope = gate?.slope ?? 1
    run(
      product, batch: batch, backward: false, weights: weights, prepared: prepared, result: destination, scratchpad,
      device)
  }

  /// At stride 2 the adjoint of forward: the gradient transformed once, all phases of the result summed from it. At
  /// stride 1 it is a forward pass with the kernel turned round.
  func backwardData(
    batch: Int, diffDestination: Activations, weights: Slice, prepared: Slice, diffSource: Activations, slope: Float,
    gate: ActivationGate?, scratchpad: UnsafeMutablePointer<Float>, on device: Device
  ) {
    let c = convolution
    var product: WinogradProduct
    if isAdjoint {
      product = WinogradProduct(
        winograd: self, kernels: .init(blocking.precision, device),
        source: .init(walk: diffDestination.walk(), blocks: c.outputBlocks),
        destination: inputSide(diffSource))
      product.sourceTransform = .gradient
      product.destinationTransform = .patch
      product.gate = gate.map { inputSide($0.activations) }
    } else {
      product = WinogradProduct(
        winograd: self, kernels: .init(blocking.precision, device),
        source: .init(walk: diffDestination.walk(firstY: -c.padding, firstX: -c.padding), blocks: c.outputBlocks),
        destination: .init(walk: diffSource.walk(), blocks: c.inputBlocks))
      product.gate = gate.map { .init(walk: $0.activations.walk(), blocks: c.inputBlocks) }
    }
    product.slope = slope
    product.gateSlope = gate?.slope ?? 1
    run(
      product, batch: batch, backward: true, weights: weights, prepared: prepared, result: diffSource, scratchpad,
      device)
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
    _ scratchpad: UnsafeMutablePointer<Float>, _ device: Device
  ) {
    if keepsWeights {
      run(
        product, batch: batch, backward: backward, prepared: prepared.pointer, result: result, scratchpad, device)
    } else {
      run(product, batch: batch, backward: backward, weights: weights.pointer, scratchpad, device)
      device.parallel(batch) { result.clearHalo(pictures: $0) }
    }
  }

  /// Weights ready: each worker takes blocks of tiles.
  private func run(
    _ product: WinogradProduct, batch: Int, backward: Bool, prepared: UnsafePointer<Float>, result: Activations,
    _ scratchpad: UnsafeMutablePointer<Float>, _ device: Device
  ) {
    let perPicture = grid.tiles
    let tiles = tiles(batch: batch)
    let most = tilesOfBlock(backward ? .backwardData : .forward, batch: batch)
    let scratchCount = product.blockScratchCount(tiles: most)
    let unit = unit(backward)
    let units = (tiles + unit - 1) / unit
    let blocks = min(units, device.evenCount(from: (tiles + most - 1) / most))
    // Of fewer blocks than threads each makes a part of the channels.
    let width = product.destination.width
    let channelTiles = device.blocking.channelTiles(width)
    let step = device.blocking.tile.blocks
    let splits = blocks < device.threads ? min(channelTiles, device.threads) : 1
    device.parallel(blocks * splits) { items, worker in
      for item in items {
        let (block, split) = (item / splits, item % splits)
        let range = units * block / blocks * unit..<min(tiles, units * (block + 1) / blocks * unit)
        let channels =
          channelTiles * split / splits * step..<min(width, channelTiles * (split + 1) / splits * step)
        product.run(
          tiles: range, blocks: channels, weights: prepared, scratch: scratchpad + worker * scratchCount, device)
        // The halo belongs to whom the picture's first tile does.
        if split == 0 {
          let pictures =
            (range.lowerBound + perPicture - 1) / perPicture..<(range.upperBound + perPicture - 1) / perPicture
          result.clearHalo(pictures: pictures)
        }
      }
    }
  }

  /// Weights on the way: all workers transform a chunk of tiles, then each takes tiles of channels.
  private func run(
    _ product: WinogradProduct, batch: Int, backward: Bool, weights: UnsafePointer<Float>,
    _ scratchpad: UnsafeMutablePointer<Float>, _ device: Device
  ) {
    let tiles = tiles(batch: batch)
    let chunk = blocking.tilesOfChunk(tiles: tiles, perPicture: grid.tiles)
    let depth = depthOfChunk(backward ? .backwardData : .forward)
    var begin = 0
    while begin < tiles {
      let range = begin..<min(tiles, begin + chunk)
      let source = transformed(scratchpad, .operand, blocks: product.depth, tiles: range.count)
      device.parallel(product.source.blocks) { blocks in
        for block in blocks {
          product.transformSource(
            block: block, place: block * product.source.parts, tiles: range, to: source, device)
        }
      }
      let workers = scratchpad + transformedCount(.operand, blocks: product.depth, tiles: range.count)
      let workerCount = chunkScratchCount(tiles: range.count, depth: depth)
      device.parallel(device.blocking.channelTiles(product.destination.width)) { items, worker in
        for item in items {
          product.run(
            channelTile: item, tiles: range, depthOfChunk: depth, from: source,
            scratch: workers + worker * workerCount, device
          ) { sourceBlock, block, to, positionStride in
            transformWeights(
              weights, backward: backward, sourceBlock: sourceBlock, block: block, to: to,
              positionStride: positionStride, device)
          }
        }
      }
      begin = range.upperBound
    }
  }

  // MARK: - backwardWeights

  func backwardWeights(
    batch: Int, source: Activations, diffDestination: Activations, diffWeights: Slice, accumulate: Bool,
    scratchpad: UnsafeMutablePointer<Float>, on device: Device
  ) {
    let from = WinogradProduct(
      winograd: self, kernels: .init(blocking.precision, device), source: inputSide(source),
      destination: .init(walk: diffDestination.walk(), blocks: convolution.outputBlocks))
    WinogradBackwardWeights(winograd: self, source: from, gradient: diffDestination.walk()).run(
      batch: batch, weights: diffWeights.pointer, accumulate: accumulate, scratch: scratchpad, on: device)
  }
}
