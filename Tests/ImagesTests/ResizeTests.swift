// Scaling is exact, keeps what it must keep, and gives the sizes it promises; cropping takes the right part.

import Randomness
import Testing

import Images

@Suite struct ResizeTests {
  /// The definition, sample by sample, in Double: the mean over the covered area down, linear interpolation up.
  private func reference(_ picture: Picture, _ width: Int, _ height: Int) -> [Double] {
    func weights(_ source: Int, _ target: Int, _ i: Int) -> [(Int, Double)] {
      let scale = Double(source) / Double(target)
      if target <= source {
        return (0..<source).compactMap { j in
          let overlap = min(Double(i + 1) * scale, Double(j + 1)) - max(Double(i) * scale, Double(j))
          return overlap > 1e-9 ? (j, overlap / scale) : nil
        }
      }
      let position = (Double(i) + 0.5) * scale - 0.5
      let left = position.rounded(.down)
      func clamped(_ j: Double) -> Int { min(max(Int(j), 0), source - 1) }
      return [(clamped(left), 1 - (position - left)), (clamped(left + 1), position - left)]
    }
    var result: [Double] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<picture.channels {
          var sum = 0.0
          for (j, down) in weights(picture.height, height, y) {
            for (i, across) in weights(picture.width, width, x) { sum += down * across * Double(picture[i, j, c]) }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  @Test("every size is the definition's, rounded once", arguments: 0..<150)
  func definition(_ index: Int) {
    var random = RandomStream.test(index)
    let picture = random.picture(1 + random.below(40), 1 + random.below(40), index % 2 == 0 ? 3 : 1)
    let (width, height) = (1 + random.below(50), 1 + random.below(50))
    let scaled = picture.resized(width: width, height: height)
    let worst = zip(scaled.pixels, reference(picture, width, height)).map { abs(Double($0) - $1) }.max() ?? 0
    #expect(worst <= 0.5 + 1e-9, "\(picture.width) x \(picture.height) to \(width) x \(height)")
  }

  @Test(
    "the largest sums that Float can hold, and those that need Double, are exact too",
    arguments: [(127, 129), (257, 251)])
  func largeSums(_ width: Int, _ height: Int) {
    var random = RandomStream.test(1000)
    let noise = random.picture(width, height, 3)
    let bright = Picture(width: width, height: height, channels: 3, pixels: noise.pixels.map { $0 | 0xFC })
    for picture in [noise, bright] {
      for (newWidth, newHeight) in [(31, 29), (113, 109), (1, 1)] {
        let scaled = picture.resized(width: newWidth, height: newHeight)
        let exact = reference(picture, newWidth, newHeight)
        #expect((zip(scaled.pixels, exact).map { abs(Double($0) - $1) }.max() ?? 1) <= 0.5 + 1e-9)
      }
    }
  }

  @Test("halves are rounded up")
  func rounding() {
    for low in UInt8(0)...254 {
      let pair = Picture(width: 2, height: 1, channels: 1, pixels: [low, low + 1])
      #expect(pair.resized(width: 1, height: 1).pixels == [low + 1])
    }
  }

  @Test("the same size is the same picture")
  func identity() {
    var random = RandomStream.test(1)
    let picture = random.picture(13, 9, 3)
    #expect(picture.resized(width: 13, height: 9) == picture)
    #expect(picture.resized(shortSide: 9) == picture)
  }

  @Test("a constant stays that constant at any size", arguments: [1, 3])
  func constant(_ channels: Int) {
    for value in [UInt8](arrayLiteral: 0, 1, 127, 128, 254, 255) {
      let picture = Picture(
        width: 37, height: 41, channels: channels, pixels: Array(repeating: value, count: 37 * 41 * channels))
      for (width, height) in [(1, 1), (5, 40), (36, 41), (38, 7), (74, 123), (300, 2)] {
        #expect(picture.resized(width: width, height: height).pixels.allSatisfy { $0 == value })
      }
    }
  }

  @Test("half the size is the mean of each 2 x 2 block")
  func half() {
    var random = RandomStream.test(2)
    let picture = random.picture(34, 22, 3)
    let scaled = picture.resized(width: 17, height: 11)
    for y in 0..<11 {
      for x in 0..<17 {
        for c in 0..<3 {
          let sum = [(0, 0), (1, 0), (0, 1), (1, 1)].reduce(0) { $0 + Int(picture[2 * x + $1.0, 2 * y + $1.1, c]) }
          #expect(Int(scaled[x, y, c]) == (sum + 2) / 4)
        }
      }
    }
  }

  @Test("scaling down keeps the mean", arguments: 0..<10)
  func mean(_ index: Int) {
    var random = RandomStream.test(index)
    let picture = random.picture(60 + random.below(40), 60 + random.below(40), 3)
    let scaled = picture.resized(width: 40 + random.below(20), height: 40 + random.below(20))
    #expect(abs(scaled.mean - picture.mean) < 0.1)
  }

  @Test("a mirrored picture gives the mirrored result", arguments: Orientation.allCases)
  func symmetry(_ orientation: Orientation) {
    var random = RandomStream.test(3)
    let picture = random.picture(29, 23, 3)
    for (width, height) in [(7, 11), (40, 11), (50, 60)] {
      let turnedAfter = picture.resized(width: width, height: height).turned(orientation)
      let turnedBefore = picture.turned(orientation).resized(width: turnedAfter.width, height: turnedAfter.height)
      #expect(turnedAfter == turnedBefore)
    }
  }

  @Test("the short side is exact and the long one is rounded down, as torchvision does")
  func shortSide() {
    for (width, height, side, expected) in [
      (89, 109, 64, (64, 78)), (109, 89, 64, (78, 64)), (178, 218, 64, (64, 78)), (50, 50, 64, (64, 64)),
      (3, 2, 64, (96, 64)), (1, 500, 8, (8, 4000)), (199, 200, 100, (100, 100)),
    ] {
      let picture = Picture(
        width: width, height: height, channels: 1, pixels: Array(repeating: 9, count: width * height))
      let scaled = picture.resized(shortSide: side)
      #expect((scaled.width, scaled.height) == expected)
    }
  }

  @Test("a crop is the part that was asked for")
  func crop() {
    var random = RandomStream.test(4)
    let picture = random.picture(12, 10, 3)
    let part = picture.cropped(x: 3, y: 4, width: 7, height: 6)
    #expect((part.width, part.height, part.channels) == (7, 6, 3))
    for y in 0..<6 {
      for x in 0..<7 {
        for c in 0..<3 { #expect(part[x, y, c] == picture[x + 3, y + 4, c]) }
      }
    }
    #expect(picture.cropped(x: 0, y: 0, width: 12, height: 10) == picture)
  }

  @Test("the centre crop's margins are torchvision's: halves to even")
  func centreCrop() {
    let row = Picture(width: 11, height: 8, channels: 1, pixels: (0..<88).map { UInt8($0 % 11) })
    // Margins 1.5, 2.5 and 3.5: Python's round gives 2, 2 and 4.
    #expect(row.centreCropped(size: 8).pixels[0] == 2)
    #expect(row.centreCropped(size: 6).pixels[0] == 2)
    #expect(row.centreCropped(size: 4).pixels[0] == 4)
  }
}
