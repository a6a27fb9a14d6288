// A set of pictures as small patches of one level of their pyramids: points of a space of 7x7 pixels.

import Compute
import Randomness
import SystemSupport

/// What a set stands for: each has its own places of patches, as in Karras et al.
package enum PictureRole: Int, Sendable {
  case reference = 0
  case samples = 1
  /// Real pictures that are compared as if they were samples.
  case otherReal = 2
}

/// The patches of a set's level, each channel with mean 0 and standard deviation 1 over all of them.
package struct PatchDescriptors: Sendable {
  /// A patch's side in pixels.
  package static let side = 7
  package static let perPicture = 128

  package let points: Points
  private let channels: Int
  /// Of the values before, over all channels: how strong the level is.
  package let deviation: Double

  /// - Parameter patches: of each picture.
  init(
    of pictures: PictureSet, level: Int, role: PictureRole, patches: Int = perPicture, seed: UInt64, on device: Device
  ) {
    let levels = LaplacianPyramid.sizes(of: pictures.size).count
    let channels = pictures.channels
    let points = Points(count: pictures.count * patches, dimensions: Self.side * Self.side * channels)
    let queue = WorkQueue(count: pictures.count)
    onThreads(min(device.threads, pictures.count)) {
      while let index = queue.take()?.lowerBound {
        let picture = FloatPicture(size: pictures.size, channels: channels, values: pictures[index].map { Float($0) })
        let plane = LaplacianPyramid.level(level, of: levels, picture)
        let places = Self.places(
          patches, in: plane.size,
          RandomStream(seed: seed, purpose: .evaluationPatch, step: index, index: level * 8 + role.rawValue))
        points.set(from: index * patches, Self.patches(at: places, of: plane))
      }
    }
    self.init(normalising: points, channels: channels, on: device)
  }

  /// - Parameter points: patches as they are, [y][x][channel].
  package init(normalising points: Points, channels: Int, on device: Device) {
    let moments = points.moments(on: device)
    let perChannel = moments.count / channels
    var means = [Double](repeating: 0, count: channels)
    var squares = means
    for (d, moment) in moments.enumerated() {
      means[d % channels] += moment.mean / Double(perChannel)
      squares[d % channels] += moment.square / Double(perChannel)
    }
    let variances = zip(means, squares).map { max(0, $1 - $0 * $0) }
    // A channel that is the same everywhere stays 0.
    let factors = variances.map { $0 > 0 ? Float(1 / $0.squareRoot()) : 0 }
    points.rescale(
      subtracting: moments.indices.map { Float(means[$0 % channels]) },
      times: moments.indices.map { factors[$0 % channels] }, on: device)
    (self.points, self.channels) = (points, channels)
    deviation = (variances.reduce(0, +) / Double(channels)).squareRoot()
  }

  /// Some of the patches, normalised by themselves.
  func part(_ range: Range<Int>, on device: Device) -> PatchDescriptors {
    PatchDescriptors(normalising: points[range], channels: channels, on: device)
  }

  /// Where patches begin.
  private static func places(_ count: Int, in size: Int, _ stream: RandomStream) -> [(x: Int, y: Int)] {
    var stream = stream
    return (0..<count).map { _ in
      let x = stream.below(size - side + 1)
      return (x, stream.below(size - side + 1))
    }
  }

  package static func patches(at places: [(x: Int, y: Int)], of plane: FloatPicture) -> [Float] {
    let row = side * plane.channels
    var values: [Float] = []
    values.reserveCapacity(places.count * side * row)
    for place in places {
      for y in place.y..<place.y + side {
        let start = (y * plane.size + place.x) * plane.channels
        values += plane.values[start..<start + row]
      }
    }
    return values
  }
}
