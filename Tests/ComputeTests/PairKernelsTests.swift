import Compute
import Kernels
import KernelsBF16
import ReferenceKernels
import Testing

/// The kernels of bf16 operands, where this machine has them.
let machinePairKernels: [PairKernels] = Device.supportsBFloat16 ? [bf16Kernels].compactMap(\.self) : []

/// Protects: products of bf16 are what ReferenceBFloat16 says, to the bit, whatever the numbers are.
@Suite struct PairKernelsTests {
  /// Floats of every kind: of all magnitudes, subnormal ones, infinite ones, NaN, and those between two bf16.
  private static func floats(_ count: Int, seed: Int) -> [Float] {
    var data = TestData(seed: seed)
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, .signalingNaN, .leastNonzeroMagnitude, -.leastNormalMagnitude,
      .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, -1,
    ]
    return (0..<count).map { _ in
      let bits = UInt32(data.below(1 << 32))
      switch data.below(8) {
      case 0: return special[data.below(special.count)]
      case 1: return Float(bitPattern: bits & 0x807f_ffff)  // subnormal
      case 2: return Float(bitPattern: bits & 0xffff_0000 | 0x8000)  // half-way
      case 3: return Float(bitPattern: bits & 0x80ff_ffff | 0x3f00_0000)  // about 1
      case 4: return Float(bitPattern: bits & 0x81ff_ffff)  // products vanish
      default: return Float(bitPattern: bits)
      }
    }
  }

  /// NaN has many patterns; which one a sum of two NaN keeps is the processor's.
  private func same(_ a: Float, _ b: Float) -> Bool { a.bitPattern == b.bitPattern || a.isNaN && b.isNaN }

  private func halves(_ cell: Float) -> (low: Float, high: Float) {
    (Float(bitPattern: cell.bitPattern << 16), Float(bitPattern: cell.bitPattern & 0xffff_0000))
  }

  @Test(arguments: machinePairKernels) func neighboursArePaired(_ kernels: PairKernels) {
    for count in [16, 32, 48, 4096] {
      let x = Self.floats(count, seed: count)
      var cells = [Float](repeating: 7, count: count / 2 + 16)
      kernels.pairNeighbours(x, &cells, count)
      for i in 0..<count / 2 {
        let (low, high) = halves(cells[i])
        #expect(same(low, ReferenceBFloat16.rounded(x[2 * i])), "\(x[2 * i]) became \(low)")
        #expect(same(high, ReferenceBFloat16.rounded(x[2 * i + 1])), "\(x[2 * i + 1]) became \(high)")
      }
      #expect(cells[(count / 2)...].allSatisfy { $0 == 7 }, "\(count) neighbours: wrote beyond its cells")
    }
  }

  @Test(arguments: machinePairKernels) func lanesArePaired(_ kernels: PairKernels) {
    let (step, count) = (48, 5)
    let (low, high) = (Self.floats(step * count, seed: 1), Self.floats(step * count, seed: 2))
    var cells = [Float](repeating: 7, count: 16 * count + 16)
    kernels.pairLanes(low, high, step, &cells, count)
    for i in 0..<16 * count {
      let place = i / 16 * step + i % 16
      #expect(same(halves(cells[i]).low, ReferenceBFloat16.rounded(low[place])))
      #expect(same(halves(cells[i]).high, ReferenceBFloat16.rounded(high[place])))
    }
    #expect(cells[(16 * count)...].allSatisfy { $0 == 7 }, "wrote beyond its cells")
  }

  /// One pixel, one block, a hundred pairs of whatever there is: each lane's sum at each of its steps.
  @Test(arguments: machinePairKernels) func sumsAreTheDefinitions(_ kernels: PairKernels) {
    for seed in 0..<40 {
      let pairs = 4
      let source = Self.floats(2 * pairs, seed: 100 + seed).map(ReferenceBFloat16.rounded)
      let low = Self.floats(16 * pairs, seed: 200 + seed)
      let high = Self.floats(16 * pairs, seed: 300 + seed)
      let start = Self.floats(16, seed: 400 + seed)
      let cells = (0..<pairs).map { j in
        Float(bitPattern: source[2 * j].bitPattern >> 16 | source[2 * j + 1].bitPattern & 0xffff_0000)
      }
      var weights = [Float](repeating: 0, count: 16 * pairs)
      kernels.pairLanes(low, high, 16, &weights, pairs)
      var sums = start
      cells.withUnsafeBufferPointer { cells in
        weights.withUnsafeBufferPointer { weights in
          sums.withUnsafeMutableBufferPointer { sums in
            var tile = MultiplyTile(
              source: cells.baseAddress!, weights: weights.baseAddress!, destination: sums.baseAddress!)
            tile.length = pairs
            tile.accumulate = true
            kernels.multiplyTile(&tile, 0, 1)
          }
        }
      }
      for lane in 0..<16 {
        var sum = start[lane]
        for j in 0..<pairs {
          sum = ReferenceBFloat16.adding(
            sum, low: (source[2 * j], ReferenceBFloat16.rounded(low[16 * j + lane])),
            high: (source[2 * j + 1], ReferenceBFloat16.rounded(high[16 * j + lane])))
        }
        #expect(same(sums[lane], sum), "seed \(seed), lane \(lane): \(sums[lane]), not \(sum)")
      }
    }
  }
}

extension PairKernels: CustomTestStringConvertible {
  public var testDescription: String { "bf16" }
}
