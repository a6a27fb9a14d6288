// The three passes of fast convolution: what each is in terms of tiles, and how it is split over the threads.

import Kernels

extension Winograd {
  /// The transformed weights are few enough to be kept from one change of the weights to the next.
  var keepsWeights: Bool { weightsCount * MemoryLayout<Float>.stride <= Blocking.winogradKeptBytes }

  /// Floats of scratch of a pass over at most `batch` pictures.
  func scratchpadCount(_ pass: ConvolutionPass, batch: Int, threads: Int) -> Int {
    let c = convolution
    switch pass {
    case .forward: return scratchpadCount(sources: c.inputBlocks * phases, outputs: c.outputBlocks, 1, batch, threads)
    case .backwardData: return scratchpadCount(sources: c.outputBlocks, outputs: c.inputBlocks, phases, batch, threads)
    case .backwardWeights:
      return WinogradBackwardWeights.Scratch(self, picturesAtATime: picturesAtATime, batch: batch).count(
        threads: threads)
    }
  }

  private func scratchpadCount(sources: Int, outputs: Int, _ problems: Int, _ batch: Int, _ threads: Int) -> Int {
    let tiles = tiles(batch: batch)
    if keepsWeights {
      let most = min(tiles, Blocking.winogradTiles + 4)
      return threads
        * (Transformed.count(positions: positions, blocks: sources, tiles: most)
          + Transformed.count(positions: positions, blocks: outputs, tiles: most))
    }
    let most = min(tiles, Blocking.winogradTilesOfChunk)
    return problems * Transformed.count(positions: positions, blocks: sources, tiles: most)
      + threads * chunkScratchCount(tiles: most)
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
    let c = convolution
    var product = WinogradProduct(
      winograd: self, source: source.walk(firstY: -c.padding, firstX: -c.padding, step: c.stride),
      sourceBlocks: c.inputBlocks, parts: phases, destination: destination.walk(), outputBlocks: c.outputBlocks)
    product.phaseRowStride = source.layout.rowStride
    product.phasePixelStride = source.layout.pixelStride
    product.slope = slope
    product.gate = gate?.activations.walk()
    product.gateSlope = gate?.slope ?? 1
    run(
      batch: batch, backward: false, weights: weights, prepared: prepared, result: destination, scratchpad, processor
    ) { _ in product }
  }

  func backwardData(
    batch: Int, diffDestination: Activations, weights: Slice, prepared: Slice, diffSource: Activations, slope: Float,
    gate: ActivationGate?, scratchpad: UnsafeMutablePointer<Float>, on processor: Processor
  ) {
    let c = convolution
    run(
      batch: batch, backward: true, weights: weights, prepared: prepared, result: diffSource, scratchpad, processor
    ) { index in
      let phase = c.phase(index)
      var product = WinogradProduct(
        winograd: self,
        source: diffDestination.walk(
          firstY: (phase.offsetY + c.padding - phase.firstTapY) / c.stride,
          firstX: (phase.offsetX + c.padding - phase.firstTapX) / c.stride),
        sourceBlocks: c.outputBlocks, parts: 1,
        destination: diffSource.walk(firstY: phase.offsetY, firstX: phase.offsetX, step: c.stride),
        outputBlocks: c.inputBlocks)
      product.slope = slope
      product.gate = gate?.activations.walk(firstY: phase.offsetY, firstX: phase.offsetX, step: c.stride)
      product.gateSlope = gate?.slope ?? 1
      return product
    }
  }

  /// All tiles of all problems: one in forward, in backwardData a phase each.
  private func run(
    batch: Int, backward: Bool, weights: Slice, prepared: Slice, result: Activations,
    _ scratchpad: UnsafeMutablePointer<Float>, _ processor: Processor, product: (Int) -> WinogradProduct
  ) {
    let problems = backward ? phases : 1
    let perPicture = tilesPerSide * tilesPerSide
    let tiles = tiles(batch: batch)
    let weights = UnsafePointer(weights.pointer)
    let first = product(0)
    if keepsWeights {
      let prepared = UnsafePointer(prepared.pointer)
      let scratchCount = first.blockScratchCount(tiles: min(tiles, Blocking.winogradTiles + 4))
      let groups = (tiles + 3) / 4
      let blocks = Blocking.winogradBlocks(tiles: tiles, threads: processor.threads)
      processor.parallel(blocks) { items, worker in
        for item in items {
          let range = groups * item / blocks * 4..<min(tiles, groups * (item + 1) / blocks * 4)
          for problem in 0..<problems {
            product(problem).run(
              tiles: range, weights: prepared + problem * (weightsCount / problems),
              scratch: scratchpad + worker * scratchCount, processor)
          }
          // The halo belongs to whom the picture's first tile does.
          result.clearHalo(
            pictures: (range.lowerBound + perPicture - 1) / perPicture..<(range.upperBound + perPicture - 1)
              / perPicture)
        }
      }
      return
    }

    var begin = 0
    while begin < tiles {
      let range = begin..<min(tiles, begin + Blocking.winogradTilesOfChunk)
      let sourceCount = Transformed.count(positions: positions, blocks: first.depth, tiles: range.count)
      func transformed(_ problem: Int) -> Transformed {
        Transformed(scratchpad + problem * sourceCount, blocks: first.depth, tiles: range.count)
      }
      processor.parallel(first.sourceBlocks) { blocks in
        for block in blocks {
          for problem in 0..<problems {
            product(problem).transformSource(
              block: block, place: block * first.parts, tiles: range, to: transformed(problem), processor)
          }
        }
      }
      let channelTiles = processor.blocking.channelTiles(first.outputBlocks)
      let workers = scratchpad + problems * sourceCount
      let workerCount = chunkScratchCount(tiles: range.count)
      processor.parallel(problems * channelTiles) { items, worker in
        for item in items {
          let problem = item / channelTiles
          product(problem).run(
            channelTile: item % channelTiles, tiles: range, from: transformed(problem),
            scratch: workers + worker * workerCount, processor
          ) { sourceBlock, outputBlock, to, positionStride in
            transformWeights(
              weights, sourceBlock: sourceBlock, outputBlock: outputBlock, phase: backward ? problem : nil,
              to: to, positionStride: positionStride, processor)
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
    let c = convolution
    var from = WinogradProduct(
      winograd: self, source: source.walk(firstY: -c.padding, firstX: -c.padding, step: c.stride),
      sourceBlocks: c.inputBlocks, parts: phases, destination: diffDestination.walk(), outputBlocks: c.outputBlocks)
    from.phaseRowStride = source.layout.rowStride
    from.phasePixelStride = source.layout.pixelStride
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
