import Foundation
import Plots
import Testing
import WGANBench

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Protects the plots' readers: a browser opens each of them, nothing is cut off, no label lies on another.
@Suite struct PlotTests {
  static func plots(_ rows: [ConvolutionRow] = Sample.rows()) throws -> [(name: String, svg: SVG)] {
    let peers = try Sample.decoded(PeersFile.self, Sample.peersJSON)
    return [
      ("roofline", try #require(RooflinePlot.svg(rows, Sample.peak()))),
      ("percent", try #require(PercentPlot.svg(rows))), ("step", try #require(StepPlot.svg(try Sample.step()))),
      ("peers", try #require(PeersPlot.svg(peers.peers))),
    ]
  }

  /// Nil: it is well-formed; else what the parser says.
  static func error(in xml: String) -> String? {
    let parser = XMLParser(data: Data(xml.utf8))
    return parser.parse() ? nil : "\(String(describing: parser.parserError)), line \(parser.lineNumber)"
  }

  static func expectReadable(_ svg: SVG, _ name: String) {
    #expect(error(in: svg.text) == nil, "\(name)")
    #expect(!svg.text.contains("nan") && !svg.text.contains("inf"), "\(name)")
    for (index, label) in svg.labels.enumerated() {
      let box = label.box
      #expect(
        box.x >= 0 && box.y >= 0 && box.x + box.width <= svg.width && box.y + box.height <= svg.height,
        "\(name): \(label.text) is cut off: \(box)")
      for other in svg.labels[..<index] where box.overlaps(other.box) {
        Issue.record("\(name): \(label.text) lies on \(other.text)")
      }
    }
  }

  @Test func aWholeReport() throws {
    for (name, svg) in try Self.plots() {
      Self.expectReadable(svg, name)
      #expect(svg.text.contains("fill=\"#ffffff\"/>"), "\(name) is white on dark pages too")
    }
  }

  /// Points of the roofline have a marker each, and bars a figure.
  @Test func everyRowIsThere() throws {
    let rows = Sample.rows()
    let plots = try Self.plots(rows)
    for row in rows {
      // What a browser shows while the pointer rests on it.
      let tip = SVG.escaped("\(row.layer) \(row.key): ")
      #expect(plots[0].svg.text.contains(tip) && plots[1].svg.text.contains(tip), "\(tip)")
    }
    for bar in ["aim: 92 %", "aim: 88 %"] { #expect(plots[1].svg.text.contains(bar)) }
    #expect(plots[3].svg.text.contains("as PyTorch"))
  }

  @Test func textIsNoMarkup() throws {
    let name = "</svg><script>\"a\" & 'b'\u{1}\u{0}\n\t]]>"
    let rows = Sample.rows().map { row in
      var row = row
      row.layer = name
      row.isa += name
      row.algorithm = name
      row.shape += name
      return row
    }
    for svg in [RooflinePlot.svg(rows, Sample.peak()), PercentPlot.svg(rows)] {
      let svg = try #require(svg)
      #expect(Self.error(in: svg.text) == nil)
      #expect(!svg.text.contains("<script"))
    }
    #expect(SVG.escaped("a<b>&\"'\u{1}") == "a&lt;b&gt;&amp;&quot;&apos;\u{FFFD}")
  }

  /// A file may hold any number.
  @Test(arguments: [0, -5, 1e-300, 1e300, 123.4, 1e6]) func nonsenseIsDrawnOrLeftOut(_ value: Double) throws {
    var rows = [Sample.row(), Sample.row(pass: .backwardData)]
    rows[0].percentOfPeak = value
    rows[0].gflops = value
    rows[0].intensity = value
    for svg in [RooflinePlot.svg(rows, Sample.peak()), PercentPlot.svg(rows)] {
      Self.expectReadable(try #require(svg), "\(value)")
    }
    var peak = Sample.peak()
    for i in peak.arithmetic.indices { peak.arithmetic[i].gflops = value }
    for i in peak.bandwidth.indices { peak.bandwidth[i].read = value }
    #expect(Self.error(in: try #require(RooflinePlot.svg(Sample.rows(), peak)).text) == nil)
  }

  @Test func withoutAnythingThereIsNothing() {
    #expect(RooflinePlot.svg([], Sample.peak()) == nil)
    #expect(PercentPlot.svg([]) == nil)
    #expect(RooflinePlot.svg([Sample.row()], Peak()) != nil)
  }

  @Test func manyLongNames() throws {
    var rows: [ConvolutionRow] = []
    for i in 1...16 {
      rows.append(
        Sample.row(
          String(repeating: "a long name ", count: 20), "mb\(i)ic64ih32oc128oh16kh4sh2ph1", verified: i != 3,
          unsteady: i == 4, others: i == 5 ? 1 : 0))
    }
    for (name, svg) in try Self.plots(rows) { Self.expectReadable(svg, name) }
  }

  @Test func placesAreSpread() {
    let range = 0.0...100
    #expect(RooflinePlot.spread([50], apart: 10, within: range) == [50])
    #expect(RooflinePlot.spread([50, 50], apart: 10, within: range) == [45, 55])
    #expect(RooflinePlot.spread([0, 0, 90], apart: 10, within: range) == [0, 10, 90])
    #expect(RooflinePlot.spread([98, 99, 100], apart: 10, within: range) == [80, 90, 100])
    #expect(RooflinePlot.spread([20, 28, 31], apart: 10, within: range).map { $0.rounded() } == [16, 26, 36])
    // Too many: closer together.
    #expect(RooflinePlot.spread([1, 2, 3, 4, 5], apart: 50, within: range) == [0, 25, 50, 75, 100])
  }

  @Test(arguments: [
    (0.02, 5e3), (1, 3), (0.5, 16), (1e-6, 1e12), (90, 110),
  ]) func aLogarithmicAxisHasSomeTicks(_ low: Double, _ high: Double) {
    let axis = Axis(low, high, from: 0, to: 100, isLogarithmic: true)
    #expect((1...10).contains(axis.ticks.count), "\(axis.ticks)")
    #expect(axis.ticks.allSatisfy { (low...high).contains($0) })
    #expect(axis.position(low) == 0 && axis.position(high) == 100 && axis.position(high * 2) == 100)
  }

  @Test func aLinearAxisHasRoundTicks() {
    #expect(Axis(0, 100, from: 0, to: 1).ticks == [0, 20, 40, 60, 80, 100])
    #expect(Axis.label(0.0005) == "0.0005" && Axis.label(1.5e-5) == "1.5e-05" && Axis.label(150_000) == "150000")
    #expect(Axis.label(0) == "0" && Axis.label(0.5) == "0.5" && Axis.label(20) == "20" && Axis.label(1e6) == "1e+06")
  }

  @Test func layersHaveShortNames() {
    #expect(LayerLabel.short("critic.pyramid.0.conv + generator.pyramid.2.conv^T") == "C pyramid.0 + G pyramid.2^T")
    #expect(LayerLabel.ofShape("mb64ic64ih32oc128oh16kh4sh2ph1") == "64→128, 4×4/2, 32²→16², mb64")
    #expect(LayerLabel.ofShape("what") == "what")
  }
}
