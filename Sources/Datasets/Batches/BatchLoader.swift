// Batches in order, made ahead of the training step on threads of the loader's own.

import Ranks
import SystemSupport

/// Pictures for one step. It can't be copied, so that whoever gives it back to the loader really has let go of it.
package struct Batch: ~Copyable, Sendable {
  package let epoch: Int
  /// Its number in the epoch.
  package let index: Int
  /// The last of its epoch; it may be short.
  package let isLast: Bool
  /// How many pictures it has, those of other ranks included.
  package let count: Int
  /// How many of them are here: this rank's.
  package let own: Int
  /// `[picture][y][x][channel]`, always room for this rank's of a whole batch; behind the first `own` pictures it's 0.
  package let pixels: [UInt8]
}

/// Delivers a data set's batches for ever, epoch after epoch, from any place in any epoch.
///
/// What a batch holds is a pure function of (data set, subset, batch size, crop, mirror, seed, epoch, index): not of
/// the number of threads, nor of where the loader started. A few batches are made ahead and wait; their buffers come
/// back through `recycle`, so that nothing is allocated per batch. One consumer at a time.
package final class BatchLoader: Sendable {
  /// How many batches may be ready or in the making beyond the one that the consumer has.
  package static let depth = 4

  private let state: Monitor<State>
  private let threads: [WorkerThread]
  private let batches: Int

  private struct State {
    /// Where the next batch that nobody makes yet is.
    var position: Position
    /// The numbers of that batch, and of the next one to be delivered, counted from the loader's start.
    var claimed = 0
    var delivered = 0
    /// Made and not delivered.
    var ready: [Int: Made] = [:]
    var free: [[UInt8]] = []
    /// The order of the epochs that are being made.
    var orders: [Int: [UInt32]] = [:]
    var waited: Duration = .zero
    /// Why no batch is made any more.
    var failure: Failure?
    var isStopped = false
  }

  private struct Made {
    var position: Position
    var count: Int
    var own: Int
    var pixels: [UInt8]
  }

  private struct Position {
    var epoch: Int
    var batch: Int
  }

  /// - Parameters:
  ///   - mirror: whether every second picture, by its own draw in each epoch, has left and right exchanged.
  ///   - seed: of the order, of the random crops and of what is mirrored.
  ///   - ranks: those that share the batches; nil: this process has all of each.
  ///   - startEpoch, startBatch: the first batch to deliver. `startBatch` may be the number of batches in the epoch:
  ///     the next epoch's first.
  /// - Precondition: `batchSize` and `threads` are positive, the start isn't negative.
  package init(
    dataset: Dataset, subset: Dataset.Subset = .training, batchSize: Int, crop: CropMode, mirror: Bool = false,
    seed: UInt64, ranks: (any RankGroup)? = nil, startEpoch: Int = 0, startBatch: Int = 0, threads: Int = 1
  ) throws(Failure) {
    precondition(batchSize > 0 && threads > 0 && startEpoch >= 0 && startBatch >= 0)
    let batches = dataset.batchesPerEpoch(batchSize: batchSize, subset: subset)
    guard batches > 0 else {
      throw Failure(.badData, "there are no pictures in the \(subset == .heldOut ? "held-out" : "training") part")
    }
    guard startBatch <= batches else {
      throw Failure(
        .badData, "the run stopped at batch \(startBatch) of an epoch, and an epoch of this data has only \(batches)")
    }
    let atEnd = startBatch == batches
    let state = Monitor(
      State(position: Position(epoch: startEpoch + (atEnd ? 1 : 0), batch: atEnd ? 0 : startBatch)))
    self.state = state
    self.batches = batches
    let maker = BatchMaker(
      dataset: dataset, members: dataset.members(subset), share: RankShare(ranks, batch: batchSize),
      batches: batches, crop: crop, mirror: mirror, seed: seed)
    // The threads hold the state, not the loader: it can end while they wait.
    var started: [WorkerThread] = []
    for _ in 0..<min(threads, Self.depth) {
      if let thread = WorkerThread({ Self.work(maker, state) }) { started.append(thread) }
    }
    self.threads = started
    if started.isEmpty {
      throw Failure(.inputOutput, "the system has no thread left for loading pictures: see ulimit -u")
    }
  }

  /// Stops the threads and waits for them: for one batch's making at most.
  deinit {
    state.withLock { $0.isStopped = true }
    for thread in threads { thread.join() }
  }

  /// The next batch, as soon as it's there.
  /// - Throws: where one of its pictures can't be read any more, and ever after.
  package func next() throws(Failure) -> Batch {
    let clock = ContinuousClock()
    let start = clock.now
    let result: Result<Made, Failure> = state.wait { state in
      guard let made = state.ready.removeValue(forKey: state.delivered) else {
        return state.failure.map { .failure($0) }
      }
      state.delivered += 1
      state.waited += clock.now - start
      return .success(made)
    }
    let made = try result.get()
    return Batch(
      epoch: made.position.epoch, index: made.position.batch, isLast: made.position.batch == batches - 1,
      count: made.count, own: made.own, pixels: made.pixels)
  }

  /// Gives a batch's buffer back. A batch that never comes back costs a new buffer, nothing else; so does an
  /// array of pixels that the consumer has kept.
  package func recycle(_ batch: consuming Batch) {
    var pixels: [UInt8]? = batch.pixels
    // Neither the batch nor this function may hold the buffer too when a thread takes it: it would write to a copy.
    _ = consume batch
    state.withLock { state in
      if state.free.count <= Self.depth, let pixels = pixels.take() { state.free.append(pixels) }
    }
  }

  /// How long `next` has kept its caller waiting, in total.
  package var secondsWaited: Double {
    let waited = state.withLock { $0.waited }
    return Double(waited.components.seconds) + Double(waited.components.attoseconds) * 1e-18
  }

  // MARK: - The threads

  private struct Task {
    var number: Int
    var position: Position
    var order: [UInt32]
    var buffer: [UInt8]?
  }

  private static func work(_ maker: BatchMaker, _ state: Monitor<State>) {
    var scratch: [UInt8] = []
    while var task = state.wait(for: { claim(&$0, maker) }) {
      // Taken out, not shared: a second reference would make fill copy the buffer.
      var pixels = task.buffer.take() ?? maker.newBuffer()
      let position = task.position
      let count: (all: Int, own: Int)
      do throws(Failure) {
        count = try maker.fill(
          &pixels, epoch: position.epoch, batch: position.batch, order: task.order, &scratch)
      } catch {
        return state.withLock { state in
          state.failure = state.failure ?? error
          state.isStopped = true
        }
      }
      // Given away, not shared: this thread may be slow to let go, and the next one that fills it would copy it.
      var given: [UInt8]? = consume pixels
      state.withLock { state in
        if let pixels = given.take() {
          state.ready[task.number] = Made(position: position, count: count.all, own: count.own, pixels: pixels)
        }
      }
    }
  }

  /// The next batch to make; `.some(nil)` when the loader has stopped; `nil` while enough are made.
  private static func claim(_ state: inout State, _ maker: BatchMaker) -> Task?? {
    if state.isStopped { return .some(nil) }
    guard state.claimed < state.delivered + depth else { return nil }
    let position = state.position
    let order: [UInt32]
    if let known = state.orders[position.epoch] {
      order = known
    } else {
      order = Selection.shuffled(maker.members, seed: maker.seed, epoch: position.epoch)
      // Batches are claimed in order: no one asks for an earlier epoch again.
      state.orders = [position.epoch: order]
    }
    let number = state.claimed
    state.claimed += 1
    state.position =
      position.batch + 1 < maker.batches
      ? Position(epoch: position.epoch, batch: position.batch + 1) : Position(epoch: position.epoch + 1, batch: 0)
    return Task(number: number, position: position, order: order, buffer: state.free.popLast())
  }
}

/// What's in a batch.
private struct BatchMaker: Sendable {
  let dataset: Dataset
  let members: [UInt32]
  let share: RankShare
  let batches: Int
  let crop: CropMode
  let mirror: Bool
  let seed: UInt64

  private var pictureBytes: Int { dataset.size * dataset.size * dataset.channels }

  func newBuffer() -> [UInt8] { [UInt8](repeating: 0, count: share.capacity * pictureBytes) }

  /// Fills `pixels` with this rank's share of batch number `batch` of an epoch in that `order`. Returns the number of
  /// pictures of the batch and of the share.
  func fill(
    _ pixels: inout [UInt8], epoch: Int, batch: Int, order: [UInt32], _ scratch: inout [UInt8]
  ) throws(Failure) -> (all: Int, own: Int) {
    let all = order[batch * share.batch..<min((batch + 1) * share.batch, order.count)]
    let own = share.own(of: all.count)
    let chosen = all.dropFirst(own.lowerBound).prefix(own.count)
    let bytes = pictureBytes
    try pixels.withUnsafeMutableBufferPointer { (pixels) throws(Failure) in
      let target = UnsafeMutableRawBufferPointer(pixels)
      for (i, number) in chosen.enumerated() {
        let place = UnsafeMutableRawBufferPointer(rebasing: target[i * bytes..<(i + 1) * bytes])
        try dataset.copyCrop(of: Int(number), crop, mirror: mirror, seed: seed, epoch: epoch, to: place, &scratch)
      }
      let rest = UnsafeMutableRawBufferPointer(rebasing: target[(chosen.count * bytes)...])
      rest.initializeMemory(as: UInt8.self, repeating: 0)
    }
    return (all.count, own.count)
  }
}
