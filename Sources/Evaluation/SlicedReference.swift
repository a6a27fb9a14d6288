// Real pictures kept as sorted projections: what samples are compared with again and again while a net trains.

import Compute

/// A set that others are compared with, as it is in the end. So many Floats: scales x directions x patches.
package final class SlicedReference {
  private struct Level {
    let size: Int
    let deviation: Double
    let directions: Points
    /// A block of directions each.
    let sorted: [Projections]
  }

  private let metric: SlicedWasserstein
  private let device: Device
  private let levels: [Level]
  private let scratch: Projections
  package let count: Int

  package init(_ pictures: PictureSet, _ metric: SlicedWasserstein, on device: Device) {
    (self.metric, self.device, count) = (metric, device, pictures.count)
    let blocks = SlicedWasserstein.blocks(of: metric.directions)
    let points = pictures.count * metric.patches
    scratch = Projections(count: points, directions: blocks[0].count)
    levels = LaplacianPyramid.sizes(of: pictures.size).enumerated().map { level, size in
      let descriptors = metric.descriptors(of: pictures, level, .reference)
      let vectors = metric.directionVectors(size: size, dimensions: descriptors.points.dimensions)
      let sorted = blocks.map { range in
        let projections = Projections(count: points, directions: range.count)
        projections.project(descriptors.points, along: vectors, range, on: device)
        projections.sort(on: device)
        return projections
      }
      return Level(size: size, deviation: descriptors.deviation, directions: vectors, sorted: sorted)
    }
  }

  /// The same distances as `SlicedWasserstein.distances(of:to:)`, without parts.
  ///
  /// - Precondition: as many pictures, of the same size.
  package func distances(of samples: PictureSet) -> [ScaleDistance] {
    precondition(samples.count == count && samples.size == levels[0].size)
    return levels.enumerated().map { number, level in
      let descriptors = metric.descriptors(of: samples, number, .samples)
      var sum = 0.0
      for (range, sorted) in zip(SlicedWasserstein.blocks(of: metric.directions), level.sorted) {
        scratch.project(descriptors.points, along: level.directions, range, on: device)
        scratch.sort(on: device)
        sum += scratch.distances(to: sorted, on: device).reduce(0, +)
      }
      return ScaleDistance(
        size: level.size, distance: 1000 * sum / Double(metric.directions),
        contrast: descriptors.deviation / level.deviation, parts: [])
    }
  }
}
