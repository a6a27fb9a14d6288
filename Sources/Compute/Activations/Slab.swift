// Memory of Floats: slabs that own it, slices that name a part of it. Above Compute nobody sees a pointer.

import Ranks
import SystemSupport

/// `count` Floats, zero at first, aligned to 64 bytes (a cache line and the widest vector).
///
/// Unchecked Sendable: a slab is shared by the workers of a parallel loop; the drivers give each its own part to write.
package final class Slab: @unchecked Sendable {
  package let count: Int
  let base: UnsafeMutablePointer<Float>

  package init(count: Int) {
    precondition(count >= 0)
    self.count = count
    base = allocate(Float.self, count: count, alignment: 64)
    base.initialize(repeating: 0, count: max(count, 1))
  }

  deinit { free(base) }

  package var all: Slice { Slice(slab: self, offset: 0, count: count) }
}

/// Floats `offset ..< offset + count` of a slab.
package struct Slice: Sendable {
  package let slab: Slab
  package let offset: Int
  package let count: Int

  package init(slab: Slab, offset: Int, count: Int) {
    precondition(offset >= 0 && count >= 0 && offset + count <= slab.count, "a slice lies in its slab")
    self.slab = slab
    self.offset = offset
    self.count = count
  }

  package subscript(_ range: Range<Int>) -> Slice {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice of a slice lies in it")
    return Slice(slab: slab, offset: offset + range.lowerBound, count: range.count)
  }

  package subscript(_ index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "a value of a slice lies in it")
      return pointer[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "a value of a slice lies in it")
      pointer[index] = newValue
    }
  }

  var pointer: UnsafeMutablePointer<Float> { slab.base + offset }

  package var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The sum of the values, in Double and in their order.
  package var sum: Double {
    var sum = 0.0
    for i in 0..<count { sum += Double(pointer[i]) }
    return sum
  }

  /// The values become their sums over all ranks.
  package func sum(over ranks: some RankGroup) { ranks.sum(UnsafeMutableBufferPointer(start: pointer, count: count)) }

  /// For small slices.
  package func scale(by factor: Float) { for i in 0..<count { pointer[i] *= factor } }

  /// Whether no value is infinite or NaN: no exponent is all ones. For small slices: of large ones the pass that
  /// writes them tells (Optimizers.swift).
  package var isFinite: Bool {
    var greatest: UInt32 = 0
    for i in 0..<count { greatest = max(greatest, pointer[i].bitPattern & 0x7fff_ffff) }
    return greatest < Float.infinity.bitPattern
  }

  /// - Precondition: as many values.
  package func copy(from other: Slice) {
    precondition(other.count == count, "as many values as the slice has")
    pointer.update(from: other.pointer, count: count)
  }

  package func fill(_ value: Float) { pointer.update(repeating: value, count: count) }

  package func copy(from values: [Float]) {
    precondition(values.count == count, "as many values as the slice has")
    values.withUnsafeBufferPointer { if let start = $0.baseAddress { pointer.update(from: start, count: count) } }
  }
}
