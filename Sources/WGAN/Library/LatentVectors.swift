// The latent space as a program has it: vectors of its own, truncation, walks, and the generator's main directions.

import Configuration
import SystemSupport

extension LatentVector {
  /// A vector of these numbers.
  ///
  /// - Throws: ``WGANError`` of kind `invalidArgument` unless there is one at least and all are finite.
  public init(_ values: [Float]) throws(WGANError) {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else {
      throw WGANError(.invalidArgument, "a latent vector has at least one number, and finite ones only")
    }
    self.init(unchecked: values)
  }

  /// The vector scaled by `psi`, nearer to 0: its picture is calmer and nearer to the average, the more so the smaller
  /// `psi` is. (A generator's vectors are normal here: their mean is 0, and there is no other space to truncate in.)
  ///
  /// - Parameter psi: Above 0, 1 at most; 1 changes nothing.
  /// - Throws: ``WGANError`` of kind `invalidArgument` for another `psi`.
  public func truncated(to psi: Float) throws(WGANError) -> LatentVector {
    guard psi > 0, psi <= 1 else {
      throw WGANError(.invalidArgument, "a truncation of \(psi): it must be above 0 and at most 1")
    }
    return truncated(psi)
  }

  /// The vector at a part of the way to another one: spherical interpolation, whose length passes from the one's to the
  /// other's. At 0 and 1 it is exactly one of them.
  ///
  /// - Parameters:
  ///   - other: Of as many numbers.
  ///   - part: 0 to 1.
  /// - Throws: ``WGANError`` of kind `invalidArgument` for a vector of another length or another `part`.
  public func interpolated(to other: LatentVector, part: Double) throws(WGANError) -> LatentVector {
    guard 0...1 ~= part else { throw WGANError(.invalidArgument, "a part of \(part): it must be from 0 to 1") }
    try check(other.values.count)
    return interpolated(to: other, at: part)
  }

  /// The vector `distance` further along one of the generator's main directions. Random vectors' distances along each
  /// of them are normal: most are within 2 of 0.
  ///
  /// - Parameters:
  ///   - direction: Of ``WassersteinGAN/directions(live:)``.
  ///   - distance: Any, also negative; 1 is a standard deviation.
  /// - Throws: ``WGANError`` of kind `invalidArgument` for a direction of another generator's latent space.
  public func moved(along direction: LatentDirection, by distance: Float) throws(WGANError) -> LatentVector {
    try check(direction.vector.count)
    return moved(along: direction, distance: distance)
  }

  private func check(_ count: Int) throws(WGANError) {
    guard count == values.count else {
      throw WGANError(
        .invalidArgument, "a latent vector of \(values.count) numbers and one of \(count): both must have as many")
    }
  }

  /// A walk through `points` and back to the first, as `frames` vectors of which the pictures are a film that loops.
  ///
  /// Each point is one of the frames, and between them is spherical interpolation. The parts of the way have as many
  /// frames each, or one more.
  ///
  /// - Parameters:
  ///   - points: Two or more, of as many numbers each.
  ///   - frames: As many as there are points, or more.
  /// - Throws: ``WGANError`` of kind `invalidArgument` for other points or frames.
  /// - Complexity: O(`frames`).
  public static func walk(through points: [LatentVector], frames: Int) throws(WGANError) -> [LatentVector] {
    guard points.count >= 2 else {
      throw WGANError(.invalidArgument, "a walk through \(points.count) points: it needs two at least")
    }
    for point in points { try points[0].check(point.values.count) }
    guard points.count...1 << 24 ~= frames else {
      throw WGANError(
        .invalidArgument,
        "a walk of \(frames) frames through \(points.count) points: it needs a frame for each, and has 2^24 at most")
    }
    return loop(through: points, frames: frames)
  }
}

extension WassersteinGAN {
  /// The latent vectors of which ``sample(count:from:seed:live:)`` makes the first picture of each seed.
  ///
  /// - Parameter seeds: Any.
  /// - Complexity: O(`seeds.count`).
  public func latents(seeds: [UInt64]) -> [LatentVector] {
    seeds.map { LatentVector(seed: $0, count: settings.latent) }
  }
}
