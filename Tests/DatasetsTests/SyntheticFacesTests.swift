import Datasets
import Images
import Testing

/// Protects: the demo's data set is the same everywhere, and one set of faces whatever the size.
@Suite struct SyntheticFacesTests {
  func face(_ index: Int, seed: UInt64 = 3, size: Int = 32, channels: Int = 3) -> Picture {
    SyntheticFaces.picture(seed: seed, index: index, size: size, channels: channels)
  }

  @Test func aFaceIsAFunctionOfItsKeys() {
    let again = face(4)
    _ = face(5)
    #expect(face(4) == again)
    #expect(face(4, seed: 4) != again)
    #expect(face(4).width == 32 && face(4).height == 32 && face(4).channels == 3)
  }

  /// What `SyntheticFaces.version` stands for: whoever changes a bit of a drawing raises it, and makes these anew.
  @Test func facesArePinned() {
    func digest(_ pictures: [Picture]) -> UInt64 {
      var digest: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a
      for picture in pictures { for byte in picture.pixels { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 } }
      return digest
    }
    #expect(SyntheticFaces.version == 3)
    #expect(digest((0..<200).map { face($0, seed: 42, size: 64) }) == 9_796_929_971_514_662_566)
    #expect(digest((0..<50).map { face($0, seed: 1, size: 16, channels: 1) }) == 12_757_500_063_557_730_820)
  }

  @Test func facesVary() {
    let faces = (0..<200).map { face($0) }
    #expect(Set(faces.map(\.pixels)).count == faces.count)
    // Each pixel takes many values, at the edge (background, hair) and in the middle (skin, mouth).
    for at in [0, 16 * 32 + 16, 22 * 32 + 16, 31 * 32 + 5] {
      let values = faces.map { Double($0.pixels[3 * at]) }
      let mean = values.reduce(0, +) / 200
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200).squareRoot()
      #expect(deviation > 20)
    }
  }

  /// The oracle of anti-aliasing: a face at half the size is about the mean of 2 x 2 pixels of the large one.
  @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7]) func sizesAgree(index: Int) {
    let (large, small) = (face(index, size: 128), face(index, size: 64))
    var difference = 0.0
    for y in 0..<64 {
      for x in 0..<64 {
        for c in 0..<3 {
          let sum = [(0, 0), (1, 0), (0, 1), (1, 1)].reduce(0) { $0 + Int(large[2 * x + $1.0, 2 * y + $1.1, c]) }
          difference += abs(Double(sum) / 4 - Double(small[x, y, c]))
        }
      }
    }
    #expect(difference / (64 * 64 * 3) < 1.5)
  }

  @Test func greyIsTheLumaOfTheColours() {
    #expect(face(9, channels: 1) == face(9).converted(channels: 1))
  }

  /// Neither burnt out nor black: light and palettes stay in range.
  @Test func tonesStayInRange() {
    var (dark, bright, all) = (0, 0, 0)
    for i in 0..<200 {
      for value in face(i).pixels {
        all += 1
        if value == 0 { dark += 1 }
        if value == 255 { bright += 1 }
      }
    }
    #expect(Double(dark) / Double(all) < 0.02)
    #expect(Double(bright) / Double(all) < 0.02)
  }

  /// Sizes that no net uses, and single pixels, are drawn without a trap.
  @Test(arguments: [1, 2, 3, 7, 16, 100]) func anySize(size: Int) {
    for i in 0..<50 { #expect(face(i, size: size).pixels.count == size * size * 3) }
  }
}
