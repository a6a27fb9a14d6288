// One column of metrics.csv over generator steps, thinned: a million values are drawn as some hundred buckets, each
// with its least value, its median and its greatest.
//
// Values are kept in cells. A cell is one value, until there are `limit` of them: then two neighbours become one, so
// that memory stays bounded however long a run is. A bucket is 2^k cells from a multiple of 2^k on: it stays the same
// while more values come, and is computed once.

import Statistics

/// Values over steps that only come to the end.
package struct MetricSeries: Sendable {
  /// What is said of neighbouring values.
  package struct Summary: Sendable, Equatable {
    package var low: Float
    /// Exact while cells are single values; then of the cells' medians.
    package var median: Float
    package var high: Float

    package init(low: Float, median: Float, high: Float) { (self.low, self.median, self.high) = (low, median, high) }
  }

  /// Some neighbours, as they are drawn.
  package struct Bucket: Sendable, Equatable {
    package var firstStep: UInt32
    package var lastStep: UInt32
    package var summary: Summary
  }

  private let limit: Int
  /// Values of a cell: a power of two.
  package private(set) var stride = 1
  private var firstSteps: [UInt32] = []
  private var cells: [Summary] = []
  private var lastStep: UInt32 = 0
  /// Of the cell that isn't full yet, where cells have more than one value.
  private var pending: [Float] = []
  private var pendingStep: UInt32 = 0
  /// The full buckets of 2^k cells, from the first on, as far as they were asked for.
  private var levels: [Int: [Summary]] = [:]

  /// Buckets of fewer cells than 2 to this are computed when they are asked for.
  private static let firstKeptLevel = 4

  /// - Parameter limit: the most cells; an even number.
  package init(limit: Int = 1 << 18) { self.limit = limit }

  package var isEmpty: Bool { cells.isEmpty && pending.isEmpty }

  /// - Precondition: a later step than the last one.
  package mutating func append(step: UInt32, _ value: Float) {
    lastStep = step
    if stride == 1 {
      cells.append(Summary(low: value, median: value, high: value))
      firstSteps.append(step)
      if cells.count == limit { joinPairs() }
      return
    }
    if pending.isEmpty { pendingStep = step }
    pending.append(value)
    if pending.count < stride { return }
    cells.append(Self.summary(of: pending))
    firstSteps.append(pendingStep)
    pending.removeAll(keepingCapacity: true)
    if cells.count == limit { joinPairs() }
  }

  /// Two neighbours become one, everywhere.
  private mutating func joinPairs() {
    cells = (0..<cells.count / 2).map { Self.joined(cells[2 * $0], cells[2 * $0 + 1]) }
    firstSteps = (0..<cells.count).map { firstSteps[2 * $0] }
    stride *= 2
    levels = [:]
  }

  /// What falls into `steps`, and one bucket to each side of it, as `most` buckets and two at most.
  package mutating func buckets(_ steps: ClosedRange<Int>, most: Int) -> [Bucket] {
    let count = cells.count + (pending.isEmpty ? 0 : 1)
    let start = max(0, firstCell { Int($0) > steps.lowerBound } - 1)
    let end = min(count, firstCell { Int($0) > steps.upperBound } + 1)
    if start >= end { return [] }
    var level = 0
    while (end - start - 1) >> level >= most { level += 1 }
    return (start >> level...(end - 1) >> level).map { bucket($0, level) }
  }

  /// The first cell whose step is such a one; the number of cells where none is.
  private func firstCell(_ isBehind: (UInt32) -> Bool) -> Int {
    var (low, high) = (0, firstSteps.count)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(firstSteps[middle]) { high = middle } else { low = middle + 1 }
    }
    if low < firstSteps.count || pending.isEmpty { return low }
    return isBehind(pendingStep) ? low : low + 1
  }

  private mutating func bucket(_ index: Int, _ level: Int) -> Bucket {
    let (start, end) = (index << level, (index + 1) << level)
    let isFull = end <= cells.count
    let summary =
      isFull && level >= Self.firstKeptLevel ? kept(index, level) : summary(of: start..<min(end, cells.count), !isFull)
    return Bucket(
      firstStep: start < cells.count ? firstSteps[start] : pendingStep,
      lastStep: end < cells.count
        ? firstSteps[end] - 1 : end == cells.count && !pending.isEmpty ? pendingStep - 1 : lastStep,
      summary: summary)
  }

  private mutating func kept(_ index: Int, _ level: Int) -> Summary {
    var done = levels[level] ?? []
    if index < done.count { return done[index] }
    levels[level] = nil
    for next in done.count...index { done.append(summary(of: next << level..<(next + 1) << level, false)) }
    levels[level] = done
    return done[index]
  }

  private func summary(of range: Range<Int>, _ withPending: Bool) -> Summary {
    if range.count == 1 && !(withPending && !pending.isEmpty) { return cells[range.lowerBound] }
    var parts = cells[range]
    if withPending && !pending.isEmpty { parts.append(Self.summary(of: pending)) }
    return Self.summary(of: parts)
  }

  private static func joined(_ a: Summary, _ b: Summary) -> Summary {
    Summary(
      low: .minimum(a.low, b.low),
      median: a.median.isNaN ? b.median : b.median.isNaN ? a.median : (a.median + b.median) / 2,
      high: .maximum(a.high, b.high))
  }

  private static func summary(of parts: some Collection<Summary>) -> Summary {
    Summary(
      low: parts.lazy.map(\.low).filter { !$0.isNaN }.min() ?? .nan,
      median: Statistics.median(parts.lazy.map(\.median).filter { !$0.isNaN }) ?? .nan,
      high: parts.lazy.map(\.high).filter { !$0.isNaN }.max() ?? .nan)
  }

  /// Values that aren't numbers are left out; where none is one, the summary isn't either.
  private static func summary(of values: [Float]) -> Summary {
    if values.count == 1 { return Summary(low: values[0], median: values[0], high: values[0]) }
    return summary(of: values.map { Summary(low: $0, median: $0, high: $0) })
  }
}
