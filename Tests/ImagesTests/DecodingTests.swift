// Every form of JPEG and PNG decodes to what PIL, or the drawing it was made from, says.

import CTurboJPEG
import Testing

import Images

@Suite struct DecodingTests {
  @Test("there are fixtures to test with")
  func fixturesAreThere() { #expect(Fixture.rows.count > 50) }

  @Test("every form of file decodes to the expected pixels", arguments: Fixture.rows)
  func form(_ row: Fixture.Row) throws {
    let expected = try PictureDecoder.decode(path: Fixture.path(row.expected), channels: 3, shortSide: nil)
    var picture = try PictureDecoder.decode(path: Fixture.path(row.file), channels: 3, shortSide: nil)
    if row.expected.hasPrefix("scaled-") { picture = picture.resized(width: expected.width, height: expected.height) }
    let difference = try #require(picture.largestDifference(to: expected))
    #expect(difference <= row.tolerance)
    if row.tolerance > 2 { #expect(abs(picture.mean - expected.mean) < 1) }
  }

  @Test("luma is the luma of the colours, whatever the form", arguments: Fixture.rows)
  func luma(_ row: Fixture.Row) throws {
    let colour = try PictureDecoder.decode(path: Fixture.path(row.file), channels: 3, shortSide: nil)
    let luma = try PictureDecoder.decode(path: Fixture.path(row.file), channels: 1, shortSide: nil)
    // A JPEG's luma is kept before its chroma is clipped to colours that exist.
    let tolerance = row.file.hasSuffix(".jpg") ? 12 : 0
    #expect(try #require(colour.converted(channels: 1).largestDifference(to: luma)) <= tolerance)
  }

  @Test("the header tells the size that decoding gives, turned upright", arguments: Fixture.rows)
  func information(_ row: Fixture.Row) throws {
    let picture = try PictureDecoder.decode(path: Fixture.path(row.file), channels: 1, shortSide: nil)
    let information = try PictureDecoder.information(path: Fixture.path(row.file))
    #expect(information.width == picture.width && information.height == picture.height)
    #expect(information.format == (row.file.hasSuffix(".jpg") ? .jpeg : .png))
  }

  @Test(
    "the codec's scaling and ours end where the full picture scaled ends", arguments: [8, 20, 40, 41, 80, 100, 160])
  func scaledDecoding(_ shortSide: Int) throws {
    let picture = Picture.gradient(323, 161, 3)
    for samplings in [TJSAMP_444, TJSAMP_420] {
      let bytes = jpeg(picture, subsampling: samplings)
      for channels in [1, 3] {
        let full = try PictureDecoder.decode(bytes: bytes, channels: channels, shortSide: nil)
        let scaled = try PictureDecoder.decode(bytes: bytes, channels: channels, shortSide: shortSide)
        // Smaller inverse DCTs aren't quite means: a few levels, where the picture isn't smooth.
        let difference = try #require(full.resized(shortSide: shortSide).largestDifference(to: scaled))
        #expect(difference <= 4)
        #expect(abs(full.mean - scaled.mean) < 1)
      }
    }
  }
}
