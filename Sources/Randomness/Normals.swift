// Numbers from N(0, 1), by Box and Muller's transform ("A note on the generation of random normal deviates", Annals of
// Mathematical Statistics 29, 1958) in Double, rounded to Float at the end.

import ElementaryFunctions

extension RandomStream {
  /// Fills `values`: two numbers from two words, so an odd count leaves the last word's second number out.
  package mutating func fillNormal(_ values: UnsafeMutableBufferPointer<Float>) {
    var i = 0
    while i < values.count {
      let radius = nextWord()
      let (first, second) = Self.normals(radius: radius, turn: nextWord())
      values[i] = first
      if i + 1 < values.count { values[i + 1] = second }
      i += 2
    }
  }

  package mutating func normals(_ count: Int) -> [Float] {
    [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      fillNormal(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  /// The transform: a point whose distance from 0 is sqrt(-2 log u), u = (`radius` + 1/2) / 2^32, its direction `turn`
  /// 2^-32ths of a full turn.
  ///
  /// The least u is 2^-33, so the largest number is sqrt(66 log 2) = 6.764. A true normal number is beyond that once in
  /// 7 * 10^10. Up to about 6 the tail is N(0, 1)'s; from there on the distances thin out: ... 6.469, 6.521, 6.599,
  /// 6.764.
  package static func normals(radius: UInt32, turn: UInt32) -> (Float, Float) {
    let distance = (-2 * Elementary.log((Double(radius) + 0.5) * 0x1p-32)).squareRoot()
    let (cosine, sine) = Elementary.cosineAndSine(turn: turn)
    return (Float(distance * cosine), Float(distance * sine))
  }
}
