// Probes: loops that do one thing at the limit of the machine, so that a kernel's speed can be stated as a share of it.

/// The probes of one instruction set.
public struct PeakKernels: Sendable {
  /// `MultiplyAddProbe`.
  public let arithmetic: ArithmeticProbe
  /// `readProbe`; count is a multiple of `probeStep`.
  public let read: @Sendable (_ source: UnsafePointer<Float>, _ count: Int) -> Float
  /// `copyProbe`; count is a multiple of `probeStep`.
  public let copy:
    @Sendable (_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int) -> Void

  /// - Parameter probe: of as many accumulators as the page's registers hold beside two operands.
  @inlinable
  public init<Page: KernelPage, let accumulators: Int>(_ probe: MultiplyAddProbe<Page, accumulators>.Type) {
    arithmetic = ArithmeticProbe(probe)
    read = { Page.readProbe($0, count: $1) }
    copy = { Page.copyProbe($0, $1, count: $2) }
  }
}

/// A loop of nothing but multiply-adds.
public struct ArithmeticProbe: Sendable {
  /// Floats of `run`'s registers.
  public let registerFloats: Int
  /// Floating-point operations of a round: a multiplication and an addition a lane, fused or not; of pairs, two of
  /// each.
  public let operationsPerRound: Int
  public let run: @Sendable (_ registers: UnsafeMutablePointer<Float>, _ rounds: Int) -> Void

  @inlinable
  init<Page: KernelPage, let accumulators: Int>(_ probe: MultiplyAddProbe<Page, accumulators>.Type) {
    registerFloats = (accumulators + 2) * Page.Vector.scalarCount
    operationsPerRound = 2 * accumulators * Page.Vector.scalarCount
    run = { MultiplyAddProbe<Page, accumulators>.run($0, rounds: $1) }
  }

  @inlinable
  init<Page: PairPage, let accumulators: Int>(_ probe: PairProbe<Page, accumulators>.Type) {
    registerFloats = (accumulators + 2) * Page.Vector.scalarCount
    operationsPerRound = 4 * accumulators * Page.Vector.scalarCount
    run = { PairProbe<Page, accumulators>.run($0, rounds: $1) }
  }
}

/// Counts of `readProbe` and `copyProbe` are multiples of this: 16 vectors of the widest set.
public let probeStep = 256

/// Per round c[n] = c[n] + x*y for some accumulators c where the set has FMA, the form that every set's instruction
/// has; elsewhere c[n] = x*c[n] + y, since x*y could be hoisted out of the loop. All in registers: nothing but
/// arithmetic. As many chains hide the latency: two units of 4 cycles need 8 with FMA (four units, as some arm64
/// processors have, 16); a multiplication and an addition one after the other, 14.
public enum MultiplyAddProbe<Page: KernelPage, let accumulators: Int> {
  /// - Parameter registers: x, y, c[0] ... c[accumulators - 1], a vector each; c is written back.
  @inlinable @inline(never)
  static func run(_ registers: UnsafeMutablePointer<Float>, rounds: Int) {
    let width = Page.Vector.scalarCount
    let x: Page.Vector = load(registers)
    let y: Page.Vector = load(registers + width)
    let p = registers + 2 * width
    var c = InlineArray<accumulators, Page.Vector>(repeating: Page.Vector())
    for n in 0..<accumulators { c[n] = load(p + n * width) }
    for _ in 0..<rounds {
      for n in 0..<accumulators { c[n] = Page.fused ? c[n].addingFused(x, y) : y + x * c[n] }
    }
    for n in 0..<accumulators { store(c[n], p + n * width) }
  }
}

/// The same of pairs, whose products are added to Floats: c[n] += x * y.
public enum PairProbe<Page: PairPage, let accumulators: Int> {
  /// - Parameter registers: as of `MultiplyAddProbe`; x and y are pairs.
  @inlinable @inline(never)
  static func run(_ registers: UnsafeMutablePointer<Float>, rounds: Int) {
    let width = Page.Vector.scalarCount
    let x = Page.operand(registers)
    let y = Page.operand(registers + width)
    let p = registers + 2 * width
    var c = InlineArray<accumulators, Page.Vector>(repeating: Page.Vector())
    for n in 0..<accumulators { c[n] = load(p + n * width) }
    for _ in 0..<rounds {
      for n in 0..<accumulators { c[n] = Page.adding(c[n], x, times: y) }
    }
    for n in 0..<accumulators { store(c[n], p + n * width) }
  }
}

extension KernelPage {
  /// The sum of all Floats, in 8 chains: one addition a load, which no machine is slower at than at loading.
  @inlinable @inline(never)
  static func readProbe(_ source: UnsafePointer<Float>, count: Int) -> Float {
    var sums = InlineArray<8, Vector>(repeating: Vector())
    var i = 0
    while i < count {
      for n in 0..<8 {
        let v: Vector = load(source + (i &+ n &* Vector.scalarCount))
        sums[n] = sums[n] + v
      }
      i += 8 * Vector.scalarCount
    }
    var total = sums[0]
    for n in 1..<8 { total = total + sums[n] }
    var sum: Float = 0
    for lane in 0..<Vector.scalarCount { sum += total[lane] }
    return sum
  }

  /// destination = source, by plain loads and stores.
  @inlinable @inline(never)
  static func copyProbe(_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, count: Int) {
    var i = 0
    while i < count {
      var v = InlineArray<4, Vector>(repeating: Vector())
      for n in 0..<4 { v[n] = load(source + (i &+ n &* Vector.scalarCount)) }
      for n in 0..<4 { store(v[n], destination + (i &+ n &* Vector.scalarCount)) }
      i += 4 * Vector.scalarCount
    }
  }
}
