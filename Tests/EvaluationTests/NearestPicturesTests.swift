import Compute
import Evaluation
import Testing

/// Protects: a copy is found, mirrored or grainy, a picture isn't its own copy, and what is normal isn't called a copy.
@Suite struct NearestPicturesTests {
  static let device = Device(threads: 2)

  static func set(_ pictures: [[UInt8]]) -> PictureSet { PictureSet(pictures, size: 32, channels: 3) }

  static func mirrored(_ picture: [UInt8]) -> [UInt8] {
    var result = picture
    for y in 0..<32 {
      for x in 0..<32 {
        for c in 0..<3 { result[(y * 32 + x) * 3 + c] = picture[(y * 32 + 31 - x) * 3 + c] }
      }
    }
    return result
  }

  @Test func copiesAreFound() {
    let others = wavyPictures(40, size: 32, seed: 1)
    let grainy = others[7].enumerated().map { UInt8(clamping: Int($1) + ($0 * 7 % 5) - 2) }
    let found = NearestPictures.find(
      Self.set([others[3], Self.mirrored(others[12]), grainy]), in: Self.set(others), on: Self.device)
    #expect(found[0] == NearestPicture(index: 3, isMirrored: false, distance: 0))
    #expect(found[1] == NearestPicture(index: 12, isMirrored: true, distance: 0))
    #expect(found[2]?.index == 7 && found[2]?.isMirrored == false)
    #expect((found[2]?.distance ?? 99) < 2)
  }

  @Test func aPictureIsNotItsOwnNeighbour() {
    var pictures = wavyPictures(20, size: 32, seed: 2)
    let one = Self.set([pictures[0]])
    let alone = NearestPictures.find(one, in: one, itself: true, on: Self.device)
    #expect(alone == [nil])
    pictures.append(pictures[4])
    let found = NearestPictures.find(Self.set(pictures), in: Self.set(pictures), itself: true, on: Self.device)
    #expect(found.enumerated().allSatisfy { $1 != nil && $1?.index != $0 })
    #expect(found[4]?.index == 20 && found[20]?.index == 4)
  }

  @Test func theShareOfNearOnes() throws {
    let summary = try #require(NeighbourSummary([1, 9, 10, 11], normal: [8, 10, 12, 3]))
    #expect(summary.median == 9.5 && summary.normalMedian == 9)
    #expect(summary.near == 0.25 && summary.normalNear == 0.25)
    #expect(NeighbourSummary([], normal: [1]) == nil && NeighbourSummary([1], normal: []) == nil)
  }
}
