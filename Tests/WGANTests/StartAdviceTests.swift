import Configuration
import Datasets
import Images
import TestSupport
import Testing
import Training
import WGAN

/// Protects: what is told of pictures before training: of those that need it, and of no others.
@Suite struct StartAdviceTests {
  /// What is told of 600 pictures of `side` x `side`, or fewer.
  private func lines(
    side: Int = 16, count: Int = 600, isGrey: Bool = false, _ change: (inout TrainingConfiguration) -> Void = { _ in }
  ) throws -> [String] {
    try inTemporaryFolder { folder in
      for i in 0..<count {
        let shade = UInt8(i % 200)
        let pixel = isGrey ? [shade, shade, shade] : [shade, 9, 200]
        let picture = Picture(
          width: side, height: side, channels: 3, pixels: (0..<side * side).flatMap { _ in pixel })
        try PNGEncoder.write(picture, to: folder / "\(i).png")
      }
      var configuration = TrainingConfiguration.blog
      (configuration.size, configuration.batchSize, configuration.heldOut) = (16, 10, 0)
      change(&configuration)
      let dataset = try Dataset(
        DatasetSource(argument: folder),
        DatasetOptions(
          size: configuration.size, channels: configuration.channels, cacheDirectory: folder / "cache"))
      let schedule = Schedule(configuration, picturesPerEpoch: dataset.count(.training), length: .epochs(1))
      return try StartAdvice(dataset, schedule).lines
    }
  }

  @Test func goodPicturesAreLeftAlone() throws { #expect(try lines() == []) }

  @Test func fewPictures() throws {
    let lines = try lines(count: 50)
    #expect(lines.count == 1 && lines[0].hasPrefix("50 pictures are few"), "\(lines)")
    let very = try self.lines(count: 49) { $0.criticSteps = 1 }
    #expect(very.count == 1 && very[0].hasPrefix("49 pictures are very few"), "\(very)")
  }

  @Test func enlargedPictures() throws {
    let lines = try lines(side: 15)
    #expect(lines.count == 1 && lines[0].hasPrefix("about 100 % of the pictures are smaller than 16"), "\(lines)")
  }

  /// Of one channel they are as they should be.
  @Test func greyPictures() throws {
    let lines = try lines(isGrey: true)
    #expect(lines.count == 1 && lines[0].contains("--channels 1"), "\(lines)")
    #expect(try self.lines(isGrey: true) { $0.channels = 1 } == [])
  }

  /// 600 pictures in batches of 50 are 12: two phases of 5 and one of 2. In batches of 40 they are three whole ones.
  @Test func cutPhases() throws {
    let lines = try lines { $0.batchSize = 50 }
    #expect(lines.count == 1 && lines[0].contains("12 batches") && lines[0].contains("one in 3"), "\(lines)")
    #expect(try self.lines { $0.batchSize = 40 } == [])
    #expect(try self.lines { ($0.batchSize, $0.criticSteps) = (50, 1) } == [])
  }
  /// The default preset's rate is for a penalty: who only changes its objective is told.
  @Test func clippingAtAHighRate() throws {
    let lines = try lines { $0.learningRate = 8e-4 }
    #expect(lines.count == 1 && lines[0].contains("--preset blog"), "\(lines)")
    #expect(
      try self.lines {
        ($0.learningRate, $0.objective, $0.criticNorm) = (8e-4, .relativistic, false)
      } == [])
  }
}
