// How long buffers are needed: from what is run, and from nothing else. A buffer is alive from a call that writes it to
// the last call that reads what was written. So the activations of a forward pass that no backward pass follows are
// gone a step later, and those of one net have no place beside the other's where both nets' passes never need them.

/// The times at which each of some buffers is alive. Times are the calls of all sequences, counted from 0.
package struct Lifetimes {
  package private(set) var times: [[ClosedRange<Int>]]
  private var end = 0

  package init(buffers: Int) { times = Array(repeating: [], count: buffers) }

  /// Calls that run one after the other, again and again. Nothing that they read is older than their first call.
  ///
  /// - Parameter results: buffers that stay alive to the end from when they are first written: somebody reads them in
  ///   between or afterwards.
  package mutating func add(_ sequence: [BufferUse], results: Set<Int>) {
    var alive = [Set<Int>](repeating: [], count: sequence.count)
    var needed: Set<Int> = []
    for (i, use) in sequence.enumerated().reversed() {
      alive[i] = needed.union(use.reads).union(use.writes)
      needed.subtract(use.writes)
      needed.formUnion(use.reads)
    }
    precondition(needed.isEmpty, "a sequence of passes reads what none of them has written")
    var written: Set<Int> = []
    for (i, use) in sequence.enumerated() {
      written.formUnion(results.intersection(use.writes))
      for buffer in alive[i].union(written) { extend(buffer, to: end + i) }
    }
    end += sequence.count
  }

  /// Alive whatever runs.
  mutating func keep(_ buffer: Int) { times[buffer] = end > 0 ? [0...end - 1] : [] }

  private mutating func extend(_ buffer: Int, to time: Int) {
    if let last = times[buffer].last, last.upperBound == time - 1 {
      times[buffer][times[buffer].count - 1] = last.lowerBound...time
    } else {
      times[buffer].append(time...time)
    }
  }
}
