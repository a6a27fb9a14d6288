// What a generator makes a picture of: a point of the latent space, as a value. Here is what can be done with points
// without a net: the points of seeds, truncation, and walks from one to the next. The same bits on every machine: sums
// are of Doubles, in order.

import ElementaryFunctions
import Randomness

/// A latent vector: the numbers that a generator makes one picture of.
///
/// A seed's are drawn from the normal distribution N(0, 1), so they lie near a sphere around 0, and so does what a
/// generator has learned to make pictures of.
public struct LatentVector: Sendable, Equatable {
  /// The numbers, as many as ``TrainingParameters/latent`` says.
  public let values: [Float]

  /// A net's sums of greater numbers might not be finite, and then its pictures aren't pictures.
  static let greatest: Float = 1_000_000

  /// Why a number isn't one of a latent vector, in words; nil: it is.
  static func flaw(_ value: Float) -> String? {
    if value.magnitude <= greatest { return nil }
    return "\(value.isNaN ? "nan" : "\(value)"): give numbers from -\(Int(greatest)) to \(Int(greatest))"
  }

  /// Of any numbers: who draws checks them.
  package init(unchecked values: [Float]) { self.values = values }

  /// That of picture `index` of the series `seed`.
  package init(seed: UInt64, index: Int = 0, count: Int) {
    var random = RandomStream(seed: seed, purpose: .sampleNoise, step: index)
    values = random.normals(count)
  }

  /// Truncated: `psi` times it, nearer to 0 where `psi` is below 1.
  ///
  /// 0 is the mean of all latent vectors, and the first layer's output there is its mean output: pictures become
  /// calmer, and more alike. That is what truncation is for a generator that takes normal latent vectors as they are.
  package func truncated(_ psi: Float) -> LatentVector {
    psi == 1 ? self : LatentVector(unchecked: values.map { psi * $0 })
  }

  // MARK: - Between two

  /// The point at `part` of the way to another: along the arc that the two span with 0 (Shoemake, "Animating rotation
  /// with quaternion curves", SIGGRAPH 1985), their lengths passing into each other. Halfway on a straight line a
  /// normal vector would be too short by a factor of the root of 2, where pictures are like truncated ones.
  ///
  /// At 0 and 1 it's exactly the one and the other. The way between nearly parallel vectors is the straight line: it is
  /// the arc, but for rounding. Between nearly opposite ones, where no arc is nearer than another, it is, too.
  package func interpolated(to other: LatentVector, at part: Double) -> LatentVector {
    precondition(values.count == other.values.count, "both are of one latent space")
    if part == 0 { return self }
    if part == 1 { return other }
    let weights = Self.weights(values, other.values, part)
    let sums = values.indices.map { i in
      let (ours, theirs) = (weights.0 * Double(values[i]), weights.1 * Double(other.values[i]))
      return Float(ours + theirs)
    }
    return LatentVector(unchecked: sums)
  }

  private static func weights(_ a: [Float], _ b: [Float], _ part: Double) -> (Double, Double) {
    let linear = (1 - part, part)
    let lengths = (dot(a, a) * dot(b, b)).squareRoot()
    if lengths == 0 { return linear }
    let cosine = max(-1, min(1, dot(a, b) / lengths))
    let sine = (1 - cosine * cosine).squareRoot()
    if sine < 1e-4 { return linear }
    let angle = Elementary.angle(cosine: cosine, sine: sine)
    func weight(_ part: Double) -> Double { Elementary.cosineAndSine(radians: part * angle).sine / sine }
    return (weight(1 - part), weight(part))
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += Double(a[i]) * Double(b[i]) }
    return sum
  }

  /// A walk through `points` in their order and back to the first, as `frames` vectors: after the last of them the
  /// first comes again. Each point is one of the frames, exactly; where `frames` isn't a multiple of their number, some
  /// parts of the way have one frame more than others.
  ///
  /// - Precondition: there are two points or more, and as many frames at least.
  package static func loop(through points: [LatentVector], frames: Int) -> [LatentVector] {
    precondition(points.count >= 2 && frames >= points.count, "a walk has a frame for each of its points")
    func start(_ point: Int) -> Int { point * frames / points.count }
    return points.indices.flatMap { i in
      let (next, count) = (points[(i + 1) % points.count], start(i + 1) - start(i))
      return (0..<count).map { points[i].interpolated(to: next, at: Double($0) / Double(count)) }
    }
  }

  // MARK: - Along a direction

  /// The point `distance` further along a direction.
  package func moved(along direction: LatentDirection, distance: Float) -> LatentVector {
    precondition(values.count == direction.vector.count, "both are of one latent space")
    return LatentVector(unchecked: zip(values, direction.vector).map { $0 + distance * $1 })
  }
}
