// curves.svg: the Wasserstein estimate over generator steps, raw and through a median, and that of held-out pictures
// beside it. Where the two part, the critic knows its pictures by heart. Below them, where it was measured, how far the
// samples are from held-out pictures.

import Plots
import SystemSupport

package enum LossPlot {
  private static let width = 960.0
  private static let height = 520.0
  private static let distanceHeight = 280.0
  private static let (left, right, top, bottom) = (72.0, 936.0, 70.0, 470.0)

  package static func svg(_ curves: LossCurves) -> SVG {
    let distances = finite(curves.distances)
    var svg = SVG(
      width: width, height: distances.isEmpty ? height : height + distanceHeight,
      title: "The Wasserstein estimate over generator steps"
        + (distances.isEmpty ? "" : ", and how far samples are from held-out pictures"))
    svg.text("wasserstein: the critic's mean score of fake less that of real pictures", 16, 26, size: 14, isBold: true)

    let raw = finite(curves.estimate)
    // Of a few steps all medians are the same one.
    let median = raw.count > LossCurves.medianWindow / 2 ? finite(medians(curves)) : []
    let heldOut = finite(curves.heldOut)
    let panel = StepPanel(
      lastStep: curves.estimate.last?.step ?? 0, values: valueAxis(raw: raw, smooth: median + heldOut), left: left,
      right: right)
    panel.drawGrid(&svg)

    var entries = [Legend.Entry(text: "each generator step", paint: SVG.Paint(fill: PlotColor.sky))]
    // A single step is a point, and no line.
    panel.draw(raw, &svg, color: PlotColor.sky, width: 0.8, dots: true)
    if !median.isEmpty {
      entries.append(
        Legend.Entry(
          text: "median of \(LossCurves.medianWindow) steps", paint: SVG.Paint(fill: PlotColor.blue)))
      panel.draw(median, &svg, color: PlotColor.blue, width: 2)
    }
    if !heldOut.isEmpty {
      panel.draw(heldOut, &svg, color: PlotColor.vermilion, width: 1.5, dots: true)
      entries.append(Legend.Entry(text: "held-out pictures", paint: SVG.Paint(fill: PlotColor.vermilion)))
    }
    let beyond = panel.markBeyond(curves.estimate, &svg) + panel.markBeyond(curves.heldOut, &svg)
    if beyond > 0 {
      let words = "\(counted(beyond, "value lies", "values lie")) beyond the axis"
      entries.append(Legend.Entry(text: words, paint: StepPanel.beyondPaint, marker: .triangle))
    }
    _ = Legend(entries: entries).draw(&svg, x: left, y: 42, right: right)
    if raw.isEmpty {
      svg.text("no generator step yet", (left + right) / 2, (top + bottom) / 2, anchor: .middle, fill: PlotColor.quiet)
    }
    if !distances.isEmpty { draw(distances, &svg, lastStep: curves.estimate.last?.step ?? 0) }
    return svg
  }

  /// Below: the distance.
  private static func draw(_ distances: [LossCurves.Point], _ svg: inout SVG, lastStep: Int) {
    svg.text("sliced Wasserstein distance of samples (swd)", 16, height + 18, size: 14, isBold: true)
    let panel = StepPanel(
      lastStep: lastStep,
      values: StepPanel.axisFromZero(
        distances.map { Double($0.value) }, bottom: height + distanceHeight - 50, top: height + 38),
      left: left, right: right)
    panel.drawGrid(&svg)
    panel.draw(distances, &svg, color: PlotColor.green, width: 2, dots: true)
  }

  /// Logarithmic where what is drawn smooth is positive and spans more than a factor of 30: the last tenth of a long
  /// fall is as readable as its first. Else linear and with 0 in it. It reaches every value, but for outliers of the
  /// raw estimate that would flatten all else: these are marked on its end.
  private static func valueAxis(raw: [LossCurves.Point], smooth: [LossCurves.Point]) -> Axis {
    let lines = smooth.map { Double($0.value) }
    let sorted = raw.map { Double($0.value) }.sorted()
    // Without the farthest two in a hundred at each end, as the page of `wgan watch` has it.
    let few = sorted.count / 50
    let usual = sorted.isEmpty ? [] : [sorted[few], sorted[sorted.count - 1 - few]]
    guard var low = (lines + usual).min(), var high = (lines + usual).max(), let lowest = sorted.first,
      let highest = sorted.last
    else {
      return Axis(0, 1, from: bottom, to: top)
    }
    if let least = lines.min(), let greatest = lines.max(), least > 0, greatest > 30 * least {
      let end = highest <= 10 * max(greatest, high) ? max(highest, greatest) : max(greatest, high)
      return Axis(0.8 * least, 1.25 * end, from: bottom, to: top, isLogarithmic: true)
    }
    let span = max(high, 0) - min(low, 0)
    // All of them; else all but what is farther away than the rest is wide.
    let isWhole = max(high, highest, 0) - min(low, lowest, 0) <= 4 * span
    let near = isWhole ? sorted[...] : sorted.filter { min(low, 0) - span...max(high, 0) + span ~= $0 }[...]
    (low, high) = (min(low, near.first ?? low), max(high, near.last ?? high))
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
}
