// The sliced Wasserstein distance between two sets of pictures, scale by scale: Karras, Aila, Laine and Lehtinen,
// "Progressive growing of GANs for improved quality, stability, and variation", ICLR 2018, section 5, and the code that
// they published with it. Patches of the finest level tell of sharpness and noise, those of the coarsest of structure.
//
// docs/Evaluation.md says how to read it.

import Compute
import Randomness

/// How far two sets are apart at one scale.
package struct ScaleDistance: Sendable, Equatable {
  /// The level's side in pixels.
  package var size: Int
  /// Times 1000, as in the paper.
  package var distance: Double
  /// The level's standard deviation in the samples over that in the reference: what the distance doesn't see, since
  /// each set is normalised by itself.
  package var contrast: Double
  /// The distances of disjoint parts of both sets; empty where there are too few pictures.
  package var parts: [Double]

  /// What the distance may be off by, since it is of these pictures and no others.
  package var standardError: Double? { SlicedWasserstein.standardError(parts) }
}

package struct SlicedWasserstein: Sendable {
  /// As in the paper: 512 directions at each scale, 128 patches of a picture.
  package var directions = 512
  package var patches = PatchDescriptors.perPicture
  package var seed: UInt64
  private let device: Device

  /// - Parameter seed: of directions and places.
  package init(seed: UInt64, on device: Device) {
    self.seed = seed
    self.device = device
  }

  /// Directions that are taken at a time: bounds the memory.
  static let block = 64
  /// Parts of a set for the standard error, and the directions that they are compared along, the first ones.
  package static let parts = 8
  private static let directionsOfParts = 128

  /// The distances at all scales, the finest first.
  ///
  /// - Precondition: both sets have as many pictures, at least one, all of one size of 16 pixels or more.
  package func distances(
    of samples: PictureSet, as role: PictureRole = .samples, to reference: PictureSet
  ) -> [ScaleDistance] {
    precondition(samples.count == reference.count && samples.count >= 1)
    precondition(samples.size == reference.size && samples.channels == reference.channels)
    return LaplacianPyramid.sizes(of: samples.size).enumerated().map { level, size in
      let (a, b) = (descriptors(of: samples, level, role), descriptors(of: reference, level, .reference))
      return compare(
        a, b, size: size, along: directionVectors(size: size, dimensions: a.points.dimensions),
        parts: samples.count >= 2 * Self.parts ? Self.parts : 0)
    }
  }

  func descriptors(of pictures: PictureSet, _ level: Int, _ role: PictureRole) -> PatchDescriptors {
    PatchDescriptors(of: pictures, level: level, role: role, patches: patches, seed: seed, on: device)
  }

  /// One scale's distance, of patches along directions that are given.
  ///
  /// - Parameter parts: how many disjoint parts are compared by themselves, too.
  package func compare(
    _ samples: PatchDescriptors, _ reference: PatchDescriptors, size: Int, along vectors: Points, parts: Int = 0
  ) -> ScaleDistance {
    precondition(vectors.count == directions)
    let block = min(Self.block, directions)
    let (a, b) = (
      Projections(count: samples.points.count, directions: block),
      Projections(count: samples.points.count, directions: block)
    )
    var (sum, partSums, directionsOfParts) = (0.0, [Double](repeating: 0, count: parts), 0)
    for range in blocks {
      a.project(samples.points, along: vectors, range, on: device)
      b.project(reference.points, along: vectors, range, on: device)
      if parts > 0 && range.upperBound <= max(block, Self.directionsOfParts) {
        a.sort(parts: parts, on: device)
        b.sort(parts: parts, on: device)
        for (part, distances) in a.distances(to: b, parts: parts, on: device).enumerated() {
          partSums[part] += distances.reduce(0, +)
        }
        directionsOfParts += range.count
      }
      a.sort(on: device)
      b.sort(on: device)
      sum += a.distances(to: b, on: device)[0].reduce(0, +)
    }
    return ScaleDistance(
      size: size, distance: 1000 * sum / Double(directions),
      contrast: samples.deviation / reference.deviation,
      parts: partSums.map { 1000 * $0 / Double(directionsOfParts) })
  }

  /// - Precondition: `directions` are whole blocks, or one smaller one.
  var blocks: [Range<Int>] {
    let block = min(Self.block, directions)
    precondition(directions % block == 0)
    return stride(from: 0, to: directions, by: block).map { $0..<$0 + block }
  }

  /// Unit vectors of uniformly random directions, a level's own.
  func directionVectors(size: Int, dimensions: Int) -> Points {
    Points(
      (0..<directions).map { direction in
        var stream = RandomStream(seed: seed, purpose: .evaluationDirection, step: size, index: direction)
        let vector = stream.normals(dimensions)
        let length = vector.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return vector.map { Float(Double($0) / length) }
      }, dimensions: dimensions)
  }

  /// Of the mean of `values`: their standard deviation over the root of how many they are.
  package static func standardError(_ values: [Double]) -> Double? {
    guard values.count >= 2 else { return nil }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / (count - 1) / count).squareRoot()
  }
}

/// The mean over the scales, as the paper reports it.
extension [ScaleDistance] {
  package var mean: Double { reduce(0) { $0 + $1.distance } / Double(count) }

  package var standardError: Double? {
    let parts = (self.first?.parts ?? []).indices.map { part in reduce(0) { $0 + $1.parts[part] } / Double(count) }
    return SlicedWasserstein.standardError(parts)
  }
}
