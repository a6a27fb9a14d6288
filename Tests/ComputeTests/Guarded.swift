import Compute
import Testing

/// Floats for a driver under test, between two guards of NaN. A driver that reads its guards poisons its result; one
/// that writes them is caught by `expectUntouched`.
struct Guarded {
  private static let guardCount = 256
  private let slab: Slab
  let slice: Slice

  /// All NaN at first: a driver that leaves a Float unwritten is caught by its value.
  init(count: Int) {
    slab = Slab(count: count + 2 * Self.guardCount)
    slab.all.fill(.nan)
    slice = slab.all[Self.guardCount..<Self.guardCount + count]
  }

  init(_ values: [Float]) {
    self.init(count: values.count)
    slice.copy(from: values)
  }

  /// The Floats as they lie in memory.
  var floats: [Float] { slice.array }

  func expectUntouched(_ repro: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation) {
    let before = slab.all[0..<Self.guardCount].array
    let after = slab.all[slab.count - Self.guardCount..<slab.count].array
    if !before.allSatisfy(\.isNaN) {
      Issue.record("\(repro()): wrote before its buffer's start", sourceLocation: sourceLocation)
    }
    if !after.allSatisfy(\.isNaN) {
      Issue.record("\(repro()): wrote beyond its buffer's end", sourceLocation: sourceLocation)
    }
  }
}

/// Activations between guards.
struct GuardedActivations {
  let memory: Guarded
  let activations: Activations
  let batch: Int

  init(_ layout: ActivationLayout, batch: Int) {
    memory = Guarded(count: layout.count(batch: batch))
    activations = Activations(memory.slice, layout)
    self.batch = batch
  }

  init(_ layout: ActivationLayout, batch: Int, values: [Float]) {
    self.init(layout, batch: batch)
    activations.set(values, batch: batch)
  }

  var values: [Float] { activations.array(batch: batch) }

  /// Expects zeros wherever no value lies: in the halo (later taps read it) and in the unused lanes of the last block
  /// (later sums run over them).
  func expectCleanFrame(_ repro: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation) {
    memory.expectUntouched(repro(), sourceLocation: sourceLocation)
    let layout = activations.layout
    let copy = GuardedActivations(layout, batch: batch, values: values)
    let floats = memory.floats
    let clean = copy.memory.floats
    // Interleaved pictures end inside of a cache line; what follows isn't theirs.
    for i in 0..<batch * layout.pictureStride where floats[i] != clean[i] && !clean[i].isNaN {
      let inPicture = i % layout.pictureStride
      let (block, inBlock) = (inPicture / layout.blockStride, inPicture % layout.blockStride)
      let (row, inRow) = (inBlock / layout.rowStride, inBlock % layout.rowStride)
      Issue.record(
        """
        \(repro()): \(floats[i]) where a zero belongs: picture \(i / layout.pictureStride), block \(block), row \
        \(row - layout.halo), column \(inRow / layout.pixelStride - layout.halo), lane \(inRow % layout.pixelStride)
        """, sourceLocation: sourceLocation)
      return
    }
  }
}
