// Which pictures a generator draws: a part of a seed's series, or one for each of some latent vectors; and how far
// these are truncated.

import SystemSupport

package struct PictureChoice: Sendable {
  enum Points {
    /// Those of a seed with these numbers.
    case series(seed: UInt64, Range<Int>)
    case latents([LatentVector])
  }

  private let points: Points
  private let truncation: Float

  private init(_ points: Points, truncation: Float) { (self.points, self.truncation) = (points, truncation) }

  /// The pictures of a seed with these numbers.
  package static func series(seed: UInt64, _ numbers: Range<Int>, truncation: Float = 1) -> PictureChoice {
    PictureChoice(.series(seed: seed, numbers), truncation: truncation)
  }

  /// One picture of each vector.
  package static func latents(_ latents: [LatentVector], truncation: Float = 1) -> PictureChoice {
    PictureChoice(.latents(latents), truncation: truncation)
  }

  package var count: Int {
    switch points {
    case .series(_, let numbers): numbers.count
    case .latents(let latents): latents.count
    }
  }

  /// Those at these places of the choice. A series goes on behind its last one.
  package subscript(places: Range<Int>) -> PictureChoice {
    switch points {
    case .series(let seed, let numbers):
      .series(
        seed: seed, numbers.lowerBound + places.lowerBound..<numbers.lowerBound + places.upperBound,
        truncation: truncation)
    case .latents(let latents): .latents(Array(latents[places]), truncation: truncation)
    }
  }

  /// That at one place; nil where the choice has no such place, and doesn't go on.
  package func picture(at place: Int) -> PictureChoice? {
    if case .latents(let latents) = points, place >= latents.count { return nil }
    return self[place..<place + 1]
  }

  /// What it says in a file of numbers.
  var metadata: [String: String] {
    var metadata: [String: String] = [:]
    if case .series(let seed, _) = points { metadata["seed"] = String(seed) }
    if truncation != 1 { metadata["truncation"] = String(truncation) }
    return metadata
  }

  /// The same without a truncation to come. A truncated vector is no seed's any more.
  /// - Parameter latent: numbers of a vector.
  func untruncated(latent: Int) -> Points {
    if truncation == 1 { return points }
    let latents =
      switch points {
      case .series(let seed, let numbers): numbers.map { LatentVector(seed: seed, index: $0, count: latent) }
      case .latents(let latents): latents
      }
    return .latents(latents.map { $0.truncated(truncation) })
  }

  /// - Throws: `Failure(.badData)` for a vector that isn't one of a generator with `latent` numbers, or has impossible
  ///   ones.
  func check(latent: Int) throws(Failure) {
    guard case .latents(let latents) = points else { return }
    for (i, vector) in latents.enumerated() {
      if vector.values.count != latent {
        throw Failure(
          .badData, "latent vector \(i) has \(vector.values.count) numbers, this generator takes \(latent)")
      }
      if let flaw = vector.values.lazy.compactMap(LatentVector.flaw).first {
        throw Failure(.badData, "latent vector \(i) has \(flaw)")
      }
    }
  }
}
