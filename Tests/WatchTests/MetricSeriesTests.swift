import Randomness
import Statistics
import Testing

import Watch

/// Protects: what a curve shows of a million values is what is in them.
@Suite struct MetricSeriesTests {
  /// Values as runs have them: noise, peaks, some that aren't numbers; steps with gaps.
  private static func run(_ count: Int, seed: UInt64) -> [(step: UInt32, value: Float)] {
    var random = RandomStream(seed: seed, purpose: .test)
    var step: UInt32 = 0
    return (0..<count).map { _ in
      let word = random.nextWord()
      step += word % 7 == 0 ? 1 + word % 5 : 1
      let value: Float = word % 97 == 0 ? .nan : word % 89 == 0 ? .infinity : Float(word >> 8) / 65536 - 128
      return (step, value)
    }
  }

  /// The definition: the values between the bucket's steps, all of them.
  private static func oracle(
    _ bucket: MetricSeries.Bucket, _ values: [(step: UInt32, value: Float)]
  ) -> MetricSeries.Summary {
    let inside = values.filter { bucket.firstStep...bucket.lastStep ~= $0.step }.map(\.value).filter { !$0.isNaN }
    return MetricSeries.Summary(
      low: inside.min() ?? .nan, median: median(inside) ?? .nan, high: inside.max() ?? .nan)
  }

  private static func same(_ a: Float, _ b: Float) -> Bool { a == b || a.isNaN && b.isNaN }

  @Test(arguments: [1, 2, 7, 100, 1000, 4099]) func bucketsAreWhatIsInThem(count: Int) {
    let values = Self.run(count, seed: UInt64(count))
    var series = MetricSeries()
    for value in values { series.append(step: value.step, value.value) }
    for most in [2, 3, 10, 333, 5000] {
      for steps in [0...1 << 48, 5...50, 1000...2000, 1 << 40...1 << 41] {
        let buckets = series.buckets(steps, most: most)
        #expect(buckets.count <= most + 2)
        for bucket in buckets {
          let expected = Self.oracle(bucket, values)
          #expect(Self.same(bucket.summary.low, expected.low))
          #expect(Self.same(bucket.summary.high, expected.high))
          #expect(Self.same(bucket.summary.median, expected.median))
        }
        for (a, b) in zip(buckets, buckets.dropFirst()) { #expect(a.lastStep + 1 == b.firstStep) }
        // Nothing that was asked for is left out.
        for value in values where steps.contains(Int(value.step)) {
          #expect(buckets.contains { $0.firstStep...$0.lastStep ~= value.step })
        }
      }
    }
  }

  /// Asked again and again while it grows, or once at the end.
  @Test func whatWasKeptIsWhatIsTrue() {
    let values = Self.run(3000, seed: 5)
    var (asked, fresh) = (MetricSeries(limit: 256), MetricSeries(limit: 256))
    for (i, value) in values.enumerated() {
      asked.append(step: value.step, value.value)
      fresh.append(step: value.step, value.value)
      if i % 17 == 0 { for most in [2, 5, 40] { _ = asked.buckets(0...1 << 30, most: most) } }
    }
    for most in [2, 5, 40, 300] {
      let (a, b) = (asked.buckets(0...1 << 30, most: most), fresh.buckets(0...1 << 30, most: most))
      #expect(a.map(\.firstStep) == b.map(\.firstStep) && a.map(\.lastStep) == b.map(\.lastStep))
      #expect(zip(a, b).allSatisfy { Self.same($0.summary.median, $1.summary.median) })
      #expect(zip(a, b).allSatisfy { Self.same($0.summary.low, $1.summary.low) })
    }
  }

  /// However many values come: the cells are limited, and no peak is lost.
  @Test func memoryIsBounded() {
    let values = Self.run(5000, seed: 9)
    var series = MetricSeries(limit: 64)
    for (i, value) in values.enumerated() {
      series.append(step: value.step, value.value)
      guard i % 501 == 0 || i == values.count - 1 else { continue }
      let buckets = series.buckets(0...1 << 30, most: 1000)
      #expect(buckets.count <= 65)
      for bucket in buckets {
        let expected = Self.oracle(bucket, Array(values[...i]))
        #expect(Self.same(bucket.summary.low, expected.low) && Self.same(bucket.summary.high, expected.high))
        if !expected.median.isNaN {
          #expect((expected.low...expected.high).contains(bucket.summary.median))
        }
      }
      #expect(buckets.first?.firstStep == values[0].step && buckets.last?.lastStep == value.step)
    }
    #expect(series.stride == 128)
  }

  @Test func ofNothingThereIsNothing() {
    var series = MetricSeries()
    #expect(series.isEmpty && series.buckets(0...10, most: 2).isEmpty)
  }
}
