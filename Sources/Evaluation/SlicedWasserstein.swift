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
  /// Parts of a set for the standard error.
  package static let parts = 8

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
      let vectors = directionVectors(size: size, dimensions: a.points.dimensions)
      return ScaleDistance(
        size: size, distance: distance(a, b, along: vectors), contrast: a.deviation / b.deviation,
        parts: partDistances(a, b, along: vectors, pictures: samples.count))
    }
  }

  func descriptors(of pictures: PictureSet, _ level: Int, _ role: PictureRole) -> PatchDescriptors {
    PatchDescriptors(of: pictures, level: level, role: role, patches: patches, seed: seed, on: device)
  }

  /// One scale's distance, of patches along directions that are given.
  package func distance(_ a: PatchDescriptors, _ b: PatchDescriptors, along vectors: Points) -> Double {
    let block = min(Self.block, vectors.count)
    let (placesOfA, placesOfB) = (
      Projections(count: a.points.count, directions: block), Projections(count: b.points.count, directions: block)
    )
    var sum = 0.0
    for range in Self.blocks(of: vectors.count) {
      for (places, points) in [(placesOfA, a.points), (placesOfB, b.points)] {
        places.project(points, along: vectors, range, on: device)
        places.sort(on: device)
      }
      sum += placesOfA.distances(to: placesOfB, on: device).reduce(0, +)
    }
    return 1000 * sum / Double(vectors.count)
  }

  /// The same of disjoint parts of the pictures, each as if there were no others: normalised by itself. Along fewer
  /// directions: the error of a mean over many is that of the pictures.
  private func partDistances(
    _ a: PatchDescriptors, _ b: PatchDescriptors, along vectors: Points, pictures: Int
  ) -> [Double] {
    if pictures < 2 * Self.parts { return [] }
    let few = vectors[0..<min(Self.block, vectors.count)]
    return (0..<Self.parts).map { part in
      let range = pictures * part / Self.parts * patches..<pictures * (part + 1) / Self.parts * patches
      return distance(a.part(range, on: device), b.part(range, on: device), along: few)
    }
  }

  /// - Precondition: `count` directions are whole blocks, or one smaller one.
  static func blocks(of count: Int) -> [Range<Int>] {
    let block = min(block, count)
    precondition(count % block == 0)
    return stride(from: 0, to: count, by: block).map { $0..<$0 + block }
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
