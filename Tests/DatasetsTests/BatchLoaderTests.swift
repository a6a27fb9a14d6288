import SystemSupport
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

  struct Taken: Equatable {
    var epoch: Int
    var index: Int
    var isLast: Bool
    var count: Int
    var pixels: [UInt8]
  }

  /// The loader's next `count` batches, of a file that nobody touches.
  func take(_ count: Int, _ loader: BatchLoader) -> [Taken] {
    (0..<count).map { _ in
      let batch = try! loader.next()
      let taken = Taken(
        epoch: batch.epoch, index: batch.index, isLast: batch.isLast, count: batch.count, pixels: batch.pixels)
      loader.recycle(batch)
      return taken
    }
  }

  @Test func anEpochHasEveryPictureOnce() throws {
    let dataset = try faces()
    let loader = try BatchLoader(dataset: dataset, batchSize: 5, crop: .center, seed: 1)
    #expect(dataset.batchesPerEpoch(batchSize: 5) == 5)
    var all: Set<[UInt8]> = []
    for i in 0..<dataset.count { all.insert(try dataset.picture(i).pixels) }
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
    #expect(one == three)
  }

  @Test(arguments: [(0, 0), (0, 3), (0, 6), (1, 0), (2, 5)]) func aLoaderStartsAnywhere(start: (Int, Int)) throws {
    let dataset = try faces()
    let whole = take(30, try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 9))
    let rest = take(
      8,
      try BatchLoader(
        dataset: dataset, batchSize: 4, crop: .random, seed: 9, startEpoch: start.0, startBatch: start.1, threads: 2))
    #expect(Array(whole[(start.0 * 6 + start.1)...].prefix(8)) == rest)
  }

  @Test func aPlaceThatIsntThereIsRefused() throws {
    let dataset = try faces()
    #expect(throws: Failure.self) {
      try BatchLoader(dataset: dataset, batchSize: 4, crop: .center, seed: 1, startBatch: 7)
    }
    #expect(throws: Failure.self) {
      try BatchLoader(dataset: dataset, subset: .heldOut, batchSize: 4, crop: .center, seed: 1)
    }
  }

  @Test func seedsMatter() throws {
    let dataset = try faces()
    func first(_ seed: UInt64) throws -> [UInt8] {
      try BatchLoader(dataset: dataset, batchSize: 23, crop: .center, seed: seed).next().pixels
    }
    #expect(try first(1) == first(1))
    #expect(try first(1) != first(2))
  }

  /// Every second square, by its own draw in each epoch, is its mirror image; crops and orders are those of a loader
  /// that doesn't mirror, on any number of threads and from any start.
  @Test(arguments: [1, 3]) func halfOfThePicturesAreMirrored(channels: Int) throws {
    let folder = try TemporaryFolder()
    for i in 0..<40 { try folder.writePicture("\(i).png", shade: 6 * i, width: 16 + i % 5, height: 16) }
    let dataset = try Dataset(
      .folder(folder.path), DatasetOptions(size: 16, channels: channels, cacheDirectory: cache.path))
    func loader(mirror: Bool, batch: Int = 0, threads: Int = 1) throws -> BatchLoader {
      try BatchLoader(
        dataset: dataset, batchSize: 8, crop: .random, mirror: mirror, seed: 2, startEpoch: batch / 5,
        startBatch: batch % 5, threads: threads)
    }
    func mirrored(_ pixels: [UInt8]) -> [UInt8] {
      let rows = stride(from: 0, to: pixels.count, by: 16 * channels).map { pixels[$0..<$0 + 16 * channels] }
      return rows.flatMap { row in
        (0..<16).reversed().flatMap { row[(row.startIndex + $0 * channels)..<(row.startIndex + ($0 + 1) * channels)] }
      }
    }
    let (plain, both) = try (take(50, loader(mirror: false)), take(50, loader(mirror: true, threads: 3)))
    let bytes = 16 * 16 * channels
    var epochs: [[Bool]] = []
    for (i, (a, b)) in zip(plain, both).enumerated() {
      if i % 5 == 0 { epochs.append([]) }
      for k in 0..<8 {
        let (one, other) = (Array(a.pixels[k * bytes..<(k + 1) * bytes]), Array(b.pixels[k * bytes..<(k + 1) * bytes]))
        try #require(one != mirrored(one))
        epochs[i / 5].append(one != other)
        try #require(other == one || other == mirrored(one))
      }
    }
    let count = epochs.joined().count { $0 }
    // 400 draws: 200, and 10 is a standard deviation.
    #expect(count > 160 && count < 240, "\(count) of 400 are mirrored")
    #expect(epochs.allSatisfy { $0.contains(true) && $0.contains(false) } && epochs[0] != epochs[1])
    #expect(try Array(both[17...]) == take(33, loader(mirror: true, batch: 17, threads: 2)))
  }

  /// A data set of pictures that are wider than high, and their batches of one.
  @Test func cropsAreWindowsOfThePicture() throws {
    let folder = try TemporaryFolder()
    for i in 0..<3 { try folder.writePicture("\(i).png", shade: 50 * i, width: 27, height: 16) }
    let dataset = try Dataset(.folder(folder.path), DatasetOptions(size: 16, cacheDirectory: cache.path))
    func all(_ picture: Picture) -> [[UInt8]] {
      (0...picture.width - 16).map { picture.cropped(x: $0, y: 0, width: 16, height: 16).pixels }
    }
    let windows = try (0..<3).map { all(try dataset.picture($0)) }
    let center = try BatchLoader(dataset: dataset, batchSize: 1, crop: .center, seed: 1)
    let centered = Set(try (0..<3).map { try dataset.picture($0).centreCropped(size: 16).pixels })
    #expect(Set(try (0..<3).map { _ in try center.next().pixels }) == centered)
    #expect(Set(try dataset.samples(9, seed: 4).map(\.pixels)) == centered)

    let random = try BatchLoader(dataset: dataset, batchSize: 1, crop: .random, seed: 1)
    var seen: Set<[UInt8]> = []
    for _ in 0..<300 {
      let pixels = try random.next().pixels
      #expect(windows[Int(pixels[0]) / 50].contains(pixels))
      seen.insert(pixels)
    }
    // 12 places for each of 3 pictures: all come up in 100 epochs, nearly surely.
    #expect(seen.count == 36)
  }

  /// Stopping must neither hang nor leak, whatever the threads are at: making, waiting for room, or starting.
  @Test(arguments: 1...3) func aLoaderCanGoAtAnyTime(threads: Int) throws {
    let dataset = try faces()
    for taken in 0..<40 {
      let loader = try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 1, threads: threads)
      for _ in 0..<taken % 8 { _ = try loader.next() }
    }
  }

  @Test func buffersComeBack() throws {
    let dataset = try faces()
    let loader = try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 1, threads: 2)
    var addresses: Set<UnsafeRawPointer> = []
    for _ in 0..<200 {
      let batch = try loader.next()
      batch.pixels.withUnsafeBytes { _ = addresses.insert($0.baseAddress!) }
      loader.recycle(batch)
    }
    #expect(addresses.count <= BatchLoader.depth + 2)
    #expect(loader.secondsWaited >= 0)
  }

  /// What the consumer keeps isn't overwritten, even when it has given it back.
  @Test func keptBatchesStay() throws {
    let dataset = try faces()
    let loader = try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 1)
    let kept = take(20, loader)
    let again = take(20, try BatchLoader(dataset: dataset, batchSize: 4, crop: .random, seed: 1))
    #expect(kept == again)
  }
}
