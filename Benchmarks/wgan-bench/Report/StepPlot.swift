// What training steps spend their time on: a bar for each kind of step, its pieces the kinds of work.

import Plots
import SystemSupport

package enum StepPlot {
  /// Convolution first: what isn't is what lies to its right.
  private static let colors: [(kind: String, color: String)] = [
    ("convolution", PlotColor.blue), ("packing", PlotColor.sky), ("norm", PlotColor.orange),
    ("elementwise", PlotColor.yellow), ("optimizer", PlotColor.green), ("clipping", PlotColor.pink),
    ("waiting", PlotColor.vermilion), ("other", PlotColor.grey),
  ]

  /// Nil: no step is split.
  package static func svg(_ report: StepReport) -> SVG? {
    let steps = report.steps.filter { total($0) > 0 && total($0) < 1e9 }
    guard let longest = steps.map(total).max() else { return nil }
    let width = 960.0
    let (left, right) = (110.0, 900.0)
    var svg = SVG(width: width, title: "Training steps, split by kind of work")
    svg.text(
      "\(report.isa), \(report.threads) threads, size \(report.size), features \(report.features), batch "
        + "\(report.batch_size)", 16, 26, size: 14, isBold: true)
    let step = Axis.roundStep(longest / 6)
    let axis = Axis(0, step * (longest / step).rounded(.up), from: left, to: right)
    let top = 44.0
    let bottom = top + Double(steps.count) * 76 + 6
    for tick in axis.ticks {
      let x = axis.position(tick)
      svg.line(x, top, x, bottom, SVG.Paint(stroke: PlotColor.grid))
      svg.text(Axis.label(tick), x, bottom + 15, size: 11, anchor: .middle, fill: PlotColor.quiet)
    }
    svg.text("milliseconds", (left + right) / 2, bottom + 33, anchor: .middle)

    let kinds = kinds(steps).map { kind in (kind, colors.first { $0.kind == kind }?.color ?? PlotColor.grey) }
    for (index, step) in steps.enumerated() {
      let y = top + 26 + Double(index) * 76
      svg.text(step.step, left - 10, y + 21, anchor: .end)
      svg.text(
        String(
          printf: "%.1f ms in sum; %.1f %% of them not convolution", total(step), 100 * step.notConvolutionShare),
        left + 2, y - 7, size: 11, halo: true)
      var sum = 0.0
      for (kind, color) in kinds {
        let milliseconds = max(0, step.kinds[kind, default: 0])
        let (from, to) = (axis.position(sum), axis.position(sum + milliseconds))
        sum += milliseconds
        let figures = String(printf: "%.2f ms, %.1f %%", milliseconds, 100 * milliseconds / total(step))
        svg.box(
          SVG.Box(x: from, y: y, width: to - from, height: 34),
          SVG.Paint(fill: color, stroke: "#ffffff", strokeWidth: 0.7), tip: "\(step.step) step, \(kind): \(figures)")
        let label = String(printf: "%.0f %%", 100 * milliseconds / total(step))
        if to - from > SVG.length(of: label, size: 11) + 4 {
          let isDark = color == PlotColor.blue
          svg.text(
            label, (from + to) / 2, y + 21, size: 11, anchor: .middle, fill: isDark ? "#ffffff" : PlotColor.text)
        }
      }
    }
    // The legend holds the figures, since narrow pieces have no room for theirs.
    var y = bottom + 62
    let columns = [230.0] + steps.indices.map { 330 + Double($0) * 150 }
    for (column, step) in zip(columns.dropFirst(), steps) {
      svg.text("\(step.step), ms", column, y, size: 11, anchor: .end, fill: PlotColor.quiet)
      svg.text("%", column + 48, y, size: 11, anchor: .end, fill: PlotColor.quiet)
    }
    for (kind, color) in kinds {
      y += 19
      svg.box(SVG.Box(x: left, y: y - 10, width: 12, height: 12), SVG.Paint(fill: color))
      svg.text(kind, left + 20, y)
      for (column, step) in zip(columns.dropFirst(), steps) {
        let milliseconds = step.kinds[kind, default: 0]
        svg.text(String(printf: "%.2f", milliseconds), column, y, anchor: .end)
        svg.text(String(printf: "%.1f", 100 * milliseconds / total(step)), column + 48, y, anchor: .end)
      }
    }
    svg.height = y + 18
    return svg
  }

  /// The kinds that any of the steps has time of, those that we know first.
  static func kinds(_ steps: [SplitStep]) -> [String] {
    let all = colors.map(\.kind) + Set(steps.flatMap(\.kinds.keys)).subtracting(colors.map(\.kind)).sorted()
    return all.filter { kind in steps.contains { $0.kinds[kind, default: 0] > 0 } }
  }

  private static func total(_ step: SplitStep) -> Double { step.kinds.values.reduce(0) { $0 + max(0, $1) } }
}
