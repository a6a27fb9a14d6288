// backwardData of a convolution (and forward of the transposed one): the gradient of the source.
//
// A stride-2 convolution's gradient is, for each of the four phases of the source's pixels (y%2, x%2), a stride-1
// convolution with a 2x2 part of the kernel: no multiplication by inserted zeros. (Dumoulin and Visin, "A guide to
// convolution arithmetic", 2016, section 4; the phases are the usual sub-pixel split.) docs/LoopNests.md draws it.

import Kernels

extension Convolution {
  /// One phase of the source's pixels and the part of the kernel that reaches them.
  struct Phase {
    /// Pixels (offsetY + step*y, offsetX + step*x) of the source.
    let offsetY: Int
    let offsetX: Int
    /// Kernel rows firstTapY, firstTapY - stride, ... in the order of ascending gradient rows; columns likewise.
    let firstTapY: Int
    let firstTapX: Int
  }

  /// Phases in each direction; from 4x4 to 1x1 every source pixel is one.
  var phaseStep: Int { outputSize == 1 ? inputSize : stride }
  var phaseCount: Int { phaseStep * phaseStep }
  /// Kernel rows (and columns) that reach a phase.
  var phaseTaps: Int { kernel / phaseStep }

  func phase(_ index: Int) -> Phase {
    func firstTap(_ offset: Int) -> Int {
      // The largest tap k <= kernel - 1 with (offset + padding - k) a multiple of the stride.
      if outputSize == 1 { return offset }
      return kernel - 1 - (kernel - 1 - offset - padding) % stride
    }
    let y = index / phaseStep
    let x = index % phaseStep
    return Phase(offsetY: y, offsetX: x, firstTapY: firstTap(y), firstTapX: firstTap(x))
  }

  /// Floats of the weights packed for `backwardData`.
  package func packedWeightsCount(_ precision: Precision = .float32) -> Int {
    switch form {
    case .blocked: weightsCount / precision.numbersOfCell
    case .picture where outputSize == 1: weightsCount
    case .picture: kernel * outputBlocks * channelBlock * channelBlock
    case .score: 0
    }
  }

  /// Packs the weights for `backwardData`: once for each change of the weights, whatever the batch. The layouts:
  ///
  /// - blocked: `[phase][inputBlock][outputBlock][tap row][tap column][16 o][16 i]`, the taps in the order of ascending
  ///   gradient rows and columns; of bf16 `[8 pairs of o][16 i]` at the end.
  /// - whole picture: `[row][block of the row's 16 Floats][outputBlock][16 o][16]`.
  /// - picture: `[ky][o][16]`, lane (kx/2)*8 + (kx%2)*inputChannels + i, see `overlapRow`.
  package func packWeights(
    _ weights: Slice, precision: Precision = .float32, into packed: Slice, on device: Device
  ) {
    precondition(weights.count == weightsCount && packed.count == packedWeightsCount(precision))
    let from = weights.pointer
    let to = packed.pointer
    switch form {
    case .score: break
    case .picture where outputSize == 1:
      let rowBlocks = kernel * inputChannels / channelBlock
      device.parallel(kernel * rowBlocks) { items in
        for item in items {
          for o in 0..<outputBlocks {
            transposeBlock(
              from + (o * kernel * rowBlocks + item) * 256, into: to + (item * outputBlocks + o) * 256)
          }
        }
      }
    case .picture:
      packed.fill(0)
      for ky in 0..<kernel {
        for o in 0..<outputChannels {
          for kx in 0..<kernel {
            for i in 0..<inputChannels {
              to[(ky * outputBlocks * 16 + o) * 16 + kx / 2 * 8 + kx % 2 * inputChannels + i] =
                from[weightOffset(o, i, ky, kx)]
            }
          }
        }
      }
    case .blocked:
      // In the order of the weights: all taps of a pair of blocks are one contiguous read.
      let taps = phaseTaps
      let area = channelBlock * channelBlock / precision.numbersOfCell
      device.parallel(outputBlocks * inputBlocks) { items in
        for item in items {
          let outputBlock = item / inputBlocks
          let inputBlock = item % inputBlocks
          for index in 0..<phaseCount {
            let phase = phase(index)
            var tile = to + ((index * inputBlocks + inputBlock) * outputBlocks + outputBlock) * taps * taps * area
            for row in 0..<taps {
              for column in 0..<taps {
                let ky = phase.firstTapY - row * stride
                let kx = phase.firstTapX - column * stride
                let block = from + weightOffset(outputBlock * 16, inputBlock * 16, ky, kx)
                switch precision {
                case .float32: transposeBlock(block, into: tile)
                case .bfloat16: transposePairs(block, into: tile, device)
                }
                tile += area
              }
            }
          }
        }
      }
    }
  }

  /// diffSource(n, i, y, x) = activation( bias(i, y, x) + Σ_{o, ky, kx} diffDestination(n, o, (y + padding -
  /// ky)/stride, (x + padding - kx)/stride) * weights(o, i, ky, kx) ) over the taps for which the positions are whole
  /// and inside; activation(v) = v > 0 ? v : slope*v, then times the gate where there is one. (The activation serves
  /// the transposed convolution, whose forward pass this is.)
  ///
  /// - Parameters:
  ///   - diffDestination: blocked, `outputChannels` x outputSize², halo of `gradientHalo` zeros or wider.
  ///   - packed: from `packWeights`, of the same precision.
  ///   - bias: of a whole picture only, `[y][x][i]`; nil: none.
  ///   - diffSource: blocked (interleaved for a picture), `inputChannels` x inputSize²; its halo becomes zero.
  ///   - tanh: for a picture only: tanh instead of the activation.
  ///   - precision: bf16 where `multipliesBFloat16`.
  ///   - scratchpad: `backwardDataScratchpadCount` Floats.
  package func backwardData(
    batch: Int, diffDestination: Activations, packed: Slice, bias: Slice? = nil, diffSource: Activations,
    slope: Float = 1, gate: ActivationGate? = nil, tanh: Bool = false, precision: Precision = .float32,
    scratchpad: Slice? = nil, on device: Device
  ) {
    precondition(form != .score, "a score has its own driver")
    precondition(packed.count == packedWeightsCount(precision))
    check(
      input: diffSource, output: diffDestination, weights: nil, batch: batch, inputHalo: 0, outputHalo: gradientHalo)
    if form == .picture && outputSize == 1 {
      precondition(gate == nil && slope == 1 && !tanh)
      wholePictureBackwardData(
        batch: batch, diffDestination: diffDestination, packed: packed, bias: bias, diffSource: diffSource,
        on: device)
      return
    }
    precondition(bias == nil, "only a whole picture has a bias")
    if form == .picture {
      precondition(gate == nil && slope == 1)
      pictureBackwardData(
        batch: batch, diffDestination: diffDestination, packed: packed, diffSource: diffSource, tanh: tanh,
        scratchpad: scratchpad, on: device)
      return
    }
    precondition(!tanh)
    let phaseWeights = packed.count / phaseCount
    let grid = inputSize / phaseStep
    let shared = SharedSource(
      activations: diffDestination, precision: precision, halo: gradientHalo, batch: batch, isOnePixel: grid == 1,
      scratchpad: scratchpad)
    shared.run(count: phaseCount, result: diffSource, on: device) { index, source in
      let phase = phase(index)
      let firstRow = (phase.offsetY + padding - phase.firstTapY) / stride
      return TiledProduct(
        precision: precision,
        source: source.walk(firstY: firstRow, firstX: (phase.offsetX + padding - phase.firstTapX) / stride),
        sourcePicture: source.firstPicture,
        destination: diffSource.walk(firstY: phase.offsetY, firstX: phase.offsetX, step: phaseStep),
        gate: gate?.activations.walk(firstY: phase.offsetY, firstX: phase.offsetX, step: phaseStep),
        gateSlope: gate?.slope ?? 1, slope: slope, gridHeight: grid, gridWidth: grid,
        sourceHeight: outputSize, firstRow: firstRow, rowStep: 1, depthBlocks: outputBlocks,
        windowRows: phaseTaps, windowRowStride: source.rowStride, windowLength: phaseTaps * source.pixelStride,
        weights: UnsafePointer(packed.pointer + index * phaseWeights),
        outputBlocks: inputBlocks)
    }
  }
}

/// to[j*16 + i] = from[i*16 + j], by tiles of 4 x 4.
func transposeBlock(_ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>) {
  func row(_ i: Int, _ j: Int) -> SIMD4<Float> {
    UnsafeRawPointer(from + (i * 16 + j)).loadUnaligned(as: SIMD4<Float>.self)
  }
  func store(_ row: SIMD4<Float>, _ j: Int, _ i: Int) {
    UnsafeMutableRawPointer(to + (j * 16 + i)).storeBytes(of: row, as: SIMD4<Float>.self)
  }
  for j in stride(from: 0, to: 16, by: 4) {
    for i in stride(from: 0, to: 16, by: 4) {
      let upper = SIMD8(lowHalf: row(i, j), highHalf: row(i + 1, j))
      let lower = SIMD8(lowHalf: row(i + 2, j), highHalf: row(i + 3, j))
      let even = SIMD8(lowHalf: upper.evenHalf, highHalf: lower.evenHalf)
      let odd = SIMD8(lowHalf: upper.oddHalf, highHalf: lower.oddHalf)
      store(even.evenHalf, j, i)
      store(odd.evenHalf, j + 1, i)
      store(even.oddHalf, j + 2, i)
      store(odd.oddHalf, j + 3, i)
    }
  }
}

/// Cell j*16 + i of `to`: (from[i*16 + 2j], from[i*16 + 2j + 1]).
private func transposePairs(
  _ from: UnsafePointer<Float>, into to: UnsafeMutablePointer<Float>, _ device: Device
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: channelBlock * channelBlock) { transposed in
    guard let start = transposed.baseAddress else { return }
    transposeBlock(from, into: start)
    device.pairs.pairLanes(start, start + channelBlock, 2 * channelBlock, to, channelBlock / 2)
  }
}

// MARK: - Pictures

extension Convolution {
  /// Floats of scratch that `backwardData` needs. Of 4x4 kernels on pictures: two rows of column products a thread, and
  /// a row of pixels.
  func backwardDataScratchpadCount(batch: Int, precision: Precision, threads: Int, _ blocking: Blocking) -> Int {
    if form == .picture { return outputSize > 1 ? threads * pictureScratch : 0 }
    let gradient = ActivationLayout(
      .blocked, channels: outputChannels, height: outputSize, width: outputSize, halo: gradientHalo)
    return SharedSource.scratchpadCount(of: gradient, precision, batch: batch, threads: threads, blocking)
  }

  private var productRow: Int { kernel * outputSize * channelBlock }
  private var pictureScratch: Int { 2 * productRow + (inputSize * inputChannels + 32) / 16 * 16 + 16 }

  /// 3 channels would leave 13 of 16 lanes idle, so the lanes are taps x channels: each gradient pixel times the
  /// weights gives its products for 4 kernel rows of 4 taps x C channels (the same micro-kernel; 4 "blocks" are the
  /// kernel's rows), and `overlapRow` adds what meets in a pixel. Two gradient rows are alive at a time.
  private func pictureBackwardData(
    batch: Int, diffDestination: Activations, packed: Slice, diffSource: Activations, tanh: Bool, scratchpad: Slice?,
    on device: Device
  ) {
    let kernels = device.kernels
    let rows = outputSize
    let rowCount = inputSize * inputChannels
    precondition(rowCount % 16 == 0 && 2 * inputChannels <= 8)
    guard let scratchpad, scratchpad.count >= device.threads * pictureScratch else {
      preconditionFailure("backwardData of a picture needs its scratchpad")
    }
    device.parallel(batch) { pictures, worker in
      let scratch = scratchpad.pointer + worker * pictureScratch
      let pixelRow = scratch + 2 * productRow + 16
      for picture in pictures {
        diffSource.clearHalo(pictures: picture..<picture + 1)
        for row in 0...rows {
          let products = scratch + row % 2 * productRow
          let before = scratch + (row + 1) % 2 * productRow
          if row < rows {
            let product = TiledProduct(
              source: diffDestination.walk(firstY: row).advanced(pictures: picture),
              destination: .init(
                start: products, pictureStride: 0, rowStride: 0, pixelStride: channelBlock,
                blockStride: outputSize * channelBlock),
              gridHeight: 1, gridWidth: outputSize, sourceHeight: outputSize, firstRow: row, rowStep: 1,
              depthBlocks: outputBlocks, windowRows: 1, windowRowStride: 0,
              windowLength: channelBlock, weights: UnsafePointer(packed.pointer), outputBlocks: kernel)
            for tile in 0..<product.channelTiles(device.blocking) {
              product.run(pictures: 0..<1, channelTile: tile, device)
            }
          }
          // Rows 2*row - 1 (kernel rows 2 of the row before, 0 of this one) and 2*row (3 and 1) are complete now.
          let stride = outputSize * channelBlock
          for half in 0..<2 {
            let y = 2 * row - 1 + half
            if y < 0 || y >= inputSize { continue }
            kernels.overlap(
              row > 0 ? before + (2 + half) * stride : nil, row < rows ? products + half * stride : nil,
              outputSize, inputChannels, pixelRow)
            let to = diffSource.row(y, of: picture)
            if tanh {
              kernels.tanh(pixelRow, to, rowCount)
            } else {
              to.update(from: pixelRow, count: rowCount)
            }
          }
        }
      }
    }
  }

  /// A picture from one position: a row of it is whole blocks of 16 Floats, which take the part of channels. A product
  /// a row, so that the rows may be apart by a halo.
  private func wholePictureBackwardData(
    batch: Int, diffDestination: Activations, packed: Slice, bias: Slice?, diffSource: Activations,
    on device: Device
  ) {
    let rowCount = inputSize * inputChannels
    precondition(bias.map { $0.count == inputSize * rowCount } ?? true)
    func product(_ row: Int) -> TiledProduct {
      var destination = diffSource.walk(firstY: row)
      destination.blockStride = channelBlock
      return TiledProduct(
        source: diffDestination.walk(), destination: destination, gridHeight: 1, gridWidth: 1, sourceHeight: 1,
        firstRow: 0, rowStep: 1, depthBlocks: outputBlocks, windowRows: 1, windowRowStride: 0,
        windowLength: channelBlock,
        weights: UnsafePointer(packed.pointer + row * rowCount * outputBlocks * channelBlock),
        outputBlocks: rowCount / channelBlock, bias: bias.map { UnsafePointer($0.pointer + row * rowCount) })
    }
    let channelTiles = product(0).channelTiles(device.blocking)
    device.parallel(inputSize * channelTiles) { items in
      for item in items {
        product(item / channelTiles).run(pictures: 0..<batch, channelTile: item % channelTiles, device)
      }
    }
    diffSource.clearHalo(pictures: 0..<batch)
  }
}
