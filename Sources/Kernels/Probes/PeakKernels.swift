// Probes: loops that do one thing at the limit of the machine, so that a kernel's speed can be stated as a share of it.

/// The probes of one instruction set.
public struct PeakKernels: Sendable {
  /// Floats of `multiplyAdd`'s registers.
  public let registerFloats: Int
  /// Floating-point operations of a round of `multiplyAdd`: a multiplication and an addition a lane, fused or not.
  public let operationsPerRound: Int

  /// `multiplyAddProbe`.
  public let multiplyAdd: @Sendable (_ registers: UnsafeMutablePointer<Float>, _ rounds: Int) -> Void
  /// `readProbe`; count is a multiple of `probeStep`.
  public let read: @Sendable (_ source: UnsafePointer<Float>, _ count: Int) -> Float
  /// `copyProbe`; count is a multiple of `probeStep`.
  public let copy:
    @Sendable (_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int) -> Void

  /// - Parameters:
  ///   - accumulators, lanes: of `multiplyAddProbe`.
  public init(
    accumulators: Int, lanes: Int,
    multiplyAdd: @escaping @Sendable (_ registers: UnsafeMutablePointer<Float>, _ rounds: Int) -> Void,
    read: @escaping @Sendable (_ source: UnsafePointer<Float>, _ count: Int) -> Float,
    copy:
      @escaping @Sendable (_ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, _ count: Int) ->
      Void
  ) {
    registerFloats = (accumulators + 2) * lanes
    operationsPerRound = 2 * accumulators * lanes
    self.multiplyAdd = multiplyAdd
    self.read = read
    self.copy = copy
  }
}

/// Counts of `readProbe` and `copyProbe` are multiples of this: 16 vectors of the widest set.
public let probeStep = 256

/// Per round c[n] = x*c[n] + y for N accumulators, all in registers: nothing but arithmetic. Neither product nor sum
/// can be hoisted out of the loop, also where multiplication and addition are two instructions. N chains hide the
/// latency: two units of 4 cycles need 8 where the set has FMA; a multiplication and an addition one after the other,
/// 14.
///
/// - Parameter registers: x, y, c[0] ... c[N - 1], a vector each; c is written back.
@inlinable @inline(__always)
public func multiplyAddProbe<let N: Int, V: FloatVector>(
  _ registers: UnsafeMutablePointer<Float>, rounds: Int, fused: Bool, accumulators: InlineArray<N, V>
) {
  let x: V = load(registers)
  let y: V = load(registers + V.scalarCount)
  let p = registers + 2 * V.scalarCount
  var c = accumulators
  for n in 0..<N { c[n] = load(p + n * V.scalarCount) }
  for _ in 0..<rounds {
    for n in 0..<N { c[n] = y.adding(x, times: c[n], fused: fused) }
  }
  for n in 0..<N { store(c[n], p + n * V.scalarCount) }
}

/// The sum of all Floats, in 8 chains: one addition a load, which no machine is slower at than at loading.
@inlinable @inline(__always)
public func readProbe<V: FloatVector>(_ source: UnsafePointer<Float>, count: Int, zero: V) -> Float {
  var sums = InlineArray<8, V>(repeating: zero)
  var i = 0
  while i < count {
    for n in 0..<8 {
      let v: V = load(source + (i &+ n &* V.scalarCount))
      sums[n] = sums[n] + v
    }
    i += 8 * V.scalarCount
  }
  var total = sums[0]
  for n in 1..<8 { total = total + sums[n] }
  var sum: Float = 0
  for lane in 0..<V.scalarCount { sum += total[lane] }
  return sum
}

/// destination = source, by plain loads and stores.
@inlinable @inline(__always)
public func copyProbe<V: FloatVector>(
  _ source: UnsafePointer<Float>, _ destination: UnsafeMutablePointer<Float>, count: Int, zero: V
) {
  var i = 0
  while i < count {
    var v = InlineArray<4, V>(repeating: zero)
    for n in 0..<4 { v[n] = load(source + (i &+ n &* V.scalarCount)) }
    for n in 0..<4 { store(v[n], destination + (i &+ n &* V.scalarCount)) }
    i += 4 * V.scalarCount
  }
}
