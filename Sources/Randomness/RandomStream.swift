// Counter-based randomness: a stream is a pure function of (seed, purpose, step, index), so nothing depends on who
// asked first, on the number of threads, or on what an interrupted run had drawn before it stopped.
//
// Every number is defined here, or in Normals.swift, down to the words that it takes and to its last bit; neither the
// standard library nor libm has a say. Tests pin them: the same seed gives the same run in later versions, too.

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
  case interpolation = 11
  case mirror = 12
  case criticRealAugmentation = 13
  case criticFakeAugmentation = 14
  case generatorRealAugmentation = 15
  case generatorFakeAugmentation = 16
  case evaluationPatch = 20
  case evaluationDirection = 21
  case test = 255
}

/// A stream of random numbers: Philox's blocks in turn, keyed by `seed`, the 128-bit counter made of (block, index,
/// step, purpose).
///
/// Not a `RandomNumberGenerator`: what `Int.random(in:using:)` and `shuffle(using:)` draw, and with how many words, is
/// promised nowhere.
package struct RandomStream: Sendable {
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

  /// Two words, the low one first.
  package mutating func next() -> UInt64 {
    let low = nextWord()
    return UInt64(low) | UInt64(nextWord()) << 32
  }

  /// Uniform in [0, 1), 24 bits.
  package mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

  /// Uniform in [0, 1), 32 bits.
  package mutating func uniformDouble() -> Double { Double(nextWord()) * 0x1p-32 }

  /// Uniform in 0 ..< bound, without bias (Lemire, "Fast random integer generation in an interval", ACM Transactions
  /// on Modeling and Computer Simulation 29, 2019, algorithm 5).
  ///
  /// An attempt takes two words, whatever the bound: x = `next()`; the result is the high half of the 128-bit product
  /// x * bound. It is rejected, and the next two words tried, where the low half is less than 2^64 mod bound: so often
  /// that each result has as many x. That happens with a probability below bound / 2^64, so for pictures and places
  /// next to never.
  /// - Precondition: bound >= 1.
  package mutating func below(_ bound: Int) -> Int {
    precondition(bound >= 1)
    let bound = UInt64(bound)
    var product = next().multipliedFullWidth(by: bound)
    // 2^64 mod bound is less than bound: the division is for the few products that may be rejected.
    if product.low < bound {
      let surplus = (0 &- bound) % bound
      while product.low < surplus { product = next().multipliedFullWidth(by: bound) }
    }
    return Int(product.high)
  }
}
