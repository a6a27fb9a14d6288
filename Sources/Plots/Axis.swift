// An axis of a plot: where a value lies, and which values get a tick.

import SystemSupport

/// Values that a plot can show, from low to high, at pixels from one to another.
package struct Axis: Sendable {
  package let low: Double
  package let high: Double
  package let from: Double
  package let to: Double
  package let isLogarithmic: Bool

  /// - Precondition: low < high, both finite; above 0 where logarithmic.
  package init(_ low: Double, _ high: Double, from: Double, to: Double, isLogarithmic: Bool = false) {
    precondition(low.isFinite && high.isFinite && low < high && (!isLogarithmic || low > 0))
    (self.low, self.high, self.from, self.to) = (low, high, from, to)
    self.isLogarithmic = isLogarithmic
  }

  /// Pixels. Values outside lie on the axis' end.
  package func position(_ value: Double) -> Double {
    guard !value.isNaN else { return from }
    let inside = min(max(value, low), high)
    let share =
      isLogarithmic
      ? (log10(inside) - log10(low)) / (log10(high) - log10(low)) : (inside - low) / (high - low)
    return from + share * (to - from)
  }

  /// Ten at most: 1, 2 and 5 times powers of ten, or as many of these as there's room for.
  package var ticks: [Double] {
    guard isLogarithmic else {
      let step = Self.roundStep((high - low) / 6)
      let first = (low / step).rounded(.up)
      return (0..<10).map { (first + Double($0)) * step }.filter { $0 <= high + 1e-9 * step }
    }
    let decades = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let all = decades.flatMap { k in factors.map { $0 * pow(10, Double(k)) } }
      let ticks = all.filter { $0 >= low * (1 - 1e-9) && $0 <= high * (1 + 1e-9) }
      if ticks.count <= 10 { return ticks }
    }
    let every = decades.count / 8 + 1
    return stride(from: decades.lowerBound, through: decades.upperBound, by: every).map { pow(10, Double($0)) }
      .filter { $0 >= low && $0 <= high }
  }

  /// The tick as text: no more digits than it needs, and none less: 1.5e-05 isn't 2e-05.
  package static func label(_ value: Double) -> String { String(printf: "%g", value) }

  /// The 1, 2 or 5 times a power of ten that is next above.
  package static func roundStep(_ step: Double) -> Double {
    guard step > 0, step.isFinite else { return 1 }
    let power = pow(10, log10(step).rounded(.down))
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
  }
}
