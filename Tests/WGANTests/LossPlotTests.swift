import Foundation
import Plots
import Testing
import WGAN

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct LossPlotTests {
  static func curves(_ count: Int, heldOutEvery: Int = 50, _ value: (Int) -> Float) -> LossCurves {
    var curves = LossCurves()
    for step in 1...max(1, count) where count > 0 {
      curves.append(
        step: step, wasserstein: value(step), heldOut: step % heldOutEvery == 0 ? 0.9 * value(step) : nil,
        distance: step % heldOutEvery == 0 ? 100 * value(step) : nil)
    }
    return curves
  }

  /// Whatever a run's losses are: a picture that a browser opens, no label cut off or on another.
  @Test(arguments: [
    curves(0) { _ in 0 }, curves(1) { _ in 0.4 }, curves(3) { _ in 0 }, curves(400) { sin(Float($0)) },
    curves(5000) { 20 * exp(-Float($0) / 900) + 0.02 }, curves(30_000) { $0 % 7 == 0 ? .nan : 1 / Float($0) },
    curves(200) { $0 < 100 ? 0.5 : .infinity }, curves(200) { _ in .nan }, curves(120) { _ in 3e38 },
    curves(250_000) { -1e-6 * Float($0) },
  ]) func itIsReadable(curves: LossCurves) throws {
    let svg = LossPlot.svg(curves)
    let parser = XMLParser(data: Data(svg.text.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
    #expect(!svg.text.contains("nan") && !svg.text.contains("inf"))
    for (index, label) in svg.labels.enumerated() {
      let box = label.box
      #expect(
        box.x >= 0 && box.y >= 0 && box.x + box.width <= svg.width && box.y + box.height <= svg.height,
        "\(label.text) is cut off")
      #expect(!svg.labels[..<index].contains { box.overlaps($0.box) }, "\(label.text) lies on another")
    }
    // However long the run, the file stays small.
    #expect(svg.text.utf8.count < 200_000)
  }

  /// A fall over decades is logarithmic; a run that stays within one, or goes through 0, is linear.
  @Test func theAxisIsLogarithmicWhereThatShowsMore() {
    func isLogarithmic(_ curves: LossCurves) -> Bool { LossPlot.svg(curves).text.contains("logarithmic") }
    #expect(isLogarithmic(Self.curves(3000) { 20 * exp(-Float($0) / 500) + 0.02 }))
    #expect(!isLogarithmic(Self.curves(3000) { 1 / (1 + Float($0) / 1000) }))
    #expect(!isLogarithmic(Self.curves(3000) { 2 - Float($0) / 1000 }))
  }

  /// A run of a step or of three has something to see, and no median of 101 steps.
  @Test func fewStepsArePoints() {
    for count in [1, 3, 50, 51] {
      let text = LossPlot.svg(Self.curves(count, heldOutEvery: 5000) { Float($0) }).text
      #expect(text.components(separatedBy: "<circle").count - 1 == count, "\(count)")
      #expect(text.contains("median") == (count > 50), "\(count)")
    }
  }

  /// A peak is drawn as high as it was; of outliers that would flatten the rest each is marked, and they are counted.
  @Test func nothingIsCutSilently() {
    func beyond(_ curves: LossCurves) -> String? {
      LossPlot.svg(curves).labels.map(\.text).first { $0.contains("beyond") }
    }
    // A start three times as high as all the rest.
    #expect(beyond(Self.curves(1000) { $0 < 8 ? 3 : sin(Float($0)) }) == nil)
    #expect(beyond(Self.curves(3000) { ($0 == 2 ? 4 : 1) * (20 * exp(-Float($0) / 500) + 0.02) }) == nil)
    #expect(beyond(Self.curves(1000, heldOutEvery: 5000) { $0 == 500 ? -1e6 : 1 }) == "1 value lies beyond the axis")
    let two = Self.curves(1000, heldOutEvery: 5000) { $0 == 500 ? 1e6 : $0 == 700 ? .infinity : 1 }
    #expect(beyond(two) == "2 values lie beyond the axis")
    // Some more of them don't flatten the rest either.
    let ten = Self.curves(600, heldOutEvery: 5000) { $0 % 60 == 0 ? 60 : sin(Float($0)) }
    #expect(beyond(ten) == "10 values lie beyond the axis")
    // What is but a little less usual than the rest isn't one of them.
    let usual = Self.curves(600, heldOutEvery: 5000) { $0 == 7 ? 60 : $0 % 60 == 0 ? -0.1 : $0 % 61 == 0 ? 1.5 : 1 }
    #expect(beyond(usual) == "1 value lies beyond the axis")
    // A curve of nothing but rising outliers has its place.
    #expect(beyond(Self.curves(3) { Float($0 * $0 * $0) }) == nil)
  }

  /// The median of the 101 steps around, fewer at the ends; single outliers vanish.
  @Test func theMedianIsOf101Steps() {
    let ramp = Self.curves(1000) { $0 == 500 ? 1e6 : Float($0) }
    #expect(ramp.median(at: 199) == 200)
    #expect(ramp.median(at: 499) == 501)
    #expect(ramp.median(at: 0) == 26 && ramp.median(at: 999) == 975)
    #expect(ramp.median(at: 1) == 26.5)
    #expect(Self.curves(5) { _ in .nan }.median(at: 2) == nil)
    #expect(Self.curves(5) { $0 == 3 ? .nan : Float($0) }.median(at: 2) == 3)
  }
}
