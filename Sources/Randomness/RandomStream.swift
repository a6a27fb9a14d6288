// Counter-based randomness: a stream is a pure function of (seed, purpose, step, index), so nothing depends on who
// asked first, on the number of threads, or on what an interrupted run had drawn before it stopped.

import SystemSupport

/// What a stream of random numbers is for. Two purposes never share numbers.
package enum RandomPurpose: UInt8, Sendable, CaseIterable {
  case initialWeights = 1
  case criticNoise = 2
  case generatorNoise = 3
  case sampleNoise = 4
  case shuffle = 5
  case crop = 6
  case fraction = 7
  case heldOut = 8
  case syntheticFace = 9
  case evaluationNoise = 10
  case test = 255
}

/// A stream of random numbers: Philox's blocks in turn, keyed by `seed`, the 128-bit counter made of (block, index,
/// step, purpose).
package struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>()
  private var used = 4

  /// - Parameters:
  ///   - step: 0 ..< 2^56 (a step, an epoch, a picture's number, as the purpose wants).
  ///   - index: a second key below the step (a picture in a batch, a tensor in a net).
  package init(seed: UInt64, purpose: RandomPurpose, step: Int = 0, index: Int = 0) {
    precondition(step >= 0 && step < 1 << 56 && index >= 0 && index <= Int(UInt32.max))
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, UInt32(index), UInt32(truncatingIfNeeded: step),
      UInt32(truncatingIfNeeded: step >> 32) | UInt32(purpose.rawValue) << 24)
  }

  package mutating func nextWord() -> UInt32 {
    if used == 4 {
      block = Philox.block(counter, key: key)
      counter[0] &+= 1
      precondition(counter[0] != 0, "a stream gives 2^34 words at most")
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  package mutating func next() -> UInt64 {
    let low = nextWord()
    return UInt64(low) | UInt64(nextWord()) << 32
  }

  /// Uniform in [0, 1), 24 bits.
  package mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

  /// Uniform in [0, 1), 32 bits.
  package mutating func uniformDouble() -> Double { Double(nextWord()) * 0x1p-32 }

  /// Uniform in 0 ..< bound.
  package mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

  /// Fills `values` with numbers from N(0, 1): Box and Muller's transform, in Double, two numbers for two words.
  package mutating func fillNormal(_ values: UnsafeMutableBufferPointer<Float>) {
    var i = 0
    while i < values.count {
      let radius = (-2 * log((Double(nextWord()) + 0.5) * 0x1p-32)).squareRoot()
      let angle = 2 * Double.pi * (Double(nextWord()) * 0x1p-32)
      values[i] = Float(radius * cos(angle))
      if i + 1 < values.count { values[i + 1] = Float(radius * sin(angle)) }
      i += 2
    }
  }

  package mutating func normals(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      fillNormal(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }
}
