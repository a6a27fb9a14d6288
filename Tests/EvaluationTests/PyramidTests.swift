import Evaluation
import Testing

/// Protects: the pyramid loses nothing, and its filters do to simple pictures what they must.
@Suite struct PyramidTests {
  @Test func sizesGoDownToSixteen() {
    #expect(LaplacianPyramid.sizes(of: 64) == [64, 32, 16])
    #expect(LaplacianPyramid.sizes(of: 16) == [16])
    #expect(LaplacianPyramid.sizes(of: 31) == [31])
    #expect(LaplacianPyramid.sizes(of: 48) == [48, 24])
  }

  /// From the coarsest level up, each doubled and added to the next, is the picture again.
  @Test(arguments: [(16, 1), (32, 3), (64, 3), (128, 1)]) func levelsAddUpToThePicture(size: Int, channels: Int) {
    let picture = FloatPicture(
      size: size, channels: channels, values: uniform(size * size * channels, seed: size).map { 255 * $0 })
    let levels = LaplacianPyramid.sizes(of: size).count
    var sum = LaplacianPyramid.level(levels - 1, of: levels, picture)
    for level in (0..<levels - 1).reversed() {
      sum = LaplacianPyramid.doubled(sum)
      let detail = LaplacianPyramid.level(level, of: levels, picture)
      for i in sum.values.indices { sum.values[i] += detail.values[i] }
    }
    let largest = zip(sum.values, picture.values).map { abs($0 - $1) }.max() ?? .infinity
    #expect(largest < 1e-3)
  }

  /// Of one grey nothing is detail, and a mirrored picture has the mirrored levels (but for the far border's rule).
  @Test func aPlainPictureHasNoDetail() {
    let plain = FloatPicture(size: 32, channels: 3, values: [Float](repeating: 77, count: 32 * 32 * 3))
    #expect(LaplacianPyramid.level(0, of: 2, plain).values.allSatisfy { $0 == 0 })
    #expect(LaplacianPyramid.level(1, of: 2, plain).values.allSatisfy { $0 == 77 })
  }

  /// A ramp stays one inside, whatever is done to it along the other axis.
  @Test func aRampStaysARamp() {
    for axis in [0, 1] {
      let values = (0..<32 * 32).map { Float(axis == 0 ? $0 % 32 : $0 / 32) }
      let picture = FloatPicture(size: 32, channels: 1, values: values)
      let (half, detail) = (LaplacianPyramid.halved(picture), LaplacianPyramid.level(0, of: 2, picture))
      for i in 4..<12 {
        for j in 0..<16 {
          #expect(half.values[axis == 0 ? j * 16 + i : i * 16 + j] == Float(2 * i))
          #expect(abs(detail.values[axis == 0 ? 2 * j * 32 + 2 * i : 2 * i * 32 + 2 * j]) < 1e-5)
        }
      }
    }
  }
}
