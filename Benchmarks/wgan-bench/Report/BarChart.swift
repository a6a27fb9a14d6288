// Bars that lie on their side, in groups with a name on the left: room for long names, and for as many as there are.

import Plots

struct BarChart {
  struct Bar {
    var value: Double
    /// From the least to the greatest that was seen; nil: no whiskers.
    var range: ClosedRange<Double>?
    /// The value in words, at the bar's end.
    var text: String
    var color: String
    /// Drawn pale and dashed: a value that isn't to be trusted.
    var isDoubtful: Bool
    /// What a browser shows while the pointer rests on the bar.
    var tip: String
  }

  struct Group {
    var title: String
    var subtitle: String
    var bars: [Bar]
  }

  /// A line across all bars.
  struct Mark {
    var value: Double
    var text: String
  }

  var title: String
  var axisTitle: String
  var low: Double
  var high: Double
  var isLogarithmic = false
  /// Where bars begin.
  var base: Double
  /// What is written at a tick.
  var tickLabel: (Double) -> String = Axis.label
  var marks: [Mark] = []
  var groups: [Group]

  private static let labels = 16.0
  private static let left = 272.0
  private static let right = 800.0
  /// Wide enough for the text at the end of the longest bar.
  static let width = 960.0

  /// Draws from `top` down. Returns where the next thing may begin.
  func draw(_ svg: inout SVG, y top: Double) -> Double {
    let axis = Axis(low, high, from: Self.left, to: Self.right, isLogarithmic: isLogarithmic)
    svg.text(title, Self.labels, top + 14, size: 14, isBold: true)
    let start = top + (marks.isEmpty ? 26 : 42)
    let heights = groups.map { max(32, Double($0.bars.count) * 16) + 10 }
    let end = start + heights.reduce(8, +)

    for tick in axis.ticks {
      let x = axis.position(tick)
      svg.line(x, start, x, end, SVG.Paint(stroke: PlotColor.grid))
      svg.text(tickLabel(tick), x, end + 15, size: 11, anchor: .middle, fill: PlotColor.quiet)
    }
    svg.text(axisTitle, (Self.left + Self.right) / 2, end + 33, size: 12, anchor: .middle)

    var y = start + 8
    for (group, height) in zip(groups, heights) {
      let middle = y + (height - 10) / 2
      let room = Self.left - 10 - Self.labels
      let tip = [group.title, group.subtitle].joined(separator: ", ")
      svg.text(
        SVG.shortened(group.title, to: room, size: 12), Self.left - 10, middle - (group.subtitle.isEmpty ? -4 : 3),
        anchor: .end, tip: tip)
      if !group.subtitle.isEmpty {
        svg.text(
          SVG.shortened(group.subtitle, to: room, size: 10.5), Self.left - 10, middle + 11, size: 10.5, anchor: .end,
          fill: PlotColor.quiet, tip: tip)
      }
      var barTop = middle - Double(group.bars.count) * 8 + 1.5
      for bar in group.bars {
        draw(bar, &svg, axis, y: barTop)
        barTop += 16
      }
      y += height
    }
    let baseline = axis.position(base)
    svg.line(baseline, start, baseline, end, SVG.Paint(stroke: PlotColor.axis, strokeWidth: 1.5))
    for mark in marks {
      let x = axis.position(mark.value)
      svg.line(x, start - 2, x, end, SVG.Paint(stroke: PlotColor.bar, strokeWidth: 1.5, dash: "6 4"))
      svg.text(mark.text, x, start - 7, size: 11, anchor: .middle, fill: PlotColor.bar)
    }
    // Last, so that no line crosses a figure.
    y = start + 8
    for (group, height) in zip(groups, heights) {
      var textTop = y + (height - 10) / 2 - Double(group.bars.count) * 8 + 1.5
      for bar in group.bars {
        let isLeft = axis.position(bar.value) < baseline
        let tip = isLeft ? bar.range?.lowerBound ?? bar.value : bar.range?.upperBound ?? bar.value
        let reach = isLeft ? min(tip, bar.value) : max(tip, bar.value)
        svg.text(
          bar.text, axis.position(reach) + (isLeft ? -6 : 6), textTop + 10.5, size: 11, anchor: isLeft ? .end : .start,
          halo: true)
        textTop += 16
      }
      y += height
    }
    return end + 56
  }

  private func draw(_ bar: Bar, _ svg: inout SVG, _ axis: Axis, y: Double) {
    let (a, b) = (axis.position(base), axis.position(bar.value))
    var paint = SVG.Paint(fill: bar.color)
    if bar.isDoubtful {
      paint = SVG.Paint(fill: bar.color, fillOpacity: 0.3, stroke: bar.color, strokeWidth: 1, dash: "3 2")
    }
    svg.box(SVG.Box(x: min(a, b), y: y, width: abs(b - a), height: 13), paint, tip: bar.tip)
    guard let range = bar.range else { return }
    let (low, high) = (axis.position(range.lowerBound), axis.position(range.upperBound))
    let whisker = SVG.Paint(stroke: PlotColor.black, strokeWidth: 1)
    svg.line(low, y + 6.5, high, y + 6.5, whisker)
    for x in [low, high] { svg.line(x, y + 3.5, x, y + 9.5, whisker) }
  }
}
