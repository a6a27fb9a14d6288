// The vector of Floats that every kernel is generic over. Widths: SIMD4 (portable), SIMD8 (AVX2), SIMD16 (AVX-512).
//
// The operations are CVector's, so that a specialised kernel has one instruction for each. Swift's own `SIMD` operators
// are loops over lanes; the optimiser mends them in short kernels and shatters in long ones.

import CVector

/// Channels are blocked by 16 in memory, whatever the vector's width.
public let channelBlock = 16

public protocol FloatVector: SIMD, BitwiseCopyable where Scalar == Float {
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static func / (a: Self, b: Self) -> Self
  /// self + a * b, rounded once. For sets that have FMA.
  func addingFused(_ a: Self, _ b: Self) -> Self
  /// Lanes of `self` where `sign` is above zero, lanes of `other` elsewhere (also where `sign` is NaN).
  func orElse(_ other: Self, whereNotPositive sign: Self) -> Self
  /// Each lane, forced into `low ... high`.
  func clampedLanes(_ low: Self, _ high: Self) -> Self
}

extension SIMD4<Float>: FloatVector {
  @inlinable @inline(__always) public static func + (a: Self, b: Self) -> Self { cvector4_add(a, b) }
  @inlinable @inline(__always) public static func - (a: Self, b: Self) -> Self { cvector4_subtract(a, b) }
  @inlinable @inline(__always) public static func * (a: Self, b: Self) -> Self { cvector4_multiply(a, b) }
  @inlinable @inline(__always) public func addingFused(_ a: Self, _ b: Self) -> Self { cvector4_fma(a, b, self) }
  @inlinable @inline(__always) public func orElse(_ other: Self, whereNotPositive sign: Self) -> Self {
    cvector4_select(sign, self, other)
  }
  @inlinable @inline(__always) public func clampedLanes(_ low: Self, _ high: Self) -> Self {
    let above = replacing(with: low, where: self .< low)
    return above.replacing(with: high, where: above .> high)
  }
}

extension SIMD8<Float>: FloatVector {
  @inlinable @inline(__always) public static func + (a: Self, b: Self) -> Self { cvector8_add(a, b) }
  @inlinable @inline(__always) public static func - (a: Self, b: Self) -> Self { cvector8_subtract(a, b) }
  @inlinable @inline(__always) public static func * (a: Self, b: Self) -> Self { cvector8_multiply(a, b) }
  @inlinable @inline(__always) public func addingFused(_ a: Self, _ b: Self) -> Self { cvector8_fma(a, b, self) }
  @inlinable @inline(__always) public func orElse(_ other: Self, whereNotPositive sign: Self) -> Self {
    cvector8_select(sign, self, other)
  }
  @inlinable @inline(__always) public func clampedLanes(_ low: Self, _ high: Self) -> Self {
    let above = replacing(with: low, where: self .< low)
    return above.replacing(with: high, where: above .> high)
  }
}

extension SIMD16<Float>: FloatVector {
  @inlinable @inline(__always) public static func + (a: Self, b: Self) -> Self { cvector16_add(a, b) }
  @inlinable @inline(__always) public static func - (a: Self, b: Self) -> Self { cvector16_subtract(a, b) }
  @inlinable @inline(__always) public static func * (a: Self, b: Self) -> Self { cvector16_multiply(a, b) }
  @inlinable @inline(__always) public func addingFused(_ a: Self, _ b: Self) -> Self { cvector16_fma(a, b, self) }
  @inlinable @inline(__always) public func orElse(_ other: Self, whereNotPositive sign: Self) -> Self {
    cvector16_select(sign, self, other)
  }
  @inlinable @inline(__always) public func clampedLanes(_ low: Self, _ high: Self) -> Self {
    let above = replacing(with: low, where: self .< low)
    return above.replacing(with: high, where: above .> high)
  }
}

extension FloatVector {
  /// `self + a * b`: one rounding where `fused`, two elsewhere. `fused` is the page's, a constant at every call.
  @inlinable @inline(__always)
  public func adding(_ a: Self, times b: Self, fused: Bool) -> Self {
    fused ? addingFused(a, b) : self + a * b
  }
}

@inlinable @inline(__always)
public func load<V: FloatVector>(_ p: UnsafePointer<Float>) -> V {
  UnsafeRawPointer(p).loadUnaligned(as: V.self)
}

@inlinable @inline(__always)
public func load<V: FloatVector>(_ p: UnsafeMutablePointer<Float>) -> V {
  UnsafeRawPointer(p).loadUnaligned(as: V.self)
}

@inlinable @inline(__always)
public func store<V: FloatVector>(_ v: V, _ p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: V.self)
}
