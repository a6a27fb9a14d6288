import Compute
import Evaluation
import Foundation
import TensorFiles
import Testing

/// Protects: the distance is Karras et al.'s, says nothing of sets that are alike, more of those that differ more, and
/// is the same on every machine.
@Suite struct SlicedWassersteinTests {
  static let metric = SlicedWasserstein(seed: 5, on: Device(threads: 2))

  static func set(_ pictures: [[UInt8]], size: Int, channels: Int = 3) -> PictureSet {
    PictureSet(pictures, size: size, channels: channels)
  }

  /// The published code's numbers, of the same pictures, places and directions (Golden/make_golden.py).
  @Test(arguments: [0, 1]) func thePublishedCodesNumbers(level: Int) throws {
    let url = try #require(Bundle.module.url(forResource: "Golden/sliced-wasserstein", withExtension: "safetensors"))
    let golden = try SafetensorsFile(at: url.path).tensors()
    func values(_ name: String) throws -> [Float] { try #require(golden[name]).values }
    func planes(_ name: String) throws -> [FloatPicture] {
      let all = try values(name)
      return (0..<5).map { n in
        let picture = FloatPicture(size: 32, channels: 3, values: Array(all[n * 3072..<(n + 1) * 3072]))
        return LaplacianPyramid.level(level, of: 2, picture)
      }
    }
    let expected = try values("level/\(level)")
    let found = try planes("a").flatMap(\.values)
    #expect(zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity < 1e-3)

    let device = Device(threads: 2)
    func descriptors(_ name: String) throws -> PatchDescriptors {
      let places = try values("places/\(name)/\(level)").map { Int($0) }
      let points = Points(count: 5 * 16, dimensions: 147)
      for (n, plane) in try planes(name).enumerated() {
        let some = (n * 16..<(n + 1) * 16).map { (x: places[2 * $0], y: places[2 * $0 + 1]) }
        points.set(from: n * 16, PatchDescriptors.patches(at: some, of: plane))
      }
      return PatchDescriptors(normalising: points, channels: 3, on: device)
    }
    let directions = try values("directions/\(level)")
    let distance = try Self.metric.distance(
      descriptors("a"), descriptors("b"),
      along: Points((0..<8).map { Array(directions[$0 * 147..<($0 + 1) * 147]) }, dimensions: 147))
    let published = Double(try values("distance/\(level)")[0])
    #expect(abs(distance - published) < 1e-5 * published, "\(distance), published \(published)")
  }

  /// The same patches are at distance 0, along every direction.
  @Test func nothingIsBetweenEqualSets() {
    let set = Self.set(wavyPictures(20, size: 32, seed: 1), size: 32)
    let distances = Self.metric.distances(of: set, as: .reference, to: set)
    #expect(distances.map(\.distance) == [0, 0])
    #expect(distances.map(\.contrast) == [1, 1])
    #expect(distances.standardError == 0)
  }

  /// Other pictures of the same kind are near; the more noise is added, the farther.
  @Test func theWorseTheFarther() throws {
    func set(_ seed: Int, noise: Double = 4) -> PictureSet {
      Self.set(wavyPictures(256, size: 32, seed: seed, noise: noise), size: 32)
    }
    let reference = set(1)
    let floor = Self.metric.distances(of: set(2), as: .otherReal, to: reference)
    let same = Self.metric.distances(of: set(3), to: reference)
    // Two estimates of the same thing: apart by their own errors.
    let error = try #require(floor.standardError) + (try #require(same.standardError))
    #expect(abs(same.mean - floor.mean) < 2 * error, "\(same.mean), \(floor.mean), \(error)")
    let worse = [8.0, 16, 32].map { Self.metric.distances(of: set(3, noise: $0), to: reference) }
    let fine = ([same] + worse).map { $0[0].distance }
    #expect(zip(fine, fine.dropFirst()).allSatisfy { $0 < $1 } && fine[1] > 2 * fine[0], "\(fine)")
    #expect(worse[2].mean > 2 * same.mean)
    // Noise is fine detail, and the level has more of it.
    #expect(worse[2][0].contrast > 1.5)
  }

  /// Each set is normalised by itself: grey pictures aren't farther, but their contrast says so.
  @Test func contrastIsToldApart() {
    let pictures = wavyPictures(64, size: 32, seed: 1, noise: 2)
    let dull = pictures.map { $0.map { 128 + UInt8($0) / 2 - 64 } }
    let distances = Self.metric.distances(
      of: Self.set(dull, size: 32), as: .reference, to: Self.set(pictures, size: 32))
    #expect(distances.allSatisfy { abs($0.contrast - 0.5) < 0.02 })
    #expect(distances[1].distance < 5)
  }

  /// On any number of threads, on AVX2 and AVX-512, kept or not.
  @Test func sameBitsEverywhere() throws {
    let samples = Self.set(wavyPictures(19, size: 32, channels: 1, seed: 1), size: 32, channels: 1)
    let reference = Self.set(wavyPictures(19, size: 32, channels: 1, seed: 2, noise: 30), size: 32, channels: 1)
    let all = agreeingDevices.map { device in
      SlicedWasserstein(seed: 5, on: device).distances(of: samples, to: reference)
    }
    #expect(Set(all.map { $0.map(\.distance.bitPattern) }).count <= 1)
    #expect(all.allSatisfy { $0 == all.first })
    for device in agreeingDevices.prefix(3) {
      var metric = SlicedWasserstein(seed: 5, on: device)
      metric.directions = 128
      let kept = SlicedReference(reference, metric, on: device)
      for _ in 0..<2 {
        let distances = kept.distances(of: samples)
        let expected = metric.distances(of: samples, to: reference)
        #expect(distances.map(\.distance) == expected.map(\.distance))
        #expect(distances.map(\.contrast) == expected.map(\.contrast))
      }
    }
  }

  @Test func standardErrors() {
    #expect(SlicedWasserstein.standardError([]) == nil && SlicedWasserstein.standardError([1]) == nil)
    #expect(SlicedWasserstein.standardError([1, 3]) == 1)
    #expect(SlicedWasserstein.standardError([2, 2, 2]) == 0)
  }
}
