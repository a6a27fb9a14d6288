import Compute
import Kernels
import Randomness
import ReferenceKernels
import Testing

/// Seeded test data. Integers are small enough that every sum of products in these tests is exact in Float (below
/// 2^24), whatever the order of its terms: an engine that forgets, doubles or moves one term can't hide in rounding.
struct TestData {
  private var stream: RandomStream

  init(seed: Int) { stream = RandomStream(seed: UInt64(seed), purpose: .test) }

  mutating func below(_ bound: Int) -> Int { stream.below(bound) }

  /// -reach ... reach.
  mutating func integers(_ count: Int, reach: Int = 2) -> [Float] {
    (0..<count).map { _ in Float(stream.below(2 * reach + 1) - reach) }
  }

  /// Uniform in [low, high).
  mutating func uniform(_ count: Int, _ low: Float = -1, _ high: Float = 1) -> [Float] {
    (0..<count).map { _ in low + (high - low) * stream.uniform() }
  }
}

extension ReferenceTensor {
  init(_ shape: [Int], _ values: [Float]) { self.init(shape: shape, values: values.map(Double.init)) }

  /// The values rounded to Float: exact where they're small integers.
  var floats: [Float] { values.map(Float.init) }

  var magnitudes: ReferenceTensor { map { Swift.abs($0) } }

  /// "n1c0y3x2" for an offset into an NCHW tensor, "[7]" elsewhere.
  func place(_ offset: Int) -> String {
    guard shape.count == 4 else { return "[\(offset)]" }
    let (c, h, w) = (shape[1], shape[2], shape[3])
    return "[\(offset / (c * h * w)), \(offset / (h * w) % c), \(offset / w % h), \(offset % w)]"
  }
}

/// Unit roundoff of Float: one operation's relative error is at most this.
let unitRoundoff = 0x1p-24

/// Expects every value within its bound, and says where it isn't: first place, count, largest excess, and a line to
/// find the case again.
/// - Parameter bound: for each value, how far it may be off; nil: not at all.
func expectEqual(
  _ actual: [Float], _ expected: ReferenceTensor, bound: ((Int) -> Double)? = nil, _ repro: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record("\(repro()): \(actual.count) values, expected \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  var first: Int?
  var wrong = 0
  for i in actual.indices {
    let distance = abs(Double(actual[i]) - expected.values[i])
    // A NaN is never within a bound.
    if !(distance <= (bound?(i) ?? 0)) {
      wrong += 1
      if first == nil { first = i }
    }
  }
  guard let first else { return }
  let allowed = bound.map { ", allowed ±\($0(first))" } ?? " exactly"
  Issue.record(
    """
    \(repro()): \(wrong) of \(actual.count) values differ, first at \(expected.place(first)) of \(expected.shape): \
    \(actual[first]), expected \(expected.values[first])\(allowed)
    """, sourceLocation: sourceLocation)
}

/// Expects the same bits, and says where they differ.
func expectSameBits(
  _ a: [Float], _ b: [Float], _ repro: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard a.count == b.count, let first = zip(a, b).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern })
  else {
    if a.count != b.count {
      Issue.record("\(repro()): \(a.count) and \(b.count) values", sourceLocation: sourceLocation)
    }
    return
  }
  Issue.record(
    "\(repro()): bits differ, first at [\(first.offset)]: \(first.element.0) and \(first.element.1)",
    sourceLocation: sourceLocation)
}
