import Images
import Randomness
import Testing

import Datasets

/// Protects: a run can be repeated and resumed because a batch depends on its place alone.
@Suite struct BatchLoaderTests {
  let cache: TemporaryFolder

  init() throws { cache = try TemporaryFolder() }

  func faces(_ count: Int = 23, size: Int = 16, heldOut: Double = 0) throws -> Dataset {
    try Dataset(
      .synthetic(count: count, seed: 5),
      DatasetOptions(size: size, heldOut: heldOut, threads: 2, cacheDirectory: cache.path))
  }

  /// The loader's next `count` batches.
  func take(_ count: Int, _ loader: BatchLoader) -> [Batch] {
    (0..<count).map { _ in
      let batch = loader.next()
      loader.recycle(batch)
      return batch
    }
  }

  @Test func anEpochHasEveryPictureOnce() throws {
    let dataset = try faces()
    let loader = try BatchLoader(dataset: dataset, batchSize: 5, crop: .center, seed: 1)
    #expect(dataset.batchesPerEpoch(batchSize: 5) == 5)
    var all: Set<[UInt8]> = []
    for i in 0..<dataset.count { all.insert(dataset.picture(i).pixels) }
    try #require(all.count == 23)
    var orders: [[[UInt8]]] = []
    for epoch in 0..<3 {
      var seen: [[UInt8]] = []
      for (i, batch) in take(5, loader).enumerated() {
        #expect(batch.epoch == epoch && batch.index == i && batch.isLast == (i == 4))
        #expect(batch.count == (i == 4 ? 3 : 5))
        let bytes = batch.pixels.count / 5
        for k in 0..<batch.count { seen.append(Array(batch.pixels[k * bytes..<(k + 1) * bytes])) }
        #expect(batch.pixels[(batch.count * bytes)...].allSatisfy { $0 == 0 })
      }
      #expect(seen.count == 23 && Set(seen) == all)
      orders.append(seen)
    }
    #expect(orders[0] != orders[1] && orders[1] != orders[2])
  }

  @Test func batchesDontDependOnTheNumberOfThreads() throws {
    let dataset = try faces()
    let one = take(17, try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 9, threads: 1))
    let three = take(17, try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 9, threads: 3))
    for (a, b) in zip(one, three) {
      #expect(a.epoch == b.epoch && a.index == b.index && a.count == b.count && a.pixels == b.pixels)
    }
  }
}
