// Every kernel of the table on made-up data, against what its comment in Sources/Kernels says, in Double: a program for
// two processors (Scripts/test-arm64). What it records must be the same to the bit on both.
//
// Tiles are of different sizes from page to page, so products are of a region that tiles are laid over, once for each
// size that the page has: all must give the same bits.

import Kernels

#if arch(arm64)
  import KernelsNEON
  private var page: KernelTable { neonKernels }
#else
  import KernelsAVX2
  private var page: KernelTable { avx2Kernels }
#endif

@_cdecl("checks_run")
public func checksRun() {
  let kernels = page
  checkMultiplyTiles(kernels)
  checkWeightsTiles(kernels)
  checkTransforms(kernels)
  checkPatches(kernels)
  checkSums(kernels)
  checkNorms(kernels)
  checkActivations(kernels)
  checkOverlap(kernels)
  checkOptimizers(kernels)
  checkProbes(kernels)
}

// MARK: - Data and comparisons

/// Numbers in (-1, 1), or whole ones from -2 to 2: then every sum is exact. The same on every processor.
struct Numbers {
  var state: UInt32
  var areWhole = false

  mutating func next() -> Float {
    state = state &* 1_664_525 &+ 1_013_904_223
    if areWhole { return Float(Int(state >> 24) % 5 - 2) }
    return Float(Int32(bitPattern: state)) * 0x1p-31
  }

  mutating func array(_ count: Int) -> [Float] {
    var values = [Float](repeating: 0, count: count)
    for i in 0..<count { values[i] = next() }
    return values
  }
}

let roundoff = 0x1p-24

/// `values` must be as far from `expected` as the bound says, or nearer, and are recorded.
func expect(
  _ name: StaticString, _ values: [Float], _ expected: [Double], bound: (_ place: Int) -> Double = { _ in 0 }
) {
  let text = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  for i in 0..<values.count where !(abs(Double(values[i]) - expected[i]) <= bound(i)) {
    checks_wrong(text, i, Double(values[i]), expected[i], bound(i))
  }
  checks_record(text, values, values.count)
}

func expectSame(_ name: StaticString, _ values: [Float], _ others: [Float]) {
  let text = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  for i in 0..<values.count where values[i].bitPattern != others[i].bitPattern {
    checks_differ(text, i, Double(values[i]), Double(others[i]))
  }
}

func epilogue(_ x: Double, _ slope: Float, _ gate: Float?, _ gateSlope: Float) -> Double {
  let y = x > 0 ? x : x * Double(slope)
  guard let gate else { return y }
  return gate > 0 ? y : y * Double(gateSlope)
}

// MARK: - Tiles of products

/// 12 pixels (in rows of 4, halo of 3 terms behind) x 2 blocks of 16 channels, 2 * 3 * 8 terms.
enum Product {
  static let pixels = 12
  static let blocks = 2
  static let (outer, inner, length) = (2, 3, 8)
  static let (pixelStride, innerStride, outerStride) = (16, 400, 1300)
  static let panel = outer * inner * length * 16 + 2 * 16
  static let skip = 16

  static func sourcePlace(_ pixel: Int) -> Int { pixel * pixelStride }
  static func place(_ pixel: Int, _ block: Int) -> Int { (block * pixels + pixel) * 16 }
}

func checkMultiplyTiles(_ kernels: KernelTable) {
  for isWhole in [true, false] {
    for (accumulate, isGated) in [(false, false), (true, false), (false, true)] {
      var numbers = Numbers(state: isWhole ? 1 : 2, areWhole: isWhole)
      let source = numbers.array(3000)
      let weights = numbers.array(Product.blocks * Product.panel)
      let start = numbers.array(Product.blocks * Product.pixels * 16)
      let gate = numbers.array(start.count)
      var sums = [Double](repeating: 0, count: start.count)
      var magnitudes = sums
      for p in 0..<Product.pixels {
        for block in 0..<Product.blocks {
          for lane in 0..<16 {
            let place = Product.place(p, block) + lane
            var (sum, magnitude) = (0.0, 0.0)
            var t = 0
            for o in 0..<Product.outer {
              for i in 0..<Product.inner {
                for k in 0..<Product.length {
                  let x = source[
                    Product.sourcePlace(p) + o * Product.outerStride + i * Product.innerStride + k]
                  let w = weights[block * Product.panel + o * Product.skip + t * 16 + lane]
                  sum += Double(x) * Double(w)
                  magnitude += abs(Double(x) * Double(w))
                  t += 1
                }
              }
            }
            if accumulate { sum += Double(start[place]) }
            sums[place] = epilogue(sum, 0.25, isGated ? gate[place] : nil, 0.5)
            magnitudes[place] = (magnitude + 1) * roundoff * 50
          }
        }
      }
      var first: [Float]?
      for groups in 0...kernels.tile.groups {
        for blocks in 1...kernels.tile.blocks {
          var result = start
          multiply(
            kernels, groups, blocks, source, weights, &result, gate: isGated ? gate : nil, accumulate: accumulate)
          if let first {
            expectSame("multiply", result, first)
          } else {
            expect("multiply", result, sums, bound: { isWhole ? 0 : magnitudes[$0] })
          }
          first = first ?? result
        }
      }
    }
  }
}

/// The whole region, with tiles of `groups` groups and `blocks` blocks.
private func multiply(
  _ kernels: KernelTable, _ groups: Int, _ blocks: Int, _ source: [Float], _ weights: [Float], _ result: inout [Float],
  gate: [Float]?, accumulate: Bool
) {
  let size = kernels.tile.groupPixels
  let step = max(1, groups * size)
  source.withUnsafeBufferPointer { source in
    weights.withUnsafeBufferPointer { weights in
      result.withUnsafeMutableBufferPointer { result in
        (gate ?? []).withUnsafeBufferPointer { gates in
          var block = 0
          while block < Product.blocks {
            var pixel = 0
            while pixel < Product.pixels {
              // The rest of the region, which a tile may not reach beyond, by single pixels.
              let isWhole = groups > 0 && pixel + step <= Product.pixels
              let place = { (g: Int) in Product.place(pixel + g * size, block) }
              var tile = MultiplyTile(
                source: source.baseAddress! + Product.sourcePlace(pixel),
                weights: weights.baseAddress! + block * Product.panel,
                destination: result.baseAddress! + place(0))
              if isWhole {
                for g in 0..<groups {
                  tile.source[g] = source.baseAddress! + Product.sourcePlace(pixel + g * size)
                  tile.destination[g] = result.baseAddress! + place(g)
                }
              }
              (tile.sourcePixelStride, tile.destinationPixelStride) = (Product.pixelStride, 16)
              tile.destinationBlockStride = Product.pixels * 16
              (tile.outerCount, tile.outerStride) = (Product.outer, Product.outerStride)
              (tile.innerCount, tile.innerStride) = (Product.inner, Product.innerStride)
              tile.length = Product.length
              (tile.weightsBlockStride, tile.weightsOuterSkip) = (Product.panel, Product.skip)
              tile.accumulate = accumulate
              tile.slope = 0.25
              if gate != nil {
                var gatesOfTile = MultiplyTile.Groups<UnsafePointer<Float>>(repeating: gates.baseAddress! + place(0))
                if isWhole { for g in 0..<groups { gatesOfTile[g] = gates.baseAddress! + place(g) } }
                tile.gate = gatesOfTile
                (tile.gatePixelStride, tile.gateBlockStride) = (16, Product.pixels * 16)
                tile.gateSlope = 0.5
              }
              kernels.multiplyTile(&tile, isWhole ? groups : 0, blocks)
              pixel += isWhole ? step : 1
            }
            block += blocks
          }
        }
      }
    }
  }
}

/// 24 source cells x 2 blocks, 2 * 3 * 7 terms.
enum OuterProduct {
  static let rows = 24
  static let blocks = 2
  static let (outer, inner, length) = (2, 3, 7)
}

func checkWeightsTiles(_ kernels: KernelTable) {
  for isWhole in [true, false] {
    for accumulate in [false, true] {
      var numbers = Numbers(state: isWhole ? 3 : 4, areWhole: isWhole)
      let source = numbers.array(2 * 700)
      let gradient = numbers.array(2 * 1000)
      let start = numbers.array(OuterProduct.blocks * OuterProduct.rows * 16)
      var sums = [Double](repeating: 0, count: start.count)
      var magnitudes = sums
      for place in 0..<start.count {
        let (block, m, lane) = (place / 16 / OuterProduct.rows, place / 16 % OuterProduct.rows, place % 16)
        var (sum, magnitude) = (accumulate ? Double(start[place]) : 0, 1.0)
        for o in 0..<OuterProduct.outer {
          for i in 0..<OuterProduct.inner {
            for x in 0..<OuterProduct.length {
              let a = Double(source[o * 700 + i * 220 + x * 32 + m])
              let b = Double(gradient[o * 1000 + i * 112 + x * 16 + block * 400 + lane])
              sum += a * b
              magnitude += abs(a * b)
            }
          }
        }
        sums[place] = sum
        magnitudes[place] = magnitude * roundoff * 44
      }
      var first: [Float]?
      for rows in 1...63 where kernels.tile.weightsRows.smallest(from: rows) == rows {
        for blocks in 1...kernels.tile.weightsBlocks {
          var result = start
          outerProduct(kernels, rows, blocks, source, gradient, &result, accumulate: accumulate)
          if let first {
            expectSame("weights", result, first)
          } else {
            expect("weights", result, sums, bound: { isWhole ? 0 : magnitudes[$0] })
          }
          first = first ?? result
        }
      }
    }
  }
}

private func outerProduct(
  _ kernels: KernelTable, _ rows: Int, _ blocks: Int, _ source: [Float], _ gradient: [Float], _ result: inout [Float],
  accumulate: Bool
) {
  source.withUnsafeBufferPointer { source in
    gradient.withUnsafeBufferPointer { gradient in
      result.withUnsafeMutableBufferPointer { result in
        var block = 0
        while block < OuterProduct.blocks {
          var row = 0
          while row < OuterProduct.rows {
            let count = kernels.tile.weightsRows.largest(upTo: min(rows, OuterProduct.rows - row)) ?? rows
            var tile = WeightsTile(
              source: source.baseAddress! + row, gradient: gradient.baseAddress! + block * 400,
              diffWeights: result.baseAddress! + (block * OuterProduct.rows + row) * 16)
            (tile.sourceStep, tile.sourceInnerStride, tile.sourceOuterStride) = (32, 220, 700)
            (tile.gradientStep, tile.gradientInnerStride, tile.gradientOuterStride) = (16, 112, 1000)
            (tile.gradientBlockStride, tile.diffWeightsBlockStride) = (400, OuterProduct.rows * 16)
            (tile.outerCount, tile.innerCount) = (OuterProduct.outer, OuterProduct.inner)
            tile.length = OuterProduct.length
            tile.accumulate = accumulate
            kernels.weightsTile(&tile, count, blocks)
            row += count
          }
          block += blocks
        }
      }
    }
  }
}
