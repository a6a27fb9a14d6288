// curves.svg: the Wasserstein estimate over generator steps, raw and through a median, and that of held-out pictures
// beside it. Where the two part, the critic knows its pictures by heart.

import Plots

package enum LossPlot {
  private static let width = 960.0
  private static let height = 520.0
  private static let (left, right, top, bottom) = (72.0, 936.0, 70.0, 470.0)

  package static func svg(_ curves: LossCurves) -> SVG {
    var svg = SVG(width: width, height: height, title: "The Wasserstein estimate over generator steps")
    svg.text("Wasserstein estimate (-d_loss)", 16, 26, size: 14, isBold: true)

    let median = finite(medians(curves))
    let heldOut = finite(curves.heldOut)
    let raw = finite(curves.estimate)
    let steps = Axis(
      0, Double(max(curves.estimate.last?.step ?? 0, 1)), from: left, to: right)
    let values = valueAxis(raw: raw, smooth: median + heldOut)
    drawGrid(&svg, steps, values)

    var entries = [
      Legend.Entry(text: "each generator step", paint: SVG.Paint(fill: PlotColor.sky)),
      Legend.Entry(
        text: "median of \(LossCurves.medianWindow) steps", paint: SVG.Paint(fill: PlotColor.blue)),
    ]
    func draw(_ points: [LossCurves.Point], _ color: String, width: Double) {
      let places = points.map { (x: steps.position(Double($0.step)), y: values.position(Double($0.value))) }
      svg.polyline(thinned(places), SVG.Paint(stroke: color, strokeWidth: width))
    }
    draw(raw, PlotColor.sky, width: 0.8)
    draw(median, PlotColor.blue, width: 2)
    if !heldOut.isEmpty {
      draw(heldOut, PlotColor.vermilion, width: 1.5)
      // A line of few points would hide which they are.
      if heldOut.count <= 60 {
        for point in heldOut {
          svg.marker(
            .circle, steps.position(Double(point.step)), values.position(Double(point.value)), size: 4,
            SVG.Paint(fill: PlotColor.vermilion))
        }
      }
      entries.append(Legend.Entry(text: "held-out pictures", paint: SVG.Paint(fill: PlotColor.vermilion)))
    }
    _ = Legend(entries: entries).draw(&svg, x: left, y: 42, right: right)
    if raw.isEmpty {
      svg.text("no generator step yet", (left + right) / 2, (top + bottom) / 2, anchor: .middle, fill: PlotColor.quiet)
    }
    return svg
  }

  private static func drawGrid(_ svg: inout SVG, _ steps: Axis, _ values: Axis) {
    for tick in steps.ticks where tick == tick.rounded() {
      let x = steps.position(tick)
      svg.line(x, top, x, bottom, SVG.Paint(stroke: PlotColor.grid))
      svg.text(
        Int(exactly: tick).map(String.init) ?? Axis.label(tick), x, bottom + 16, size: 11, anchor: .middle,
        fill: PlotColor.quiet)
    }
    for tick in values.ticks {
      let y = values.position(tick)
      svg.line(left, y, right, y, SVG.Paint(stroke: tick == 0 ? PlotColor.axis : PlotColor.grid))
      svg.text(Axis.label(tick), left - 7, y + 4, size: 11, anchor: .end, fill: PlotColor.quiet)
    }
    svg.text("generator steps", (left + right) / 2, bottom + 36, anchor: .middle)
    if values.isLogarithmic {
      svg.text("logarithmic", left, bottom + 36, size: 11, fill: PlotColor.quiet)
    }
  }

  /// Logarithmic where what is drawn smooth is positive and spans more than a factor of 30: the last tenth of a long
  /// fall is as readable as its first. Else linear and with 0 in it. Single outliers of the raw estimate lie on the
  /// edge.
  private static func valueAxis(raw: [LossCurves.Point], smooth: [LossCurves.Point]) -> Axis {
    let lines = smooth.map { Double($0.value) }
    let sorted = raw.map { Double($0.value) }.sorted()
    let ends = sorted.isEmpty ? [] : [sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100]]
    guard let low = (lines + ends).min(), let high = (lines + ends).max() else {
      return Axis(0, 1, from: bottom, to: top)
    }
    if let least = lines.min(), let greatest = lines.max(), least > 0, greatest > 30 * least {
      return Axis(0.8 * least, 1.25 * max(greatest, high), from: bottom, to: top, isLogarithmic: true)
    }
    let step = Axis.roundStep((max(high, 0) - min(low, 0)) / 6)
    let (first, last) = ((min(low, 0) / step).rounded(.down), (max(high, 0) / step).rounded(.up))
    return Axis(first * step, max(last, first + 1) * step, from: bottom, to: top)
  }

  /// The medians at a thousand rows or fewer: the plot has no room for more.
  private static func medians(_ curves: LossCurves) -> [LossCurves.Point] {
    let rows = curves.estimate
    let every = max(1, rows.count / 1000)
    return rows.indices.filter { $0 % every == 0 || $0 == rows.count - 1 }.compactMap { i in
      curves.median(at: i).map { LossCurves.Point(step: rows[i].step, value: $0) }
    }
  }

  private static func finite(_ points: [LossCurves.Point]) -> [LossCurves.Point] {
    // Greater numbers have no place on an axis: a run that gives them has diverged.
    points.filter { abs($0.value) < 1e30 }
  }

  /// Of the points that fall into one pixel's column the first, the lowest, the highest and the last: it looks as with
  /// all of them, however long the run.
  private static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    var result: [(x: Double, y: Double)] = []
    var start = 0
    while start < points.count {
      var end = start
      var (lowest, highest) = (start, start)
      while end < points.count, points[end].x.rounded() == points[start].x.rounded() {
        if points[end].y < points[lowest].y { lowest = end }
        if points[end].y > points[highest].y { highest = end }
        end += 1
      }
      for i in Set([start, lowest, highest, end - 1]).sorted() { result.append(points[i]) }
      start = end
    }
    return result
  }
}
