import Compute
import Kernels
import ReferenceKernels
import Testing

/// Protects: what drivers assume of register tiles is what the page says of itself. Two pages with other facts than any
/// instruction set's run all drivers; their kernels are the same generic code. They fuse as little as the portable set,
/// so that results have its bits.
@Suite struct TileFactsTests {
  /// Six pixels as three pairs, two blocks; backwardWeights in tiles of 6 or 2 rows and of three blocks.
  enum PairsPage: KernelPage {
    typealias Vector = SIMD4<Float>
    typealias Terms = UnsafePointer<Float>
    static var instructionSet: InstructionSet { .portable }
    static var fused: Bool { false }
    static var tile: RegisterTile {
      RegisterTile(groupPixels: 2, groups: 3, blocks: 2, weightsRows: RowCounts(6, 2), weightsBlocks: 3)
    }
    static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
      switch (groups, blocks) {
      case (3, 2): MultiplyKernel<Self, 6, 8>.run(tile)
      case (3, 1): MultiplyKernel<Self, 6, 4>.run(tile)
      case (2, 2): MultiplyKernel<Self, 4, 8>.run(tile)
      case (2, 1): MultiplyKernel<Self, 4, 4>.run(tile)
      case (1, 2): MultiplyKernel<Self, 2, 8>.run(tile)
      case (1, 1): MultiplyKernel<Self, 2, 4>.run(tile)
      case (0, 2): MultiplyKernel<Self, 1, 8>.run(tile)
      case (0, 1): MultiplyKernel<Self, 1, 4>.run(tile)
      default: hasNoTile(groups: groups, blocks: blocks)
      }
    }
    static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
      switch (rows, blocks) {
      case (6, 3): WeightsKernel<Self, 6, 12>.run(tile)
      case (6, 2): WeightsKernel<Self, 6, 8>.run(tile)
      case (6, 1): WeightsKernel<Self, 6, 4>.run(tile)
      case (2, 3): WeightsKernel<Self, 2, 12>.run(tile)
      case (2, 2): WeightsKernel<Self, 2, 8>.run(tile)
      case (2, 1): WeightsKernel<Self, 2, 4>.run(tile)
      default: hasNoTile(rows: rows, blocks: blocks)
      }
    }
    static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 4>.self) }
  }

  /// One group of five pixels, which divides no row of a plane, and quarters of blocks.
  enum FivesPage: KernelPage {
    typealias Vector = SIMD4<Float>
    typealias Terms = UnsafePointer<Float>
    static var instructionSet: InstructionSet { .portable }
    static var fused: Bool { false }
    static var tile: RegisterTile {
      RegisterTile(groupPixels: 5, groups: 1, blocks: 1, weightsRows: RowCounts(1), weightsBlocks: 1)
    }
    static func multiply(_ tile: UnsafePointer<MultiplyTile>, groups: Int, blocks: Int) {
      switch (groups, blocks) {
      case (1, 1): MultiplyKernel<Self, 5, 1>.run(tile)
      case (0, 1): MultiplyKernel<Self, 1, 1>.run(tile)
      default: hasNoTile(groups: groups, blocks: blocks)
      }
    }
    static func weights(_ tile: UnsafePointer<WeightsTile>, rows: Int, blocks: Int) {
      switch (rows, blocks) {
      case (1, 1): WeightsKernel<Self, 1, 1>.run(tile)
      default: hasNoTile(rows: rows, blocks: blocks)
      }
    }
    static var peak: PeakKernels { PeakKernels(MultiplyAddProbe<Self, 4>.self) }
  }

  static let otherPages = [KernelTable(PairsPage.self), KernelTable(FivesPage.self)]

  @Test(arguments: ConvolutionTests.netShapes + ConvolutionTests.oddShapes + ConvolutionTests.fastShapes, Pass.allCases)
  func otherTilesGiveTheSameBits(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: 500 + shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.uniform(shapeA.reduce(1, *))
    let b = data.uniform(shapeB.reduce(1, *))
    let expected = shape.run(pass, a, b, on: Device(instructionSet: .portable, threads: 1))
    for page in Self.otherPages {
      for (threads, cacheBytes) in [(1, 1 << 20), (3, 50_000)] {
        let device = Device(
          kernels: page, threads: threads, firstCacheBytes: cacheBytes / 32, cacheBytes: cacheBytes)
        expectSameBits(
          expected, shape.run(pass, a, b, on: device),
          "\(shape.repro(pass, device)) groups of \(page.tile.groupPixels), cache \(cacheBytes)")
      }
    }
  }

  /// The bits above are the right ones: exact on integers.
  @Test(arguments: ConvolutionTests.oddShapes + ConvolutionTests.oddShapes.compactMap(\.fast), Pass.allCases)
  func otherTilesAreExactOnIntegers(_ shape: ConvolutionCase, pass: Pass) {
    var data = TestData(seed: shape.batch)
    let (shapeA, shapeB) = shape.operandShapes(pass)
    let a = data.integers(shapeA.reduce(1, *))
    let b = data.integers(shapeB.reduce(1, *))
    let expected = shape.reference(pass, .init(shapeA, a), .init(shapeB, b))
    for page in Self.otherPages {
      let device = Device(kernels: page, threads: 2)
      expectEqual(
        shape.run(pass, a, b, on: device), expected, bound: { _ in shape.allowed },
        "\(shape.repro(pass, device)) groups of \(page.tile.groupPixels)")
    }
  }

  // MARK: - What a page says

  /// Every tile that a page's facts promise is there. (One that isn't ends the process.) Of no terms, so it stores
  /// zeros over what was there, in its own place.
  @Test(arguments: machineKernels + otherPages) func promisedTilesExist(_ kernels: KernelTable) {
    let facts = kernels.tile
    #expect(facts.groups >= 1 && facts.groups <= MultiplyTile.Groups<Int>.count)
    for blocks in 1...facts.blocks {
      for groups in 0...facts.groups {
        let pixels = max(1, groups * facts.groupPixels)
        var memory = [Float](repeating: .nan, count: pixels * blocks * 16)
        memory.withUnsafeMutableBufferPointer { buffer in
          guard let start = buffer.baseAddress else { return }
          var tile = MultiplyTile(source: start, weights: start, destination: start)
          tile.destination = .init { start + min($0, max(0, groups - 1)) * facts.groupPixels * 16 }
          tile.destinationPixelStride = 16
          tile.destinationBlockStride = pixels * 16
          tile.outerCount = 0
          kernels.multiplyTile(&tile, groups, blocks)
        }
        #expect(memory.allSatisfy { $0 == 0 }, "\(kernels): \(groups) groups x \(blocks) blocks")
      }
    }
    for blocks in 1...facts.weightsBlocks {
      for rows in 1..<64 where facts.weightsRows.smallest(from: rows) == rows {
        var memory = [Float](repeating: .nan, count: rows * blocks * 16)
        memory.withUnsafeMutableBufferPointer { buffer in
          guard let start = buffer.baseAddress else { return }
          var tile = WeightsTile(source: start, gradient: start, diffWeights: start)
          tile.diffWeightsBlockStride = rows * 16
          tile.outerCount = 0
          kernels.weightsTile(&tile, rows, blocks)
        }
        #expect(memory.allSatisfy { $0 == 0 }, "\(kernels): \(rows) rows x \(blocks) blocks")
      }
    }
  }

  // MARK: - What a page hasn't

  /// The kernels are unchecked code: another tile in the place of one that isn't there would write where nothing is.
  @Test func aMissingTileEndsTheProcess() async {
    let multiply = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let float = UnsafeMutablePointer<Float>.allocate(capacity: 1)
      var tile = MultiplyTile(source: float, weights: float, destination: float)
      portableKernel.multiplyTile(&tile, 3, 1)
    }
    expectMessage(multiply, "the portable page has no multiply tile of 3 groups x 1 blocks")
    let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let float = UnsafeMutablePointer<Float>.allocate(capacity: 1)
      var tile = WeightsTile(source: float, gradient: float, diffWeights: float)
      portableKernel.weightsTile(&tile, 12, 1)
    }
    expectMessage(weights, "the portable page has no weights tile of 12 rows x 1 blocks")
    let transform = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let float = UnsafeMutablePointer<Float>.allocate(capacity: 1)
      var tile = TransformTile(source: float, destination: float)
      portableKernel.transformTile(&tile, .patch, .f4x4of3x3)
    }
    expectMessage(transform, "the portable page has no patch transform of F(4x4, 3x3)")
  }

  private func expectMessage(_ result: ExitTest.Result?, _ message: String) {
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains(message), "\(text)")
  }
}

private var portableKernel: KernelTable { machineKernels[0] }
