// The transforms of fast convolution against their matrices, as WinogradTransforms.swift has them.

import Kernels

/// F(4, 2) and F(4, 3): Bᵀ, G and Aᵀ, row by row.
struct Matrices {
  let method: WinogradMethod
  let (side, taps): (Int, Int)
  let input: [[Double]]
  let weights: [[Double]]
  let output: [[Double]]

  static let of2 = Matrices(
    method: .f4x4of2x2, side: 5, taps: 2,
    input: [
      [-9.0 / 8, -9.0 / 4, 1.0 / 2, 1, 0], [9.0 / 8, -9.0 / 4, -1.0 / 2, 1, 0], [-3.0 / 8, -1.0 / 4, 3.0 / 2, 1, 0],
      [3.0 / 8, -1.0 / 4, -3.0 / 2, 1, 0], [9.0 / 16, 0, -5.0 / 2, 0, 1],
    ],
    weights: [
      [-1.0 / 2, -1.0 / 4], [1.0 / 2, -1.0 / 4], [1.0 / 6, 1.0 / 4], [-1.0 / 6, 1.0 / 4], [0, 1],
    ],
    output: powers(of: [1.0 / 2, -1.0 / 2, 3.0 / 2, -3.0 / 2]))

  static let of3 = Matrices(
    method: .f4x4of3x3, side: 6, taps: 3,
    input: [
      [81.0 / 64, 0, -45.0 / 16, 0, 1, 0], [0, -27.0 / 16, -9.0 / 4, 3.0 / 4, 1, 0],
      [0, 27.0 / 16, -9.0 / 4, -3.0 / 4, 1, 0], [0, -27.0 / 32, -9.0 / 16, 3.0 / 2, 1, 0],
      [0, 27.0 / 32, -9.0 / 16, -3.0 / 2, 1, 0], [0, 81.0 / 64, 0, -45.0 / 16, 0, 1],
    ],
    weights: [[64.0 / 81, 0, 0]] + scaled(-128.0 / 243, 3.0 / 4) + scaled(32.0 / 243, 3.0 / 2) + [[0, 0, 1]],
    output: powers(of: [0, 3.0 / 4, -3.0 / 4, 3.0 / 2, -3.0 / 2]))

  /// G's rows of a point and its negative.
  private static func scaled(_ factor: Double, _ point: Double) -> [[Double]] {
    [
      [factor, point * factor, point * point * factor], [factor, -point * factor, point * point * factor],
    ]
  }

  /// Aᵀ: row j has the j-th powers of the points; that of infinity is 1 in the last row.
  private static func powers(of points: [Double]) -> [[Double]] {
    var rows: [[Double]] = []
    var row = [Double](repeating: 1, count: points.count)
    for j in 0..<4 {
      rows.append(row + [j == 3 ? 1 : 0])
      for i in 0..<points.count { row[i] *= points[i] }
    }
    return rows
  }

  func matrix(_ kind: WinogradTransform) -> [[Double]] {
    switch kind {
    case .input: input
    case .output: output
    case .gradient: transposed(output)
    case .weights: weights
    case .patch: transposed(input)
    case .diffWeights: transposed(weights)
    }
  }
}

func transposed(_ matrix: [[Double]]) -> [[Double]] {
  var result: [[Double]] = []
  for c in 0..<matrix[0].count {
    var row: [Double] = []
    for r in 0..<matrix.count { row.append(matrix[r][c]) }
    result.append(row)
  }
  return result
}

/// L x Lᵀ of a tile [R][R][16], and the same of magnitudes.
private func product(_ matrix: [[Double]], _ tile: ArraySlice<Float>) -> (values: [Double], magnitudes: [Double]) {
  let (made, taken) = (matrix.count, matrix[0].count)
  var values = [Double](repeating: 0, count: made * made * 16)
  var magnitudes = values
  for q in 0..<made {
    for s in 0..<made {
      for lane in 0..<16 {
        var (sum, magnitude) = (0.0, 0.0)
        for r in 0..<taken {
          for c in 0..<taken {
            let term = matrix[q][r] * matrix[s][c] * Double(tile[tile.startIndex + (r * taken + c) * 16 + lane])
            sum += term
            magnitude += abs(term)
          }
        }
        values[(q * made + s) * 16 + lane] = sum
        magnitudes[(q * made + s) * 16 + lane] = magnitude
      }
    }
  }
  return (values, magnitudes)
}

/// All but patches: three tiles, one after the other.
func checkTransforms(_ kernels: KernelTable) {
  for matrices in [Matrices.of2, .of3] {
    for kind in [WinogradTransform.input, .output, .gradient, .weights, .diffWeights] {
      for accumulate in kind == .diffWeights ? [false, true] : [false] {
        for isGated in kind == .output ? [false, true] : [false] {
          check(kernels, matrices, kind, accumulate: accumulate, isGated: isGated)
        }
      }
    }
  }
}

private func check(
  _ kernels: KernelTable, _ matrices: Matrices, _ kind: WinogradTransform, accumulate: Bool, isGated: Bool
) {
  let count = 3
  let matrix = matrices.matrix(kind)
  let (made, taken) = (matrix.count, matrix[0].count)
  let (sourceStep, step) = (taken * taken * 16, made * made * 16)
  var numbers = Numbers(state: UInt32(7 + made * 10 + taken))
  let source = numbers.array(count * sourceStep)
  let start = numbers.array(count * step)
  let gate = numbers.array(count * step)
  var expected: [Double] = []
  var bounds: [Double] = []
  for t in 0..<count {
    let (values, magnitudes) = product(matrix, source[t * sourceStep..<(t + 1) * sourceStep])
    for i in 0..<step {
      let place = t * step + i
      let x = values[i] + (accumulate ? Double(start[place]) : 0)
      expected.append(kind == .output ? epilogue(x, 0.25, isGated ? gate[place] : nil, 0.5) : x)
      bounds.append((magnitudes[i] + 1) * 16 * roundoff)
    }
  }
  var result = start
  source.withUnsafeBufferPointer { source in
    gate.withUnsafeBufferPointer { gate in
      result.withUnsafeMutableBufferPointer { result in
        var tile = TransformTile(source: source.baseAddress!, destination: result.baseAddress!)
        (tile.sourceRowStride, tile.sourceColumnStride, tile.sourceStep) = (taken * 16, 16, sourceStep)
        (tile.destinationRowStride, tile.destinationColumnStride, tile.destinationStep) = (made * 16, 16, step)
        (tile.count, tile.accumulate) = (count, accumulate)
        tile.slope = 0.25
        if isGated {
          tile.gate = gate.baseAddress
          (tile.gateRowStride, tile.gateColumnStride, tile.gateStep) = (made * 16, 16, step)
          tile.gateSlope = 0.5
        }
        kernels.transformTile(&tile, kind, matrices.method)
      }
    }
  }
  expect("transform", result, expected, bound: { bounds[$0] })
}

/// A row of three neighbouring patches of F(4, 2), 4 pixels apart, walked in every direction; then patches of planes of
/// their own.
func checkPatches(_ kernels: KernelTable) {
  for (rowsAscend, columnsAscend) in [(true, true), (true, false), (false, true), (false, false)] {
    for (before, after) in [(false, false), (true, false), (false, true), (true, true)] {
      for areNeighbours in [true, false] {
        var overlap = PatchOverlap()
        (overlap.rowsAscend, overlap.columnsAscend) = (rowsAscend, columnsAscend)
        (overlap.hasRowBefore, overlap.hasRowAfter, overlap.areNeighbours) = (before, after, areNeighbours)
        check(kernels, overlap)
      }
    }
  }
}

private func check(_ kernels: KernelTable, _ overlap: PatchOverlap) {
  let count = 3
  let matrix = Matrices.of2.matrix(.patch)
  let (rowStride, spacing) = (13 * 16, overlap.areNeighbours ? 4 * 16 : 5 * 13 * 16)
  // Tiles that are walked to the left begin at the right.
  let first = overlap.areNeighbours && !overlap.columnsAscend ? 2 * spacing : 0
  let step = overlap.areNeighbours && !overlap.columnsAscend ? -spacing : spacing
  var numbers = Numbers(state: 77)
  let source = numbers.array(count * 25 * 16)
  let start = numbers.array(3 * 5 * 13 * 16)
  let gate = numbers.array(start.count)
  var expected = start.map(Double.init)
  var bounds = [Double](repeating: 0, count: start.count)
  let (lastRow, lastColumn) = (overlap.rowsAscend ? 4 : 0, overlap.columnsAscend ? 4 : 0)
  for t in 0..<count {
    let (values, magnitudes) = product(matrix, source[t * 400..<(t + 1) * 400])
    for i in 0..<400 {
      let (q, s, lane) = (i / 80, i / 16 % 5, i % 16)
      let isLastColumn = s == lastColumn
      if isLastColumn && !(overlap.areNeighbours && t + 1 < count) { continue }
      if q == lastRow && !overlap.hasRowAfter { continue }
      let place = first + t * step + q * rowStride + s * 16 + lane
      let meetsColumn = overlap.areNeighbours && t > 0 && s == 4 - lastColumn
      var x = values[i]
      if meetsColumn || overlap.hasRowBefore && q == 4 - lastRow { x += expected[place] }
      if !isLastColumn && q != lastRow { x = epilogue(x, 0.25, gate[place], 0.5) }
      expected[place] = x
      bounds[place] += (magnitudes[i] + 1) * 16 * roundoff
    }
  }
  var result = start
  source.withUnsafeBufferPointer { source in
    gate.withUnsafeBufferPointer { gate in
      result.withUnsafeMutableBufferPointer { result in
        var tile = TransformTile(source: source.baseAddress!, destination: result.baseAddress! + first)
        (tile.sourceRowStride, tile.sourceColumnStride, tile.sourceStep) = (80, 16, 400)
        (tile.destinationRowStride, tile.destinationColumnStride, tile.destinationStep) = (rowStride, 16, step)
        tile.count = count
        (tile.slope, tile.gateSlope) = (0.25, 0.5)
        tile.gate = gate.baseAddress! + first
        (tile.gateRowStride, tile.gateColumnStride, tile.gateStep) = (rowStride, 16, step)
        tile.overlap = overlap
        kernels.transformTile(&tile, .patch, .f4x4of2x2)
      }
    }
  }
  expect("patch", result, expected, bound: { bounds[$0] })
}
