// The generic kernels for AVX2 and FMA: SIMD8. This module is compiled for x86-64-v3; only Compute's dispatch may call
// it. Every function here is an entry of the table; see KernelTable for what each does.
//
// Register tile: 6 pixels x 2 vectors (one block of 16 channels): 12 accumulators of 16 registers.

import Kernels

private typealias Vector = SIMD8<Float>

@Sendable private func multiply(_ tile: UnsafePointer<MultiplyTile>, _ groups: Int, _ blocks: Int) {
  switch (groups, blocks) {
  case (3, 1): multiply6x1(tile)
  case (2, 1): multiply4x1(tile)
  case (1, 1): multiply2x1(tile)
  default: multiply1x1(tile)
  }
}

@inline(never) private func multiply6x1(_ tile: UnsafePointer<MultiplyTile>) {
  let zero = InlineArray<6, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  multiplyTile(tile, lane: 0, groupPixels: 2, fused: true, accumulators: zero)
}

@inline(never) private func multiply4x1(_ tile: UnsafePointer<MultiplyTile>) {
  let zero = InlineArray<4, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  multiplyTile(tile, lane: 0, groupPixels: 2, fused: true, accumulators: zero)
}

@inline(never) private func multiply2x1(_ tile: UnsafePointer<MultiplyTile>) {
  let zero = InlineArray<2, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  multiplyTile(tile, lane: 0, groupPixels: 2, fused: true, accumulators: zero)
}

@inline(never) private func multiply1x1(_ tile: UnsafePointer<MultiplyTile>) {
  let zero = InlineArray<1, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  multiplyTile(tile, lane: 0, groupPixels: 2, fused: true, accumulators: zero)
}

@Sendable private func weights(_ tile: UnsafePointer<WeightsTile>, _ rows: Int, _ blocks: Int) {
  switch (rows, blocks) {
  case (6, 1): weights6x1(tile)
  default: weights4x1(tile)
  }
}

@inline(never) private func weights6x1(_ tile: UnsafePointer<WeightsTile>) {
  let zero = InlineArray<6, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  weightsTile(tile, lane: 0, fused: true, accumulators: zero)
}

@inline(never) private func weights4x1(_ tile: UnsafePointer<WeightsTile>) {
  let zero = InlineArray<4, InlineArray<2, Vector>>(repeating: .init(repeating: Vector()))
  weightsTile(tile, lane: 0, fused: true, accumulators: zero)
}

@Sendable private func transform(_ tile: UnsafePointer<TransformTile>, _ kind: WinogradTransform, _ taps: Int) {
  switch (kind, taps) {
  case (.input, 2): transformInput2(tile)
  case (.input, _): transformInput3(tile)
  case (.output, 2): transformOutput2(tile)
  case (.output, _): transformOutput3(tile)
  case (.gradient, 2): transformGradient2(tile)
  case (.gradient, _): transformGradient3(tile)
  case (.patch, _): transformPatch2(tile)
  case (.weights, 2): transformWeights2(tile)
  case (.weights, _): transformWeights3(tile)
  case (.diffWeights, 2): transformDiffWeights2(tile)
  case (.diffWeights, _): transformDiffWeights3(tile)
  }
}

@inline(never) private func transformInput2(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<5, Vector>) in inputOf2(x, fused: true) }
}

@inline(never) private func transformInput3(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<6, Vector>) in inputOf3(x, fused: true) }
}

@inline(never) private func transformOutput2(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .epilogue, zero: Vector()) { (x: InlineArray<5, Vector>) in outputOf2(x, fused: true) }
}

@inline(never) private func transformOutput3(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .epilogue, zero: Vector()) { (x: InlineArray<6, Vector>) in outputOf3(x, fused: true) }
}

@inline(never) private func transformGradient2(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<4, Vector>) in gradientOf2(x, fused: true) }
}

@inline(never) private func transformGradient3(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<4, Vector>) in gradientOf3(x, fused: true) }
}

@inline(never) private func transformPatch2(_ tile: UnsafePointer<TransformTile>) {
  overlapTile(tile, zero: Vector()) { (x: InlineArray<5, Vector>) in patchOf2(x, fused: true) }
}

@inline(never) private func transformWeights2(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<2, Vector>) in weightsOf2(x, fused: true) }
}

@inline(never) private func transformWeights3(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .plain, zero: Vector()) { (x: InlineArray<3, Vector>) in weightsOf3(x, fused: true) }
}

@inline(never) private func transformDiffWeights2(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .sum, zero: Vector()) { (x: InlineArray<5, Vector>) in diffWeightsOf2(x, fused: true) }
}

@inline(never) private func transformDiffWeights3(_ tile: UnsafePointer<TransformTile>) {
  transformTile(tile, ending: .sum, zero: Vector()) { (x: InlineArray<6, Vector>) in diffWeightsOf3(x, fused: true) }
}

@Sendable private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  dotProduct(a, b, count: count, fused: true, zero: Vector())
}

@inline(never) @Sendable private func peakMultiplyAdd(_ registers: UnsafeMutablePointer<Float>, _ rounds: Int) {
  let zero = InlineArray<12, Vector>(repeating: Vector())
  multiplyAddProbe(registers, rounds: rounds, fused: true, accumulators: zero)
}

@inline(never) @Sendable private func peakRead(_ source: UnsafePointer<Float>, _ count: Int) -> Float {
  readProbe(source, count: count, zero: Vector())
}

@inline(never) @Sendable private func peakCopy(
  _ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int
) {
  copyProbe(source, destination, count: count, zero: Vector())
}

/// The kernels of this instruction set.
public let avx2Kernels = KernelTable(
  instructionSet: .avx2, tile: RegisterTile(groupPixels: 2, groups: 3, blocks: 1, rows: 6),
  multiply: multiply, weights: weights, transform: transform, dot: dot,
  scaledSum: {
    Kernels.scaledSum($0, $1, factor: $2, count: $3, accumulate: $4, fused: true, zero: Vector())
  },
  scaledGate: {
    Kernels.scaledGate($0, $1, gate: $2, factor: $3, slope: $4, count: $5, zero: Vector())
  },
  moments: { planeMoments($0, rows: $1, pixels: $2, moments: $3, zero: Vector()) },
  normalise: { planeNormalise($0, $1, rows: $2, pixels: $3, channel: $4, slope: $5, zero: Vector()) },
  normSums: {
    planeNormSums($0, $1, gate: $2, rows: $3, pixels: $4, channel: $5, slope: $6, sums: $7, zero: Vector())
  },
  normBackward: {
    planeNormBackward(
      $0, $1, gate: $2, $3, rows: $4, pixels: $5, channel: $6, slope: $7, inputSlope: $8, zero: Vector())
  },
  tanh: { tanhRow($0, $1, count: $2, zero: Vector()) },
  tanhBackward: { tanhBackwardRow($0, $1, $2, count: $3, zero: Vector()) },
  overlap: { overlapRow($0, $1, pixels: $2, channels: $3, row: $4) },
  rmsprop: { rmspropRow($0, $1, $2, count: $3, rate: $4, smoothing: $5, epsilon: $6, zero: Vector()) },
  adam: {
    adamRow(
      $0, $1, $2, $3, count: $4, stepSize: $5, beta1: $6, beta2: $7, sqrtCorrection2: $8, epsilon: $9, zero: Vector())
  },
  clamp: { clampRow($0, count: $1, low: $2, high: $3, zero: Vector()) },
  peak: PeakKernels(
    accumulators: 12, lanes: 8, multiplyAdd: peakMultiplyAdd, read: peakRead, copy: peakCopy)
)
