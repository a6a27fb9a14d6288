import Compute
import Foundation
import Randomness
import Testing
import WGANBench

/// Protects what a shape's line means, and the people who mistype one.
@Suite struct ConvolutionShapeTests {
  static let good = [
    "mb64ic3ih64oc64oh32kh4sh2ph1", "mb64ic64ih32oc128oh16kh4sh2ph1", "mb1ic64ih32oc64oh32kh3sh1ph1",
    "mb2ic512ih4oc1oh1kh4sh1ph0", "mb16ic512ih4oc100oh1kh4sh1ph0",
  ]

  @Test(arguments: good) func aShapeIsWrittenAsItIsRead(_ text: String) throws {
    let shape = try ConvolutionShape(parsing: text, batch: 7)
    #expect(shape.text == text)
    #expect(shape.name == nil)
  }

  @Test func whatIsImpliedMayBeLeftOut() throws {
    let shape = try ConvolutionShape(parsing: "ic64ih32oc128kh4sh2ph1", batch: 7)
    #expect(shape.text == "mb7ic64ih32oc128oh16kh4sh2ph1")
    let long = try ConvolutionShape(
      parsing: "g1mb7_ic64oc128_ih32oh16kh4sh2dh0ph1_iw32ow16kw4sw2dw0pw1_n\"a layer\"", batch: 1)
    #expect(long.text == shape.text)
    #expect(long.name == "a layer")
    #expect(try ConvolutionShape(parsing: "mb1ic512ih4oc100kh4", batch: 1).text == "mb1ic512ih4oc100oh1kh4sh1ph0")
  }

  @Test func kernelsFollowTheShape() throws {
    func form(_ text: String) throws -> Convolution.Form {
      try ConvolutionShape(parsing: text, batch: 1).convolution.form
    }
    #expect(try form("ic3ih64oc64kh4sh2ph1") == .picture)
    #expect(try form("ic5ih64oc64kh4sh2ph1") == .blocked)
    #expect(try form("ic3ih64oc64kh3sh1ph1") == .blocked)
    #expect(try form("ic512ih4oc1kh4") == .score)
    #expect(try form("ic512ih4oc2kh4") == .blocked)
  }

  @Test(arguments: [
    ("", "ic is missing"), ("mb64", "ic is missing"), ("ic64ih32oc128sh2ph1", "kh is missing"),
    ("ic64ih32oc128oh15kh4sh2ph1", "oh16"), ("ic64ih32iw31oc128kh4sh2ph1", "only squares"),
    ("ic64ih32oc128kh4sh2ph1pw0", "only squares"), ("ic64ih32oc128kh5sh2ph1", "there are kernels for"),
    ("ic64ih30oc128kh4sh2ph1", "multiple of 8"), ("ic64ih30oc64kh3ph1", "multiple of 4"),
    ("ic64ih8oc64kh4", "ih must be 4"), ("ic64ih2oc64kh4", "larger than the padded picture"),
    ("mb0ic64ih32oc128kh4sh2ph1", "mb must be 1"), ("ic64ih32oc128kh4sh0ph1", "sh must be 1"),
    ("ic64ic64ih32oc128kh4sh2ph1", "twice"), ("xx64ih32", "xx isn't known"), ("ic64ih", "a number is missing"),
    ("ic99999999999999999999ih32", "more than 65536"), ("64ic", "expected a field"), ("ic-3", "a number is missing"),
    ("ic64 ih32", "expected a field"), ("g2ic64ih32oc128kh4sh2ph1", "no groups"),
    ("ic64ih32oc128kh4dh1sh2ph1", "no dilation"), ("ic64ih32oc128kh4sh2ph1n\"a", "n\"like this\""),
    ("ic64ih32oc128kh4sh2ph1\"a\"", "n\"like this\""), ("mb65536ic65536ih65536oc1kh4sh2ph1", "more than 8 GiB"),
    ("ic٣ih32", "a number is missing"),
  ]) func aBadShapeSaysWhatIsWrong(_ text: String, _ says: String) {
    do {
      let shape = try ConvolutionShape(parsing: text, batch: 64)
      Issue.record("\(text) was read as \(shape.text)")
    } catch {
      #expect(error.description.contains(says), "\(error)")
      #expect(!error.description.contains("\n"))
    }
  }

  /// No text ends in a trap, and what is accepted means itself.
  @Test func anyTextIsReadOrRefused() {
    let pieces = [
      "mb", "ic", "ih", "oc", "oh", "kh", "sh", "ph", "n\"", "\"", "_", "0", "1", "3", "4", "16", "64", "65536", "é",
      "\n",
    ]
    var random = RandomStream(seed: 7, purpose: .test)
    for i in 0..<20_000 {
      var text = Self.good[i % Self.good.count]
      for _ in 0..<Int(random.nextWord() % 4) {
        let place = text.index(text.startIndex, offsetBy: Int(random.nextWord()) % (text.count + 1))
        let piece = pieces[Int(random.nextWord()) % pieces.count]
        if random.nextWord() % 2 == 0 || place == text.endIndex {
          text.insert(contentsOf: piece, at: place)
        } else {
          text.remove(at: place)
        }
      }
      guard let shape = try? ConvolutionShape(parsing: text, batch: 2) else { continue }
      #expect((try? ConvolutionShape(parsing: shape.text, batch: 3))?.text == shape.text, "\(text)")
    }
  }

  @Test func aFileHasCommentsAndLineNumbers() throws {
    let text = "# head\r\n\n  mb2ic64ih32oc128kh4sh2ph1  # first\nic3ih64oc64kh4sh2ph1n\"x\"\n"
    let shapes = try ConvolutionShape.parse(file: text, named: "f", batch: 5)
    #expect(shapes.map(\.text) == ["mb2ic64ih32oc128oh16kh4sh2ph1", "mb5ic3ih64oc64oh32kh4sh2ph1"])
    #expect(shapes.last?.name == "x")
    for (bad, says) in [("# only\n", "no shapes"), ("ic3ih64oc64kh4sh2ph1\n\nic3\n", "f, line 3")] {
      let error = #expect(throws: ShapeError.self) { try ConvolutionShape.parse(file: bad, named: "f", batch: 5) }
      #expect(error?.description.contains(says) == true, "\(String(describing: error))")
    }
  }

  @Test func theShapesFilesCanBeRead() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Benchmarks/Shapes").standardized
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(!files.isEmpty)
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      _ = try ConvolutionShape.parse(file: text, named: file.lastPathComponent, batch: 64)
    }
  }

  @Test func workAndTraffic() throws {
    let shape = try ConvolutionShape(parsing: "mb2ic64ih32oc128kh4sh2ph1", batch: 1)
    #expect(shape.operations == Double(2 * 2 * 16 * 16 * 128 * 64 * 16))
    #expect(shape.unavoidableBytes == Double(4 * (2 * 64 * 32 * 32 + 128 * 64 * 16 + 2 * 128 * 16 * 16)))
  }
}
